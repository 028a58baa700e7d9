"""The book in JupyterLab and Notebook 7, as people use it: opened, trusted, run, stopped, saved, opened again."""

from __future__ import annotations

import importlib.util

import nbformat
import pytest
from conftest import give_up
from jupyter import PLACES, ROOT, Page, clone, jupyter, until
from nbformat import v4

from helpers import load_network
from helpers.networks.weights import WeightsUnavailable
from tests.test_untrusted import LAB, left_of
from tools.notebooks.stored import METADATA, serialize

pytestmark = pytest.mark.slow
CHAPTER = "notebooks/04_blur_and_zoom.ipynb"  # has a grid that moves
LONG = "notebooks/03_the_ideal_pomeranian.ipynb"  # has ascents that can be stopped, and the explorer
FOLDERS = ("notebooks", "book", "teaching/release", "teaching/source")
NOTEBOOKS = [path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in sorted(ROOT.glob(f"{folder}/*.ipynb"))]
BROKEN = "Error displaying widget"
each_app = pytest.mark.parametrize("app", PLACES)


@pytest.fixture(scope="module", autouse=True)
def installed():
    for module in PLACES:
        if importlib.util.find_spec(module) is None:
            give_up(f"{module} is not installed; pip install notebook brings both")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A clone of the book, and its git."""
    folder = tmp_path_factory.mktemp("clone")
    return folder, clone(folder)


@pytest.fixture(scope="module")
def lab(book, browser, tmp_path_factory):
    """JupyterLab on a clone, in which nothing is trusted and nothing will be run."""
    with jupyter("jupyterlab", book[0], tmp_path_factory.mktemp("home")) as address:
        yield Page(browser, address)


def letters(text: str) -> str:
    return "".join(text.split())


def cells_of(path: str) -> list[nbformat.NotebookNode]:
    return nbformat.read(ROOT / path, as_version=4).cells


def html_of(cell: nbformat.NotebookNode) -> list[str]:
    return [output.data["text/html"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_opened_without_trust_it_is_finished_and_saving_it_changes_nothing(lab, book, path):
    """What JupyterLab makes of stored outputs is what tests/test_untrusted.py expects of it; git sees no visit."""
    lab.open(path)
    stored, shown = cells_of(path), lab.cells()
    assert [letters(cell["source"]) for cell in shown] == [letters(cell.source) for cell in stored]
    for cell, seen in zip(stored, shown, strict=True):
        rich = [output for output in seen["outputs"] if output["kind"] == "text/html"]
        for html, output in zip(html_of(cell), rich, strict=True):
            soup, _ = left_of(html, LAB)
            assert letters(output["text"]) == letters(soup.get_text())
            assert len(output["pictures"]) == len(soup("img")) and all(output["pictures"])
            assert output["controls"] == 0
    lab.save()
    lab.close()
    assert book[1]("status", "--short") == ""


@each_app
def test_a_chapter_is_trusted_run_saved_and_opened_again(app, book, browser, tmp_path):
    folder, git = book
    with jupyter(app, folder, tmp_path / "home", POMERANIAN_FAST="1") as address:
        page = Page(browser, address)
        page.open(CHAPTER)
        page.photograph(tmp_path / "opened.png")
        assert page.controls() == 0 and "trust the notebook" in page.text()
        page.trust()
        until(page.controls, "nothing moves, although it is trusted")
        moving = next(i for i, cell in enumerate(page.cells()) if any(out["controls"] for out in cell["outputs"]))
        page.photograph(tmp_path / "trusted.png", moving)
        page.save()
        assert git("status", "--short") == "", "to trust a notebook changes nothing in it"
        page.run()
        page.photograph(tmp_path / "run.png", moving)
        page.save()
        ran = page.cells()
        page.close()
        page.open(CHAPTER)
        again = page.cells()
        page.photograph(tmp_path / "again.png", moving)
        assert BROKEN not in page.text() and page.controls(), "it came back as it was saved, and trusted"
        page.close()
    counts = [cell["count"] for cell in ran if cell["kind"] == "code" and cell["source"].strip()]
    assert counts == list(range(1, len(counts) + 1))
    for cell, before in zip(again, ran, strict=True):
        assert not any("error" in (output["kind"] or "") for output in cell["outputs"])
        assert [output["pictures"] for output in cell["outputs"]] == [out["pictures"] for out in before["outputs"]]
        assert all(width for output in cell["outputs"] for width in output["pictures"])
    git("checkout", "--quiet", ".")


@each_app
def test_stop_halts_run_all_and_keeps_the_picture(app, book, browser, tmp_path):
    folder, git = book
    with jupyter(app, folder, tmp_path / "home") as address:
        page = Page(browser, address)
        page.open(LONG)
        page.start()
        until(lambda: "━" in page.text(), "nothing is drawn")
        page.click(".jp-NotebookPanel-toolbar [data-jp-item-name='interrupt'] jp-button")
        page.wait()
        cells = page.cells()
        told = ["\n".join(output["text"] for output in cell["outputs"]) for cell in cells]
        ((stopped, said),) = ((i, words) for i, words in enumerate(told) if "Stopped after" in words)
        page.photograph(tmp_path / "stopped.png", stopped)
        assert "last_result()" in said and "Traceback" not in said and " of " in said
        number = page.add("helpers.last_result(), len(In)")
        page.run(number)
        last = page.cells()[number]
        number = page.add("helpers.last_result()")
        page.run(number)
        kept = page.cells()[number]["outputs"]
        assert any(width for output in kept for width in output["pictures"]), "the picture so far"
        page.photograph(tmp_path / "kept.png", number)
        assert cells[stopped]["count"] < sum(cell["kind"] == "code" for cell in cells) // 2
        assert last["outputs"][0]["text"].split()[-1] == f"{cells[stopped]['count'] + 2})", "later cells have run"
        page.save()
        page.close()
        page.open(LONG)
        page.photograph(tmp_path / "again.png", stopped)
        assert BROKEN not in page.text() and "━" not in page.text() and "steps, score" in page.text()
        page.close()
    git("checkout", "--quiet", ".")


def explorer() -> nbformat.NotebookNode:
    """A notebook of what the explorer needs, out of the chapter that shows it."""
    wanted = ("import helpers\n", "from helpers import", "load_network()")
    cells = [cell for cell in cells_of(LONG) if cell.cell_type == "code"]
    last = next(i for i, cell in enumerate(cells) if cell.source.endswith("explore(network)"))
    needed = [cell for cell in cells[:last] if any(word in cell.source for word in wanted)]
    made = [v4.new_code_cell(cell.source) for cell in (*needed[:3], cells[last])]
    return v4.new_notebook(cells=made, metadata=METADATA)


@each_app
def test_the_explorer_s_life(app, book, browser, tmp_path):
    try:
        load_network("squeezenet1_1")
    except WeightsUnavailable as problem:
        give_up(str(problem))
    folder, git = book
    notebook = explorer()
    (folder / "notebooks" / "explorer.ipynb").write_text(serialize(notebook), encoding="utf-8")
    with jupyter(app, folder, tmp_path / "home", POMERANIAN_NETWORK="squeezenet1_1") as address:
        page = Page(browser, address)
        page.open("notebooks/explorer.ipynb")
        last = len(notebook.cells) - 1
        page.run(*range(last + 1))
        draw(page, last, steps=5000)
        until(lambda: "of 5000" in shown(page, last), "nothing is drawn")
        page.photograph(tmp_path / "drawing.png", last)
        page.run(last)
        draw(page, last, steps=8)
        until(lambda: "last_result()" in shown(page, last), "the picture is not left")
        page.photograph(tmp_path / "drawn.png", last)
        assert "tiger (292)" in shown(page, last)
        number = page.add("import threading; [one.name for one in threading.enumerate() if '_run' in one.name]")
        page.run(number)
        assert "[]" in shown(page, number), "the first panel still draws"
        number = page.add("helpers.last_result().caption(0)")
        page.run(number)
        assert "tiger (292)" in shown(page, number)
        page.save()
        page.close()
        page.open("notebooks/explorer.ipynb")
        page.photograph(tmp_path / "again.png", last)
        kept = [output for output in page.cells()[last]["outputs"] if output["kind"] == "text/html"]
        assert len(kept) == 1 and "tiger (292)" in plain(kept[0]["text"]) and all(kept[0]["pictures"])
        page.close()
    git("clean", "--quiet", "--force")


def shown(page: Page, number: int) -> str:
    return plain("\n".join(output["text"] for output in page.cells()[number]["outputs"]))


def draw(page: Page, number: int, steps: int) -> None:
    """Type "tiger" into the panel of a cell, set the steps, press Start."""
    panel = page.js("return panel.content.widgets[given[0]].node", number)
    boxes = until(lambda: panel.find_elements("css selector", "input[type=text], input[type=number]"), "no panel")
    boxes[0].send_keys("tiger")
    page.js(
        """
        const [box, steps] = given;
        box.value = steps; box.dispatchEvent(new Event('input', {bubbles: true}));
        box.dispatchEvent(new Event('change', {bubbles: true}));
        """,
        panel.find_elements("css selector", "input[type=number]")[0],
        str(steps),
    )
    until(lambda: "tiger (292)" in selected(panel), "the tiger is not found")
    panel.find_elements("css selector", "button")[0].click()


def selected(panel) -> str:
    chosen = panel.find_elements("css selector", "select option:checked")
    return plain(" ".join(one.get_attribute("textContent") for one in chosen))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")
