"""The directive `{atlas}`: the page of a thousand pictures, with its data, style and scripts within it.

A page that is opened from a file may read no other file by script, so all that `book/_static/atlas/atlas.json` says,
and all that stands in `book/atlas/`, is written into the page itself. Only the sheets of pictures stay files; the
browser fetches those that come into sight. Without a script, and on paper, the page shows the sheets and a table.
"""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from jinja2 import Environment, FileSystemLoader
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from tools.notebooks.drawn import listed

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "book" / "atlas"
DATA = ROOT / "book" / "_static" / "atlas" / "atlas.json"
SCRIPTS = ("classes.js", "wall.js", "dialog.js", "atlas.js")
SHELL, STYLE = "shell.html", "atlas.css"
TEMPLATES = Path(__file__).with_name("templates")
PAGE = "atlas.html"
KEYS = {"network", "call", "recipe", "judges", "kin", "agreement", "restarted", "grounded", "tile", "large", "classes"}


class BadAtlas(ValueError):
    """The atlas's data are not there, or not what the page needs."""


def read_atlas(path: Path) -> dict:
    """Read the atlas's data.

    Raises:
        BadAtlas: if there is no such file, or something is missing in it.
    """
    try:
        atlas = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadAtlas(f"{path.name} cannot be read: {error}") from error
    if missing := KEYS - set(atlas):
        raise BadAtlas(f"{path.name} has no {', '.join(sorted(missing))}")
    wrong = [one["name"] for one in atlas["classes"] if len(one["beliefs"]) != len(atlas["judges"])]
    if wrong:
        raise BadAtlas(f"{path.name} has not one belief a judge for {', '.join(wrong[:3])}")
    return atlas


def in_script(data: dict) -> str:
    """Return data as JSON that may stand in a `<script>`: nothing in it can end it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def shares(values: list[float]) -> str:
    """Write shares in [0, 1] as percentages: ``50% and 48.2%``; 99.5% is not all."""
    return listed([f"{100 * value:.3g}%" for value in values])


def introduction(atlas: dict) -> str:
    """Say in one short paragraph, above the wall, who drew, how, what the judges say, and whose relatives they are."""
    artists = atlas["network"].split(" + ")
    turns = ", taking turns," if len(artists) > 1 else ""
    first, five = (shares(atlas["agreement"][key]) for key in ("top1", "top5"))
    return (
        f"{listed(artists)}{turns} drew all {len(atlas['classes']):,} ({atlas['recipe']}). "
        f"{listed(atlas['judges'])}, which had no part in it, looked at them afterwards: they name the class first in "
        f"{first} of the pictures, and among their first five in {five}.{kinship(atlas['kin'])}"
    )


def took_off(atlas: dict) -> str:
    """Say how many pictures were begun again, and which never took off."""
    again, lost = atlas["restarted"], atlas["grounded"]
    if not again and not lost:
        return "Every picture took off at once."
    begun = f"{again} did not take off at once and {'was' if again == 1 else 'were'} begun again. " if again else ""
    return begun + (f"{listed(lost)} never took off." if lost else "In the end every picture took off.")


def kinship(kin: dict[str, list[str]]) -> str:
    """Say which judges are relatives of an artist; nothing if none is."""
    if not kin:
        return ""
    judges, artists = list(kin), list(dict.fromkeys(artist for found in kin.values() for artist in found))
    return f" ({listed(judges)} {'is' if len(judges) == 1 else 'are'} kin to {listed(artists)}.)"


def atlas_html(atlas: dict, folder: str, parts: Path = PARTS) -> str:
    """Return the atlas as HTML that needs nothing but its sheets, in this folder as seen from the page."""
    style, shell = ((parts / name).read_text(encoding="utf-8") for name in (STYLE, SHELL))
    script = "\n".join((parts / name).read_text(encoding="utf-8") for name in SCRIPTS)
    if "</script" in script.lower() or "</style" in style.lower():
        raise BadAtlas("a script or the style would end before its end: it names its own closing tag")
    page = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True).get_template(PAGE)
    return page.render(atlas=atlas, folder=folder, style=style, shell=shell, script=script, data=in_script(atlas))


class Atlas(SphinxDirective):
    """`{atlas}`: the page's second paragraph, and the atlas."""

    def run(self) -> list[nodes.Node]:
        for source in (DATA, Path(__file__), TEMPLATES / PAGE, *(PARTS / name for name in (*SCRIPTS, SHELL, STYLE))):
            self.env.note_dependency(str(source))
        try:
            atlas = read_atlas(DATA)
            folder = "../" * self.env.docname.count("/") + "_static/atlas"
            body = atlas_html(atlas, folder)
        except BadAtlas as error:
            LOG.warning("atlas: %s", error, location=self.get_location())
            return []
        above, below = (nodes.paragraph("", said) for said in (introduction(atlas), took_off(atlas)))
        return [above, nodes.raw("", body, format="html"), below]
