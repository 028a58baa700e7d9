"""Photograph every page of the built site, four ways: on a phone and on a desk, light and dark.

    python tools/take_screenshots.py FOLDER [--only WORD] [--site _build/html] [--height 20000]

A page taller than HEIGHT pixels comes in several pictures. To be looked at, not compared.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.chromium import SETTLED, SIZES, in_theme, open_chromium, resize, served  # noqa: E402

NOT_PAGES = {"_static", "_sources", "_modules"}


def pages_of(site: Path) -> list[str]:
    """List the pages of a site."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(
        path.as_posix() for path in found if not NOT_PAGES & set(path.parts) and path.as_posix() != "index.html"
    )


def photograph(browser, stem: Path, height: int) -> int:
    """Write the page that is open to ``stem-1.png``, ``stem-2.png``, ...; return how many there are."""
    whole = browser.execute_script(
        "return [document.documentElement.clientWidth, document.documentElement.scrollHeight]"
    )
    count = -(-whole[1] // height)
    for k in range(count):
        clip = {"x": 0, "y": k * height, "width": whole[0], "height": min(height, whole[1] - k * height), "scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        stem.with_name(f"{stem.name}-{k + 1}.png").write_bytes(base64.b64decode(shot["data"]))
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
    with tempfile.TemporaryDirectory() as profile, served(asked.site) as address:
        browser = open_chromium(profile)
        try:
            for theme in ("light", "dark"):
                in_theme(browser, address, theme)
                for page in filter(lambda name: asked.only in name, pages_of(asked.site)):
                    for size in SIZES:
                        resize(browser, size)
                        browser.get(f"{address}/{page}")
                        browser.execute_async_script(SETTLED)
                        stem = asked.folder / f"{page.removesuffix('.html').replace('/', '-')}-{size}-{theme}"
                        count += photograph(browser, stem, asked.height)
        finally:
            browser.quit()
    print(f"{count} pictures in {asked.folder}")


if __name__ == "__main__":
    main()
