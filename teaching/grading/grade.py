"""Grading one submission: its cells in a process of their own, the tests and the verdicts in this one.

A question is asked where its check stands in the student's notebook, with what has run by then, and once more at the
end if it was not right: the better one counts. Where "Right" was said it is right; an answer below counts, too.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.recipe_files.reading import RecipeError
from teaching import checks
from teaching.checks import Check, Remote, Wrong
from teaching.checks.probing import Sink

from . import picture
from .overlay import Hidden, Student
from .processes import Server
from .rows import Row, Score
from .session import Session, Settings
from .source import Assignment, Question
from .submission import Submission, defines

LONGEST = 1500  # characters of a message
PERIOD = 60  # new seeds differ from the public ones by a multiple of it: probes of a seed n go by n % 2, 3, 4, 5


@dataclass(frozen=True)
class Workplace:
    """What all workers share."""

    sandbox: Path  # the folder that students' processes find
    scratch: Path  # the folder in which each gets one of its own
    pictures: Path  # where pictures go
    overlay: Path | None  # the teacher's folder, if there is one
    read: tuple[str, ...]  # what students' processes may read
    settings: Settings  # limits


def nothing(submission: Submission, assignment: Assignment | None, why: str = "") -> Row:
    """No points for any question, and why."""
    row = submission.row()
    row.not_graded = why or submission.not_graded
    row.scores = [Score(q.name, q.title, q.points) for q in assignment.questions] if assignment else []
    return row


def grade(
    submission: Submission, assignment: Assignment, place: Workplace, server: Server, hidden: list[Hidden]
) -> Row:
    """Grade one submission with the teacher's own tests; whatever its notebook does, a row comes back."""
    if submission.not_graded:
        return nothing(submission, assignment)
    started = time.monotonic()
    session = Session(server, place.scratch, place.read, place.settings)
    questions = {one.name: Inquiry(one, assignment, submission, session, place, hidden) for one in assignment.questions}
    row = submission.row()
    try:
        for here, steps in itertools.groupby(submission.steps, lambda step: step.kind == "check"):
            if not here:
                session.run(list(steps))
            else:
                for step in steps:
                    questions[step.name].ask()
        for asked in questions.values():
            asked.ask(at_the_end=True)
        row.scores = [asked.score() for asked in questions.values()]
        row.notes += _noticed(session, submission)
    finally:
        session.close()
    row.layers = session.layers
    row.seconds = round(time.monotonic() - started, 2)
    return row


def _noticed(session: Session, submission: Submission) -> list[str]:
    answers = {step.name for step in submission.steps if step.kind == "answer"} | {""}
    notes = [f"{name or 'at the start'}: {problem}" for name, problem in session.problems.items() if name in answers]
    notes += [f"ended its process {death}" for death in session.deaths if death.startswith("answering")]
    if session.pid is not None:
        refused = session.request({"do": "refused"}).get("answer")
        if isinstance(refused, list) and refused:
            notes.append("refused: " + "; ".join(str(one)[:200] for one in refused[:10]))
    return [note[:LONGEST] for note in notes]


@dataclass
class Inquiry:
    """One question to one notebook, and the best answer so far."""

    question: Question
    assignment: Assignment
    submission: Submission
    session: Session
    place: Workplace
    hidden: list[Hidden]
    share: float = 0.0
    message: str = ""
    done: bool = False
    values: list[Any] = field(default_factory=list)  # recipe, target and seed, where a picture is asked for

    def ask(self, at_the_end: bool = False) -> None:
        """Ask, unless no answer could be better than the one that there was."""
        if not self.question.test or self.done:
            return
        try:
            values = [Remote(name, self.session.request).value() for name in self.question.picture]
            if self.values and values[0] == self.values[0]:
                return
            with contextlib.redirect_stdout(Sink()), contextlib.redirect_stderr(Sink()):
                self._run_test()
            share, message = 1.0, ""
            self.values = values
        except (AssertionError, RecipeError, LookupError) as error:
            share, message = getattr(error, "share", 0.0), self._with_cause(str(error) or type(error).__name__)
        except Exception as error:  # a test that stumbles over what it got
            share, message = 0.0, f"the test stumbled over what came back ({type(error).__name__}: {error})"
        if share >= self.share and self.share < 1:
            self.share, self.message = share, message[:LONGEST]
        self.done = self.share == 1 and not self.question.picture or message.startswith("still running")

    def score(self) -> Score:
        """What the best answer gives."""
        question = self.question
        score = Score(question.name, question.title, question.points)
        if not question.test:
            score.written = self.submission.words.get(question.name, "")
            score.waiting = question.points if score.written else 0.0
            score.message = "to be read" if score.written else "nothing written"
            return score
        score.points, score.message = round(self.share * question.points, 2), self.message
        if question.picture:
            score.points = 0.0
            if self.share == 1:
                self._draw(score)
        return score

    def _draw(self, score: Score) -> None:
        """A third of the points for a recipe that runs and rises; the rest waits for somebody who looks."""
        try:
            score.picture = picture.draw(*self.values, self.place.pictures, self.place.settings.picture_limit)
        except (AssertionError, RecipeError, LookupError) as error:
            score.message = str(error)[:LONGEST]
            return
        except Exception as error:
            score.message = f"the picture could not be drawn ({type(error).__name__}: {error})"[:LONGEST]
            return
        third = score.of / 3
        score.points, score.waiting = (third if score.picture["rises"] else 0.0), score.of - third
        score.message = score.picture["said"]

    def _run_test(self) -> None:
        names: dict[str, Any] = {name: Remote(name, self.session.request) for name in self.assignment.names}
        partly: list[Wrong] = []
        seed = self.place.settings.seed
        fresh = {name: reseeded(check, seed, partly) for name, check in checks.every_check().items()}
        names |= _imports(self.assignment.imports) | fresh
        exec(compile(self.question.test, f"<test {self.question.name}>", "exec"), names)
        for extra in self.hidden:
            if extra.question == self.question.name:
                extra.test(Student(self.session.request))
        if partly:
            raise min(partly, key=lambda error: error.share)

    def _with_cause(self, message: str) -> str:
        """A message, and where a name is missing, what went wrong in the cell that should have made it."""
        if not message.startswith("there is no `"):
            return message
        name = message.split("`")[1]
        cell, problems = self.assignment.names.get(name), self.session.problems
        stopped = [step for step in reversed(self.submission.steps) if step.name in problems]
        makers = [step for step in stopped if defines(step.source, [name])]
        makers += [step for step in stopped if step.name.partition(" (")[0] == cell]
        return problems[makers[0].name] if makers else message


def reseeded(check: Check, seed: int, partly: list[Wrong]) -> Callable[..., None]:
    """A check that asks with this class's own random numbers, and goes on where part of an answer is right."""

    def ask(*subjects: Any, seeds: Iterable[int] | None = None) -> None:
        try:
            check(*subjects, seeds=[PERIOD * seed + one for one in (check.seeds if seeds is None else seeds)])
        except Wrong as error:
            if not error.share:
                raise
            partly.append(error)

    return ask


def _imports(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in source.splitlines():
        with contextlib.suppress(ImportError):
            exec(line, found)
    return found
