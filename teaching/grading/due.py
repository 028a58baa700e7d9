"""Deadlines: a date for all, for an assignment, for a student. Being late is marked; what follows, a person says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from .roster import SUFFIX, parse
from .rows import Row

EXPECTED = "a date such as 2026-12-01 or 2026-12-01T18:00, alone or after a name: a=2026-12-01"


def read(texts: Sequence[str], assignment: str | None = None) -> dict[str, datetime]:
    """From `2026-12-01`, `a=2026-12-01T18:00`, `ada=2026-12-08` to moments; the name of a date for all is empty.

    A day without a time means its end, by this machine's clock. Where one assignment alone is graded, a date without a
    name is that one's, and says nothing of the others. Raises ``LookupError`` if one is no date.
    """
    found = {}
    for text in texts:
        name, _, date = text.rpartition("=")
        try:
            moment = datetime.fromisoformat(date.strip())
        except ValueError:
            raise LookupError(f"--due {text!r}: expected {EXPECTED}") from None
        if len(date.strip()) <= 10:
            moment += timedelta(days=1, seconds=-1)
        found[name.strip() or assignment or ""] = moment.astimezone()
    return found


def applies(due: dict[str, datetime], row: Row) -> datetime | None:
    """The date that holds for a row: its student's, folder's or file's; else its assignment's; else that for all."""
    for name in _names(row):
        if name and name in due:
            return due[name]
    fitting = [name for name in due if name and row.assignment.startswith(name)]
    return due[max(fitting, key=len)] if fitting else due.get("")


def _names(row: Row) -> list[str]:
    """What a date may be given for: the student, a folder, a file, and that without its ending."""
    return [row.student, *row.entries, *(SUFFIX.sub("", entry) for entry in row.entries)]


def unused(due: dict[str, datetime], rows: Sequence[Row]) -> list[str]:
    """The names of dates that hold for nobody: a slip of the pen, most likely."""
    meant = {name for row in rows for name in _names(row)}
    return [n for n in due if n and n not in meant and not any(row.assignment.startswith(n) for row in rows)]


def late(due: dict[str, datetime], row: Row) -> str:
    """By how much a row's file is late, in words; empty if it is not, or nothing says when it was handed in."""
    date = applies(due, row)
    over = row.modified - date.timestamp() if date is not None and row.modified else 0.0
    if over > 0:
        return f"{_in_words(over)} late"
    return "late, says Canvas" if any(parse(entry).late for entry in row.entries) else ""


def _in_words(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said[:2])
