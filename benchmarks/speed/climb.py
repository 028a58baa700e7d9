"""What the page *Climb* costs a reader: a step in Chromium against PyTorch's, and how the page feels meanwhile.

    python -m benchmarks.speed.climb [--site _build/html] [--results benchmarks/results] [--rounds 5] [--long 2000]

One recipe, *visualize*: the browser's engine on wasm, one thread; ``helpers.visualize`` in float32, one thread. Both
take turns, and the ratio is of their medians. Then the page itself: from Start to the first picture when the files are
in the cache, the longest task of its main thread while it climbs, and how much memory many steps add.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import torch

from benchmarks.measure import store
from benchmarks.measure.machine import machine
from helpers import load_network, visualize
from tools.browser.chromium import fresh_browser, served

PAGE, ENGINE = "book/climb.html", "_static/live"
SIZES, STEPS, WARM_UP = (128, 224), 8, 3
BROWSER_STEPS = """
const [size, count, done] = arguments;
const from = name => import(`/_static/live/${name}.js`);
(async () => {
  const [{Climb}, {open}, {readLive}, {Random}, recipes] =
    await Promise.all(['ascent', 'network', 'files', 'random', 'recipes'].map(from));
  const network = (window.network ??= await open(await readLive('/_static/live'), 'squeezenet1_1', 'wasm'));
  const settings = {...recipes.RECIPES.visualize, size}, random = new Random(0);
  const picture = recipes.startOf(settings, random), optimizer = recipes.optimizerOf(settings, picture);
  const climb = new Climb({picture, network, random, optimizer, steps: count, choices: recipes.choicesOf(settings)});
  network.want({class: 259, rivals: settings.rivals});
  const times = [];
  for (let step = 0; step < count; step++) {
    const began = performance.now();
    await climb.up();
    times.push(performance.now() - began);
  }
  return times;
})().then(done, problem => done(String(problem)));
"""
FIRST_PICTURE = """
const [done] = arguments, began = performance.now();
const looked = () => /step [1-9]/.test(document.querySelector('.climb-step').textContent)
  ? done(performance.now() - began) : requestAnimationFrame(looked);
document.querySelector('.climb-go').click();
looked();
"""
WATCH_TASKS = """
window.longest = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  longest = Math.max(longest, entry.duration);
})).observe({type: 'longtask', buffered: false});
"""
STATUS = "return document.querySelector('.pom-climb').dataset.status"
STEP = "return Number(document.querySelector('.climb-step').textContent.match(/[0-9]+/)[0])"


def in_browser(browser, size: int) -> float:
    """Milliseconds a step of the browser's engine: the median of several, the first ones not counted."""
    found = browser.execute_async_script(BROWSER_STEPS, size, STEPS + WARM_UP)
    if not isinstance(found, list):
        raise RuntimeError(found)
    return statistics.median(found[WARM_UP:])


def in_pytorch(network, size: int) -> float:
    """Milliseconds a step of ``helpers.visualize``, measured alike."""
    times = [time.perf_counter()]
    watch = [lambda step, images, scores: times.append(time.perf_counter())]
    options = dict(precision=None, progress=False, callbacks=watch)
    visualize(259, network, steps=STEPS + WARM_UP + 1, size=size, **options)
    return 1000 * statistics.median(after - before for before, after in itertools.pairwise(times[WARM_UP + 1 :]))


def steps(browser, address: str, rounds: int) -> Iterator[dict]:
    """A step of both, at each size."""
    network = load_network("squeezenet1_1", device="cpu")
    browser.get(f"{address}/{ENGINE}/live.json")
    for size in SIZES:
        pairs = [(in_browser(browser, size), in_pytorch(network, size)) for _ in range(rounds)]
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        yield {"size": size, "browser_ms": round(ours), "pytorch_ms": round(theirs), "ratio": round(ours / theirs, 2)}


def opened(browser, address: str, asked: str) -> None:
    """The page, ready to be started."""
    browser.get("about:blank")
    browser.get(f"{address}/{PAGE}{asked}")
    until(browser, lambda: browser.execute_script(STATUS) == "idle")


def until(browser, condition, seconds: float = 600) -> None:
    """Wait for something to become true of the page."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the page is still {browser.execute_script(STATUS)!r} after {seconds:.0f} s")
        time.sleep(0.1)


def first_picture(browser, address: str) -> float:
    """Seconds from Start to the picture after the first step, the files being in the browser's cache."""
    for _ in range(2):
        opened(browser, address, "#pomeranian&recipe=visualize&size=128&steps=3")
        seconds = browser.execute_async_script(FIRST_PICTURE) / 1000
        until(browser, lambda: browser.execute_script(STATUS) == "done")
    return round(seconds, 2)


def longest_task(browser, address: str) -> float:
    """Milliseconds of the page's longest task in 24 steps at 224²; the browser tells of those over 50 ms."""
    opened(browser, address, "#pomeranian&recipe=visualize&size=224&steps=24")
    browser.execute_script(WATCH_TASKS)
    browser.execute_async_script(FIRST_PICTURE)
    until(browser, lambda: browser.execute_script(STATUS) == "done")
    return round(browser.execute_script("return longest"))


def resident(browser) -> float:
    """Megabytes that the browser's pages and workers have for themselves."""
    processes = psutil.Process(browser.service.process.pid).children(recursive=True)
    return sum(one.memory_full_info().uss for one in processes if "--type=renderer" in one.cmdline()) / 2**20


def memory(browser, address: str, count: int) -> dict:
    """Megabytes after a tenth of a long climb, and at its end."""
    opened(browser, address, f"#pomeranian&recipe=visualize&size=96&steps={count}")
    browser.execute_async_script(FIRST_PICTURE)
    until(browser, lambda: browser.execute_script(STEP) >= count // 10)
    early = resident(browser)
    until(browser, lambda: browser.execute_script(STATUS) == "done")
    return {"steps": count, "early_mb": round(early), "late_mb": round(resident(browser))}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=store.ROOT / "_build" / "html")
    parser.add_argument("--results", type=Path, default=store.RESULTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=2000, help="steps of the climb whose memory is watched")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with served(asked.site) as address:
        with fresh_browser(patience=300) as browser:
            found = {
                "steps": list(steps(browser, address, asked.rounds)),
                "first_picture_s": first_picture(browser, address),
                "longest_task_ms": longest_task(browser, address),
                "chromium": browser.capabilities["browserVersion"],
            }
        with fresh_browser(patience=300) as browser:  # one without what the other pages have left in memory
            found["memory"] = memory(browser, address, asked.long)
    for row in found["steps"]:
        print("{size}²: {browser_ms} ms a step in Chromium, {pytorch_ms} in PyTorch: {ratio} times".format(**row))
    print(f"first picture {found['first_picture_s']} s after Start; longest task {found['longest_task_ms']} ms")
    print("{steps} steps: {early_mb} MB after a tenth, {late_mb} MB at the end".format(**found["memory"]))
    store.save_json(asked.results / "climb.json", {"machine": machine(), **found})


if __name__ == "__main__":
    main()
