"""Sliders and players on a page of their own, opened from a file: moved by mouse and by keyboard, twice over."""

from __future__ import annotations

import base64
import io

import pytest
import torch
from PIL import Image

from helpers import player, slider_grid

SIZES = {"phone": (390, 844), "desk": (1000, 900)}
SOUND = """
return [...document.querySelectorAll('input, button')].filter(e => e.checkVisibility())
  .map(e => e.getBoundingClientRect()).map(box => [box.left >= 0, box.right <= innerWidth, box.height >= 24])
  .flat().every(Boolean) && document.documentElement.scrollWidth <= innerWidth;
"""


def squares(count: int) -> torch.Tensor:
    """Images (count, 3, 96, 96), each of one color and told from the others by eye."""
    return torch.stack([torch.tensor([k / count, 0.5, 1 - k / count]) for k in range(count)])[:, :, None, None].expand(
        -1, -1, 96, 96
    )


class Film:
    """A film of one image, from noise to another noise."""

    def __init__(self):
        self.frame_steps = [0, 10, 20]
        self.frames = torch.randint(0, 256, (3, 1, 3, 64, 64), generator=torch.Generator().manual_seed(0)).byte()
        self.frames[1:] //= 2
        self.images, self.scores = self.frames[-1].float() / 255, torch.arange(20.0)[:, None]
        self.final = torch.tensor([20.0])

    def __len__(self):
        return 1

    def caption(self, i=0):
        return "noise = 20.0"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with two equal grids, two equal covered players, and one that is not covered."""
    words = [f"score {k}" for k in range(6)]
    lines = {"rows": {"blur": [None, 0.5]}, "columns": {"zoom": [1, 2, 3]}}
    grid = slider_grid(squares(6), **lines, words=words, caption="A grid.", alt="Six squares").html
    asked = player(Film(), alt="the last frame", predict="What will come?").html
    body = "".join((grid, grid, asked, asked, player(Film()).html))
    path = tmp_path_factory.mktemp("moving") / "page.html"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width='
        f'device-width"><title>Moving</title><body>{body}</body></html>',
        encoding="utf-8",
    )
    return path.as_uri()


@pytest.fixture(params=SIZES)
def opened(browser, page, request):
    """The page at a phone's and a desk's size, and nothing in the console when all is done."""
    width, height = SIZES[request.param]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": request.param == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(page)
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def all_of(browser, selector):
    return browser.find_elements("css selector", selector)


def looks(element) -> bytes:
    return base64.b64decode(element.screenshot_as_base64)


def color(element) -> tuple[int, int, int]:
    """The color in the middle of what is seen of an element."""
    image = Image.open(io.BytesIO(looks(element))).convert("RGB")
    return image.getpixel((image.width // 2, image.height // 2))


def near(color, k: int, count: int) -> bool:
    expected = (255 * k / count, 127, 255 * (1 - k / count))
    return max(abs(a - b) for a, b in zip(color, expected, strict=True)) < 12


def test_everything_is_in_reach(opened):
    assert opened.execute_script(SOUND)
    assert not all_of(opened, ".pom-still"), "what moves does not say that it would"
    places = [cell.get_attribute("textContent") for cell in all_of(opened, ".pom-cell")[:6]]
    assert (places[0], places[5]) == ("blur none, zoom 1: score 0", "blur 0.5, zoom 3: score 5")
    heads = all_of(opened, ".pom-sliders")[0].find_elements("css selector", ".pom-head")
    assert len(heads) == 2 + 3 + 2 and all(head.get_attribute("aria-hidden") == "true" for head in heads)
    buttons = [button.get_attribute("type") for button in all_of(opened, "button")]
    assert buttons and set(buttons) == {"button"}


def test_arrow_keys_walk_the_grid_and_each_grid_is_its_own(opened):
    from selenium.webdriver.common.keys import Keys

    first, second = all_of(opened, ".pom-sliders")
    sheets = [grid.find_element("css selector", ".pom-sheet") for grid in (first, second)]
    across, down = (first.find_element("css selector", f"input.pom-{axis}") for axis in "xy")
    assert across.accessible_name == "zoom" and down.accessible_name == "blur"
    other = looks(sheets[1])
    assert near(color(sheets[0]), 0, 6)
    across.send_keys(Keys.ARROW_RIGHT)
    assert near(color(sheets[0]), 1, 6)
    down.send_keys(Keys.ARROW_RIGHT)
    assert near(color(sheets[0]), 4, 6)
    assert (
        across.get_attribute("aria-valuetext") == "2, score 4"
        and down.get_attribute("aria-valuetext") == "0.5, score 4"
    )
    assert first.find_element("css selector", ".pom-status").text == "score 4"
    across.send_keys(Keys.END)
    assert near(color(sheets[0]), 5, 6)
    assert looks(sheets[1]) == other, "the second grid moved with the first"
    second.find_element("css selector", "input.pom-x").send_keys(Keys.ARROW_RIGHT)
    assert near(color(sheets[1]), 1, 6)


def test_the_mouse_drags_the_grid_s_slider(opened):
    from selenium.webdriver import ActionChains

    grid = all_of(opened, ".pom-sliders")[0]
    across = grid.find_element("css selector", "input.pom-x")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", across)
    ActionChains(opened).move_to_element(across).click().perform()
    assert near(color(grid.find_element("css selector", ".pom-sheet")), 1, 6), "the middle of three"


def test_all_side_by_side_and_back(opened):
    from selenium.webdriver.common.keys import Keys

    grid = all_of(opened, ".pom-sliders")[0]
    button, sheet = (grid.find_element("css selector", what) for what in ("button", ".pom-sheet"))
    one = looks(sheet)
    button.send_keys(Keys.ENTER)
    assert button.accessible_name == "One at a time" and looks(sheet) != one
    cells = grid.find_elements("css selector", ".pom-cell")
    assert [cell.text.splitlines()[-1] for cell in cells] == [f"score {k}" for k in range(6)]
    cells[5].click()
    assert [grid.find_element("css selector", f"input.pom-{axis}").get_property("value") for axis in "xy"] == ["2", "1"]
    button.send_keys(Keys.SPACE)
    assert button.accessible_name == "All side by side"
    assert near(color(sheet), 5, 6)


def test_a_covered_player_shows_its_end_at_a_button(opened):
    from selenium.webdriver.common.keys import Keys

    first, second, plain = all_of(opened, ".pom-player")
    assert "data-covered" not in opened.execute_script("return arguments[0].getAttributeNames()", plain)
    for player_ in (first, second):
        picture, slider, plot, reveal = (
            player_.find_element("css selector", what) for what in ("img", "input", ".pom-plots svg", ".pom-reveal")
        )
        assert slider.get_property("value") == "0" and picture.get_attribute("alt") == "The first frame"
        assert not plot.is_displayed() and "What will come?" in player_.text
        start = looks(picture)
        reveal.send_keys(Keys.ENTER)
        assert slider.get_property("value") == "2" and picture.get_attribute("alt") == "the last frame"
        assert plot.is_displayed() and not reveal.is_displayed() and looks(picture) != start
        assert opened.switch_to.active_element == slider, "the focus fell off the page with the button"


def test_moving_a_covered_player_uncovers_it_and_the_spectrum_follows(opened):
    from selenium.webdriver.common.keys import Keys

    covered, _, plain = all_of(opened, ".pom-player")
    slider, plot = (covered.find_element("css selector", what) for what in ("input", ".pom-plots svg"))
    slider.send_keys(Keys.ARROW_RIGHT)
    assert slider.get_property("value") == "1" and plot.is_displayed()
    line = plain.find_element("css selector", ".pom-spectrum")
    last = line.get_attribute("points")
    plain.find_element("css selector", "input").send_keys(Keys.HOME)
    assert line.get_attribute("points") != last


def test_paper_gets_the_stills(opened):
    from selenium.webdriver.common.keys import Keys

    grid, film = (all_of(opened, f".pom-{kind}")[0] for kind in ("sliders", "player"))
    grid.find_element("css selector", "input").send_keys(Keys.END)
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not any(control.is_displayed() for control in all_of(opened, "input, button"))
        places = opened.execute_script(
            "return [...arguments[0].querySelectorAll('.pom-cell, img')].map(e => {"
            "const a = e.getBoundingClientRect(); return [a.left, a.top, a.width, a.height]; })",
            grid,
        )
        sheet = places[0]
        assert all(
            sheet[0] - 1 <= left and left + width <= sheet[0] + sheet[2] + 1 and top + height <= sheet[1] + sheet[3] + 1
            for left, top, width, height in places[1:]
        ), "the words do not lie on the sheet"
        assert grid.find_elements("css selector", ".pom-head")[0].is_displayed()
        assert film.find_element("css selector", "img").get_attribute("alt") == "the last frame"
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_printing_shows_the_end_and_leaves_all_as_it_was(opened):
    """A reader who prints has not asked to be told; and a film that was moved prints its end, too."""
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    covered, _, plain = all_of(opened, ".pom-player")
    plain.find_element("css selector", "input").send_keys(Keys.HOME)
    plain.find_element("css selector", "input").send_keys(Keys.ARROW_RIGHT)

    def stands(first: str, second: str, question: bool) -> bool:
        frames = [film.find_element("css selector", "input").get_property("value") for film in (covered, plain)]
        return frames == [first, second] and (covered.get_attribute("data-covered") is not None) == question

    assert stands("0", "1", True)
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        WebDriverWait(opened, 5).until(lambda _: stands("2", "2", False))
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    WebDriverWait(opened, 5).until(lambda _: stands("0", "1", True))


@pytest.mark.parametrize("percent", [100, 200])
def test_a_prediction_lies_over_nothing_but_the_plots(opened, percent):
    opened.execute_script(f"document.documentElement.style.fontSize = '{percent}%'")
    apart = """
      const box = (root, part) => root.querySelector(part).getBoundingClientRect(), film = arguments[0];
      const ask = box(film, '.pom-ask'), above = box(film, '.pom-status'), below = box(film, '.pom-controls');
      return ask.height > 0 && above.bottom <= ask.top + 1 && ask.bottom <= below.top + 1;
    """
    assert opened.execute_script(apart, all_of(opened, ".pom-player")[0])


def test_without_a_script_the_stills_stand(browser, page):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page)
        assert not all_of(browser, "input, button, svg, .pom-head, .pom-ask")
        assert all_of(browser, ".pom-player img")[0].get_attribute("alt") == "the last frame"
        assert all(line.is_displayed() for line in all_of(browser, ".pom-still"))
        wide = [picture.size["width"] for picture in all_of(browser, ".pom-player img")]
        assert wide and max(wide) <= 420, "without its style sheet a picture is as wide as the page"
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
