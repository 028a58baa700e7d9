"""The gallery of failures: each entry is whole, each link of its index leads to an entry, each repair repairs."""

from __future__ import annotations

import difflib
import inspect
import linecache
import math
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools.notebooks import rename
from tools.notebooks import stored as stored_notebook

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ROOT / "book" / "gallery_of_failures.ipynb"
SITE = ROOT / "_build" / "html" / "book" / "gallery_of_failures.html"
NOTEBOOK = nbformat.read(GALLERY, as_version=4)
FRAME = ("Find yours", "None of these")  # headings that are no entries
ASKED = (  # the failures that a gallery must have, whatever else it has
    "gray", "static noise", "checkerboard", "saturated", "black", "frozen", "not a number", "dark frame",
    "one texture everywhere", "colors inverted", "wrong class", "out of range",
)  # fmt: skip


def slug(heading: str) -> str:
    """A heading's anchor; Sphinx, Jupyter and Colab agree on it for lower-case words."""
    return heading.replace(" ", "-")


def sections() -> dict[str, list]:
    """The cells under each heading of the second level."""
    found: dict[str, list] = {}
    for cell in NOTEBOOK.cells:
        if match := re.match(r"## (.+)", cell.source) if cell.cell_type == "markdown" else None:
            found[match.group(1)] = []
        if found:
            found[list(found)[-1]].append(cell)
    return found


SECTIONS = sections()
ENTRIES = {name: cells for name, cells in SECTIONS.items() if name not in FRAME}
entries = pytest.mark.parametrize("name", ENTRIES)


def text_of(name: str) -> str:
    return "\n".join(cell.source for cell in ENTRIES[name] if cell.cell_type == "markdown")


def code_of(name: str) -> str:
    return "\n".join(
        cell.source for cell in ENTRIES[name] if cell.cell_type == "code" and "show_failure" in cell.source
    )


def shown(cells: list) -> BeautifulSoup:
    """What the cells of a section show, as HTML."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return BeautifulSoup("".join(output.get("data", {}).get("text/html", "") for output in outputs), "html.parser")


# --- the whole ---


def test_as_many_failures_as_were_asked_for():
    assert len(ENTRIES) >= 14
    assert not set(ASKED) - set(ENTRIES)


def test_stored_like_a_chapter_from_one_whole_run():
    text = GALLERY.read_text(encoding="utf-8")
    assert NOTEBOOK.cells[1].source == rename.setup_cell(), "`make rename` writes the setup cell"
    assert text == stored_notebook.serialize(stored_notebook.clean(NOTEBOOK)), "not stored by tools/notebooks/run.py"
    assert len(text) < 6e6
    counts = [cell.execution_count for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "not from one whole run"
    assert stored_notebook.problems(NOTEBOOK, stored_notebook.private_places()) == []


def test_headings_whose_anchors_are_the_same_everywhere():
    for name in ENTRIES:
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", name), (
            f"{name!r}: Sphinx, Jupyter and Colab would disagree on its anchor"
        )


# --- the index ---


def test_the_contact_sheet_has_a_picture_and_a_link_for_every_entry():
    tiles = shown(SECTIONS["Find yours"]).find_all("a")
    assert [tile["href"] for tile in tiles] == [f"#{slug(name)}" for name in ENTRIES]
    for tile, name in zip(tiles, ENTRIES, strict=True):
        assert tile.get_text(strip=True) == name
        assert tile.img["src"].startswith("data:image/")
        assert len(tile.img["alt"]) > len(name) + 5, f"{name}: what does it look like?"


def test_the_table_has_a_row_for_every_entry():
    rows = re.findall(
        r"^\| (.+) \| \[(.+?)\]\(#(.+?)\) \| (.+) \| \[(\d)\]\(\.\./notebooks/0(\d)_.+\) \|$", index(), re.M
    )
    assert [row[1] for row in rows] == list(ENTRIES)
    for _, name, anchor, _, written, linked in rows:
        assert anchor == slug(name)
        assert written == linked
        assert f"../notebooks/0{linked}_" in text_of(name), f"{name}: the table and the entry name different chapters"


def index() -> str:
    return "\n".join(cell.source for cell in SECTIONS["Find yours"] if cell.cell_type == "markdown")


def test_links_to_files_lead_somewhere():
    for cell in NOTEBOOK.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#\s]+)\)", cell.source):
                assert "://" in target or (GALLERY.parent / target).exists(), target


@pytest.mark.skipif(not SITE.exists(), reason="the book has not been built")
def test_links_lead_somewhere_on_the_built_page():
    page = BeautifulSoup(SITE.read_text(encoding="utf-8"), "html.parser")
    ids = {tag["id"] for tag in page.find_all(id=True)}
    article = page.find("article") or page
    inside = [tag["href"][1:] for tag in article.find_all("a", href=re.compile("^#."))]
    assert {slug(name) for name in ENTRIES} <= set(inside)
    assert not set(inside) - ids


# --- each entry ---


@entries
def test_an_entry_says_what_how_and_where(name):
    text = text_of(name)
    assert re.search(r"^> \".+\"$", text, re.M), "the symptom in a student's words"
    cause = re.search(r"^\*\*Cause\.\*\* (.+)$", text, re.M)
    assert cause and len(cause.group(1).split()) >= 25, "the cause, in a paragraph"
    assert re.search(r"^\*\*Tell it apart:\*\* .+", text, re.M), "how to tell it from its look-alikes"
    assert re.search(r"^\*\*Explained in\*\* \[chapter (\d)\]\(\.\./notebooks/0\1_", text, re.M), (
        "the chapter that explains"
    )
    assert f'<a name="{slug(name)}"></a>' in text, "an anchor for Colab"


@entries
def test_an_entry_has_two_pictures_a_test_and_a_small_diff(name):
    page = shown(ENTRIES[name])
    pictures = [tag for tag in page.find_all("img") if re.search(r"\((1|2) of 2\)", tag["alt"])]
    assert len(pictures) == 2
    assert pictures[0]["src"] != pictures[1]["src"], "the repair changed nothing that one can see"
    assert all(tag["alt"].strip() for tag in page.find_all("img"))
    assert "means this failure" in page.get_text()
    lines = [span.get_text() for span in page.pre.find_all("span")]
    assert {line[0] for line in lines} <= {"+", "-"}
    assert 1 <= sum(line[0] == "+" for line in lines) <= 6
    assert len(lines) <= 8, "a fix of a line or two, please"


@entries
def test_the_faulty_code_is_there_to_be_read_and_its_symptom_asserted(name):
    code = code_of(name)
    function = name.replace(" ", "_")
    assert re.search(rf'^def {function}\(seed\):\n    """.+"""$', code, re.M)
    call = code[code.index("show_failure(") :]
    assert f"    {function},\n" in call
    for part in ("fix=", "test=", "symptom=", "alt="):
        assert part in call
    assert not any(set(cell.metadata.get("tags", [])) & {"hide-input", "remove-input"} for cell in ENTRIES[name])


# --- the machine that makes the pictures ---


@pytest.fixture
def machine():
    """``repaired`` and ``show_failure`` from the gallery's own cell, with nothing to draw or to update."""
    source = next(cell.source for cell in NOTEBOOK.cells if "def show_failure(" in cell.source)
    from types import SimpleNamespace

    import torch

    from helpers import Result, Shown, new_figure, show_images, show_plot, show_text

    space = dict(
        inspect=inspect, difflib=difflib, torch=torch, Result=Result, Shown=Shown, thumbnails={}, SIZE=8, STEPS=1
    )
    space |= dict(re=re, math=math, show_text=show_text, HAIRLINE="outline:1px solid gray;")
    space |= dict(show_images=show_images, new_figure=new_figure, show_plot=show_plot, html=__import__("html"))
    space |= dict(sheet=SimpleNamespace(update=lambda shown: None), contact_sheet=lambda: None)
    space |= dict(network=SimpleNamespace(title="Tiny"))
    exec(compile(source, "the gallery's machine", "exec"), space)
    return space


