"""Photograph every page of the built site, four ways: on a phone and on a desk, light and dark.

    python -m tools.browser.screenshots FOLDER [--only WORD] [--site _build/html] [--height 20000]

A page taller than HEIGHT pixels comes in several pictures. To be looked at, not compared.
"""

from __future__ import annotations

import argparse
import base64
import io
from pathlib import Path

from PIL import Image

from tools.browser.chromium import SETTLED, SIZES, fresh_browser, in_theme, served

ROOT = Path(__file__).resolve().parents[2]
NOT_PAGES = {"_static", "_sources", "_modules"}
SCREEN = 1800  # pixels: beyond the window, Chromium photographs what it has not yet drawn
# Nothing moves, and what sticks to the window stays where it stood at first.
HOLD_STILL = """
const still = document.createElement('style');
still.textContent = '*,*::before,*::after{transition:none!important;animation:none!important}' +
  '.below-the-first-screen [data-fixed]{visibility:hidden!important}';
document.head.append(still);
for (const one of document.querySelectorAll('body *')) {
  const place = getComputedStyle(one).position;
  if (place === 'fixed') one.dataset.fixed = '';
  if (place === 'sticky') {
    one.style.setProperty('position', 'relative', 'important');
    one.style.setProperty('inset', 'auto', 'important');
  }
}
"""
SCROLL = """
const [top, done] = arguments;
scrollTo({top, behavior: 'instant'});
document.documentElement.classList.toggle('below-the-first-screen', top > 0);
const seen = [...document.images].filter(one => {
  const box = one.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight;
});
Promise.all(seen.map(one => one.decode().catch(() => 0)))
  .then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(Math.round(scrollY)))));
"""


def pages_of(site: Path) -> list[str]:
    """List the pages of a site."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(
        path.as_posix() for path in found if not NOT_PAGES & set(path.parts) and path.as_posix() != "index.html"
    )


def open_page(browser, address: str, size: str) -> None:
    """Open a page in a window as wide as a phone or a desk, and wait until all of it is there and stands still."""
    metrics = {"width": SIZES[size][0], "height": SCREEN, "deviceScaleFactor": 1, "mobile": False}  # none zooms out
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(address)
    browser.execute_async_script(SETTLED)
    browser.execute_script(HOLD_STILL)


def whole_page(browser) -> Image.Image:
    """Scroll through the page that is open, and paste what the window shows into one picture."""
    size = browser.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
    whole = Image.new("RGB", size)
    for top in range(0, size[1], SCREEN):
        at = browser.execute_async_script(SCROLL, top)
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {})
        shown = Image.open(io.BytesIO(base64.b64decode(shot["data"])))
        whole.paste(shown.crop((0, top - at, *shown.size)), (0, top))  # the last screen begins before its top
    return whole


def cut(whole: Image.Image, stem: Path, height: int) -> int:
    """Write a picture to ``stem-1.png``, ``stem-2.png``, ..., none taller than height; return how many there are."""
    count = -(-whole.height // height)
    for k in range(count):
        piece = whole.crop((0, k * height, whole.width, min((k + 1) * height, whole.height)))
        piece.save(stem.with_name(f"{stem.name}-{k + 1}.png"))
    return count


def main() -> None:
    """Take all pictures, or those of the pages whose name holds a word."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--height", type=int, default=20000)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with served(asked.site) as address, fresh_browser() as browser:
        for theme in ("light", "dark"):
            in_theme(browser, address, theme)
            for page in filter(lambda name: asked.only in name, pages_of(asked.site)):
                for size in SIZES:
                    open_page(browser, f"{address}/{page}", size)
                    stem = asked.folder / f"{page.removesuffix('.html').replace('/', '-')}-{size}-{theme}"
                    count += cut(whole_page(browser), stem, asked.height)
    print(f"{count} pictures in {asked.folder}")


if __name__ == "__main__":
    main()
