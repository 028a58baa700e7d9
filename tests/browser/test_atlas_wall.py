"""The atlas as a reader uses it: search, orders, keys, a larger picture; few tiles in the page, no jank, no network."""

from __future__ import annotations

import base64
import io
import json
import math
import time

import pytest
from built_site import SITE, in_theme, report, resize
from requests_made import forget, requests_made
from test_pages import our_errors, wait_until

PAGE = "book/atlas.html"
SHEETS = SITE / "_static" / "atlas"
NAMES = "return [...document.querySelectorAll('.atlas-wall .atlas-tile')].map(tile => tile.getAttribute('aria-label'));"
FOCUSED = "return document.activeElement.getAttribute('aria-label') || document.activeElement.className;"
COUNT = "return document.querySelector('.atlas-count').textContent;"
OPENED = (
    "const box = document.querySelector('.atlas-dialog'); return box.open ? box.querySelector('h2').textContent : null;"
)
SET = """
const place = document.querySelector(arguments[0]);
place.value = arguments[1];
for (const kind of ['input', 'change']) place.dispatchEvent(new Event(kind, {bubbles: true}));
"""
TO_THE_WALL = """
const done = arguments[0], below = name => document.querySelector(name).getBoundingClientRect();
window.scrollTo({top: 600, behavior: 'instant'}); // the bar stands still from here on
window.scrollBy({top: below('.atlas-wall').top - below('.atlas-bar').bottom - 2, behavior: 'instant'});
requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
"""
WHOLE = """
const top = document.querySelector('.atlas-bar').getBoundingClientRect().bottom;
return [...document.querySelectorAll('.atlas-wall .atlas-tile')].map(tile => tile.getBoundingClientRect())
  .filter(box => box.top >= top && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth).length;
"""
FAR = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;"
WATCH = """
window.longest = 0;
new PerformanceObserver(list => list.getEntries().forEach(task => { longest = Math.max(longest, task.duration); }))
  .observe({type: 'longtask', buffered: false});
"""
THROUGH = """
const done = arguments[0], tile = '.atlas-wall .atlas-tile';
let most = 0, steps = 0;
(function on() {
  most = Math.max(most, document.querySelectorAll(tile).length);
  const before = scrollY;
  window.scrollBy({top: 400, behavior: 'instant'});
  steps += 1;
  if (scrollY > before && steps < 400) requestAnimationFrame(on);
  else setTimeout(() => done([most, steps]), 300);
})();
"""
TYPE = """
const [text, done] = arguments, place = document.querySelector('.atlas-query'), counts = [];
(function on(k) {
  if (k > text.length) return setTimeout(done, 300, counts);
  place.value = text.slice(0, k);
  place.dispatchEvent(new Event('input', {bubbles: true}));
  counts.push(document.querySelector('.atlas-count b').textContent);
  requestAnimationFrame(() => on(k + 1));
})(1);
"""


@pytest.fixture(scope="module")
def atlas(site):
    if not (SITE / PAGE).is_file():
        pytest.skip("the atlas is not in the table of contents")
    return json.loads((SHEETS / "atlas.json").read_text(encoding="utf-8"))


def agreement(one: dict) -> float:
    """The mean of the judges' log beliefs, written anew here."""
    return sum(math.log(max(belief, 1e-12)) for belief in one["beliefs"]) / len(one["beliefs"])


def show(browser, address: str, size: str = "desk", state: str = "") -> None:
    """Open the atlas in a state, the console emptied before."""
    resize(browser, size)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{address}/{PAGE}{state}")
    wait_until(browser, lambda: browser.execute_script("return !!document.querySelector('.atlas-tile')"), 60)


def keys(browser, *pressed: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(*pressed).perform()


def focus_first(browser) -> str:
    browser.execute_script("document.querySelector('.atlas-wall .atlas-tile').focus()")
    return browser.execute_script(FOCUSED)


# --- search and orders ---


@pytest.fixture
def wall(browser, address, atlas):
    """The atlas as it opens. It is loaded once for all tests in a row that only search and sort."""
    settings = {".atlas-query": "", ".atlas-sort": "class", ".atlas-show": "all"}
    if not browser.execute_script("return window.searched"):  # what another test has opened may look otherwise
        show(browser, address)
        browser.execute_script("window.searched = true")
    for place, value in settings.items():
        browser.execute_script(SET, place, value)
    return browser


@pytest.mark.parametrize("words", ["dog", "Terrier", "mountain dog", "ter"])
def test_search_narrows_and_counts(wall, atlas, words):
    browser = wall
    assert browser.execute_script(COUNT).startswith(f"{len(atlas['classes']):,} classes")
    browser.execute_script(SET, ".atlas-query", words)
    wanted = [one["name"] for one in atlas["classes"] if all(w in one["name"].lower() for w in words.lower().split())]
    assert len(wanted) > 1
    assert browser.execute_script(COUNT).startswith(f"{len(wanted)} classes")
    shown = browser.execute_script(NAMES)
    assert shown == wanted[: len(shown)]
    assert len(shown) == len(wanted) or len(shown) > 60


def test_each_key_narrows(browser, address):
    show(browser, address)
    counts = browser.execute_async_script(TYPE, "pomeranian")
    numbers = [int(text.split()[0].replace(",", "")) for text in counts]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] > numbers[2] > numbers[-1] == 1


