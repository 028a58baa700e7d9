"""What a teacher types: points, overrides and comments, in a file that the grader reads and never writes over.

`manual.csv` has a row for each student. A number under a question's name is what the question gives, whatever the
grader found; `a extra` is added to assignment A's points, and `a comment` stands in the page that is given back. A
column for any other question may be added, and columns with notes of one's own. Rows of new students are put after
what is there.
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import tables
from .roster import Roster
from .rows import Row, Score
from .source import Assignment

LETTERS, DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"


@dataclass
class Typed:
    """What stands in a student's row."""

    points: dict[str, float] = field(default_factory=dict)  # by question, or by `a extra`
    comments: dict[str, str] = field(default_factory=dict)  # by assignment
    code: str = ""  # what stands for the student's name where it should not be seen


@dataclass
class Standing:
    """A row with what a teacher made of it."""

    row: Row  # as the grader left it
    points: dict[str, float]  # by question
    waiting: dict[str, float]  # by question; nothing waits where a number was typed
    by_hand: frozenset[str]  # the questions whose points were typed
    extra: float = 0.0  # points for the assignment as a whole
    comment: str = ""  # for the student
    code: str = ""  # what stands for the name
    late: str = ""  # by how much, in words; empty if not

    @property
    def total(self) -> float:
        """All points given so far."""
        return sum(self.points.values()) + self.extra

    def kind(self, score: Score) -> str:
        """How a question stands: ``wait``, ``full``, ``part`` or ``none``."""
        points = self.points[score.name]
        return (
            "wait" if self.waiting[score.name] else "full" if points >= score.of else "part" if points > 0 else "none"
        )

    @property
    def notes(self) -> list[str]:
        """All that a teacher should know of the row."""
        row = self.row
        why = [f"not graded: {row.not_graded}"] if row.not_graded else []
        taken = f"{row.seconds:.1f} s"
        return [note for note in (*why, self.late, row.choice, *row.others, *row.notes, self.comment, taken) if note]

    @property
    def to_read(self) -> float:
        """The points on which a person still has to decide."""
        return sum(self.waiting.values())


def short(assignment: str) -> str:
    """What an assignment is called in columns: ``a`` of ``a_gradient_ascent``."""
    return assignment.partition("_")[0]


def columns(assignments: Sequence[Assignment]) -> list[str]:
    """The header of a new file, with the questions that a person has to look at."""
    found = ["student", "name", "code"]
    for one in assignments:
        found += [question.name for question in one.questions if not question.test or question.picture]
        found += [f"{short(one.name)} extra", f"{short(one.name)} comment"]
    return found


def standing(row: Row, typed: Typed, late: str = "") -> Standing:
    """A row with what was typed about its student."""
    mine = {score.name: typed.points[score.name] for score in row.scores if score.name in typed.points}
    points = {score.name: mine.get(score.name, score.points) for score in row.scores}
    waiting = {score.name: 0.0 if score.name in mine else score.waiting for score in row.scores}
    name = short(row.assignment)
    extra, comment = typed.points.get(f"{name} extra", 0.0), typed.comments.get(name, "")
    return Standing(row, points, waiting, frozenset(mine), extra, comment, typed.code, late)


