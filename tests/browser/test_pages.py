"""Every page of the built site in Chromium, desk and light, then phone and dark, with no network but the loopback."""

from __future__ import annotations

from urllib.parse import urldefrag, urlsplit

import pytest
from axe import DRAWN, violations
from built_site import CHAPTERS, LANDING, PAGES, SITE, in_theme, resize
from requests_made import requests_made
from test_page_weights import ALL_PICTURES, limit_of, on_disk

from tools.browser.chromium import SETTLED

BROKEN_PICTURES = """
return [...document.images].filter(picture => picture.getAttribute('src') && !picture.naturalWidth)
  .map(picture => picture.src.slice(0, 100));
"""
TOO_WIDE = """
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide + 1) return [];
const clipped = element => {
  for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== 'visible' || getComputedStyle(up).position === 'fixed') return true;
  return false;
};
return ['the page is ' + document.documentElement.scrollWidth + ' pixels wide'].concat(
  [...document.body.querySelectorAll('*')]
    .filter(element => element.getBoundingClientRect().right > wide + 1 && !clipped(element))
    .slice(0, 5).map(element => element.outerHTML.slice(0, 100)));
"""
CHECKS_TOO_WIDE = """
document.querySelectorAll('.pom-check input').forEach(input => { input.checked = true; });
return [...document.querySelectorAll('.pom-check :is(.pom-check-asks, label, .pom-check-why)')]
  .filter(place => place.scrollWidth > place.clientWidth + 1).map(place => place.textContent.slice(0, 60));
"""
UNSET_FORMULAS = """
return [...document.querySelectorAll('article .math')].filter(place => !place.querySelector('mjx-container'))
  .map(place => place.textContent.slice(0, 80))
  .concat([...document.querySelectorAll('mjx-merror')].map(place => 'error: ' + place.textContent.slice(0, 80)));
"""
OF_EACH_MAKE = {LANDING, *CHAPTERS[:1], *CHAPTERS[-1:]}
OF_EACH_MAKE |= {f"book/{name}.html" for name in ("climb", "atlas", "glossary", "helpers_reference")}
TURN = """
document.documentElement.dataset.theme = document.documentElement.dataset.mode = arguments[0];
for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
"""
TO_THE_END = """
const done = arguments[arguments.length - 1];
document.querySelectorAll('details').forEach(one => { one.open = true; });
window.scrollTo(0, document.documentElement.scrollHeight);
window.requestIdleCallback(() => setTimeout(done, 250, true), {timeout: 2000});
"""


def show(browser, url: str, size: str) -> None:
    """Open a page at a size, the console emptied before, and wait for its pictures, fonts and formulas."""
    resize(browser, size)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(url)
    if urlsplit(url).path == "/index.html":  # it leads on at once
        wait_until(browser, lambda: urlsplit(browser.current_url).path != "/index.html")
    assert browser.execute_async_script(SETTLED) is True


def our_errors(browser) -> list[str]:
    """List the console's errors, but for other hosts that were not reached: there are none to reach."""
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    other = [message for message in errors if "net::ERR" in message and urlsplit(message).hostname != "127.0.0.1"]
    return [message for message in errors if message not in other]


def requested(browser) -> list[str]:
    """Go to the end of the page that is open, and list the addresses asked for since the last call."""
    assert browser.execute_async_script(TO_THE_END) is True
    return sorted({urldefrag(request.url)[0] for request in requests_made(browser)})


@pytest.mark.parametrize("page", PAGES)
def test_page(watched, address, page):
    """Whole, within its width, without an error, a request to another host, or what axe-core calls serious.

    It is loaded once, at a desk and in the light, and then turned into what a phone shows at night. axe-core sees a
    page of each make: style sheets and templates are the same for all. `test_accessibility` opens every page in every
    way, once a week, and has all of them looked at.
    """
    in_theme(watched, address, "light")
    try:
        requests_made(watched)
        show(watched, f"{address}/{page}", "desk")
        at_once = {urldefrag(request.url)[0] for request in requests_made(watched)}
        pictures = watched.execute_script(ALL_PICTURES)
        look(watched, "light")
        asked = sorted({*at_once, *requested(watched)})
        assert any(url.endswith(page) for url in asked), "the log is not complete"
        assert [url for url in asked if not url.startswith(address + "/")] == []
        weight = sum(one.stat().st_size for one in {on_disk(url) for url in [*at_once, *pictures]} if one.is_file())
        assert weight <= limit_of(page), f"{weight / 1e6:.2f} MB, the limit is {limit_of(page) / 1e6:.0f}"
        found = violations(watched) if page in OF_EACH_MAKE else []
        assert not found, f"{len(found)} found:\n" + "\n".join(found[:12])

        watched.get_log("browser")  # axe-core looks for style sheets where there are none
        resize(watched, "phone")
        watched.execute_script(TURN, "dark")
        look(watched, "dark")
        assert [url for url in requested(watched) if not url.startswith(address + "/")] == []
        assert our_errors(watched) == []
        found = violations(watched, DRAWN) if page in OF_EACH_MAKE else []
        assert not found, f"{len(found)} found on a phone, in the dark:\n" + "\n".join(found[:12])
        assert watched.execute_script(CHECKS_TOO_WIDE) == []  # it picks an answer to each question
    finally:
        watched.execute_script("localStorage.clear()")


