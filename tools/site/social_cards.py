"""What a page looks like where someone links to it: a title, a sentence, and a picture of 1200 by 630 pixels."""

from __future__ import annotations

import hashlib
import html
import io
import textwrap
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont

from tools.site.covers import cover

WIDTH, HEIGHT, MARGIN = 1200, 630, 60
PAPER, INK, FUR = "#fbf6f0", "#3a2617", "#c8641f"
LONGEST = 200
COVER = "book/_static/pomeranian.webp"
OF_THE_ATLAS = ("book/atlas", "book/larger_worlds")  # pages that have its chapter's picture


def description(doctree) -> str:
    """Return the first sentence or two of a page: of its first paragraph outside of boxes and outputs."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        pitch = isinstance(paragraph.parent, nodes.section) or "pom-pitch" in paragraph.parent.get("classes", [])
        if pitch and len(text) > 40:
            return textwrap.shorten(text, LONGEST, placeholder=" …")
    return ""


@cache
def typeface(size: int, name: str) -> ImageFont.FreeTypeFont:
    """A typeface that matplotlib carries."""
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"), size)


def card(title: str, book: str, picture: Image.Image) -> bytes:
    """Draw a card: the title on the left, the picture on the right. JPEG, the same bytes each time."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    side = HEIGHT - 2 * MARGIN
    sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (WIDTH - MARGIN - side, MARGIN))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, 18, HEIGHT), fill=FUR)
    lines = "\n".join((textwrap.wrap(title, 15) or [title])[:5])
    pen.multiline_text((MARGIN + 10, MARGIN), lines, fill=INK, font=typeface(54, "DejaVuSerif-Bold"), spacing=14)
    if title != book:
        pen.text((MARGIN + 10, HEIGHT - MARGIN - 34), book, fill=FUR, font=typeface(30, "DejaVuSerif"))
    memory = io.BytesIO()
    sheet.save(memory, "JPEG", quality=85)
    return memory.getvalue()


def picture_for(root: Path, page: str) -> Image.Image:
    """Return the page's own picture, or the one of the landing page."""
    atlas = next(root.glob("notebooks/09_*.ipynb"), None) if page in OF_THE_ATLAS else None
    notebook = atlas or root / f"{page}.ipynb"
    found = cover(notebook) if notebook.is_file() else None
    if found:
        return found.picture
    picture = Image.open(root / COVER).convert("RGB")
    side = min(picture.size)
    return picture.crop((0, 0, side, side))


def add_card(app, page: str, _template: str, context: dict, doctree) -> None:
    """Sphinx's hook: describe the page to those who link to it, and draw its card."""
    if doctree is None or app.builder.format != "html":
        return
    base, book = app.config.html_baseurl.rstrip("/"), app.config.html_title
    title = BeautifulSoup(context.get("title") or book, "html.parser").get_text().strip()
    data = card(title, book, picture_for(Path(app.srcdir), page))
    name = f"card-{hashlib.sha256(data).hexdigest()[:16]}.jpg"
    folder = Path(app.outdir) / app.builder.imagedir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    said = {
        "og:type": "article" if page.startswith("notebooks/") else "website",
        "og:site_name": book,
        "og:title": title,
        "og:url": f"{base}/{app.builder.get_target_uri(page)}",
        "og:image": f"{base}/{app.builder.imagedir}/{name}",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": f"{title}, with a picture from it",
        "twitter:card": "summary_large_image",
    }
    if words := description(doctree):
        said |= {"og:description": words, "description": words}
    for key, value in said.items():
        kind = "property" if key.startswith("og:") else "name"
        context["metatags"] += f'\n    <meta {kind}="{key}" content="{html.escape(value)}" />'
