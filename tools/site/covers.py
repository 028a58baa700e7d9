"""One picture for each chapter, taken from its stored outputs: beside its name on the landing page, and for its card.

Nothing is drawn here and nothing stored: the picture is the one that the chapter shows, found by the words that
describe it, so it changes when the chapter is run again.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMAGE = re.compile(r'<img\b[^>]*\balt="([^"]*)"[^>]*\bsrc="data:image/\w+;base64,([^"]+)"')
THUMB = 160
ROW = re.compile(r'<a class="reference internal" href="(?:\.\./)?(notebooks/\w+)\.html">')

# How the picture's description begins, which picture of that figure, and what part of it: left, top, right, bottom.
COVERS = {
    "01": ("Two maps. On the left a stained-glass pattern", 0, (0.08, 0.1, 0.44, 0.86)),
    "02": ("Three squares: gray noise", 1, None),
    "03": ("The original recipe’s picture", 0, None),
    "04": ("Left: the original recipe’s picture. Right", 1, None),
    "05": ("Three pictures: fine colored structure", 2, None),
    "06": ("Two dreams into the photograph of a cat", 1, None),
    "07": ("Pictures made for the class macaw", 3, None),
    "08": ("Rows of pictures of one class each", 4, None),
    "09": ("A strip of 125 tiny pictures", 0, (0.0, 0.0, 0.2, 1.0)),
}


@dataclass(frozen=True)
class Cover:
    """A chapter's picture (of Pillow), what it shows in words, and whether it is the one that was asked for."""

    picture: Any
    alt: str
    found: bool


@cache
def pictures_of(notebook: Path) -> list[tuple[str, str]]:
    """List the pictures in a notebook's outputs: description and base64, in the order in which they are shown."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pages = ["".join(output.get("data", {}).get("text/html", [])) for output in outputs]
    return [(html.unescape(alt), data) for page in pages for alt, data in IMAGE.findall(page)]


@cache
def cover(notebook: Path) -> Cover | None:
    """Return a chapter's picture; where none fits, its last; None if it has none at all."""
    from PIL import Image

    all_of_them = pictures_of(notebook)
    if not all_of_them:
        return None
    words, which, part = COVERS.get(notebook.stem[:2], ("", 0, None))
    fitting = [one for one in all_of_them if words and one[0].startswith(words)]
    found = len(fitting) > which
    alt, data = fitting[which] if found else all_of_them[-1]
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    if found and part:
        picture = picture.crop(tuple(round(share * picture.size[k % 2]) for k, share in enumerate(part)))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return Cover(picture.crop((left, top, left + side, top + side)), alt, found)


def thumbnail(picture: Any) -> bytes:
    """Return a picture as a small square WebP, the same bytes each time."""
    from PIL import Image

    memory = io.BytesIO()
    picture.resize((THUMB, THUMB), Image.Resampling.LANCZOS).save(memory, "WEBP", quality=72, method=6)
    return memory.getvalue()


def place_covers(app, pagename: str, _template: str, context: dict, _doctree) -> None:
    """Sphinx's hook: on the landing page, put each chapter's picture before its name."""
    from tools.site.pictures import keep

    if pagename != app.config.root_doc or "body" not in context:
        return
    folder, done = Path(app.outdir) / app.builder.imagedir, set()
    up = "../" * pagename.count("/")

    def row(match: re.Match) -> str:
        notebook = Path(app.srcdir) / f"{match[1]}.ipynb"
        found = cover(notebook) if notebook.is_file() and notebook not in done else None
        if found is None:
            return match[0]
        done.add(notebook)
        source = f"{up}{app.builder.imagedir}/{keep(thumbnail(found.picture), 'webp', folder)}"
        alt = html.escape(found.alt)
        image = f'<img class="pom-cover dark-light" alt="{alt}" width="{THUMB}" height="{THUMB}" src="{source}">'
        return f"{image}{match[0]}"

    start = context["body"].find("pom-chapters")
    if start >= 0:
        context["body"] = context["body"][:start] + ROW.sub(row, context["body"][start:])


def landing_follows(app, _env, added: set[str], changed: set[str], _removed: set[str]) -> list[str]:
    """Sphinx's hook: when a chapter has changed, the landing page shows its new picture."""
    return [app.config.root_doc] if any(page.startswith("notebooks/") for page in added | changed) else []
