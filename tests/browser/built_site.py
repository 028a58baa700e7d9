"""Where the built site lies and which pages it has: what all the browser tests start from."""

from __future__ import annotations

import os
from pathlib import Path

from tools.browser.chromium import SIZES

__all__ = ["CHAPTERS", "LANDING", "PAGES", "REPORTS", "ROOT", "SITE", "SIZES", "report"]

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


def report(name: str, lines: list[str]) -> None:
    """Print lines (seen with ``pytest -s``), and keep them beside the built site."""
    text = "\n".join(lines)
    print(f"\n{text}")
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / name).write_text(text + "\n", encoding="utf-8")
