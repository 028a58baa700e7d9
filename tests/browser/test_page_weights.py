"""What a chapter's first view loads, and what it fetches later. Bytes as they lie on the disk.

What each page weighs in all, `test_page` looks at, where it is open anyway.
A server that compresses (GitHub Pages does) sends about a quarter of the text; that is not counted in our favor.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built_site import CHAPTERS, LANDING, SITE, report
from requests_made import forget, requests_made

MB = 1_000_000
LIMIT, LANDING_LIMIT = 4 * MB, 1 * MB
LATER = "*/later.js*"  # stopped, so that the first view is the first view
STANDS = """
const done = arguments[arguments.length - 1];
const formulas = window.MathJax && MathJax.startup && MathJax.startup.promise;
Promise.all([document.fonts.ready, formulas]).then(() => setTimeout(done, 300, true));
"""
ALL_PICTURES = """
const lists = [...document.querySelectorAll('script.pom-later')].flatMap(list => JSON.parse(list.textContent));
return [...document.images].map(image => image.getAttribute('src')).concat(lists)
  .filter(address => address && !address.startsWith('data:')).map(address => new URL(address, document.baseURI).href);
"""


def on_disk(url: str) -> Path:
    return SITE / unquote(urlsplit(url).path).lstrip("/")


def limit_of(page: str) -> int:
    """The bytes that a page may load in all, at once and later."""
    return LANDING_LIMIT if page == LANDING else LIMIT


def weights(browser, url: str) -> tuple[int, int, int]:
    """Return the bytes of a page's HTML, of its first view in all, and of what it fetches later."""
    forget(browser)
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [LATER]})
    browser.get(url)
    assert browser.execute_async_script(STANDS) is True
    first = {on_disk(request.url) for request in requests_made(browser)}
    later = {on_disk(one) for one in browser.execute_script(ALL_PICTURES)} - first
    size = {path: path.stat().st_size for path in first | later if path.is_file()}
    return on_disk(url).stat().st_size, sum(size.get(one, 0) for one in first), sum(size[one] for one in later)


@pytest.fixture(scope="module", params=["heaviest", pytest.param("all", marks=pytest.mark.slow)])
def table(watched, address, request):
    """What chapters weigh: daily, the one with the longest page."""
    chapters = CHAPTERS if request.param == "all" else [max(CHAPTERS, key=lambda page: (SITE / page).stat().st_size)]
    watched.execute_cdp_cmd("Network.enable", {})
    watched.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    found = {page: weights(watched, f"{address}/{page}") for page in chapters}
    watched.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    lines = [f"{'page':<50}{'html':>9}{'first view':>12}{'later':>9}{'all, kB':>9}"]
    for page, (page_alone, first, later) in found.items():
        figures = (page_alone, first, later, first + later)
        lines.append(
            f"{page:<50}" + "".join(f"{n / 1000:>{w}.0f}" for n, w in zip(figures, (9, 12, 9, 9), strict=True))
        )
    report("weights.txt", lines)
    return found


def test_the_first_view_leaves_most_pictures_for_later(table):
    for page, (_, first, later) in table.items():
        assert first < 2.5 * MB, f"{page}: its first view loads {first / MB:.2f} MB"
        assert later > 0, f"{page}: nothing waits for the reader"


def test_what_waits_is_fetched_without_being_asked_for(watched, address):
    """A page read on a train must be whole before the tunnel."""
    from test_pages import wait_until

    page = CHAPTERS[2]
    watched.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    forget(watched)
    watched.get(f"{address}/{page}")
    wanted, got = {on_disk(one) for one in watched.execute_script(ALL_PICTURES)}, set()

    def whole():
        got.update(on_disk(request.url) for request in requests_made(watched))
        return wanted <= got

    wait_until(watched, whole, seconds=30)
