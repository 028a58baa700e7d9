"""What Sphinx, MyST-NB and the theme leave to be mended on a page: for screen readers, for the eye, for slow lines."""

from __future__ import annotations

import json
import re

from docutils import nodes
from pygments.formatters import HtmlFormatter
from pygments.token import Name, Punctuation

# What a screen reader stumbles over: a fold is named by what it says, no list holds no items, a box has a name.
STUMBLES = {
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    '<input class="task-list-item-checkbox"': '<input class="task-list-item-checkbox" aria-label="To do"',
}
MATHEMATICS = (nodes.math, nodes.math_block)
MARK = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
SOLUTION = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide a solution"}
AFTER = re.compile(r"(?:[.,;:!?)\]%'’\"”]|-\w{1,2}\b)+(?:s\b)?")  # also "-th" and "’s"
BEFORE = re.compile(r"[(\[“‘\"]+$")


class FewerSpans(HtmlFormatter):
    """Colors code without a span around each name and each bracket, which have no color: a third of a page's text."""

    def _get_css_classes(self, kind):
        return "" if kind in (Name, Punctuation) else super()._get_css_classes(kind)


def mend(body: str) -> str:
    """Return a page's HTML without what a screen reader stumbles over."""
    for wrong, right in STUMBLES.items():
        body = body.replace(wrong, right)
    return body


def mend_page(_app, _page: str, _template: str, context: dict, doctree) -> None:
    """Sphinx's hook: as a page is written. The landing page would load MathJax for the formulas of its chapters."""
    if "body" in context:
        context["body"] = mend(context["body"])
    if doctree is not None and not any(doctree.findall(lambda node: isinstance(node, MATHEMATICS))):
        scripts = ((js, f"{js.filename} {js.attributes.get('body')}") for js in context["script_files"])
        context["script_files"] = [js for js, words in scripts if "mathjax" not in words.lower()]


def present_solutions(app, page: str, source: list[str]) -> None:
    """Sphinx's hook, as a notebook is read: a fold says that it is a solution, and graders' marks are no reading."""
    if not str(app.env.doc2path(page)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if "solution" in cell["metadata"].get("tags", []):
            cell["metadata"]["mystnb"] = SOLUTION
            cell["source"] = MARK.sub("", "".join(cell["source"]))
    source[0] = json.dumps(notebook)


def keep_whole(doctree) -> None:
    """A comma does not begin a line: put each formula and the marks beside it into a span that does not break."""
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


def nowrap_formulas(app, doctree, _page: str) -> None:
    """Sphinx's hook: once nothing else will look for words."""
    if app.builder.format == "html":
        keep_whole(doctree)