class Manual:
    """The file, read if it is there already; the roster knows who is meant by its first column.

    ``assignments`` are all there are.
    """

    def __init__(self, path: Path, roster: Roster, assignments: Sequence[Assignment]):
        self.path, self.roster, self.assignments, self.problems = path, roster, assignments, []
        self.by_student: dict[str, Typed] = {}
        self.header = columns(assignments)
        self.scores = {question.name: question.points for one in assignments for question in one.questions}
        self.shorts = [short(one.name) for one in assignments]
        self._data = path.read_bytes() if path.exists() else b""
        if self._data:
            self._read(tables.parse(self._data))

    def _read(self, table: tables.Table) -> None:
        if "student" not in table.header:
            raise LookupError(f"{self.path} has no column called student; it has {', '.join(table.header)}")
        self._look_at_columns(table)
        for record in table.records():
            said = [record[name].strip().lstrip("'") for name in ("student", "name") if record.get(name, "").strip()]
            if said:
                self._take(self.by_student.setdefault(self._whose(said), Typed()), record, said[0])
        self._give_codes()

    def _whose(self, said: Sequence[str]) -> str:
        """Whose row it is by its student, else by its name: a spreadsheet makes 713 of 00713."""
        keys = [self.roster.who(one) for one in said]
        return next(filter(self.roster.knows, keys), keys[0])

    def _give_codes(self) -> None:
        """Codes for rows without one, which the file keeps."""
        bare = [student for student, typed in self.by_student.items() if not typed.code]
        if bare:
            given = ", ".join(f"{student} {self._coded(student)}" for student in bare)
            self.problems.append(f"{self.path.name} has no code for some, whom the pages call by these: {given}")

    def _coded(self, student: str) -> str:
        """The code that a student has from now on."""
        typed = self.by_student.setdefault(student, Typed())
        typed.code = code(student, {one.code for one in self.by_student.values()})
        return typed.code

    def _look_at_columns(self, table: tables.Table) -> None:
        there = [name for name in table.header if any(record[name].strip() for record in table.records())]
        known = {*self.header, *self.scores}
        for name in there:
            first = re.split("[-_ ]", name.casefold())[0]
            if name not in known and first in self.shorts:
                nearest = difflib.get_close_matches(name.casefold(), known, 1, 0.0)[0]
                self.problems.append(f"{self.path.name}: no question is called {name!r}; did you mean {nearest!r}?")
        missing = [name for name in self.header if name not in table.header]
        if missing:
            self.problems.append(
                f"{self.path.name} has no column for {', '.join(missing)}: to use one, add it to the first line"
            )

    def _take(self, typed: Typed, record: dict[str, str], student: str) -> None:
        typed.code = typed.code or record.get("code", "").strip()
        for name, cell in record.items():
            cell = cell.strip()
            if not cell:
                continue
            if name.endswith(" comment"):
                key = name.removesuffix(" comment")
                before = typed.comments.get(key)
                typed.comments[key] = f"{before}\n\n{cell}" if before and before != cell else cell
            elif name in self.scores or name.removesuffix(" extra") in self.shorts:
                self._take_points(typed, name, cell, student)

    def _take_points(self, typed: Typed, name: str, cell: str, student: str) -> None:
        where = f"{self.path.name}, {student}, {name}"
        try:
            points = float(cell.lstrip("'").replace(",", "."))
        except ValueError:
            points = math.nan
        if not math.isfinite(points):
            self.problems.append(f"{where}: {cell!r} is no number; it does not count")
            return
        if name in self.scores and not 0 <= points <= self.scores[name]:
            self.problems.append(f"{where}: {cell} of {tables.number(self.scores[name])} points; it counts as typed")
        if typed.points.get(name, points) != points:
            self.problems.append(f"{where}: typed twice, {tables.number(typed.points[name])} and {cell}; {cell} counts")
        typed.points[name] = points

    def add(self, students: Iterable[str]) -> None:
        """Put rows for those who have none after what is there, and leave every byte of that as it is."""
        students = list(dict.fromkeys(students))
        while not self._added([student for student in students if student not in self.by_student]):
            self.__init__(self.path, self.roster, self.assignments)  # somebody has saved it meanwhile

    def _added(self, new: list[str]) -> bool:
        before = self._data
        if before and not new:
            return True
        table = tables.parse(before) if before else tables.Table(self.header, [])
        lines = [] if before else [table.header]
        for student in new:
            person = self.roster.person(student)
            cells = {"student": student, "name": person.name, "code": self._coded(student), "e-mail": person.email}
            lines.append([cells.get(name, "") for name in table.header])
        text = tables.written(lines, table.delimiter)
        if before and not tables.decode(before)[0].endswith("\n"):
            text = "\n" + text
        encoding = table.encoding.removesuffix("-sig")
        if encoding in ("utf-16", "utf-32"):  # of what is added, nothing marks the order of bytes
            encoding += "-le" if before.startswith(codecs.BOM_UTF16_LE) else "-be"
        if before != (self.path.read_bytes() if self.path.exists() else b""):
            return False
        try:
            self._data = (before or "\ufeff".encode()) + text.encode(encoding)
        except UnicodeEncodeError:
            raise LookupError(
                f"{self.path} was saved as {encoding}, which has no letters for {', '.join(new)}: save it as CSV UTF-8"
            ) from None
        tables.write(self.path, self._data)
        return True

    def of(self, student: str) -> Typed:
        """What was typed about a student."""
        return self.by_student.get(student, Typed())

    def unclaimed(self, students: Iterable[str]) -> list[str]:
        """Sentences about rows with something in them that belong to nobody who handed in or is in the roster."""
        known = set(students)
        lost = [s for s, typed in self.by_student.items() if s not in known and (typed.points or typed.comments)]
        return [
            f"{self.path.name}: what was typed for {student!r} counts for nobody, since nobody is called so"
            + (f"; did you mean {near[0]!r}?" if (near := difflib.get_close_matches(student, known, 1)) else "")
            for student in lost
        ]

    def unused(self, students: Iterable[str], rows: Iterable[Row]) -> list[str]:
        """Sentences about what was typed for students in assignments of which nothing of theirs is there."""
        there = {(row.student, short(row.assignment)) for row in rows}
        lines = []
        for student in students:
            typed = self.of(student)
            meant = {re.split("[- ]", name)[0] for name in (*typed.points, *typed.comments)} & {*self.shorts}
            lines += [
                f"{self.path.name}: what was typed for {student} in {one} counts for nothing, as nothing of theirs is "
                f"there; an empty file {student}.ipynb, graded with ASSIGNMENT={one}, makes a row."
                for one in sorted(meant)
                if (student, one) not in there
            ]
        return lines


def code(student: str, taken: Iterable[str] = ()) -> str:
    """Two letters and two digits that stand for a student, the same at every run, and never those of another."""
    for attempt in range(10_000):
        value = int.from_bytes(hashlib.sha256(f"{student}\0{attempt}".encode()).digest()[:8], "big")
        found = ""
        for marks in (LETTERS, LETTERS, DIGITS, DIGITS):
            value, place = divmod(value, len(marks))
            found += marks[place]
        if found not in taken:
            return found
    raise LookupError("more students than codes")
