"""Grading one submission: its cells in a process of their own, the tests and the verdicts in this one."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from helpers.recipe_files.reading import RecipeError
from teaching import checks
from teaching.checks import Remote, Wrong
from teaching.checks.probing import Sink

from . import picture
from .overlay import Hidden, Student
from .processes import Server
from .session import Session
from .source import Assignment, Question
from .submission import Submission

LONGEST = 1500  # characters of a message
WORDS = 8000  # characters of an answer in words


@dataclass(frozen=True)
class Settings:
    """How a class is graded.

    Attributes:
        timeout: seconds for all that one notebook does.
        cell_limit: seconds for one of its cells.
        memory: MiB that it may use beyond PyTorch's own.
        picture_limit: seconds for the drawing of a picture.
    """

    timeout: float = 180.0
    cell_limit: float = 30.0
    memory: int = 2048
    picture_limit: float = 120.0


@dataclass
class Score:
    """What one question gave.

    Attributes:
        name, title, of: the question, and its points at most.
        points: given; None where a person has to read.
        message: what was wrong, or what was handed in.
        written: the answer in words, if that is what was asked for.
        picture: what ``picture.draw`` tells.
    """

    name: str
    title: str
    of: float
    points: float | None = 0.0
    message: str = ""
    written: str = ""
    picture: dict | None = None


@dataclass
class Grade:
    """What one submission gave."""

    student: str
    assignment: str
    file: str = ""
    scores: list[Score] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_data(self) -> dict:
        """As plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict) -> Grade:
        """From what ``as_data`` gave."""
        return cls(**{**data, "scores": [Score(**score) for score in data["scores"]]})

    @property
    def total(self) -> float:
        """The points given so far."""
        return sum(score.points or 0.0 for score in self.scores)


def nothing(submission: Submission, assignment: Assignment, why: str = "") -> Grade:
    """No points for any question, and why."""
    scores = [Score(q.name, q.title, q.points) for q in assignment.questions]
    notes = [*submission.notes, *([why] if why else [])]
    return Grade(submission.student, assignment.name, _file(submission), scores, notes)


def _file(submission: Submission) -> str:
    return submission.path.name if submission.path else ""


def grade(
    submission: Submission,
    assignment: Assignment,
    overlay: list[Hidden],
    server: Server,
    scratch: Path,
    pictures: Path,
    read: list[str],
    settings: Settings,
) -> Grade:
    """Grade one submission; whatever its notebook does, a grade comes back."""
    if submission.path is None or not submission.cells:
        return nothing(submission, assignment)
    started = time.monotonic()
    cells = [
        (name, submission.cells[name] if source is None else source)
        for name, source in assignment.cells
        if source is not None or name in submission.cells
    ]
    limits = {"memory": settings.memory, "seconds": int(settings.timeout) + 10}
    session = Session(server, cells, scratch, read, limits, settings.timeout, settings.cell_limit)
    result = Grade(submission.student, assignment.name, _file(submission), notes=list(submission.notes))
    try:
        session.run()
        for question in assignment.questions:
            result.scores.append(_score(question, assignment, submission, overlay, session, pictures, settings))
        result.notes += _noticed(session, dict(cells))
    finally:
        session.close()
    result.layers = session.layers
    result.seconds = round(time.monotonic() - started, 2)
    return result


def _noticed(session: Session, cells: dict[str, str]) -> list[str]:
    notes = [f"{name or 'at the start'}: {problem}" for name, problem in session.problems.items()]
    notes += [f"ended its process {death}" for death in session.deaths if death.startswith("answering")]
    if session.pid is not None:
        refused = session.request({"do": "refused"}).get("answer")
        if isinstance(refused, list) and refused:
            notes.append("refused: " + "; ".join(str(one)[:200] for one in refused[:10]))
    return [note[:LONGEST] for note in notes]


def _score(
    question: Question,
    assignment: Assignment,
    submission: Submission,
    overlay: list[Hidden],
    session: Session,
    pictures: Path,
    settings: Settings,
) -> Score:
    score = Score(question.name, question.title, question.points)
    if not question.test:
        words = submission.cells.get(question.name, "")
        empty = not words.strip() or words.strip().upper() == "YOUR ANSWER HERE"
        score.points, score.written = (0.0, "") if empty else (None, words[:WORDS])
        score.message = "nothing written" if empty else "to be read"
        return score
    try:
        _run_test(question, assignment, session)
        for extra in overlay:
            if extra.question == question.name:
                _quietly(lambda extra=extra: extra.test(Student(session.request)))
        if question.picture:
            values = [Remote(name, session.request).value() for name in question.picture]
            score.picture = picture.draw(*values, pictures, settings.picture_limit)
            score.message = score.picture["opinion"]
        score.points = question.points
    except (AssertionError, RecipeError, LookupError) as error:
        score.message = _with_cause(str(error) or type(error).__name__, assignment, session)
    except Exception as error:  # a test that stumbles over what it got
        score.message = f"the test stumbled over what came back ({type(error).__name__}: {error})"[:LONGEST]
    return score


def _with_cause(message: str, assignment: Assignment, session: Session) -> str:
    """A message, and where a name is missing, what went wrong in the cell that should have made it."""
    if message.startswith("there is no `"):
        cell = assignment.names.get(message.split("`")[1], "")
        message = session.problems.get(cell, message)
    return message[:LONGEST]


def _run_test(question: Question, assignment: Assignment, session: Session) -> None:
    names: dict[str, Any] = {name: Remote(name, session.request) for name in assignment.names}
    names |= _imports(assignment.imports) | checks.every_check()
    _quietly(lambda: exec(compile(question.test, f"<test {question.name}>", "exec"), names))


def _imports(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in source.splitlines():
        with contextlib.suppress(ImportError):
            exec(line, found)
    return found


def _quietly(run: Callable[[], Any]) -> None:
    with contextlib.redirect_stdout(Sink()), contextlib.redirect_stderr(io.StringIO()):
        run()


__all__ = ["Grade", "Score", "Settings", "Wrong", "grade", "nothing"]
