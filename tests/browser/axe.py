"""axe-core, which finds what a page does to readers who do not see it as others do.

The engine comes from the package `axe-playwright-python`, which carries Deque's axe-core; nothing of Playwright runs.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGE = "axe_playwright_python"
# Below these sizes and beside these colors a page is another page only for the rules that look at what is drawn.
DRAWN = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block", "meta-viewport"]
ASK = """
const done = arguments[arguments.length - 1];
const settings = {resultTypes: ['violations'], iframes: false};
if (arguments[0]) settings.runOnly = {type: 'rule', values: arguments[0]};
document.querySelectorAll('article details').forEach(one => { one.open = true; });
// Of what a page repeats a hundred times (colored code, entries of the reference), the first six stand for all;
// the others and the formulas are taken out meanwhile, since even what is excluded is walked through.
const away = [...document.querySelectorAll('mjx-container')];
for (const kind of ['.highlight', 'dl.py', '.citation', '.pom-check', '.pom-player', 'tr'])
  away.push(...[...document.querySelectorAll('article ' + kind)].slice(6));
const places = away.filter(one => one.isConnected).map(one => [one, document.createComment('')]);
for (const [one, mark] of places) one.replaceWith(mark);
const back = () => { for (const [one, mark] of places.reverse()) mark.replaceWith(one); };
axe.run(document, settings).then(found => { back(); done(found.violations
  .filter(one => one.impact === 'serious' || one.impact === 'critical')
  .flatMap(one => one.nodes.map(node => `${one.id} (${one.impact}): ${node.html.slice(0, 160)} | ` +
    node.any.concat(node.all).map(check => check.message).join('; ').slice(0, 200)))); },
  problem => { back(); done([String(problem)]); });
"""


@cache
def engine() -> str:
    spec = find_spec(PACKAGE)
    if spec is None:
        pytest.fail(f"axe-core is missing: pip install -r requirements.txt brings {PACKAGE.replace('_', '-')}")
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def violations(browser, rules: list[str] | None = None) -> list[str]:
    """List what axe-core finds on the page that is open, serious and critical.

    Args:
        browser: with the page.
        rules: these alone, or all.
    """
    browser.execute_script(engine())
    return browser.execute_async_script(ASK, rules)
