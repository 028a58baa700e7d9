"""Outputs that another network drew: made, kept, found again, refused where a source has changed, published."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tools.notebooks import drawn
from tools.notebooks.run import run_chapter

ROOT = Path(__file__).resolve().parent.parent
ARTIST = """import os
def load_network():
    print(os.environ.get("POMERANIAN_NETWORK", "SqueezeNet 1.1") + ": a stand-in", flush=True)
load_network()"""
NAMES = ("02_loop", "03_pomeranian")


def book(folder: Path) -> Path:
    """A small book: two chapters, each with a network and a number that depends on it."""
    (folder / "notebooks").mkdir(parents=True)
    for name in NAMES:
        cells = [v4.new_markdown_cell(f"# {name}"), v4.new_code_cell(ARTIST), v4.new_code_cell("print('drawn', 6 * 7)")]
        nbformat.write(v4.new_notebook(cells=cells), folder / "notebooks" / f"{name}.ipynb")
    (folder / "index.md").write_text("# B\n\n```{drawn-by}\n```\n\n```{toctree}\n:glob:\n\nnotebooks/*\n```\n")
    (folder / "conf.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tools.site.covers import DrawnBy\n"
        "extensions, nb_execution_mode = ['myst_nb'], 'off'\n"
        "def setup(app): app.add_directive('drawn-by', DrawnBy)\n"
    )
    return folder


def change(path: Path, source: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].source = source
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same book run twice, by two networks: as it is stored, and on another machine."""
    folders = []
    for network in ("SqueezeNet 1.1", "VGG16"):
        folders.append(book(tmp_path_factory.mktemp("book") / network.split()[0]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POMERANIAN_NETWORK", network)
            for path in sorted(folders[-1].glob("notebooks/*.ipynb")):
                assert run_chapter(path, store=True).problems == []
                assert drawn.artist(nbformat.read(path, as_version=4)) == network
    return folders


@pytest.fixture
def here_and_kept(both, tmp_path):
    """A copy of the book as it is stored, and the file that the other machine kept of it."""
    here = Path(shutil.copytree(both[0], tmp_path / "here"))
    return here, Path(shutil.make_archive(str(tmp_path / "drawn"), "zip", both[1], "notebooks"))


def test_outputs_are_made_kept_found_again_and_published(here_and_kept, tmp_path):
    here, file = here_and_kept
    assert drawn.drawn_by(here) == "Class pictures drawn by SqueezeNet 1.1."
    assert drawn.show(here, file) == {f"notebooks/{name}.ipynb": "" for name in NAMES}
    assert drawn.drawn_by(here) == "Class pictures drawn by VGG16."
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(here), str(tmp_path / "site")]
    subprocess.run(command, check=True)
    assert "Class pictures drawn by VGG16." in (tmp_path / "site" / "index.html").read_text("utf-8")
    page = (tmp_path / "site" / "notebooks" / "03_pomeranian.html").read_text("utf-8")
    assert "VGG16: a stand-in" in page and "drawn 42" in page and "SqueezeNet 1.1: a stand-in" not in page


def test_a_changed_cell_keeps_its_chapter_as_it_is_stored(here_and_kept):
    here, file = here_and_kept
    changed = here / "notebooks" / "03_pomeranian.ipynb"
    change(changed, "print('drawn', 43)")
    before = changed.read_bytes()
    assert drawn.show(here, file) == {
        "notebooks/02_loop.ipynb": "",
        "notebooks/03_pomeranian.ipynb": "its source has changed since",
    }
    assert changed.read_bytes() == before
    assert drawn.drawn_by(here) == "Class pictures drawn by VGG16 (chapter 2) and SqueezeNet 1.1 (chapter 3)."


def test_another_network_or_an_error_is_not_shown(here_and_kept):
    here, _ = here_and_kept
    kept = nbformat.read(here / "notebooks" / "02_loop.ipynb", as_version=4)
    assert drawn.reason_against(kept, kept, "SqueezeNet 1.1") == ""
    assert drawn.reason_against(kept, kept, "VGG16") == "SqueezeNet 1.1 drew it"
    kept.cells[1].outputs[0].text = "VGG16 (other weights): its classifier is made of random numbers\n"
    assert drawn.reason_against(kept, kept, "VGG16") == "VGG16 (other weights) drew it"
    kept.cells[2].outputs = [v4.new_output("error", ename="E", evalue="", traceback=[])]
    assert "stores an error" in drawn.reason_against(kept, kept, "VGG16 (other weights)")


def test_a_file_that_is_not_there_is_said_in_a_line(tmp_path, capsys):
    assert drawn.main([str(tmp_path / "none.zip")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_the_line_on_the_landing_page_is_there():
    assert "{drawn-by}" in (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    assert drawn.drawn_by(ROOT).startswith("Class pictures drawn by ")
