"""Where the built site lies, which pages it has, and how they are opened: what all the browser tests start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("POMERANIAN_SITE") or ROOT / "_build" / "html").resolve()
REPORTS = SITE.parent / "reports"
NO_PAGES = {"_static", "_sources", "_modules"}
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if not NO_PAGES & set(path.relative_to(SITE).parts)
) or ["index.html"]
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
LANDING = "book/index.html"
SIZES = {"phone": (390, 844), "desk": (1440, 900)}


def report(name: str, lines: list[str]) -> None:
    """Print lines (seen with ``pytest -s``), and keep them beside the built site."""
    text = "\n".join(lines)
    print(f"\n{text}")
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / name).write_text(text + "\n", encoding="utf-8")


def resize(browser: Any, size: str) -> None:
    """Make the window a phone's or a desk's."""
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def in_theme(browser: Any, address: str, theme: str) -> None:
    """Let the pages of a site open light or dark, as for a reader who chose so."""
    browser.get(f"{address}/_static/documentation_options.js")
    browser.execute_script("for (const key of ['mode', 'theme']) localStorage.setItem(key, arguments[0]);", theme)
