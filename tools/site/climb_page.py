"""The directive `{climb}`: the page on which a picture climbs in the reader's own browser, and the modules it runs.

The page holds its form and style; what computes (`book/live`, and the atlas's search) is fetched from `_static/live`,
beside the networks that `tools.live.files` makes.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "book" / "live"
SEARCH = ROOT / "book" / "atlas" / "classes.js"
SHELL, STYLE = PARTS / "shell.html", PARTS / "climb.css"
CAT = "chelsea"  # the photograph of who has none at hand: public domain, from scikit-image
BEGIN = PARTS / "begin.js"


def climb_html(root: str) -> str:
    """Return the page's HTML; `root` leads from the page to the site's root, such as ``../``."""
    style, shell, script = (part.read_text(encoding="utf-8") for part in (STYLE, SHELL, BEGIN))
    shell = shell.replace("{root}", root).replace("{live}", f"{root}_static/live")
    return f'<style>\n{style}</style>\n{shell}\n<script type="module">\n{script}</script>'


def place_engine(site: Path) -> None:
    """Copy the modules that the page runs into the built site, and the cat."""
    from PIL import Image
    from skimage import data

    target = site / "_static" / "live"
    target.mkdir(parents=True, exist_ok=True)
    for module in [*PARTS.glob("*.js"), SEARCH]:
        shutil.copy2(module, target / module.name)
    if not (target / f"{CAT}.jpg").is_file():
        Image.fromarray(getattr(data, CAT)()).save(target / f"{CAT}.jpg", quality=92)


class Climb(SphinxDirective):
    """`{climb}`: the form, the picture, and what starts them."""

    def run(self) -> list[nodes.Node]:
        for source in (Path(__file__), SHELL, STYLE, BEGIN):
            self.env.note_dependency(str(source))
        return [nodes.raw("", climb_html("../" * self.env.docname.count("/")), format="html")]
