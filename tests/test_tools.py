"""The authors' tools: what they store, rename and complain of."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4

from tools import check_python, check_room
from tools.notebooks import rename
from tools.notebooks import run as run_notebooks
from tools.notebooks import stored as stored_notebook
from tools.site import build as build_book
from tools.site import extension as site_extension

ROOT = Path(__file__).resolve().parent.parent


# --- run_notebooks: what is stored ---


def code(source="1", outputs=(), **metadata):
    return v4.new_code_cell(source, outputs=list(outputs), metadata=metadata)


def printed(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def shown(**data):
    return v4.new_output("display_data", data={kind.replace("_", "/", 1): value for kind, value in data.items()})


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def test_stderr_and_widgets_are_dropped():
    widget = v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}, "text/plain": "x"})
    cleaned = stored_notebook.clean_outputs([printed("a\n"), printed("noise", "stderr"), widget, shown(text_plain="b")])
    assert [output.output_type for output in cleaned] == ["stream", "display_data"]


def test_clean_counts_from_one_skips_empty_cells_and_keeps_only_tags_and_ids():
    result = v4.new_output("execute_result", data={"text/plain": "2"}, execution_count=41)
    first = code("1+1", [result], tags=["nbval-check-output"], execution={"iopub.execute_input": "now"})
    first.execution_count = 41
    first.id = "kept"
    original = notebook(v4.new_markdown_cell("# T"), first, code("   "), code("print(1)"))
    original.metadata["widgets"] = {"state": {"deadbeef": {}}}
    stored = stored_notebook.clean(original)
    assert [cell.get("execution_count") for cell in stored.cells] == [None, 1, None, 2]
    assert stored.cells[1].outputs[0].execution_count == 1
    assert stored.cells[1].metadata == {"tags": ["nbval-check-output"]}
    assert stored.cells[1].id == "kept"
    assert "widgets" not in stored.metadata
    assert stored.metadata.kernelspec.name == "python3"
    nbformat.validate(stored)


@pytest.mark.parametrize("tag, hidden", [("solution", True), ("hide-input", True), ("nbval-check-output", False)])
def test_what_the_site_folds_jupyter_folds(tag, hidden):
    (cell,) = stored_notebook.clean(notebook(code("1", tags=[tag]))).cells
    assert cell.metadata.get("jupyter", {}).get("source_hidden", False) is hidden


def test_a_notebook_saved_in_jupyter_is_the_stored_one():
    """What JupyterLab writes into a notebook on opening it is stored already, but for the version of Python."""
    path = ROOT / "tools" / "notebooks" / "jupyter_server_config.py"
    c = SimpleNamespace(FileContentsManager=SimpleNamespace())
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {"c": c})
    saved = {"metadata": json.loads(json.dumps(stored_notebook.METADATA))}
    saved["metadata"]["language_info"]["version"] = "3.13.1"
    c.FileContentsManager.pre_save_hook(model={"type": "notebook", "content": saved}, path="a.ipynb")
    assert saved["metadata"] == stored_notebook.METADATA
    c.FileContentsManager.pre_save_hook(model={"type": "file", "content": "text"}, path="a.md")


def test_serializing_is_stable():
    stored = stored_notebook.clean(notebook(code("print(1)", [printed("1\n")])))
    again = stored_notebook.clean(nbformat.reads(stored_notebook.serialize(stored), as_version=4))
    assert stored_notebook.serialize(again) == stored_notebook.serialize(stored)
    assert stored_notebook.serialize(stored).endswith("}\n")


def test_cells_without_ids_get_the_same_ones_each_time():
    assert stored_notebook.stable_id(3, "x") == stored_notebook.stable_id(3, "x") != stored_notebook.stable_id(4, "x")


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (printed("saved to /somewhere/private/out.png"), "the path /somewhere/private"),
        (shown(text_plain="<matplotlib.figure.Figure object at 0x7f12ab34cd56>"), "memory address"),
        (printed("100%|####| 20/20 [00:01<00:00, 12.3it/s]"), "timing"),
        (v4.new_output("error", ename="ValueError", evalue="no", traceback=[]), "stores an error"),
    ],
)
def test_problems_are_found(output, complaint):
    found = stored_notebook.problems(notebook(code("1", [output])), ["/somewhere/private"])
    assert len(found) == 1
    assert complaint in found[0]
    assert "cell 1" in found[0]


def test_no_problem_in_pictures():
    picture = shown(image_png="/somewhere/private")
    embedded = shown(text_html='<img alt="a" src="data:image/png;base64,/rootAAAA">')
    assert stored_notebook.problems(notebook(code("1", [picture, embedded])), ["/somewhere/private", "/root"]) == []


def test_changed_cells_are_named_and_source_is_compared():
    before = stored_notebook.clean(notebook(code("a", [printed("1")]), code("b", [printed("2")])))
    after = nbformat.from_dict(dict(before))
    assert stored_notebook.changed_cells(before, after) == []
    after = nbformat.reads(nbformat.writes(before), as_version=4)
    after.cells[1].outputs[0].text = "3"
    assert stored_notebook.changed_cells(before, after) == [2]
    assert stored_notebook.same_source(before, after)
    after.cells[1].source = "c"
    assert not stored_notebook.same_source(before, after)


def test_choose_by_prefix():
    names = ["01_cat", "02_loop", "03_pomeranian"]
    assert run_notebooks.choose(names, []) == names
    assert run_notebooks.choose(names, ["03", "01"]) == ["01_cat", "03_pomeranian"]
    with pytest.raises(ValueError, match="no chapter begins with '7'; there are: 01_cat"):
        run_notebooks.choose(names, ["7"])


def test_clock():
    assert [run_notebooks.clock(seconds) for seconds in (0, 59.9, 61, 3600)] == ["0:00", "0:59", "1:01", "60:00"]


def write(path, *sources):
    path.write_text(nbformat.writes(notebook(*[code(source) for source in sources])), encoding="utf-8")
    return path


def test_a_chapter_is_stored_whole_and_a_second_run_changes_nothing(tmp_path):
    source = "import os; print(os.environ['POMERANIAN_QUIET'], os.environ.get('POMERANIAN_FAST'))"
    rewritten = "import sys; print('10 %', end='\\r'); sys.stdout.flush(); print('done'); print('and more')"
    path = write(tmp_path / "01_a.ipynb", source, "6 * 7", rewritten)
    outcome = run_notebooks.run_chapter(path, store=True)
    assert outcome.verdict == "changed in cells 1, 2, 3"
    text = path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    assert stored.cells[0].outputs[0].text == "1 None\n"
    assert stored.cells[1].outputs[0].data["text/plain"] == "42"
    assert [output.text for output in stored.cells[2].outputs] == ["done\nand more\n"], "as a terminal leaves it"
    assert run_notebooks.run_chapter(path, store=True).verdict == "the same"
    assert path.read_text(encoding="utf-8") == text
    assert [child.name for child in tmp_path.iterdir()] == ["01_a.ipynb"]


def test_a_chapter_runs_in_as_many_threads_as_it_is_told(tmp_path):
    path = write(tmp_path / "01_a.ipynb", "import os; print(os.environ['OMP_NUM_THREADS'])")
    for options, seen in ({}, "2\n"), ({"threads": 3}, "3\n"):
        assert run_notebooks.run_chapter(path, store=True, **options).problems == []
        assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == seen


def test_a_chapter_that_fails_is_not_stored(tmp_path):
    path = write(tmp_path / "01_a.ipynb", "print('fine')", "raise ValueError('on purpose')", "print('never')")
    text = path.read_text(encoding="utf-8")
    outcome = run_notebooks.run_chapter(path, store=True)
    assert outcome.verdict == "NOT STORED"
    assert "cell 2 failed" in outcome.problems[0], "counted from one"
    assert "on purpose" in outcome.problems[0]
    assert path.read_text(encoding="utf-8") == text


# --- rename ---


@pytest.mark.parametrize("name", ["owner/name", "a/b", "A-1/x.y_z-0", "o/o.github.io"])
def test_good_names(name):
    assert rename.check_name(name) == name


@pytest.mark.parametrize("name", ["", "name", "a/b/c", "-a/b", "a--b/c", "a/..", "a b/c", "a/b.git", "x" * 40 + "/b"])
def test_bad_names(name):
    with pytest.raises(rename.BadName, match="is not a repository's name. Expected owner/name"):
        rename.check_name(name)


@pytest.mark.parametrize("address", ["https://github.com/me/book", "git@github.com:me/book.git", "me/book/"])
def test_an_address_gets_its_name_suggested(address):
    with pytest.raises(rename.BadName, match="Did you mean me/book?"):
        rename.check_name(address)


def test_renamed_replaces_whole_names_only():
    text = (
        'REPOSITORY = "a/b"; https://github.com/a/b/issues https://github.com/a/b.git a/b. '
        "https://a.github.io/b/x xa/b a/bc a/b-c a/b.c"
    )
    assert rename.renamed(text, "a/b", "Me/Book") == (
        'REPOSITORY = "Me/Book"; https://github.com/Me/Book/issues https://github.com/Me/Book.git Me/Book. '
        "https://me.github.io/Book/x xa/b a/bc a/b-c a/b.c"
    )


def test_pages_of_an_owner():
    assert rename.pages_url("Me/Me.github.io") == "https://me.github.io/"
    assert rename.pages_url("Me/book") == "https://me.github.io/book/"


@pytest.fixture
def house(tmp_path):
    """A small repository with everything that a rename touches."""
    for folder in ("notebooks", "tools/notebooks", "book"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("repository:\n  url: https://github.com/a/b\n")
    (tmp_path / "README.md").write_text("https://colab.research.google.com/github/a/b/blob/main/notebooks/01.ipynb")
    (tmp_path / "book" / "picture.webp").write_bytes(b"\xff\xfe a/b")
    (tmp_path / "tools" / "notebooks" / "setup_cell.py").write_text('REPOSITORY = "a/b"\n')
    cells = [v4.new_markdown_cell("# T"), code("REPOSITORY = 'other'", tags=["setup"])]
    (tmp_path / "notebooks" / "01.ipynb").write_text(nbformat.writes(notebook(*cells)))
    return tmp_path


def test_rename_and_back_again(house):
    rename.sync_setup_cells(house)
    before = {path: path.read_bytes() for path in rename.repository_files(house)}
    changed = rename.rename_everywhere("a/b", "me/book", house)
    assert sorted(path.name for path in changed) == ["01.ipynb", "README.md", "_config.yml", "setup_cell.py"]
    assert rename.current_name(house) == "me/book"
    assert rename.sync_setup_cells(house) == []
    assert "github/me/book/blob" in (house / "README.md").read_text()
    rename.rename_everywhere("me/book", "a/b", house)
    assert {path: path.read_bytes() for path in rename.repository_files(house)} == before


def test_a_rename_that_was_stopped_can_be_run_again(house, monkeypatch):
    """The file that says what the name is changes last."""
    replace, done = rename.replace_file, []

    def stop_at_the_second(path, text):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(path)
        replace(path, text)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rename, "replace_file", stop_at_the_second)
        rename.rename_everywhere("a/b", "me/book", house)
    old = rename.current_name(house)
    assert old == "a/b"
    rename.rename_everywhere(old, "me/book", house)
    assert rename.current_name(house) == "me/book"
    assert not any(b"a/b" in p.read_bytes() for p in rename.repository_files(house) if p.suffix != ".webp")


def test_setup_cells_are_written_and_only_they(house):
    assert [path.name for path in rename.sync_setup_cells(house)] == ["01.ipynb"]
    stored = json.loads((house / "notebooks" / "01.ipynb").read_text())
    assert "".join(stored["cells"][1]["source"]) == 'REPOSITORY = "a/b"'
    assert "".join(stored["cells"][0]["source"]) == "# T"
    assert rename.sync_setup_cells(house) == []


def test_rename_complains_in_one_line():
    result = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "notebooks" / "rename.py"), "nonsense"], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.startswith("rename: 'nonsense' is not a repository's name.")
    assert result.stderr.count("\n") == 1


# --- building ---


def test_fingerprint_sees_content_and_names(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "a.md").write_text("x")
    first = build_book.fingerprint(tmp_path, ("book", "absent"))
    (tmp_path / "book" / "__pycache__").mkdir()
    (tmp_path / "book" / "__pycache__" / "a.pyc").write_text("x")
    assert build_book.fingerprint(tmp_path, ("book",)) == first
    (tmp_path / "book" / "a.md").rename(tmp_path / "book" / "b.md")
    second = build_book.fingerprint(tmp_path, ("book",))
    assert second != first
    (tmp_path / "book" / "b.md").write_text("y")
    assert build_book.fingerprint(tmp_path, ("book",)) != second


def test_a_new_title_is_a_new_shape_of_the_site_and_a_new_paragraph_is_none(tmp_path):
    """The sidebar of every page shows the titles of all."""
    for folder in ("book", "notebooks"):
        (tmp_path / folder).mkdir()
    page, chapter = tmp_path / "book" / "a.md", tmp_path / "notebooks" / "01.ipynb"
    page.write_text("(label)=\n# One\n\nwords")
    chapter.write_text(nbformat.writes(notebook(v4.new_markdown_cell("# Two\n\nwords"), code("# no title"))))
    first = build_book.titles(tmp_path)
    page.write_text("(label)=\n# One\n\nother words")
    assert build_book.titles(tmp_path) == first and "# One" in first and "# Two" in first
    chapter.write_text(chapter.read_text().replace("# Two", "# Three"))
    assert build_book.titles(tmp_path) != first
    assert {"book/glossary.md", "tools/draw/reference_lines.yml"} <= set(build_book.STRUCTURE)


def test_python_that_will_not_do():
    assert check_python.complaint((3, 10, 0), True) == ""
    assert "needs Python 3.10 or newer, and this is 3.9" in check_python.complaint((3, 9, 18), True)
    assert "apt-get install python3.12-venv" in check_python.complaint((3, 12, 1), False)


def test_a_disk_too_small_for_the_install_is_named(tmp_path, capsys, monkeypatch):
    gb, free = check_room.KEPT + check_room.DOWNLOADED, {}
    monkeypatch.setattr(check_room.shutil, "disk_usage", lambda place: SimpleNamespace(free=1e9 * free[place]))
    monkeypatch.setattr(check_room.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(check_room.sys, "platform", "linux")
    free[tmp_path] = gb
    assert check_room.main(str(tmp_path)) == 0
    free[tmp_path] = gb - 0.1
    assert check_room.main(str(tmp_path)) == 1
    assert f"{tmp_path} ({gb - 0.1:.1f} of {gb} GB)" in capsys.readouterr().err
    monkeypatch.setattr(check_room.sys, "platform", "darwin")
    assert check_room.main(str(tmp_path)) == 0


def test_two_disks_need_room_each(monkeypatch, capsys):
    class Disk(str):
        def resolve(self):
            return self

        def stat(self):
            return SimpleNamespace(st_dev=str(self))

    free = {"/home": check_room.KEPT, "/tmp": check_room.DOWNLOADED - 1}
    monkeypatch.setattr(check_room, "Path", Disk)
    monkeypatch.setattr(check_room.shutil, "disk_usage", lambda place: SimpleNamespace(free=1e9 * free[place]))
    monkeypatch.setattr(check_room.tempfile, "gettempdir", lambda: "/tmp")
    monkeypatch.setattr(check_room.sys, "platform", "linux")
    assert check_room.main("/home") == 1
    assert f"install: /tmp ({free['/tmp']:.1f} of {check_room.DOWNLOADED} GB)." in capsys.readouterr().err


def test_what_the_pages_say_of_the_install():
    """Its size is typed in three places; the program that looks for room is the one that knows."""
    kept, whole = f"some {check_room.KEPT} GB", f"{check_room.KEPT + check_room.DOWNLOADED} while"
    readme, page, makefile = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "book/how_to_use.md", "Makefile")
    )
    assert all(kept in text for text in (readme, page, makefile))
    assert f"{check_room.DOWNLOADED} more while it installs" in readme
    assert whole in page


def test_mathjax_is_carried_by_a_package(tmp_path):
    site_extension.copy_mathjax(site_extension.mathjax_source(), tmp_path)
    assert all((tmp_path / part).exists() for part in site_extension.MATHJAX_PARTS)
    assert (tmp_path / "output" / "chtml.js").stat().st_size > 100_000
    assert list((tmp_path / "output" / "chtml" / "fonts").rglob("*.woff"))


def test_make_help_lists_every_public_target():
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make here")
    listed = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("book", "test", "notebooks", "lint", "weights", "rename", "browser", "clean", "help"):
        assert f"make {target} " in listed


def run_setup_cell(place, monkeypatch) -> dict:
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.path", list(sys.path))
    found: dict = {}
    exec(compile(rename.setup_cell(), "setup_cell", "exec"), found)
    return found


@pytest.mark.parametrize("name", ["ideal-pomeranian", "pomeranian"])
def test_the_setup_cell_finds_its_own_clone_again(tmp_path, monkeypatch, name):
    (tmp_path / name / "helpers").mkdir(parents=True)
    (tmp_path / name / "helpers" / "ascent.py").touch()
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("cloned again"))
    assert run_setup_cell(tmp_path, monkeypatch)["repository_root"] == tmp_path / name


NO_GIT, NO_ANSWER = "there is no git here: install it, or unpack", "cannot be fetched"


@pytest.mark.parametrize("git, says", [(None, NO_GIT), ("git", NO_ANSWER)])
def test_the_setup_cell_says_why_there_is_no_book(tmp_path, monkeypatch, git, says):
    """Also where a reader's own package `helpers` lies in a folder above, which is not ours."""
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "__init__.py").touch()
    (tmp_path / "week3").mkdir()
    monkeypatch.setattr("shutil.which", lambda _: git)
    monkeypatch.setattr("subprocess.run", lambda command, **__: subprocess.CompletedProcess(command, 128))
    with pytest.raises(RuntimeError, match=f"{says}.*main.zip here as ideal-pomeranian"):
        run_setup_cell(tmp_path / "week3", monkeypatch)
