"""The search as a reader uses it: classes of ImageNet, names of functions, words of captions lead to their pages."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from built_site import SITE
from test_pages import wait_until

FOUND = "return [...document.querySelectorAll('ul.search li a')].map(link => new URL(link.href).pathname.slice(1));"
SOUGHT = {
    "macaw": "notebooks/07_a_better_basis.html",  # a class
    "maximal_class_input": "book/helpers_reference.html",  # a function, by its whole name
    "second_opinion": "book/helpers_reference.html",
    "espresso": "notebooks/",  # a class that only outputs and prose name
    "stained-glass": "notebooks/01_solving_for_the_ideal_cat.html",
    "calibration": "book/glossary.html",
}


def found(browser, address: str, words: str) -> list[str]:
    """Search, and list the pages found, best first."""
    browser.get(f"{address}/search.html?q={quote_plus(words)}")
    wait_until(browser, lambda: "Searching" not in browser.find_element("id", "search-results").text)
    return browser.execute_script(FOUND)


@pytest.mark.parametrize("words", SOUGHT)
def test_it_is_found(browser, address, words):
    wait_until(browser, lambda: any(page.startswith(SOUGHT[words]) for page in found(browser, address, words)), 20)


def test_what_is_nowhere_is_not_found(browser, address):
    assert found(browser, address, "zyzzyvaquux") == []


def test_a_caption_is_found(browser, address):
    """The words of a caption, all of them, lead to the chapter whose code wrote it."""
    from bs4 import BeautifulSoup

    page = "notebooks/03_the_ideal_pomeranian.html"
    soup = BeautifulSoup((SITE / page).read_text(encoding="utf-8"), "html.parser")
    caption = soup.select_one(".pom-figure > figcaption").get_text(" ", strip=True)
    words = " ".join(word for word in caption.replace(",", " ").split() if word.isalpha() and len(word) > 4)
    assert len(words.split()) >= 3
    wait_until(browser, lambda: page in found(browser, address, words), 20)