def test_a_misspelled_name_is_guessed(browser, address):
    show(browser, address)
    browser.execute_script(SET, ".atlas-query", "pomerianan")
    assert browser.execute_script(NAMES) == []
    assert browser.execute_script(COUNT).startswith("0 classes. Did you mean ")
    browser.execute_script("document.querySelector('.atlas-meant').click()")
    assert [name.lower() for name in browser.execute_script(NAMES)] == ["pomeranian"]


ORDERS = {
    "class": lambda i, one: i,
    "name": lambda i, one: (one["name"].lower(), i),
    "best": lambda i, one: (-agreement(one), i),
    "worst": lambda i, one: (agreement(one), i),
    "logit": lambda i, one: (-one["logit"], i),
    "walk": lambda i, one: one["order"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_each_order_sorts(wall, atlas, order):
    browser = wall
    if order == "class":  # as it is when it opens
        browser.execute_script(SET, ".atlas-sort", "name")
    browser.execute_script(SET, ".atlas-sort", order)
    classes = list(enumerate(atlas["classes"]))
    keyed = [(ORDERS[order](i, one), one["name"]) for i, one in sorted(classes, key=lambda c: ORDERS[order](*c))]
    shown = browser.execute_script(NAMES)
    assert len(shown) > 60
    if order in ("best", "worst"):  # floating point may order equals either way
        values = {one["name"]: agreement(one) for one in atlas["classes"]}
        found = [values[name] for name in shown]
        wanted = [values[name] for _, name in keyed[: len(shown)]]
        assert found == pytest.approx(wanted, abs=1e-9)
    else:
        assert shown == [name for _, name in keyed[: len(shown)]]


@pytest.mark.parametrize("show_, wanted", [("both", {2}), ("one", {1}), ("none", {0})])
def test_only_what_judges_named_so(wall, atlas, show_, wanted):
    browser = wall
    browser.execute_script(SET, ".atlas-show", show_)
    names = [one["name"] for one in atlas["classes"] if one["ranks"].count(1) in wanted]
    shown = browser.execute_script(NAMES)
    assert names and shown == names[: len(shown)]
    assert browser.execute_script(COUNT).startswith(f"{len(names)} class")


# --- keys ---


def test_keys_move_open_close_and_return(browser, address, atlas):
    from selenium.webdriver.common.keys import Keys

    show(browser, address)
    names = [one["name"] for one in atlas["classes"]]
    across = int(browser.execute_script("return document.querySelector('.atlas-wall').getAttribute('aria-colcount')"))
    assert focus_first(browser) == names[0]
    stops = "return document.querySelectorAll('.atlas-wall [tabindex=\"0\"]').length"
    for key, at in [
        (Keys.ARROW_RIGHT, 1),
        (Keys.ARROW_DOWN, 1 + across),
        (Keys.ARROW_LEFT, across),
        (Keys.END, 2 * across - 1),
        (Keys.HOME, across),
        (Keys.ARROW_UP, 0),
    ]:
        keys(browser, key)
        assert browser.execute_script(FOCUSED) == names[at]
        assert browser.execute_script(stops) == 1, "the wall must be one stop for the Tab key"
    keys(browser, Keys.PAGE_DOWN)
    far = names.index(browser.execute_script(FOCUSED))
    assert far >= 3 * across and far % across == 0
    keys(browser, Keys.PAGE_UP)
    assert browser.execute_script(FOCUSED) == names[0]

    keys(browser, Keys.ARROW_RIGHT, Keys.ENTER)
    assert browser.execute_script(OPENED) == names[1]
    keys(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert browser.execute_script(OPENED) == names[2]
    keys(browser, Keys.ESCAPE)
    wait_until(browser, lambda: browser.execute_script(OPENED) is None)
    wait_until(browser, lambda: browser.execute_script(FOCUSED) == names[2])
    wait_until(browser, lambda: "c=" not in browser.execute_script("return location.hash"))
    assert browser.execute_script(FOCUSED) == names[2], "the address changed, and the focus was lost"
    keys(browser, "/")
    assert browser.execute_script("return document.activeElement.matches('.atlas-query')")
    assert our_errors(browser) == []


def test_the_larger_picture_says_what_is_known(browser, address, atlas):
    show(browser, address, state="#c=259")
    one = atlas["classes"][259]
    said = browser.execute_script("return document.querySelector('.atlas-dialog').innerText")
    for part in (one["name"], f"{one['logit']:.1f}", atlas["network"], *atlas["judges"], *one["guess"]):
        assert part in said
    code = browser.execute_script("return document.querySelector('.atlas-code code').textContent")
    assert code == atlas["call"].replace("{name!r}", repr(one["name"]))
    alike = "return [...document.querySelectorAll('.atlas-like .atlas-tile')].map(tile => tile.ariaLabel)"
    assert browser.execute_script(alike) == [atlas["classes"][k]["name"] for k in one["nearest"]]
    browser.execute_script("document.querySelector('.atlas-like .atlas-tile').click()")
    assert browser.execute_script(OPENED) == atlas["classes"][one["nearest"][0]]["name"]


def test_a_tile_tells_of_itself(browser, address, atlas):
    from selenium.webdriver.common.keys import Keys

    show(browser, address)
    focus_first(browser)
    keys(browser, Keys.ARROW_RIGHT)
    one = atlas["classes"][1]
    tip = browser.execute_script("""
        const tip = document.getElementById(document.activeElement.getAttribute('aria-describedby'));
        return tip && !tip.hidden ? tip.innerText : null; """)
    assert tip is not None
    for part in (one["name"], f"{one['logit']:.1f}", *atlas["judges"]):
        assert part in tip


# --- the address ---


def test_an_address_leads_to_a_view(browser, address, atlas):
    show(browser, address, state="#sort=best&q=dog&c=259")
    assert browser.execute_script(OPENED) == atlas["classes"][259]["name"]
    dogs = [one for one in atlas["classes"] if "dog" in one["name"].lower()]
    assert browser.execute_script(NAMES) == [one["name"] for one in sorted(dogs, key=agreement, reverse=True)]
    browser.execute_script("document.querySelector('.atlas-close').click()")
    wait_until(browser, lambda: browser.execute_script("return location.hash") == "#q=dog&sort=best")
    browser.execute_script(SET, ".atlas-query", "")
    browser.execute_script(SET, ".atlas-sort", "walk")
    assert browser.execute_script("return location.hash") == "#sort=walk"


def test_back_closes_the_picture(browser, address, atlas):
    show(browser, address)
    browser.execute_script("document.querySelectorAll('.atlas-wall .atlas-tile')[3].click()")
    assert browser.execute_script(OPENED) == atlas["classes"][3]["name"]
    browser.execute_script("history.back()")
    wait_until(browser, lambda: browser.execute_script(OPENED) is None)
    assert browser.current_url.endswith(PAGE)


def test_closing_a_far_picture_leads_to_its_tile(browser, address, atlas):
    """Going back in the history would scroll to where the wall was when the picture was opened."""
    from selenium.webdriver.common.keys import Keys

    show(browser, address)
    focus_first(browser)
    keys(browser, Keys.ENTER, *[Keys.ARROW_RIGHT] * 150, Keys.ESCAPE)
    wait_until(browser, lambda: browser.execute_script(FOCUSED) == atlas["classes"][150]["name"])
    wait_until(browser, lambda: "c=" not in browser.execute_script("return location.hash"))
    time.sleep(0.5)  # in which it would jump
    in_sight = "const r = document.activeElement.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight"
    assert browser.execute_script(FOCUSED) == atlas["classes"][150]["name"] and browser.execute_script(in_sight)


def test_where_the_wall_cannot_stand_the_sheets_do(browser, address):
    """A browser that lacks what the wall is made of."""
    broken = {"source": "delete Object.hasOwn"}
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", broken)["identifier"]
    try:
        resize(browser, "desk")
        browser.get("about:blank")
        browser.get(f"{address}/{PAGE}")
        assert browser.find_element("css selector", ".atlas-sheets").is_displayed()
        assert not browser.find_element("css selector", ".atlas-live").is_displayed()
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
        browser.get("about:blank")
        browser.get_log("browser")


def test_closing_a_picture_over_an_empty_wall_leads_to_the_search(browser, address, atlas):
    from selenium.webdriver.common.keys import Keys

    resize(browser, "desk")
    browser.get("about:blank")
    browser.get(f"{address}/{PAGE}#q=zzzz&c=5")
    wait_until(browser, lambda: browser.execute_script(OPENED) == atlas["classes"][5]["name"])
    keys(browser, Keys.ESCAPE)
    wait_until(browser, lambda: browser.execute_script(OPENED) is None)
    wait_until(browser, lambda: browser.execute_script("return document.activeElement.matches('.atlas-query')"))


# --- a phone, and what it costs ---


def test_sixty_tiles_on_a_phone(browser, address):
    show(browser, address, "phone")
    assert browser.execute_async_script(TO_THE_WALL) is True
    assert browser.execute_script(WHOLE) >= 60
    assert browser.execute_script(FAR) <= 0
    small = "return Math.min(...[...document.querySelectorAll('.atlas-tile')].map(tile => tile.clientWidth))"
    assert browser.execute_script(small) >= 44, "too small for a finger"


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_no_jank_and_few_tiles(browser, address, atlas, size):
    show(browser, address, size)
    browser.execute_script(WATCH)
    most, steps = browser.execute_async_script(THROUGH)
    assert steps > 15, "the list was not scrolled through"
    assert browser.execute_script(NAMES)[-1] == atlas["classes"][-1]["name"]
    assert 60 <= most <= 260
    browser.execute_async_script(TYPE, "mountain dog")
    longest = browser.execute_script("return longest")
    report(
        f"atlas-{size}.txt", [f"{size}: the longest task {longest:.0f} ms, at most {most} of 1,000 tiles in the page"]
    )
    assert longest < 200


# --- pictures ---


@pytest.mark.parametrize("index", [0, 9, 10, 99, 130, 259, 999])
def test_a_tile_shows_its_own_picture(browser, address, atlas, index):
    """The pixels of the screen are those of the sheet, at this class's place and at no other."""
    numpy, Image = pytest.importorskip("numpy"), pytest.importorskip("PIL.Image")
    show(browser, address, state=f"#q={index}")
    assert browser.execute_script(NAMES) == [atlas["classes"][index]["name"]]
    layout = atlas["tile"]
    sheet = Image.open(SHEETS / f"tiles-{index // layout['each']}.avif").convert("RGB")
    x, y = index % layout["each"] % layout["across"], index % layout["each"] // layout["across"]
    side, small = layout["side"], (48, 48)

    def cut(x: int, y: int):
        spot = sheet.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)).resize(small)
        return numpy.asarray(spot, dtype=float)

    def off() -> float:
        tile = browser.find_element("css selector", ".atlas-wall .atlas-tile")
        seen = Image.open(io.BytesIO(base64.b64decode(tile.screenshot_as_base64))).convert("RGB").resize(small)
        return float(numpy.abs(numpy.asarray(seen, dtype=float) - cut(x, y)).mean())

    wait_until(browser, lambda: off() < 12, 30)
    elsewhere = cut((x + 1) % layout["across"], y)
    assert numpy.abs(elsewhere - cut(x, y)).mean() > 15, "this picture and its neighbor cannot be told apart"


def test_sheets_come_when_they_are_in_sight(watched, address):
    forget(watched)
    watched.execute_cdp_cmd("Network.enable", {})
    watched.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/later.js*"]})
    show(watched, address)
    wait_until(watched, lambda: watched.execute_script("return document.readyState") == "complete", 30)
    urls = [request.url for request in requests_made(watched)]
    watched.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    assert [url for url in urls if not url.startswith(address + "/")] == []
    sheets = {url.rsplit("/", 1)[-1] for url in urls if url.endswith(".avif")}
    assert "tiles-0.avif" in sheets
    assert "tiles-9.avif" not in sheets and not any(name.startswith("large") for name in sheets)


def test_it_works_from_a_file(watched, site, atlas):
    forget(watched)
    show(watched, site.as_uri(), state="#q=tench&c=0")
    assert watched.execute_script(OPENED) == atlas["classes"][0]["name"]
    watched.execute_script("document.querySelector('.atlas-close').click()")
    watched.execute_script("document.querySelector('.atlas-wall .atlas-tile').click()")
    assert watched.execute_script(OPENED) == atlas["classes"][0]["name"]
    assert [request.url for request in requests_made(watched) if not request.url.startswith(site.as_uri())] == []
    assert [entry for entry in watched.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_larger_picture_is_accessible(browser, address, theme):
    from axe import violations

    in_theme(browser, address, theme)
    try:
        show(browser, address, state="#c=130")
        assert violations(browser) == []
    finally:
        browser.execute_script("localStorage.clear()")
