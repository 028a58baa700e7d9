"""What has been graded so far, row by row: a run over one student or one assignment leaves the others as they are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import tables
from .roster import Roster, parse
from .rows import Row


@dataclass(frozen=True)
class Kept:
    """A row in its file.

    Attributes:
        row: what grading gave.
        mark: of all that it came from: the submission, the assignment, tests and limits. An empty one fits nothing.
        graded: when, in seconds since 1970.
        path: the file.
    """

    row: Row
    mark: str
    graded: float
    path: Path


class Ledger:
    """A folder with a file for each student and assignment; the newest run's row is the one that counts.

    Args:
        folder: where; made if it is not there.
        roster: who is meant by the names that rows were found under.
    """

    def __init__(self, folder: Path, roster: Roster):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, {}
        kept = sorted(self._load(), key=lambda one: one.graded)
        for one in kept:
            one.row.student = roster.who(one.row.entries[0] if one.row.entries else one.row.student)
            self.rows[one.row.student, one.row.assignment] = one

    def _load(self) -> Iterator[Kept]:
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                data = json.loads(path.read_text(encoding="utf-8"))
                yield Kept(Row.from_data(data["row"]), data["mark"], data["graded"], path)

    def known(self, student: str, assignment: str, mark: str) -> bool:
        """Whether the row of this student and assignment came from just this."""
        kept = self.rows.get((student, assignment))
        return kept is not None and kept.mark == mark

    def keep(self, row: Row, mark: str) -> Kept | None:
        """Store a row; return the one that was there before, if there was one.

        A row that was not graded through no fault of its own (an empty mark) does not push out one that was.
        """
        before = self.rows.get((row.student, row.assignment))
        if before is not None and not mark and before.mark:
            return before
        name = re.sub(r"[^\w.@-]+", "-", row.student)[:60]
        digest = hashlib.sha256(f"{row.student}\0{row.assignment}".encode()).hexdigest()[:8]
        path = self.folder / f"{name}.{row.assignment or 'nothing'}.{digest}.json"
        kept = Kept(row, mark, time.time(), path)
        data = {"mark": mark, "graded": kept.graded, "row": row.as_data()}
        tables.write(path, json.dumps(data, indent=1))
        if before is not None and before.path != path:
            before.path.unlink(missing_ok=True)
        self.rows[row.student, row.assignment] = kept
        return before


def number_of(row: Row) -> str:
    """The number that Canvas gives to a row's student, if that is where its files came from."""
    said = [parse(entry) for entry in row.entries]
    return next((one.number for one in said if one.system == "Canvas"), "")
