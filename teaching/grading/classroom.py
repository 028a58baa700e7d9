"""A class from end to end: the folder is graded, and all that a teacher works with is written."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path

from . import due, exports, files, pages, source, tables
from .ledger import Ledger
from .manual import Manual, Standing, standing
from .roster import Roster
from .rows import Row
from .run import grade_folder, name_equal_recipes
from .session import OUT_OF_TIME, Settings

NEXT = "Type points and comments into {manual}, and run the same command again."


def run(chosen: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Grade a folder, put its rows to those that are kept, and write every table and page anew.

    Returns the rows of this run, and what it has to say, in sentences. ``LookupError`` and ``NotADirectoryError`` have
    messages for people.
    """
    started = time.monotonic()
    every = source.every(chosen.sources)
    wanted = source.every(chosen.sources, chosen.assignment)
    dates = due.read(chosen.due, chosen.assignment)
    roster, said = find_roster(chosen, [one.name for one in every])
    if chosen.submissions.is_dir():
        roster.see(files.printable(path.name) for path in chosen.submissions.iterdir())
    chosen.out.mkdir(parents=True, exist_ok=True)
    Manual(chosen.out / "manual.csv", roster, every)  # what is wrong with it is said before hours are spent
    settings = limits(chosen)
    rows, exposed = grade_folder(
        chosen.submissions, wanted, chosen.out, chosen.overlay, settings, chosen.jobs, chosen.fresh, roster.who, every
    )
    ledger = Ledger(chosen.out / ".results" / "rows", roster)
    ledger.keep(rows)
    for row in ledger.rows:  # what this run said of equal recipes is said of the whole class
        row.notes = [note for note in row.notes if not note.startswith("the same recipe as")]
    name_equal_recipes(ledger.rows)
    course = pages.Course(every, chosen.out / ".results" / "pictures")
    isolation = in_force(sorted({layer for row in ledger.rows for layer in row.layers}), exposed)
    lines = [said, *isolation, *ledger.said, *write(ledger.rows, course, roster, dates, chosen.out, isolation)]
    seconds = time.monotonic() - started
    lines.append(f"{len(rows)} submissions in {in_words(seconds)}, {len(ledger.rows)} rows in all: {chosen.out}/")
    return rows, [line for line in lines if line]


def limits(chosen: argparse.Namespace) -> Settings:
    """What one notebook may use. More time for all of it is more for each cell, question and picture, too."""
    usual = Settings()
    more = max(1.0, (chosen.timeout or usual.timeout) / usual.timeout)
    return Settings(
        timeout=chosen.timeout or usual.timeout,
        cell_limit=chosen.cell_timeout or usual.cell_limit * more,
        memory=chosen.memory or usual.memory,
        picture_limit=usual.picture_limit * more,
        patience=usual.patience * more,
    )


def find_roster(chosen: argparse.Namespace, stems: Sequence[str]) -> tuple[Roster, str]:
    """The roster that was named, or roster.csv among the results, beside the submissions, or here."""
    if chosen.roster is not None and not chosen.roster.is_file():
        raise LookupError(f"no roster {chosen.roster}: expected a CSV file with the columns id, name and e-mail")
    places = (chosen.out, chosen.submissions.resolve().parent, Path())
    path = chosen.roster or next((p / "roster.csv" for p in places if (p / "roster.csv").is_file()), None)
    if path is None:
        return Roster(stems=stems), "No roster.csv: names are those of folders and files, and nobody is missed."
    roster = Roster.read(path, stems)
    return roster, f"{path}: {len(roster.people)} people."


