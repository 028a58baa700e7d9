"""How fast a page of the built site stands, and whether it moves under the reader's eyes.

    python -m tools.browser.vitals [--site _build/html] [--results benchmarks/results]

Chromium's own measures, as Lighthouse reads them: largest contentful paint (LCP) and cumulative layout shift (CLS), of
a phone and a desk, with the processor slowed down 4 times and an empty cache, while the page is scrolled to its end.
The server is on the same machine and nothing else can be reached: the network's share is not in these figures.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.browser.chromium import SIZES, open_chromium, resize, served  # noqa: E402

PAGES = ("book/index.html", "notebooks/03_the_ideal_pomeranian.html")
SLOWER, ROUNDS = 4, 5
WATCH = """
window.pomVitals = {lcp: 0, what: '', cls: 0};
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  pomVitals.lcp = entry.startTime;
  pomVitals.what = entry.element ? entry.element.tagName.toLowerCase() : '';
})).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) pomVitals.cls += entry.value;
})).observe({type: 'layout-shift', buffered: true});
"""
SCROLL = """
const done = arguments[arguments.length - 1];
const formulas = window.MathJax && MathJax.startup && MathJax.startup.promise;
Promise.all([document.fonts.ready, formulas]).then(async () => {
  await new Promise(go => setTimeout(go, 500));
  const found = {...pomVitals};
  const step = innerHeight * 0.9, end = document.documentElement.scrollHeight;
  for (let at = 0; at < end; at += step) {
    scrollTo({top: at, behavior: 'instant'});
    await new Promise(go => setTimeout(go, 40));
  }
  done({...found, cls: pomVitals.cls, cls_first: found.cls});
}, problem => done(String(problem)));
"""


def measure(browser, url: str, size: str) -> dict:
    """Open a page with an empty cache, scroll to its end, and return what Chromium saw."""
    resize(browser, size)
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get(url)
    found = browser.execute_async_script(SCROLL)
    if not isinstance(found, dict):
        raise RuntimeError(f"{url}: {found}")
    return found


def middle(rounds: list[dict]) -> dict:
    """Return the middle of several rounds, the largest shift, and how far apart the paints were."""
    paints = sorted(one["lcp"] for one in rounds)
    return {
        "lcp_ms": round(statistics.median(paints)),
        "lcp_range_ms": [round(paints[0]), round(paints[-1])],
        "lcp_element": rounds[-1]["what"],
        "cls_first_view": round(max(one["cls_first"] for one in rounds), 4),
        "cls_to_the_end": round(max(one["cls"] for one in rounds), 4),
    }


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as profile, served(asked.site) as address:
        browser = open_chromium(profile)
        try:
            version = browser.capabilities["browserVersion"]
            browser.execute_cdp_cmd("Network.enable", {})
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
            browser.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            for page in PAGES:
                for size in SIZES:
                    rounds = [measure(browser, f"{address}/{page}", size) for _ in range(asked.rounds)]
                    rows.append({"page": page, "size": size, **middle(rounds)})
        finally:
            browser.quit()
    print(f"{'page':<42}{'size':<7}{'LCP, ms':>9}{'range':>14}{'CLS at first':>14}{'to the end':>12}")
    for row in rows:
        span = "{}–{}".format(*row["lcp_range_ms"])
        print(
            f"{row['page']:<42}{row['size']:<7}{row['lcp_ms']:>9}{span:>14}"
            f"{row['cls_first_view']:>14}{row['cls_to_the_end']:>12}"
        )
    setting = {"chromium": version, "processor_slower": SLOWER, "rounds": asked.rounds, "network": "loopback only"}
    asked.results.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"setting": setting, "machine": platform.machine(), "pages": rows}, indent=2)
    (asked.results / "vitals.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
