"""axe-core on every page, phone and desk, light and dark: nothing serious, nothing critical.

The engine comes from the package `axe-playwright-python`, which carries Deque's axe-core; nothing of Playwright runs.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from built_site import PAGES, SIZES
from test_pages import show

from tools.browser.chromium import in_theme

THEMES = ("light", "dark")
PACKAGE = "axe_playwright_python"
# Below these sizes and beside these colors a page is another page only for the rules that look at what is drawn.
DRAWN = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block", "meta-viewport"]
ASK = """
const done = arguments[arguments.length - 1];
const settings = {resultTypes: ['violations'], iframes: false};
if (arguments[0]) settings.runOnly = {type: 'rule', values: arguments[0]};
document.querySelectorAll('article details').forEach(one => { one.open = true; });
// Of what a page repeats a hundred times (colored code, entries of the reference), the first six stand for all.
for (const kind of ['.highlight', 'dl.py', '.citation', '.pom-check', '.pom-player', 'tr'])
  [...document.querySelectorAll('article ' + kind)].slice(6)
    .forEach(one => one.setAttribute('data-like-the-others', ''));
axe.run({exclude: [['mjx-container'], ['[data-like-the-others]']]}, settings).then(found => done(found.violations
  .filter(one => one.impact === 'serious' || one.impact === 'critical')
  .flatMap(one => one.nodes.map(node => `${one.id} (${one.impact}): ${node.html.slice(0, 160)} | ` +
    node.any.concat(node.all).map(check => check.message).join('; ').slice(0, 200)))),
  problem => done([String(problem)]));
"""


@cache
def engine() -> str:
    spec = find_spec(PACKAGE)
    if spec is None:
        pytest.fail(f"axe-core is missing: pip install -r requirements.txt brings {PACKAGE.replace('_', '-')}")
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def violations(browser, rules: list[str] | None = None) -> list[str]:
    """List what axe-core finds on the page that is open, serious and critical; all rules, or these."""
    browser.execute_script(engine())
    return browser.execute_async_script(ASK, rules)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_nothing_serious(browser, address, page, size, theme):
    in_theme(browser, address, theme)
    try:
        show(browser, f"{address}/{page}", size)
        if page != "index.html":  # it leads on at once
            assert browser.execute_script("return document.documentElement.dataset.theme") == theme
        everything = (size, theme) in (("desk", "light"), ("phone", "dark"))
        found = violations(browser, None if everything else DRAWN)
        assert not found, f"{len(found)} found:\n" + "\n".join(found[:12])
    finally:
        browser.execute_script("localStorage.clear()")


def test_axe_sees_what_is_wrong(browser, address):
    show(browser, f"{address}/{PAGES[0]}", "desk")
    browser.execute_script("""
        document.querySelector('article').insertAdjacentHTML('afterbegin',
          '<p style="color:#aaa;background:#fff">pale</p><img src="../_static/logo.svg">');
    """)
    found = violations(browser)
    assert any("color-contrast" in one for one in found)
    assert any("image-alt" in one for one in found)
