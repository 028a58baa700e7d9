"""What has been graded so far, row by row: a run over one student or one assignment leaves the others as they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from . import tables
from .roster import Roster, parse
from .rows import Row


@dataclass(frozen=True)
class Kept:
    """A row in its file, and when it was graded, in seconds since 1970."""

    row: Row
    graded: float
    path: Path


class Ledger:
    """A folder, made if need be, with a file for each student and assignment; of two, the newest counts.

    The roster knows who is meant by the names that rows were found under.
    """

    def __init__(self, folder: Path, roster: Roster):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.roster, self.said = folder, roster, []
        kept = sorted(self._load(), key=lambda one: one.graded)
        for one in kept:
            one.row.student = self._called(one.row)
        self.kept = {(one.row.student, one.row.assignment): one for one in kept}

    def _called(self, row: Row) -> str:
        """What the student of a kept row is called now; whom a number told apart stays apart, seen again or not."""
        now = self.roster.who(row.entries[0]) if row.entries else row.student
        known = any(person.key == now for person in self.roster.people)
        return row.student if row.student in _apart(now, row) and not known else now

    def _load(self) -> Iterator[Kept]:
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                data = json.loads(path.read_text(encoding="utf-8"))
                yield Kept(Row.from_data(data["row"]), data["graded"], path)

    @property
    def rows(self) -> list[Row]:
        """All rows: in the roster's order, then by name."""
        order = {person.key: place for place, person in enumerate(self.roster.people)}
        rows = [one.row for one in self.kept.values()]
        return sorted(rows, key=lambda row: (order.get(row.student, len(order)), row.student, row.assignment))

    def keep(self, rows: list[Row]) -> None:
        """Store what a run gave; ``said`` tells what became of rows that were there before."""
        for student in {row.student for row in rows}:  # what could not be told of a file is told anew
            if (student, "") in self.kept:
                self.kept.pop((student, "")).path.unlink(missing_ok=True)
        for row in rows:
            self._keep(row)

    def _keep(self, row: Row) -> None:
        kept_apart = [name for name in _apart(row.student, row) if (name, row.assignment) in self.kept]
        before = self.kept.get((row.student, row.assignment))
        if kept_apart:
            row = replace(row, student=kept_apart[0])
        elif before is not None and (system := self._somebody_else(before.row, row)):
            number = min(_numbers(row, system))
            self.said.append(f"Two people are called {row.student}: {system}'s number {number} tells the second apart.")
            row = replace(row, student=f"{row.student} {number}")
        before = self.kept.get((row.student, row.assignment))
        if before is not None and row.not_graded and not before.row.not_graded:
            self.said.append(f"{_where(row)}: {row.not_graded}; what was graded before stands.")
            return
        if before is not None and replace(before.row, seconds=row.seconds) == row:
            return
        if before is not None and before.row.points != row.points:
            was, now = tables.number(before.row.points), tables.number(row.points)
            self.said.append(f"{_where(row)}: {was} points before, now {now}.")
        name = re.sub(r"[^\w.@-]+", "-", row.student)[:60]
        digest = hashlib.sha256(f"{row.student}\0{row.assignment}".encode()).hexdigest()[:8]
        kept = Kept(row, time.time(), self.folder / f"{name}.{row.assignment or 'unknown'}.{digest}.json")
        tables.write(kept.path, json.dumps({"graded": kept.graded, "row": asdict(row)}, indent=1))
        if before is not None and before.path != kept.path:
            before.path.unlink(missing_ok=True)
        self.kept[row.student, row.assignment] = kept

    def _somebody_else(self, before: Row, row: Row) -> str:
        """The system that has two numbers for one name and assignment, if the roster does not know the name."""
        if any(person.key == row.student for person in self.roster.people):
            return ""
        numbers = {system: (_numbers(before, system), _numbers(row, system)) for system in ("Moodle", "Canvas")}
        return next((name for name, (one, two) in numbers.items() if one and two and not one & two), "")


def _where(row: Row) -> str:
    return f"{row.student}, {row.assignment}" if row.assignment else row.student


def _apart(name: str, row: Row) -> list[str]:
    """A name with each of the numbers that a system has for a row's files: what namesakes are called."""
    return [f"{name} {number}" for system in ("Moodle", "Canvas") for number in sorted(_numbers(row, system))]


def _numbers(row: Row, system: str) -> set[str]:
    return {one.number for one in map(parse, row.entries) if one.system == system}


def canvas_number(rows: list[Row]) -> str:
    """Canvas's number of a student, if files came from there."""
    return next((number for row in rows for number in _numbers(row, "Canvas")), "")
