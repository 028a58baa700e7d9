"""One picture for each chapter, taken from its outputs: beside its name on the landing page, and for its card.

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

from bs4 import BeautifulSoup
from docutils import nodes
from PIL import Image
from sphinx.util.docutils import SphinxDirective

from tools.notebooks.drawn import drawn_by

THUMB = 160
CHAPTER = re.compile(r"(?:\.\./)*(notebooks/\w+)\.html")

# By the first word of a notebook's name: how the picture's description begins, which picture of that figure, and what
# part of it: left, top, right, bottom.
COVERS = {
    "01": ("Two maps. On the left a stained-glass pattern", 0, (0.08, 0.1, 0.44, 0.86)),
    "02": ("Three squares: gray noise", 1, None),
    "03": ("A class picture, and two pictures of what VGG16", 2, None),
    "04": ("Left: the original recipe’s picture. Right", 1, None),
    "05": ("Three pictures: fine colored structure", 2, None),
    "06": ("Two dreams into the photograph of a cat", 1, None),
    "07": ("Pictures made for the class macaw", 4, None),
    "08": ("Two rows of pictures: sharp and pale above", 5, None),
    "09": ("A strip of 125 tiny pictures", 0, (0.0, 0.0, 0.2, 1.0)),
    "gallery": ("saturated:", 0, None),
    "now": ("A cat; the cat with eyes all over its face", 2, None),
}


@dataclass(frozen=True)
class Cover:
    """A chapter's picture, what it shows in words, and whether it is the one that was asked for."""

    picture: Image.Image
    alt: str
    found: bool


@cache
def cover(notebook: Path) -> Cover | None:
    """Return a chapter's picture; where none fits, its last; None if it has none at all, or none is to be had of it."""
    named = notebook.stem.partition("_")[0]
    if named not in COVERS:
        return None
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pages = ("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    shown = [
        image for page in pages for image in BeautifulSoup(page, "html.parser").select('img[alt][src^="data:image/"]')
    ]
    if not shown:
        return None
    words, which, part = COVERS[named]
    fitting = [image for image in shown if image["alt"].startswith(words)]
    found = len(fitting) > which
    image = fitting[which] if found else shown[-1]
    picture = Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))).convert("RGB")
    if found and part:
        picture = picture.crop(tuple(round(share * picture.size[k % 2]) for k, share in enumerate(part)))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return Cover(picture.crop((left, top, left + side, top + side)), image["alt"], found)


def thumbnail(picture: Image.Image) -> bytes:
    """Return a picture as a small square WebP, the same bytes each time."""
    memory = io.BytesIO()
    picture.resize((THUMB, THUMB), Image.Resampling.LANCZOS).save(memory, "WEBP", quality=72, method=6)
    return memory.getvalue()


def place_covers(app, doctree, page: str) -> None:
    """Sphinx's hook: on the landing page, put each chapter's picture before its name in the table of chapters."""
    if page != app.config.root_doc or app.builder.format != "html":
        return
    for table in doctree.findall(lambda node: "pom-chapters" in getattr(node, "attributes", {}).get("classes", [])):
        for link in list(table.findall(nodes.reference)):
            match = CHAPTER.fullmatch(link.get("refuri", ""))
            found = cover(Path(app.srcdir) / f"{match[1]}.ipynb") if match else None
            if found:
                data = base64.b64encode(thumbnail(found.picture)).decode()
                image = (
                    f'<img class="pom-cover dark-light" alt="{html.escape(found.alt)}" width="{THUMB}" '
                    f'height="{THUMB}" src="data:image/webp;base64,{data}">'
                )
                link.parent.insert(link.parent.index(link), nodes.raw("", image, format="html"))


def landing_follows(app, _env, added: set[str], changed: set[str], _removed: set[str]) -> list[str]:
    """Sphinx's hook: when a chapter has changed, the landing page shows its new picture."""
    return [app.config.root_doc] if any(page.startswith("notebooks/") for page in added | changed) else []


class DrawnBy(SphinxDirective):
    """`{drawn-by}`: the line that says who drew the class pictures in the chapters."""

    def run(self) -> list[nodes.Node]:
        for notebook in Path(self.env.srcdir).glob("notebooks/*.ipynb"):
            self.env.note_dependency(str(notebook))
        return [nodes.paragraph("", drawn_by(Path(self.env.srcdir)), classes=["pom-drawn-by"])]
