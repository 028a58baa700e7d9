"""Who is who: the class list, and names out of what Canvas and Moodle call a student's folder or file.

    roster = Roster.read(Path("roster.csv"))          # columns id, name, e-mail: Canvas and Moodle export such
    roster.who("lovelaceada_10234_5678_a.ipynb")      # the student's id in the roster
    Roster().who("lovelaceada_10234_5678_a.ipynb")    # without one, "lovelaceada"

``submission.collect(folder, assignments, roster.who)`` groups the entries of a folder by what ``who`` says of their
names, so that a student's files belong together whatever system they came from.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

from . import tables
from .files import ENDINGS

CANVAS = re.compile(r"(?P<name>[^\W_]+)(?P<late>_LATE)?_(?P<number>\d{2,})_(?:\d{2,}_.+|(?:text|link)\.html)")
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL)
SUFFIX = re.compile(f"({'|'.join(map(re.escape, ENDINGS))})+$", re.IGNORECASE)
COPY = re.compile(r"[ _-]*(\(\d+\)|copy\d*|checkpoint)$", re.IGNORECASE)
VERSION = re.compile(r"([-_. ]+(\(?\d+\)?|v\d+|copy\d*|kopie|final|new|fixed|corrected|done)|\(\d+\))+$", re.IGNORECASE)
NOBODY = ("points possible", "student, test", "test student")  # rows of Canvas's gradebook that are no person's
SYSTEMS = ("canvas", "moodle", "participant", "identifier")  # how a column begins that has a system's numbers
COLUMNS = {  # what a column may be called; the first of these that is there is taken
    "id": ("id number", "sis user id", "student id", "matriculation number", "student", "id", "number", "username"),
    "name": ("name", "full name", "student name", "student"),
    "first": ("first name", "given name"),
    "last": ("last name", "surname", "family name"),
    "email": ("e-mail", "email", "email address", "e-mail address", "mail", "sis login id"),
}


def words(text: str) -> tuple[str, ...]:
    """A name's words without accents, punctuation and capitals."""
    letters = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return tuple(re.findall(r"[^\W_]+", letters.casefold()))


@dataclass(frozen=True)
class Person:
    """Somebody who takes the course, by their row in the roster."""

    id: str  # empty where the roster does not say, like the next two
    name: str
    email: str = ""
    cells: dict[str, str] = field(default_factory=dict, compare=False)  # the whole row by its columns' names

    @property
    def key(self) -> str:
        """What they are called in tables."""
        return self.id or self.email or self.name


@dataclass(frozen=True)
class Entry:
    """What the name of a folder or a file says."""

    name: str  # of the student
    number: str = ""  # Canvas's number of the student, or Moodle's of the submission; empty if there is none
    system: str = ""  # `Canvas`, `Moodle` or nothing
    late: bool = False  # whether the system says so


def parse(entry: str, stems: Iterable[str] = ()) -> Entry:
    """Read the name of a folder or file; ``stems`` are the assignments' names, which are no part of a student's."""
    if found := MOODLE.fullmatch(entry):
        return Entry(found["name"].strip(), found["number"], "Moodle")
    if found := CANVAS.fullmatch(entry):
        return Entry(found["name"], found["number"], "Canvas", bool(found["late"]))
    titles = [re.compile(rf"(^|[ _-]+){re.escape(name)}([ _-]+|$)", re.IGNORECASE) for name in stems]
    stem, before = entry, ""
    while stem != before:  # "a.ipynb (1).zip": what is left has none of these, and would be read as itself
        before = stem
        for part in (SUFFIX, COPY):
            stem = part.sub("", stem) or stem
        for title in titles:
            stem = title.sub(lambda found: "_" if found[1] and found[2] else "", stem) or stem
    return Entry(stem)


