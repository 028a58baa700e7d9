"""A request that leaves is seen; pages opened from a file ask for files alone. `test_page` visits the served ones."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from built_site import CHAPTERS, LANDING, SITE
from requests_made import forget, requests_made
from test_pages import BROKEN_PICTURES, UNSET_FORMULAS, WITH_PLAYERS, requested, show, wait_until

FONTS = "return [...document.fonts].filter(font => font.status === 'error').map(font => font.family);"
FROM_FILES = [LANDING, *CHAPTERS[2:3], "book/glossary.html", "genindex.html"]


def visited(browser, url: str, size: str = "desk") -> list[str]:
    """Open a page, go to its end, and list the addresses asked for on the way."""
    forget(browser)
    show(browser, url, size)
    return requested(browser)


def test_a_request_that_leaves_is_seen(watched, address):
    forget(watched)
    show(watched, f"{address}/{LANDING}", "desk")
    watched.execute_script("new Image().src = 'https://example.org/outside.png'")
    wait_until(watched, lambda: any(urlsplit(one.url).hostname == "example.org" for one in requests_made(watched)))


@pytest.mark.parametrize("page", FROM_FILES)
def test_a_page_opened_from_a_file(watched, site, page):
    urls = visited(watched, f"{site.as_uri()}/{page}")
    assert watched.execute_script(BROKEN_PICTURES) == []
    assert watched.execute_script(UNSET_FORMULAS) == []
    assert watched.execute_script(FONTS) == []
    assert [url for url in urls if not url.startswith(site.as_uri() + "/")] == []
    problems = [entry["message"] for entry in watched.get_log("browser") if entry["level"] == "SEVERE"]
    assert problems == []


def test_the_search_works_from_a_file(watched, site):
    urls = visited(watched, f"{site.as_uri()}/search.html?q=pomeranian")
    wait_until(watched, lambda: watched.execute_script("return document.querySelectorAll('ul.search li a').length") > 3)
    assert [url for url in urls if not url.startswith(site.as_uri() + "/")] == []
    problems = [entry["message"] for entry in watched.get_log("browser") if entry["level"] == "SEVERE"]
    assert problems == [], "Chromium reads no other file by script: the search must not try"


@pytest.mark.parametrize("page", WITH_PLAYERS[:1])
def test_a_player_moves_from_a_file(watched, site, page):
    show(watched, f"{site.as_uri()}/{page}", "desk")
    moved = watched.execute_async_script("""
        const done = arguments[0], player = document.querySelector('.pom-player');
        const picture = player.querySelector('img'), slider = player.querySelector('input[type=range]');
        const last = picture.src;
        slider.value = Math.round((Number(slider.min) + Number(slider.max)) / 2);
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        picture.decode().then(() => done(picture.src !== last && picture.naturalWidth > 0), () => done(false));
    """)
    assert moved is True
    assert site == SITE
