"""The self-check questions in a browser: picked by keyboard, answered beside the choice, and nothing else moves."""

from __future__ import annotations

from collections import Counter

import pytest
from test_pages import CHECKS_TOO_WIDE, SITE, our_errors, show

PAGES = sorted(path.relative_to(SITE).as_posix() for path in (SITE / "notebooks").glob("*.html")) or ["index.html"]
STATE = """
const shown = place => getComputedStyle(place).visibility === 'visible' && place.getBoundingClientRect().height > 0;
return [[...document.querySelectorAll('.pom-check input:checked')].map(input => input.id),
        [...document.querySelectorAll('.pom-check-why')].filter(shown)
          .map(place => place.closest('.pom-check-choice').querySelector('input').id),
        [...document.querySelectorAll('.pom-answers')].filter(shown).length];
"""


def boxes_of(browser):
    from selenium.webdriver.common.by import By

    found = browser.find_elements(By.CSS_SELECTOR, ".pom-check")
    assert found, "no questions on the page: is the book built anew (`make book`), and is self_checks in _config.yml?"
    return found


# The questions of all pages are made alike, and that they fit on a phone is seen in `test_page`: two walks are enough.
WALKS = [(PAGES[0], "desk"), (PAGES[-1], "phone")]
OTHERS = [pytest.param(page, "phone", marks=pytest.mark.slow) for page in PAGES[:-1]]


@pytest.mark.parametrize("page, size", [*WALKS, *OTHERS])
def test_questions_are_answered_by_keyboard_fit_and_start_over(browser, address, page, size):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, f"{address}/{page}", size)
    box = boxes_of(browser)[0]
    assert browser.execute_script(STATE) == [[], [], 0], "something is picked or answered before anyone has asked"
    radios = box.find_elements(By.CSS_SELECTOR, "input")
    for radio in radios:
        assert radio.accessible_name.strip(), "a choice has no name for a screen reader"
    assert box.accessible_name.strip(), "a question has no name for a screen reader"
    browser.execute_script("arguments[0].focus({preventScroll: false})", radios[0])
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    for k, radio in enumerate(radios):  # space picks the first, arrows the others
        if k:
            browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        spot = radio.get_attribute("id")
        assert browser.execute_script(STATE) == [[spot], [spot], 0], "what is shown is not what is said to this choice"
    verdicts = Counter(
        browser.execute_script(
            "return [...arguments[0].querySelectorAll('.pom-check-verdict')].map(word => word.textContent.trim())", box
        )
    )
    assert verdicts == {"Right.": 1, "Not so.": len(radios) - 1}

    assert browser.execute_script(CHECKS_TOO_WIDE) == []  # it picks an answer to each question
    assert len(browser.execute_script(STATE)[1]) == len(boxes_of(browser))
    button = browser.find_element(By.CSS_SELECTOR, ".pom-checks-reset")
    assert button.accessible_name.strip()
    browser.execute_script("arguments[0].click()", button)
    assert browser.execute_script(STATE) == [[], [], 0]
    assert our_errors(browser) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_said_can_be_read(browser, address, theme):
    show(browser, f"{address}/{PAGES[0]}", "desk")
    boxes_of(browser)
    browser.execute_script(
        "document.documentElement.dataset.theme = document.documentElement.dataset.mode = arguments[0]", theme
    )
    ratios = browser.execute_script("""
        document.querySelectorAll('.pom-check input').forEach(input => { input.checked = true; });
        const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
          .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const ground = place => { for (; place; place = place.parentElement) { const c = getComputedStyle(place)
          .backgroundColor; if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
        return [...document.querySelectorAll('.pom-check :is(p, label, .pom-check-number, a)')]
          .filter(place => getComputedStyle(place).visibility === 'visible').map(place => {
            const [a, b] = [getComputedStyle(place).color, ground(place)].map(light).sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05); });
    """)
    assert len(ratios) > 20
    assert min(ratios) >= 4.5


def test_on_paper_the_answers_stand_at_the_end(browser, address):
    show(browser, f"{address}/{PAGES[0]}", "desk")
    boxes_of(browser)
    browser.execute_script("document.querySelectorAll('.pom-check input').forEach(input => input.click())")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.execute_script(STATE)[1:] == [[], 1]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
