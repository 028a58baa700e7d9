"""Write the self-check questions of a chapter into its page, before the exercises: a Sphinx extension.

Nothing runs in the browser: a choice is a radio button, and a style shows what follows the one that is picked. On
paper, the answers stand at the end. The files are in `book/self_checks`; what they hold stands in
`self_checks_schema.yml`, and how it looks in `templates/self_checks.md`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from sphinx.util import logging

LOG = logging.getLogger(__name__)
FOLDER = Path(__file__).resolve().parents[2] / "book" / "self_checks"
SCHEMA = yaml.safe_load(Path(__file__).with_name("self_checks_schema.yml").read_text(encoding="utf-8"))
CHAPTER = re.compile(r"notebooks/(\d\d)_\w+")
BEFORE = re.compile(r"^## Exercises[ \t]*$", re.MULTILINE)
NUMBERED = re.compile(r"^## (\d+)\.(\d+) ", re.MULTILINE)
LETTERS = "abcde"
BLOCKS = "in code, a formula by itself, a list, a quotation or a table"


class BadQuestions(ValueError):
    """A file of questions that cannot be shown; the message names the file, the place in it and what is wrong."""


@dataclass(frozen=True)
class Choice:
    """An answer on offer, what is said to whoever picks it, and whether it is the right one."""

    answer: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with one right answer, and the section that it is about."""

    id: str
    section: str
    question: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """The place of the right answer, from 0."""
        return [choice.right for choice in self.choices].index(True)


def read_questions(path: Path) -> list[Question]:
    """Read and check one chapter's file.

    Raises:
        BadQuestions: the file is not as `self_checks_schema.yml` says, or says something twice.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadQuestions(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    if wrong := best_match(Draft202012Validator(SCHEMA).iter_errors(data)):
        said = wrong.message[-200:] if wrong.validator != "not" else f"begin and end in words, not {BLOCKS}"
        raise BadQuestions(f"{path.name}, at {wrong.json_path}: {said}")  # a long value is no news
    asked = [Question(**{**one, "choices": tuple(Choice(**c) for c in one["choices"])}) for one in data["questions"]]
    chapters = {str(data["chapter"]), *(question.section.split(".")[0] for question in asked)}
    if chapters != {str(int(path.stem))}:
        raise BadQuestions(f"{path.name} speaks of chapter {', '.join(sorted(chapters))}")
    for question in asked:
        if (right := sum(choice.right for choice in question.choices)) != 1:
            raise BadQuestions(f"{path.name}: {question.id} has {right} right answers; exactly one is wanted")
    said = Counter(question.id for question in asked)
    said += Counter(f"{question.id}: {choice.answer}" for question in asked for choice in question.choices)
    if twice := [words for words, times in said.items() if times > 1]:
        raise BadQuestions(f"{path.name} says twice: {twice[0]}")
    return asked


def tex(text: str) -> str:
    """A text as it is read aloud: the formulas are their TeX, without what marks it and without its spaces."""
    bare = re.sub(r"\$+([^$]*)\$+|`+([^`]*)`+|\*", lambda found: found[1] or found[2] or "", text)
    return " ".join(re.sub(r"\\[,;!]", " ", bare).split())


TEMPLATE = Path(__file__).with_name("templates") / "self_checks.md"


def section(questions: list[Question]) -> str:
    """The questions as a section of Markdown and HTML."""
    templates = Environment(loader=FileSystemLoader(TEMPLATE.parent), trim_blocks=True)
    templates.filters["tex"] = tex
    return templates.get_template(TEMPLATE.name).render(questions=questions, letters=LETTERS)


def add_section(app, docname: str, source: list[str]) -> None:
    """Sphinx's hook, as a notebook is read: put the questions before its exercises (the file stays as it is).

    The sections that the questions point to get names, ``section-3-5``, so that Sphinx says which one is missing.
    """
    found = CHAPTER.fullmatch(docname)
    path = FOLDER / f"{found[1]}.yml" if found else None
    if not path or not path.is_file():
        return
    for each in (path, TEMPLATE):
        app.env.note_dependency(str(each))
    try:
        asked = section(read_questions(path))
    except BadQuestions as error:
        LOG.warning("self-checks: %s", error, location=docname)
        return
    notebook, placed = json.loads(source[0]), 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = NUMBERED.sub(r"\n(section-\1-\2)=\n\g<0>", "".join(cell["source"]))
            cell["source"], count = BEFORE.subn(lambda heading: f"{asked}\n\n{heading[0]}", text)
            placed += count
    if not placed:
        LOG.warning("self-checks: no heading '## Exercises' to put the questions before", location=docname)
    source[0] = json.dumps(notebook)


def setup(app) -> dict:
    """Sphinx's hook."""
    app.connect("source-read", add_section)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
