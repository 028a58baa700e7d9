"""Stored outputs where no script runs: in a notebook that JupyterLab does not trust, and on GitHub.

Both drop scripts and styles with what is in them; of any other element outside of their lists they drop the tag and
leave its text lying about. So an output keeps to what is in both lists, beside a script and a style.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(
    [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.ipynb"), *ROOT.glob("teaching/release/*.ipynb")]
)
# @jupyterlab/apputils 4.7.6, lib/sanitizer.js, without what cannot be used in a still.
LAB = """
    a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup data dd del
    details dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li mark
    menu nav nobr ol p pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr
""".split()  # noqa: SIM905
# gjtorikian/html-pipeline, lib/html_pipeline/sanitization_filter.rb.
GITHUB = """
    h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody tfoot
    blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption figure figcaption
    abbr bdo cite dfn mark small span time wbr
""".split()  # noqa: SIM905
DROPPED_WHOLE = ["script", "style"]


def outputs() -> list:
    """(notebook, cell, HTML) of every stored output, those first that have something to move."""
    found = []
    for path in NOTEBOOKS:
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            for output in cell.get("outputs", []):
                html = output.get("data", {}).get("text/html")
                if html:
                    found.append(pytest.param(html, id=f"{path.stem}-{number}"))
    return found


def left_of(html: str, allowed: list[str]) -> tuple[BeautifulSoup, set[str]]:
    """What is shown of an output, and the tags that are dropped from around their text."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(DROPPED_WHOLE):
        tag.decompose()
    dropped = {tag.name for tag in soup(True)} - {*allowed}
    for tag in soup(list(dropped)):
        tag.unwrap()
    return soup, dropped


@pytest.mark.parametrize("html", outputs())
def test_an_output_is_finished_without_its_script(html):
    for allowed in (LAB, GITHUB):
        soup, dropped = left_of(html, allowed)
        assert not dropped, "their text would stay without them"
        assert not soup(hidden=True), "on GitHub, it would be seen"
        moves = "<script" in html
        pictures = soup("img")
        assert all(picture["src"].startswith("data:image/") and picture.get("alt") for picture in pictures)
        assert pictures or soup("table") or "pom-figure" not in html
        assert not moves or (pictures and soup.get_text(strip=True)), "a picture and its words, before anything moves"
        assert not moves or "trust the notebook" in soup.get_text(), "how to see it move is not said"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_note_without_a_margin_says_that_it_is_an_aside(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for note in BeautifulSoup(cell.source, "html.parser")("aside") if "<aside" in cell.source else []:
            assert note.get_text().startswith("Aside. ") and note.strong, note.get_text()[:60]


def test_what_is_left_lying_about_is_seen():
    html = "<div hidden><svg><text>coarse</text></svg><button>Play</button></div><script>const x = 1;</script>"
    soup, dropped = left_of(html, LAB)
    assert dropped == {"svg", "text", "button"} and soup.get_text() == "coarsePlay" and soup(hidden=True)
