"""Pages that need no other file: one to give back to each student, the pictures without names, the answers in words.

Whatever a student wrote is text in them, never markup; nothing is loaded from anywhere. All of them print.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.show.pictures import saved

from .manual import Standing
from .roster import Person, Roster
from .rows import Row, Score
from .source import Assignment, Question
from .tables import number

INK = HtmlFormatter(style="friendly", cssclass="code")
RUBRIC = ("it shows something", "no tools in it", "was looked for", "claim ≤ evidence", "can be repeated")
NOT_ASKED = Question("", "", 0.0)


@dataclass(frozen=True)
class Course:
    """What pages need beside the rows."""

    assignments: Sequence[Assignment]  # in order
    pictures: Path  # the folder in which they are

    @property
    def titles(self) -> dict[str, str]:
        """Of the assignments, by name."""
        return {one.name: one.title for one in self.assignments}

    @property
    def questions(self) -> dict[str, dict[str, Question]]:
        """Of each assignment, by name."""
        return {one.name: {question.name: question for question in one.questions} for one in self.assignments}

    def title(self, row: Row) -> str:
        """What a row's assignment is called, or its file where that is not known."""
        return self.titles.get(row.assignment) or row.assignment or row.file

    def asked(self, row: Row, score: Score) -> Question:
        """What the question of a score asks."""
        return self.questions.get(row.assignment, {}).get(score.name, NOT_ASKED)


def image(told: dict, folder: Path, side: int, alt: str) -> Markup:
    """A picture inside the page, or nothing if its file is gone or damaged."""
    try:
        picture = Image.open(folder / told["file"]).convert("RGB")
    except OSError:
        return Markup()
    picture.thumbnail((side, side), Image.LANCZOS)
    data = base64.b64encode(saved(picture, format="JPEG", quality=90)).decode()
    return Markup('<img alt="{}" width="{}" src="data:image/jpeg;base64,{}">').format(alt, picture.width, data)


def code(text: str) -> Markup:
    """A cell of Python in colors; white space at a line's end would cost the lexer minutes."""
    return Markup(highlight("\n".join(line.rstrip() for line in text.split("\n")), PythonLexer(), INK))


def render(text: str, breaks: bool = False) -> Markup:
    """Markdown as HTML that holds no markup of its author's, loads nothing, and shows links as they are written.

    With ``breaks`` a line's end is one on the page, too.
    """
    reader = MarkdownIt("commonmark", {"html": False, "breaks": breaks}).enable("table")
    return Markup(reader.disable(["image", "link", "reference"]).render(text))  # many references would take minutes


@lru_cache(maxsize=1)
def world() -> jinja2.Environment:
    """Where templates are, and what they may call."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    world = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    world.filters |= {"number": number, "image": image, "code": code}
    world.filters |= {"source": render, "render": lambda text: render(text, breaks=True)}
    return world


def page(template: str, **names: object) -> str:
    """A template filled in."""
    return world().get_template(template).render(ink=INK.get_style_defs(".code"), **names)


def given_back(person: Person, mine: Sequence[Standing], course: Course) -> str:
    """All that one student gets to see: answers, points, messages, comments; nobody else's."""
    mine = sorted(mine, key=lambda one: one.row.assignment)
    return page("given_back.html", name=person.name or person.key, mine=mine, course=course, date=date.today())


def contact_sheet(standings: Sequence[Standing], course: Course) -> str:
    """All pictures without names, with the rubric's boxes."""
    groups = []
    for name, title in course.titles.items():
        rows = [one for one in standings if one.row.assignment == name]
        cards = [(one.code, score) for one in rows for score in one.row.scores if score.picture]
        cards.sort(key=lambda card: card[0])
        groups += [(title, cards)] if cards else []
    return page("contact_sheet.html", groups=groups, course=course, rubric=RUBRIC)


def written_answers(standings: Sequence[Standing], course: Course) -> str:
    """The answers in words: one question over all students, with the question and the model answer."""
    questions = []
    for name, title in course.titles.items():
        rows = sorted((one for one in standings if one.row.assignment == name), key=lambda one: one.code)
        for question, what in course.questions[name].items():
            scores = [(one, score) for one in rows for score in one.row.scores if score.name == question]
            answers = [(one, score) for one, score in scores if score.written]
            if what.model and answers:
                questions.append((title, question, what, answers, len(scores) - len(answers)))
    return page("written_answers.html", questions=questions)


def grades(standings: Sequence[Standing], course: Course, roster: Roster, about: Sequence[str]) -> str:
    """The teacher's table, with whatever was noticed."""
    groups = []
    for assignment in course.assignments:
        rows = [(roster.person(one.row.student), one) for one in standings if one.row.assignment == assignment.name]
        groups += [(assignment, rows)] if rows else []
    return page("grades.html", groups=groups, course=course, about=about)
