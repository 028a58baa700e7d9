"""Tables of grades: a line for each submission, a line for each student, and what Canvas and Moodle import.

Canvas: a gradebook needs `Student, ID, SIS User ID, SIS Login ID, Section`, then a column for each assignment, and a
line `Points Possible`; a student is found by any of the three numbers. Moodle: grades are imported from CSV with the
columns of its own export; a student is found by e-mail address or ID number, and feedback has to come with the grade.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .ledger import canvas_number
from .manual import Standing, short
from .pages import Course
from .roster import Person, Roster
from .tables import number, written

Class = dict[str, dict[str, Standing]]  # by student and by assignment


def gather(standings: Sequence[Standing], roster: Roster) -> Class:
    """Standings by student and assignment; everybody in the roster is there, in its order, and whoever else after."""
    found: Class = {person.key: {} for person in roster.people}
    for one in standings:
        found.setdefault(one.row.student, {})[one.row.assignment] = one
    return found


def submissions(standings: Sequence[Standing], course: Course, roster: Roster) -> str:
    """A line for each submission, a column for each question; empty where a person has to read first."""
    questions = [question.name for assignment in course.assignments for question in assignment.questions]
    head = ["student", "name", "code", "assignment", "file", "points", "of", "points to read", "late", *questions]
    head += ["target", "judge", "judge's rank", "judge's probability", "recipe", "comment", "messages", "notes"]
    return written([head, *(_submission(one, questions, roster) for one in standings)])


def _submission(one: Standing, questions: Sequence[str], roster: Roster) -> list[object]:
    row = one.row
    cells = [row.student, roster.person(row.student).name, one.code, row.assignment, row.file]
    cells += [number(one.total), number(row.of), number(one.to_read), one.late]
    cells += ["" if name not in one.points or one.waiting[name] else number(one.points[name]) for name in questions]
    drawn = next((score.picture for score in row.scores if score.picture), None) or {}
    cells += [drawn.get(name, "") for name in ("caption", "opinion", "rank")]
    cells += [f"{drawn['probability']:.4f}" if drawn else "", drawn.get("recipe", ""), one.comment]
    messages = [f"{score.name}: {score.message}" for score in row.scores if score.message and not score.written]
    return [*cells, _line(messages), _line(one.notes)]


def _line(texts: Sequence[str]) -> str:
    return "; ".join(" ".join(text.split()) for text in texts)


def students(found: Class, course: Course, roster: Roster) -> str:
    """A line for each student over all assignments that anybody has handed in."""
    names = handed_in(found, course)
    most = {one.name: one.points for one in course.assignments}
    shorts = [short(name) for name in names]
    head = ["student", "name", "e-mail", *shorts, "points", "of", "to read", "missing", "late"]
    lines = []
    for student, mine in found.items():
        person = roster.person(student)
        there = [mine.get(name) for name in names]
        late = [f"{short(one.row.assignment)}: {one.late}" for one in there if one and one.late]
        missing = [short(name) for name, one in zip(names, there, strict=True) if one is None]
        missing += [f"{short(name)} (not graded)" for name, one in zip(names, there, strict=True) if _ungraded(one)]
        lines.append(
            [student, person.name, person.email, *(number(one.total) if one else "" for one in there)]
            + [number(sum(one.total for one in there if one)), number(sum(most[name] for name in names))]
            + [number(sum(one.to_read for one in there if one)), ", ".join(missing), _line(late)]
        )
    return written([head, *lines])


def handed_in(found: Class, course: Course) -> list[str]:
    """The assignments of which anybody has handed in something."""
    return [name for name in course.titles if any(name in mine for mine in found.values())]


def _ungraded(one: Standing | None) -> bool:
    return one is not None and bool(one.row.not_graded) and not (one.by_hand or one.extra)


def canvas(found: Class, course: Course, roster: Roster) -> str:
    """What Canvas's gradebook imports; nothing stands where nothing was handed in or graded."""
    names = handed_in(found, course)
    most = {one.name: number(one.points) for one in course.assignments}
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    lines = [["    Points Possible", "", "", "", "", *(most[name] for name in names)]]
    for student, mine in found.items():
        person = roster.person(student)
        cells = person.cells
        theirs = cells.get("ID", "") if "SIS User ID" in cells else canvas_number([one.row for one in mine.values()])
        login = cells.get("SIS Login ID", "") or person.email
        known = [person.name or student, theirs, person.id, login, cells.get("Section", "")]
        lines.append([*known, *(_points(mine.get(name)) for name in names)])
    return written([[*head, *(_canvas_column(course.titles[name], roster.header) for name in names)], *lines])


def _canvas_column(title: str, header: Sequence[str]) -> str:
    """The column of Canvas's own export that has this title and Canvas's number of it, or the title."""
    same = [name for name in header if re.sub(r"\s*\(\d+\)$", "", name).casefold() == title.casefold()]
    return same[0] if same else title


def _points(one: Standing | None) -> str:
    return "" if one is None or _ungraded(one) else number(one.total)


def moodle(found: Class, course: Course, roster: Roster) -> str:
    """What Moodle's gradebook imports from CSV: map e-mail address or ID number, then each grade with its feedback."""
    names = handed_in(found, course)
    head = ["First name", "Last name", "ID number", "Email address"]
    head += [f"{course.titles[name]} ({what})" for name in names for what in ("Real", "Feedback")]
    lines = []
    for student, mine in found.items():
        person = roster.person(student)
        grades = [cell for one in map(mine.get, names) for cell in (_points(one), one.comment if one else "")]
        lines.append([*_first_and_last(person), person.id, person.email, *grades])
    return written([head, *lines])


def _first_and_last(person: Person) -> tuple[str, str]:
    last, comma, first = person.name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = person.name.rpartition(" ")
    return (first, last) if first else (last, "")


def missing(found: Class, course: Course, roster: Roster) -> list[str]:
    """A sentence for each assignment on who of the roster has handed in nothing."""
    said = []
    for name in handed_in(found, course):
        absent = [person.name or person.key for person in roster.people if name not in found[person.key]]
        if absent:
            said.append(f"Missing in {short(name)}: {', '.join(absent)}.")
    return said