def look(browser, theme: str) -> None:
    """The page that is open is in its theme, whole and within its width."""
    assert browser.execute_script("return document.documentElement.dataset.theme") == theme
    assert browser.execute_script(BROKEN_PICTURES) == []
    assert browser.execute_script(UNSET_FORMULAS) == []
    assert browser.execute_script(TOO_WIDE) == []
    assert our_errors(browser) == []


# --- players ---

WITH_PLAYERS = [page for page in PAGES if SITE.exists() and 'class="pom-player' in (SITE / page).read_text("utf-8")]
SET = """
arguments[0].value = arguments[1];
for (const kind of ['input', 'change']) arguments[0].dispatchEvent(new Event(kind, {bubbles: true}));
"""


def wait_until(browser, condition, seconds=8):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, seconds, poll_frequency=0.1).until(lambda _: condition())


@pytest.mark.parametrize("page", WITH_PLAYERS)
def test_players_move(browser, address, page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, f"{address}/{page}", "desk")
    players = browser.find_elements(By.CSS_SELECTOR, ".pom-player")
    assert len({player.get_attribute("data-pom") for player in players}) == len(players)
    for player in players:
        # A player may lie in a cell that is folded away.
        browser.execute_script(
            "for (let up = arguments[0]; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true;"
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});",
            player,
        )
        slider = player.find_element(By.CSS_SELECTOR, "input[type=range]")
        picture = player.find_element(By.CSS_SELECTOR, "img")
        button = player.find_element(By.CSS_SELECTOR, "button.pom-play")
        assert picture.get_attribute("alt").strip()
        assert slider.accessible_name.strip(), "the slider has no name for a screen reader"
        assert button.accessible_name.strip(), "the button has no name for a screen reader"
        low, high = (slider.get_attribute(end) for end in ("min", "max"))

        browser.execute_script(SET, slider, low)
        first = picture.screenshot_as_base64
        browser.execute_script(SET, slider, high)
        wait_until(browser, lambda picture=picture, first=first: picture.screenshot_as_base64 != first)

        browser.execute_script(SET, slider, low)
        at = slider.get_property("value")
        slider.send_keys(Keys.ARROW_RIGHT)
        assert slider.get_property("value") != at, "the arrow keys do not move the slider"

        browser.execute_script(SET, slider, low)
        at = slider.get_property("value")
        button.click()
        wait_until(browser, lambda slider=slider, at=at: slider.get_property("value") != at)
    assert our_errors(browser) == []


CHAPTER = "notebooks/03_the_ideal_pomeranian.html"


def test_a_page_opens_in_the_theme_that_was_chosen(browser, address):
    in_theme(browser, address, "dark")
    try:
        show(browser, f"{address}/{CHAPTER}", "phone")
        look(browser, "dark")
    finally:
        browser.execute_script("localStorage.clear()")


def test_a_chapter_printed_from_the_browser_is_dark_on_white_and_whole(browser, address):
    show(browser, f"{address}/{CHAPTER}", "desk")
    browser.execute_script("document.documentElement.dataset.theme = document.documentElement.dataset.mode = 'dark'")
    dark = "return getComputedStyle(document.querySelector('article p')).color"
    pale = browser.execute_script(dark)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(dark) != pale
        blocks = "[...document.querySelectorAll('div.highlight pre')]"
        cut = f"return {blocks}.filter(e => e.scrollWidth > e.clientWidth + 1).length"
        assert browser.execute_script(cut) == 0, "lines of code end at the margin of the paper"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    assert browser.execute_script(dark) == pale


def test_without_a_script_a_page_has_its_colors(browser, address):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{address}/{CHAPTER}")
        link, words = (
            browser.find_element("css selector", f"article {what}").value_of_css_property("color")
            for what in ("p a.reference", "p")
        )
        assert link != words
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_link_s_card_names_the_chapter(browser, address):
    show(browser, f"{address}/{CHAPTER}", "desk")
    title = browser.find_element("css selector", 'meta[property="og:title"]').get_attribute("content")
    assert title == "3. The ideal pomeranian"