def faulty(machine, source: str = "def flat(seed):\n    '''Flat.'''\n    return torch.zeros(1, 3, 8, 8) + 0.5\n"):
    """A function with a source that can be read, as a notebook's cell has one."""
    linecache.cache["<a cell>"] = (len(source), None, source.splitlines(True), "<a cell>")
    exec(compile(source, "<a cell>", "exec"), machine)
    return machine["flat"]


FIX = {"torch.zeros(1, 3, 8, 8) + 0.5": "torch.rand(1, 3, 8, 8)"}


def test_a_repair_runs_the_changed_source_and_prints_the_same_lines(machine):
    better, diff = machine["repaired"](faulty(machine), FIX)
    assert better(0).std() > 0.1
    assert diff == ["-    return torch.zeros(1, 3, 8, 8) + 0.5", "+    return torch.rand(1, 3, 8, 8)"]


def test_a_repair_that_does_not_fit_the_code_is_refused(machine):
    with pytest.raises(ValueError, match="stands 0 times"):
        machine["repaired"](faulty(machine), {"torch.ones": "torch.rand"})
    with pytest.raises(ValueError, match="stands 2 times"):
        machine["repaired"](faulty(machine), {"8": "9"})


def test_a_failure_that_does_not_fail_stops_the_page(machine):
    arguments = dict(fix=FIX, test="x.std()", alt="A gray square, and static")
    made = machine["show_failure"](faulty(machine), symptom="< 0.01", **arguments)
    assert "faulty: 0" in made.text
    assert "torch.rand(1, 3, 8, 8)" in made.html
    for symptom in ("> 0.01", "< 10", "> 10"):  # holds of the wrong one, of both, of neither
        with pytest.raises(AssertionError, match="on the left only"):
            machine["show_failure"](faulty(machine), symptom=symptom, **arguments)


def test_what_is_shown_has_a_frame_a_true_caption_and_a_diff_that_does_not_break(machine):
    arguments = dict(fix=FIX, test="x.std()", symptom="< 0.01", alt="A gray square, and static")
    made = machine["show_failure"](faulty(machine), **arguments)
    page = BeautifulSoup(made.html, "html.parser")
    assert all("outline:1px" in tag["style"] for tag in page.find_all("img")), "black is lost on a dark page"
    assert "8×8 pixels, 1 steps, seed" in page.get_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "white-space:pre;" in page.pre["style"]
    other = machine["show_failure"](faulty(machine), **arguments, made="the middle, enlarged").text
    assert "the middle, enlarged, seed" in other
    assert "8×8" not in other


def test_curves_of_very_different_height_have_few_ticks(machine):
    drawn = []
    machine["show_plot"] = lambda figure, **words: drawn.append(figure)
    machine["draw_curves"]([1.0, 5e24], [1.0, 60.0], "logit")
    (figure,) = drawn
    assert [round(math.log10(tick)) for tick in figure.axes[0].get_yticks()] == [0, 8, 16, 24]
    assert not figure.axes[0].get_legend(), "the names stand above the plot"
    assert [words.get_text() for words in figure.legends[0].get_texts()] == ["faulty", "repaired"]
