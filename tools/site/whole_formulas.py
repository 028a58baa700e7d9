"""A comma does not begin a line: a formula within a sentence stays with the marks that touch it."""

from __future__ import annotations

import re

from docutils import nodes

AFTER = re.compile(r"(?:[.,;:!?)\]%'’\"”]|-\w{1,2}\b)+(?:s\b)?")  # also "-th" and "’s"
BEFORE = re.compile(r"[(\[“‘\"]+$")


def keep_whole(doctree) -> None:
    """Put each formula and the marks beside it into a span of the class ``pom-whole``, which does not break."""
    for formula in list(doctree.findall(nodes.math)):
        parent, at = formula.parent, formula.parent.index(formula)
        before, after = (_text(parent, at + step) for step in (-1, 1))
        opening, closing = BEFORE.search(before), AFTER.match(after)
        if not (opening or closing) or "pom-whole" in parent.get("classes", ()):
            continue
        start, end = opening.start() if opening else len(before), closing.end() if closing else 0
        whole = nodes.inline("", "", nodes.Text(before[start:]), formula.deepcopy(), nodes.Text(after[:end]))
        whole["classes"].append("pom-whole")
        pieces = [nodes.Text(before[:start]), whole, nodes.Text(after[end:])]
        parent[at - bool(before) : at + 1 + bool(after)] = [piece for piece in pieces if piece.astext()]


def _text(parent: nodes.Element, at: int) -> str:
    """The plain text at a place among an element's children; nothing where there is something else."""
    here = parent[at] if 0 <= at < len(parent) else None
    return str(here) if isinstance(here, nodes.Text) else ""


def keep_formulas_whole(app, doctree, _page: str) -> None:
    """Sphinx's hook: once nothing else will look for words."""
    if app.builder.format == "html":
        keep_whole(doctree)
