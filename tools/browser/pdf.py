"""Print the built site as one PDF through headless Chromium, twice: the second time with page numbers in its contents.

python -m tools.browser.pdf [--site _build/html] [--out _build/the-ideal-pomeranian.pdf]
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

import yaml
from PIL import Image
from pypdf import PdfReader
from sphinx_external_toc.parsing import parse_toc_yaml

from tools.browser.chromium import SETTLED, NoBrowser, fresh_browser, served
from tools.browser.paper import join_pages

ROOT = Path(__file__).resolve().parents[2]
QUALITY = 85


def places_in(pdf: bytes) -> tuple[dict[str, int], int]:
    """Return the page, counted from 1, of each named place in a PDF; and how many pages it has."""
    reader = PdfReader(io.BytesIO(pdf))
    found = {unquote(name.lstrip("/")): place for name, place in reader.named_destinations.items()}
    return {name: reader.get_destination_page_number(place) + 1 for name, place in found.items()}, len(reader.pages)


def chapters_in_order() -> tuple[list[str], dict]:
    """Return the pages of the book in the order of its contents, and its settings."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return [f"{name}.html" for name in parse_toc_yaml(ROOT / "_toc.yml")], settings


def as_photographs(text: str, folder: Path) -> str:
    """Write the WebP and AVIF pictures that a page shows as JPEG beside it, and return the page with their names.

    Chromium takes JPEG into a PDF as it is, and stores all else without loss, at ten times the size.
    """

    def photograph(match: re.Match) -> str:
        source = (folder / match[1]).resolve()
        target = folder / f"{source.stem}.jpg"
        if not target.is_file():
            with Image.open(source) as picture:
                whole = picture.convert("RGBA")
            paper = Image.new("RGBA", whole.size, "white")
            Image.alpha_composite(paper, whole).convert("RGB").save(target, quality=QUALITY, subsampling=0)
        return f'src="{target.name}"'

    return re.sub(r'src="(\.\./[^"]+\.(?:webp|avif))"', photograph, text)


def print_page(browser, url: str) -> bytes:
    """Open a page and print it; links, outline and structure (for screen readers) come along."""
    browser.get(url)
    browser.execute_async_script(SETTLED)
    settings = {"printBackground": True, "preferCSSPageSize": True, "generateTaggedPDF": True}
    settings |= {"generateDocumentOutline": True, "transferMode": "ReturnAsBase64"}
    return base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", settings)["data"])


def main() -> int:
    """Bind, print, look where everything stands, and print again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "the-ideal-pomeranian.pdf")
    asked = parser.parse_args()
    pages, settings = chapters_in_order()
    pages = [page for page in pages if (asked.site / page).is_file()]
    places: dict[str, int] = {}
    folder = asked.site / "_paper"
    folder.mkdir(exist_ok=True)
    try:
        with served(asked.site) as address, fresh_browser(patience=600) as browser:
            browser.command_executor.client_config.timeout = 900
            for _ in range(2):
                text, entries = join_pages(asked.site, pages, settings["title"], settings["html"]["baseurl"], places)
                text = as_photographs(text, folder)
                (folder / "book.html").write_text(text, encoding="utf-8")
                pdf = print_page(browser, f"{address}/_paper/book.html")
                places, count = places_in(pdf)
    except NoBrowser as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    missing = [entry.anchor for entry in entries if entry.anchor not in places]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_bytes(pdf)
    print(f"{count} pages, {len(pdf) / 1e6:.1f} MB: {asked.out}")
    if missing:
        print(f"no page number was found for: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
