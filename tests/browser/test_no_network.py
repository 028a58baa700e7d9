"""Every page with all other hosts out of reach, and from a file: each request made is listed, and each is local."""

from __future__ import annotations

from urllib.parse import urldefrag, urlsplit

import pytest
from built_site import CHAPTERS, LANDING, PAGES, SITE, report
from requests_made import forget, requests_made
from test_pages import BROKEN_PICTURES, UNSET_FORMULAS, WITH_PLAYERS, show, wait_until

TO_THE_END = """
const done = arguments[arguments.length - 1];
document.querySelectorAll('details').forEach(one => { one.open = true; });
window.scrollTo(0, document.documentElement.scrollHeight);
window.requestIdleCallback(() => setTimeout(done, 250, true), {timeout: 2000});
"""
FONTS = "return [...document.fonts].filter(font => font.status === 'error').map(font => font.family);"
FROM_FILES = [LANDING, *CHAPTERS[2:3], "book/glossary.html", "genindex.html"]


def visited(browser, url: str, size: str = "desk") -> list[str]:
    """Open a page, go to its end, and list the addresses asked for on the way."""
    forget(browser)
    show(browser, url, size)
    assert browser.execute_async_script(TO_THE_END) is True
    return sorted({urldefrag(request.url)[0] for request in requests_made(browser)})


def test_every_request_is_local(watched, address):
    asked = {page: visited(watched, f"{address}/{page}") for page in PAGES}
    files = sorted({url for urls in asked.values() for url in urls})
    report("requests.txt", [f"{len(files)} distinct files requested by {len(PAGES)} pages:", *files])
    away = {f"{page}: {url}" for page, urls in asked.items() for url in urls if not url.startswith(address + "/")}
    assert not away, "\n".join(sorted(away))
    assert all(any(url.endswith(page) for url in urls) for page, urls in asked.items()), "the log is not complete"


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
