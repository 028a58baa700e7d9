"""What an assignment asks, in its own words: for the pages that a teacher reads and gives back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from markupsafe import Markup

from . import source

FOLDS = re.compile(r"<details>.*?</details>", re.DOTALL)
SCHEME = re.compile(r"^=== (BEGIN|END) MARK SCHEME ===\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """A question.

    Attributes:
        title: its heading.
        text: what is asked, in Markdown, from the heading on; hints left out.
        model: the model answer, where the answer is in words.
        answers: the ids of the cells in which students answer it.
    """

    title: str
    text: str
    model: str
    answers: tuple[str, ...]


def read(path: Path) -> tuple[str, dict[str, Asked]]:
    """An assignment's title, and its questions by their names."""
    title, questions, text, answers = "", {}, "", []
    for cell in nbformat.read(path, as_version=4).cells:
        if source.is_solution(cell):
            answers.append(source.identity(cell))
        if source.is_test(cell) or source.is_written(cell):
            model = SCHEME.sub("", cell.source).strip() if source.is_written(cell) else ""
            head = source.heading(text) or title
            body = text.partition("\n")[2] if text.startswith("#") else text
            questions[source.identity(cell)] = Asked(head, body.strip(), model, tuple(answers))
            answers = []
        elif cell.cell_type == "markdown" and (head := source.heading(cell.source)):
            title = title or head
            text = FOLDS.sub("", cell.source[cell.source.rindex("\n#") + 1 :] if "\n#" in cell.source else cell.source)
    return title, questions


def render(text: str, breaks: bool = False) -> Markup:
    """Markdown as HTML that holds no markup of its author's, loads nothing, and shows links as they are written.

    Args:
        text: in Markdown.
        breaks: whether a line's end is one on the page.
    """
    reader = MarkdownIt("commonmark", {"html": False, "breaks": breaks}).enable("table").disable(["image", "link"])
    return Markup(reader.render(text))