class Roster:
    """The people of a course, empty where there is no list; ``stems`` are the assignments' names."""

    def __init__(self, people: Iterable[Person] = (), stems: Iterable[str] = (), header: Iterable[str] = ()):
        self.people, self.stems, self.header = list(people), tuple(stems), list(header)
        self._numbers: dict[tuple[str, str], set[str]] = {}

    @classmethod
    def read(cls, path: Path, stems: Iterable[str] = ()) -> Roster:
        """Read a list with columns for id, name and e-mail.

        Raises ``LookupError`` if it has no such column, or two people have one id; the message says which.
        """
        table = tables.parse(path.read_bytes())
        named = {name.casefold(): name for name in reversed(table.header)}
        column = {what: next((named[n] for n in names if n in named), None) for what, names in COLUMNS.items()}
        if column["id"] == column["name"]:  # Canvas's column Student is a name
            column["id"] = named.get("id")
        if not (column["id"] or column["name"] or column["last"]):
            raise LookupError(f"{path}: expected the columns id, name and e-mail, found {', '.join(table.header)}")
        people = []
        for cells in table.records():
            said = {what: cells.get(name, "").strip().lstrip("'") for what, name in column.items() if name}
            name = said.get("name") or " ".join(filter(None, (said.get("first"), said.get("last"))))
            email = said.get("email", "")
            person = Person(said.get("id") or cells.get("ID", ""), name, email if "@" in email else "", cells)
            if person.key and not name.strip().casefold().startswith(NOBODY):
                people.append(person)
        keys = [person.key for person in people]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise LookupError(f"{path}: {twice[0]!r} stands there {keys.count(twice[0])} times; an id is one person's")
        return cls(people, stems, table.header)

    def see(self, entries: Iterable[str]) -> None:
        """Take note of a folder's names: two numbers with one name are two people, unless the roster knows better."""
        for entry in entries:
            said = parse(entry, self.stems)
            if said.number:
                self._numbers.setdefault((said.system, said.name), set()).add(said.number)

    def who(self, entry: str) -> str:
        """What the student is called to whom a folder or file of this name belongs."""
        if any(person.key == entry for person in self.people):
            return entry
        said = parse(entry, self.stems)
        person = self.find(said.name, said.number) or self.find(VERSION.sub("", said.name), said.number)
        if person is not None:
            return person.key
        several = len(self._numbers.get((said.system, said.name), ())) > 1 or said.name == "Participant"
        return f"{said.name} {said.number}" if several and said.number else said.name

    def find(self, name: str, number: str = "") -> Person | None:
        """The one person whom a name, an id or an e-mail address means; a system's number tells namesakes apart."""
        named = self._named(name)
        found = named if len(named) == 1 else [one for one in named or self.people if _has_number(one, number)]
        return found[0] if len(found) == 1 else None

    def _named(self, name: str) -> list[Person]:
        """Those whom a name, an id or an e-mail address fits best."""
        said = words(name)
        together = "".join(said)
        for means in (
            lambda one: name != "" and name in (one.id, one.email, one.key) or words(one.id) == said != (),
            lambda one: () != said in (words(one.email), words(one.email.partition("@")[0])),
            lambda one: sorted(words(one.name)) == sorted(said) != [] or together in _run_together(one.name),
            lambda one: len(one.id) > 2 and "".join(words(one.id)) in said,
            lambda one: min(len(said), len(words(one.name))) > 1 and _one_in_the_other(said, words(one.name)),
        ):
            if found := [person for person in self.people if means(person)]:
                return found
        return []

    def person(self, student: str) -> Person:
        """Who is called so; where the roster does not know them, somebody of that name alone."""
        return next((one for one in self.people if one.key == student), None) or Person("", student)

    def knows(self, student: str) -> bool:
        """Whether somebody is called so, or there is no roster to ask."""
        return not self.people or any(one.key == student for one in self.people)

    def nearest(self, student: str) -> str:
        """The name in the roster that is most like one, or nothing."""
        names = {name: one.name or one.key for one in self.people for name in (one.key, one.name) if name}
        close = difflib.get_close_matches(student, names, 1, 0.5)
        return names[close[0]] if close else ""


def _has_number(person: Person, number: str) -> bool:
    """Whether a system's number stands in a column for it; in any other it may be an id or a score by chance."""
    columns = [name for name in person.cells if name.casefold().startswith(SYSTEMS)]
    columns += ["ID"] if "SIS Login ID" in person.cells else []
    return number != "" and any(person.cells[name].split()[-1:] == [number] for name in columns if name in person.cells)


def _run_together(name: str) -> set[str]:
    """How Canvas may write a name: its words in any order, without spaces."""
    parts = words(name)
    return {"".join(order) for order in permutations(parts)} if 0 < len(parts) < 7 else {"".join(parts)} - {""}


def _one_in_the_other(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    return set(first) <= set(second) or set(second) <= set(first)
