"""Read a chapter's self-check questions from its YAML file, and say in words what is wrong with it.

What stands in such a file is described at the top of `tools/site/self_checks.py`, which draws the questions.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "book" / "self_checks"
QUESTIONS, CHOICES = range(5, 8), range(3, 6)  # how many to a chapter, and to a question
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SECTION = re.compile(r"[1-9]\d*\.[1-9]\d*")


class BadQuestions(ValueError):
    """A file of questions that cannot be shown; the message names file, question and cure."""


@dataclass(frozen=True)
class Choice:
    """One answer to a question.

    Attributes:
        answer: what is offered, one paragraph of MyST Markdown.
        why: what is said to whoever picks it, MyST Markdown.
        right: whether it is the right one.
    """

    answer: str
    why: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question with one right answer.

    Attributes:
        id: a name that is unique in the book, of lower-case words and hyphens.
        section: the number of the section that it is about, as "3.5".
        text: the question, MyST Markdown; what follows its first paragraph stands below it.
        choices: the answers on offer.
    """

    id: str
    section: str
    text: str
    choices: tuple[Choice, ...]

    @property
    def right(self) -> int:
        """The place of the right answer, from 0."""
        return next(i for i, choice in enumerate(self.choices) if choice.right)


def read_questions(path: Path) -> list[Question]:
    """Read and check one chapter's file.

    Raises:
        BadQuestions: the file is not as it should be.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadQuestions(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadQuestions(f"{path.name} cannot be read: {error}") from error
    _keys(data, {"chapter", "questions"}, set(), path.name)
    number = data["chapter"]
    if path.stem != f"{number:02d}" if type(number) is int else True:
        raise BadQuestions(f"{path.name}: `chapter` is {number!r}; it should be the number in the file's name")
    listed = _list(data["questions"], QUESTIONS, "questions", path.name)
    questions = [_question(entry, number, f"{path.name}, question {i}") for i, entry in enumerate(listed, start=1)]
    for name, times in Counter(question.id for question in questions).items():
        if times > 1:
            raise BadQuestions(f"{path.name}: {times} questions have the id {name!r}; each needs its own")
    return questions


def _question(entry: Any, chapter: int, where: str) -> Question:
    """Check one question."""
    _keys(entry, {"id", "section", "question", "choices"}, set(), where)
    name, section = entry["id"], entry["section"]
    if not isinstance(name, str) or not SLUG.fullmatch(name):
        raise BadQuestions(f"{where}: the id {name!r} should be lower-case words with hyphens, as in clamp-first")
    where = f"{where} ({name})"
    if not isinstance(section, str) or not SECTION.fullmatch(section) or int(section.split(".")[0]) != chapter:
        raise BadQuestions(f'{where}: `section` is {section!r}; write it in quotes, as in "{chapter}.5"')
    listed = _list(entry["choices"], CHOICES, "choices", where)
    choices = tuple(_choice(choice, f"{where}, choice {i}") for i, choice in enumerate(listed, start=1))
    right = sum(choice.right for choice in choices)
    if right != 1:
        raise BadQuestions(f"{where}: {right or 'no'} choices are `right: true`; exactly one should be")
    if len({choice.answer for choice in choices}) < len(choices):
        raise BadQuestions(f"{where}: the same answer is offered twice")
    return Question(name, section, _text(entry["question"], "question", where), choices)


def _choice(entry: Any, where: str) -> Choice:
    """Check one choice."""
    _keys(entry, {"answer", "why"}, {"right"}, where)
    right = entry.get("right", False)
    if not isinstance(right, bool):
        raise BadQuestions(f"{where}: `right` is {right!r}; it should be true, or not there at all")
    answer = _text(entry["answer"], "answer", where)
    if "\n\n" in answer:
        raise BadQuestions(f"{where}: an answer is one paragraph; explanations belong in `why`")
    return Choice(answer, _text(entry["why"], "why", where), right)


def _keys(entry: Any, needed: set[str], allowed: set[str], where: str) -> None:
    """Raise unless `entry` is a mapping with all needed keys and no unknown ones."""
    if not isinstance(entry, dict):
        raise BadQuestions(f"{where}: expected {_listed(needed)}, found {type(entry).__name__}")
    for key in entry:
        if key not in needed | allowed:
            near = difflib.get_close_matches(str(key), needed | allowed, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {_listed(needed | allowed)}"
            raise BadQuestions(f"{where}: no key is called `{key}`; {hint}")
    for key in sorted(needed - set(entry)):
        raise BadQuestions(f"{where}: `{key}` is missing" + (": every choice says why" if key == "why" else ""))


def _list(value: Any, sizes: range, name: str, where: str) -> list:
    """Return a list of a size that is allowed."""
    if not isinstance(value, list) or len(value) not in sizes:
        found = len(value) if isinstance(value, list) else type(value).__name__
        raise BadQuestions(f"{where}: {sizes[0]} to {sizes[-1]} {name} are expected, found {found}")
    return value


def _text(value: Any, name: str, where: str) -> str:
    """Return a text that is one."""
    if not isinstance(value, str) or not value.strip():
        raise BadQuestions(f"{where}: `{name}` should be a text, not {value!r}")
    return value.strip()


def _listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(f"`{name}`" for name in sorted(names))
