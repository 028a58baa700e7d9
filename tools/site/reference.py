"""On the reference page of helpers: beside each name the picture that it makes, and the chapter where it is met first.

The pictures are stored by ``tools/draw/reference.py``, with the lines of code that made them.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes

ROOT = Path(__file__).resolve().parents[2]
LINES = ROOT / "tools" / "draw" / "reference_lines.yml"
FOLDER = ROOT / "book" / "_static" / "reference"
PAGE = "book/helpers_reference"
THEMES = {"": "", "light": " only-light", "dark": " only-dark"}  # the theme's own classes


@cache
def lines() -> dict[str, dict]:
    """Return what is run, by name: ``code``, ``alt``, perhaps ``before``, and how ``wide`` a page it is shown on."""
    return yaml.safe_load(LINES.read_text(encoding="utf-8"))


@cache
def stored() -> dict[str, dict]:
    """Return what was made of it, by name: ``code``, ``files`` by theme, ``width`` and ``height``."""
    path = FOLDER / "pictures.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@cache
def first_chapters() -> dict[str, str]:
    """Return for each name that the chapters take from `helpers` the first chapter, such as ``02_gradient_ascent``."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for names in re.findall(r"^from helpers\S* import (\([^)]*\)|.*)", code, re.MULTILINE):
            for name in re.findall(r"\w+", names):
                found.setdefault(name, path.stem)
    return found


def figure(name: str, static: str) -> str:
    """Return the picture of a name, such as ``Pixels.gray``, with the line that makes it; nothing if it makes none."""
    if name not in stored() or name not in lines():
        return ""
    made, alt = stored()[name], html.escape(lines()[name]["alt"])
    size = f'width="{made["width"]}" height="{made["height"]}" loading="lazy" decoding="async"'
    images = "".join(
        f'<img class="{"" if theme else "dark-light"}{THEMES[theme]}" alt="{alt}" {size} '
        f'src="{static}/reference/{file}">'
        for theme, file in made["files"].items()
    )
    code = html.escape(made["code"]).replace("(", "(<wbr>")
    images = f'<span class="pom-shot">{images}</span>'
    return f'<figure class="pom-makes">{images}<figcaption><code>{code}</code></figcaption></figure>'


def chapter_line(app, name: str, page: str) -> nodes.paragraph | None:
    """Return a sentence that leads to the chapter where a name is met first, if there is one."""
    chapter = first_chapters().get(name.split(".")[-1])
    if chapter is None or f"notebooks/{chapter}" not in app.env.found_docs:
        return None
    address = app.builder.get_relative_uri(page, f"notebooks/{chapter}")
    words = f"chapter {int(chapter[:2])}"
    link = nodes.reference("", "", nodes.inline("", words), internal=True, refuri=address, classes=["pom-derives"])
    return nodes.paragraph("", "", nodes.Text("First met in "), link, nodes.Text("."))


def place_pictures(app, doctree, page: str) -> None:
    """Sphinx's hook: give each entry its picture, and a link to a chapter if its own words have none."""
    if page != PAGE or app.builder.format != "html":
        return
    static = "../" * page.count("/") + "_static"
    for entry in doctree.findall(addnodes.desc):
        ids = [one for signature in entry.findall(addnodes.desc_signature) for one in signature["ids"]]
        name = ids[0].removeprefix("helpers.") if ids else ""
        inside = entry.next_node(addnodes.desc_content)
        outermost = not isinstance(entry.parent.parent, addnodes.desc)
        if outermost and not any("pom-derives" in link["classes"] for link in inside.findall(nodes.reference)):
            line = chapter_line(app, name, page)
            inside += [line] if line else []
        if made := figure(name, static):
            inside.insert(0, nodes.raw("", made, format="html"))
