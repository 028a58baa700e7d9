"""Margin notes: beside the text on a desk, over nothing; within it on a phone."""

from __future__ import annotations

import pytest
from built_site import PAGES, SITE, resize

from tools.browser.chromium import SETTLED

WITH_NOTES = [page for page in PAGES if SITE.exists() and "margin-note" in (SITE / page).read_text("utf-8")]
PLACES = """
const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const overlap = (a, b) => a[0] < b[2] - 1 && b[0] < a[2] - 1 && a[1] < b[3] - 1 && b[1] < a[3] - 1;
const blocks = [...document.querySelectorAll(
  'article :is(p, h1, h2, h3, pre, table, figure, ul, ol, blockquote, fieldset, summary, .cell, .margin-note)')];
return [...document.querySelectorAll('article .margin-note')].map(note => ({
  words: note.textContent.slice(0, 40),
  note: box(note),
  column: box(note.parentElement),
  size: parseFloat(getComputedStyle(note).fontSize) / parseFloat(getComputedStyle(note.parentElement).fontSize),
  over: blocks.filter(other => other !== note && !note.contains(other) && overlap(box(note), box(other)))
    .map(other => other.tagName + ': ' + other.textContent.trim().slice(0, 60)),
  page: [document.documentElement.clientWidth, document.documentElement.scrollWidth],
}));
"""


@pytest.fixture(scope="module", params=WITH_NOTES)
def page(browser, address, request):
    """A page with notes, opened once for both sizes."""
    resize(browser, "desk")
    browser.get(f"{address}/{request.param}")
    assert browser.execute_async_script(SETTLED) is True
    return browser


def notes_of(page, size: str) -> list[dict]:
    resize(page, size)
    found = page.execute_script(PLACES)
    assert found
    return found


def test_chapters_have_margin_notes():
    assert sum(page.startswith("notebooks/") for page in WITH_NOTES) >= 6


def test_a_note_stands_beside_the_text_on_a_desk(page):
    for found in notes_of(page, "desk"):
        left, _, right, _ = found["note"]
        assert left > found["column"][2], f"{found['words']}… stands within the text"
        assert 200 <= right - left <= 280
        assert right <= found["page"][0] >= found["page"][1], "the page is as wide as the window, with its notes"
        assert found["over"] == [], f"{found['words']}… lies over something"
        assert found["size"] < 0.95


def test_a_note_stands_within_the_text_on_a_phone(page):
    for found in notes_of(page, "phone"):
        left, _, right, _ = found["note"]
        assert found["column"][0] - 1 <= left and right <= found["column"][2] + 1, f"{found['words']}… leaves the text"
        assert right - left > 0.9 * (found["column"][2] - found["column"][0]), "a note as wide as the text, on a phone"
        assert found["page"][1] <= found["page"][0], "the page scrolls sideways"
        assert found["over"] == []
