"""What a folded cell says of itself: a reader who wants the code of a figure should not open a solution by mistake."""

from __future__ import annotations

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode

LABELS = {"solution": "a solution", "input": "the code", "output": "the output"}


def label_folds(_app, doctree, _page: str) -> None:
    """Sphinx's hook: name the folds of a page after what lies in them."""
    for cell in doctree.findall(nodes.container):
        for fold in filter(lambda child: isinstance(child, HideCodeCellNode), cell.children):
            kind = "input" if "above-input" in fold["classes"] else "output"
            label = LABELS["solution" if kind == "input" and "tag_solution" in cell["classes"] else kind]
            fold["prompt_show"], fold["prompt_hide"] = f"Show {label}", f"Hide {label}"
