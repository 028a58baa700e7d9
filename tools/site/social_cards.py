"""What a page looks like where someone links to it: a title, a sentence, and a picture of 1200 by 630 pixels."""

from __future__ import annotations

import hashlib
import html
import io
import re
import textwrap
from functools import cache
from pathlib import Path

from docutils import nodes

from tools.site.covers import cover

WIDTH, HEIGHT, MARGIN = 1200, 630, 60
PAPER, INK, FUR = "#fbf6f0", "#3a2617", "#c8641f"
LONGEST = 200
COVER = "book/_static/pomeranian.webp"


def description(doctree) -> str:
    """Return the first sentence or two of a page: of its first paragraph outside of boxes and outputs."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree is not None else ():
        up = paragraph.parent
        if not isinstance(up, nodes.section) and "pom-pitch" not in up.get("classes", []):
            continue
        text = " ".join(paragraph.astext().split())
        if len(text) > 40:
            return textwrap.shorten(text, LONGEST, placeholder=" …")
    return ""


@cache
def typeface(size: int, bold: bool):
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSerif-Bold.ttf" if bold else "DejaVuSerif.ttf"
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), size)


def card(title: str, book: str, picture) -> bytes:
    """Draw a card: the title on the left, the picture on the right. JPEG, the same bytes each time."""
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    side = HEIGHT - 2 * MARGIN
    sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (WIDTH - MARGIN - side, MARGIN))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, 18, HEIGHT), fill=FUR)
    lines = textwrap.wrap(title, 15) or [title]
    pen.multiline_text((MARGIN + 10, MARGIN), "\n".join(lines[:5]), fill=INK, font=typeface(54, True), spacing=14)
    if title != book:
        pen.text((MARGIN + 10, HEIGHT - MARGIN - 34), book, fill=FUR, font=typeface(30, False))
    memory = io.BytesIO()
    sheet.save(memory, "JPEG", quality=85)
    return memory.getvalue()


def picture_for(root: Path, pagename: str):
    """Return the chapter's own picture, or the one of the landing page."""
    from PIL import Image

    notebook = root / f"{pagename}.ipynb"
    found = cover(notebook) if notebook.is_file() else None
    if found:
        return found.picture
    picture = Image.open(root / COVER).convert("RGB")
    side = min(picture.size)
    return picture.crop((0, 0, side, side))


def plain_title(markup: str) -> str:
    """Return a page's title without the tags that Sphinx writes around a chapter's number and into formulas."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()


def add_card(app, pagename: str, _template: str, context: dict, doctree) -> None:
    """Sphinx's hook: describe the page to those who link to it, and draw its card."""
    base = app.config.html_baseurl
    if doctree is None or not base or app.builder.format != "html":
        return
    book = app.config.html_title
    title = plain_title(context.get("title", "")) or book
    data = card(title, book, picture_for(Path(app.srcdir), pagename))
    name = f"card-{hashlib.sha256(data).hexdigest()[:16]}.jpg"
    folder = Path(app.outdir) / app.builder.imagedir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    words = description(doctree)
    said = {
        "og:type": "article" if pagename.startswith("notebooks/") else "website",
        "og:site_name": book,
        "og:title": title,
        "og:description": words,
        "og:url": f"{base.rstrip('/')}/" + app.builder.get_target_uri(pagename),
        "og:image": f"{base.rstrip('/')}/{app.builder.imagedir}/{name}",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": f"{title}, with a picture from it",
    }
    tags = [f'<meta property="{key}" content="{html.escape(value)}" />' for key, value in said.items() if value]
    tags += [f'<meta name="description" content="{html.escape(words)}" />'] if words else []
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    context["metatags"] = context.get("metatags", "") + "\n    " + "\n    ".join(tags)


def forget_cards(site: Path, folder: Path) -> None:
    """Remove the cards that no page names any more."""
    named = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    for path in folder.glob("card-*.jpg"):
        if path.name not in named:
            path.unlink()