def write(
    rows: list[Row], course: pages.Course, roster: Roster, dates: dict, out: Path, isolation: list[str]
) -> list[str]:
    """Write every table and page; return what a teacher should know."""
    students = list(dict.fromkeys([*(person.key for person in roster.people), *(row.student for row in rows)]))
    manual = Manual(out / "manual.csv", roster, course.assignments)
    manual.add(students)
    standings = [standing(row, manual.of(row.student), due.late(dates, row)) for row in rows]
    found = exports.gather(standings, roster)
    texts = {
        "grades.csv": exports.submissions(standings, course, roster),
        "students.csv": exports.students(found, course, roster),
        "canvas.csv": exports.canvas(found, course, roster),
        "moodle.csv": exports.moodle(found, course, roster),
    }
    lines = [f"{row.file or row.student}: not graded: {row.not_graded}." for row in rows if row.not_graded]
    lines += [*out_of_time(rows), *unknown(rows, roster), *exports.missing(found, course, roster)]
    lines += [*manual.problems, *manual.unclaimed(students), *manual.unused(students, rows)]
    lines += [f"--due {name}=…: there is no student, file or assignment {name!r}." for name in due.unused(dates, rows)]
    for name, text in texts.items():
        tables.write(out / name, text, tables.BOM)
    tables.write(out / "grades.html", pages.grades(standings, course, roster, [*isolation, *lines]))
    tables.write(out / "words.html", pages.written_answers(standings, course))
    tables.write(out / "pictures.html", pages.contact_sheet(standings, course))
    give_back(found, course, roster, out / "give_back")
    return [*lines, waiting(standings, out)]


def give_back(found: exports.Class, course: pages.Course, roster: Roster, folder: Path) -> None:
    """A page for each student who handed in anything, under their name, and none that is not up to date."""
    folder.mkdir(exist_ok=True)
    written: set[str] = set()
    for student, mine in found.items():
        if mine:
            person = roster.person(student)
            called = " ".join(dict.fromkeys([person.name, student]))
            name = re.sub(r"[^\w.@-]+", "-", called).strip("-.") or "student"
            if name.casefold() in written:
                name = f"{name}-{next(iter(mine.values())).code}"
            written.add(name.casefold())
            page = pages.given_back(person, list(mine.values()), course)
            tables.write(folder / f"{name}.html", page)
    for path in folder.glob("*.html"):
        if path.stem.casefold() not in written:
            path.unlink()


def out_of_time(rows: Sequence[Row]) -> list[str]:
    """Sentences about whose questions were not all answered in time: by code that never ends, or on a slow machine."""
    late = {
        (row.student, row.assignment): sum(any(mark in score.message for mark in OUT_OF_TIME) for score in row.scores)
        for row in rows
    }
    return [
        f"{student}, {assignment}: time ran out, {count} questions got no points for that. If this machine is slow or "
        "busy and the code is not to blame, --timeout 600 grades again with more."
        for (student, assignment), count in late.items()
        if count
    ]


def unknown(rows: Sequence[Row], roster: Roster) -> list[str]:
    """Sentences about those who handed in and are not in the roster."""
    strangers = dict.fromkeys(row.student for row in rows if not roster.knows(row.student))
    return [
        f"{student} is not in the roster" + (f"; nearest: {near}." if (near := roster.nearest(student)) else ".")
        for student in strangers
    ]


def waiting(standings: Sequence[Standing], out: Path) -> str:
    """How much a person still has to look at."""
    words = sum(bool(one.waiting[score.name]) for one in standings for score in one.row.scores if score.written)
    pictures = sum(bool(one.waiting[score.name]) for one in standings for score in one.row.scores if score.picture)
    if not words + pictures:
        return ""
    return (
        f"To read: {words} answers (words.html), {pictures} pictures (pictures.html); totals are without what they may "
        f"still give. {NEXT.format(manual=out / 'manual.csv')}"
    )


def in_words(seconds: float) -> str:
    """A time that somebody waited."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def in_force(layers: Sequence[str], exposed: Sequence[str]) -> list[str]:
    """What stood between the students' code and this machine, in words."""
    lines = [f"Students' code ran behind: {', '.join(layers) or 'nothing, as no notebook was run'}."]
    if layers and not any(layer.startswith("Landlock") for layer in layers):
        lines.append(
            "There is no Landlock here, so only Python's own audit hook kept files from being read, and somebody who "
            "means it gets around that: grade in a container or a virtual machine."
        )
    if exposed:
        lines.append(f"The repository lies in {exposed[0]}, which Python needs: students' code could read it.")
    return lines
