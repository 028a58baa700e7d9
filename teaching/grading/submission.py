"""What a student handed in: the right file of several, and its cells, each where it belongs."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from teaching.release import WRITTEN

from .files import Cell, Handed, Unreadable, cells_of, entries, handed_in, printable
from .roster import VERSION, Roster
from .rows import Row
from .source import Assignment, Slot

LONGEST = 200_000  # characters of one cell
TARGETS = r"^(?:\([ \t]*)?(\w+(?:[ \t]*,[ \t]*\w+)*)(?:[ \t]*,)?[ \t]*(?:\)[ \t]*)?(?::[^=\n]+)?=(?!=)"
ALIKE = 0.75  # of a cell without a name, to be taken for one of ours that was edited


@dataclass(frozen=True)
class Step:
    """What is done with one cell, in a notebook's order."""

    # `given` and `shown` are ours, `answer` and `added` the student's; `check` is where the question of this name
    # is asked
    kind: str
    name: str  # of the cell or the question
    source: str = ""  # what is run
    ours: str = ""  # what the cell said before it was changed; of that, nothing is run


@dataclass
class Submission(Row):
    """A student's work for one assignment, or the reason why there is none to be graded: a row without its scores."""

    steps: list[Step] = field(default_factory=list)  # what is run and asked, in order
    words: dict[str, str] = field(default_factory=dict)  # by question, the answers in words
    digest: str = ""  # of the file

    def row(self) -> Row:
        """What is told of it, for the scores to be put in."""
        told = asdict(self)
        return Row(**{one.name: told[one.name] for one in fields(Row)})


# --- cells to their places ---


def squeezed(text: str) -> str:
    """A text without white space, to be compared."""
    return "".join(text.split())


def same(cell: Cell, slot: Slot) -> bool:
    """Whether a cell says what ours says."""
    return squeezed(cell.text) in (squeezed(slot.released), squeezed(slot.source))


def placed(cells: Sequence[Cell], assignment: Assignment) -> list[tuple[Cell, Slot | None]]:
    """Each cell with the one of the assignment that it is: by its marks, else by its text."""
    by_mark = {mark: slot for slot in assignment.slots for mark in (slot.id, slot.name)}
    order = {slot.name: place for place, slot in enumerate(assignment.slots)}
    by_text: dict[str, list[Slot]] = {}
    for slot in assignment.slots:
        if slot.kind != "words":
            for text in {squeezed(slot.released), squeezed(slot.source)}:
                by_text.setdefault(text, []).append(slot)
    found: list[tuple[Cell, Slot | None]] = []
    at = -1
    for cell in cells:
        slot = next((by_mark[mark] for mark in cell.marks if mark in by_mark), None)
        if slot is None:
            alike = by_text.get(squeezed(cell.text), [])
            slot = next((one for one in alike if order[one.name] > at), alike[0] if alike else None)
        at = at if slot is None else order[slot.name]
        found.append((cell, slot))
    there = {slot.name for _, slot in found if slot is not None}
    free = [slot for slot in assignment.slots if slot.name not in there and slot.kind != "words"]
    return [(cell, slot or _like(cell, free, assignment)) for cell, slot in found]


def _like(cell: Cell, free: Iterable[Slot], assignment: Assignment) -> Slot | None:
    """The cell of ours that this one was before it was edited, if it has lost its name but not its text."""
    if cell.kind == "markdown":
        return next((s for s in free if s.kind == "text" and cell.text.strip().startswith(s.released.strip())), None)
    if defines(cell.text, assignment.answers):
        return None
    best, share = None, ALIKE
    for slot in free:
        lengths = len(slot.released), len(cell.text)
        if slot.kind in ("setup", "given", "shown", "test") and 2 * min(lengths) > share * sum(lengths):
            ratio = difflib.SequenceMatcher(None, slot.released, cell.text, autojunk=False).quick_ratio()
            if ratio > share:
                best, share = slot, ratio
    return best


def defines(text: str, names: Iterable[str]) -> set[str]:
    """Which of these names a cell seems to define at top level; its text need not be Python."""
    found = set(re.findall(r"^(?:async )?(?:def|class)\s+(\w+)", text, re.MULTILINE))
    for targets in re.findall(TARGETS, text, re.MULTILINE):
        found |= set(re.findall(r"\w+", targets))
    return found & set(names)


def answered(cell: Cell, slot: Slot | None, assignment: Assignment) -> set[str]:
    """The names of the cells to which a student's cell is an answer, as far as its text shows."""
    if cell.kind == "markdown":
        return set()
    names = {assignment.answers[name] for name in defines(cell.text, assignment.answers)}
    names |= {slot.name} if slot is not None and slot.kind == "answer" else set()
    stubs = {squeezed(one.released) for one in assignment.slots if one.kind == "answer"}
    return set() if squeezed(cell.text) in stubs else names


def words_of(found: Sequence[tuple[Cell, Slot | None]], assignment: Assignment) -> dict[str, str]:
    """The answers in words: in their cells, and in cells added beside them."""
    slots = assignment.slots
    after = {slots[i].name: slots[i + 1] for i in range(len(slots) - 1)}
    said: dict[str, list[str]] = {slot.name: [] for slot in slots if slot.kind == "words"}
    at: Slot | None = None
    for cell, slot in found:
        text = cell.text
        if slot is not None and slot.kind == "text":  # somebody may write below the question
            text = text.strip().removeprefix(slot.released.strip())
            text = "" if text == cell.text.strip() else text
        at = slot or at
        place = at if at is None or at.kind == "words" else after.get(at.name)
        if place is None or place.name not in said or slot is None and cell.kind != "markdown":
            continue
        text = text.replace(WRITTEN, "").strip()
        if text and text not in said[place.name]:
            said[place.name].append(text)
    return {name: "\n\n".join(parts) for name, parts in said.items()}


def shown_as_answers(found: Sequence[tuple[Cell, Slot | None]], assignment: Assignment) -> dict[str, str]:
    """By the cells that students write: what stands in them, and in the cells of code added below."""
    said: dict[str, list[str]] = {}
    at = ""
    for cell, slot in found:
        if slot is not None:
            at = slot.name if slot.kind == "answer" else at
        elif names := answered(cell, slot, assignment):
            at = min(names)
        if cell.kind == "code" and at and (slot is None or slot.kind == "answer") and cell.text.strip():
            said.setdefault(at, []).append(cell.text[:LONGEST])
    return {name: "\n\n".join(parts) for name, parts in said.items()}


def steps_of(found: Sequence[tuple[Cell, Slot | None]], assignment: Assignment) -> list[Step]:
    """What is run and asked: ours first, each student's cell in its place, a question where its check stands."""
    order = {slot.name: place for place, slot in enumerate(assignment.slots)}
    edited = {slot.name for cell, slot in found if slot is not None and not same(cell, slot) and cell.text.strip()}
    steps: list[Step] = []
    at = 0

    def ours(until: int) -> None:
        """Our own cells up to a place."""
        nonlocal at
        for slot in assignment.slots[at : max(at, until)]:
            if slot.kind == "given" or slot.kind == "shown" and slot.name not in edited:
                steps.append(Step(slot.kind, slot.name, slot.source))
        at = max(at, until)

    for number, (cell, slot) in enumerate(found, start=1):
        if slot is not None:
            ours(order[slot.name] + 1)
        if cell.kind != "code" or not cell.text.strip():
            continue
        if slot is None or slot.kind in ("answer", "words", "text"):
            name = slot.name if slot is not None else f"cell {number}"
            steps.append(Step("answer" if answered(cell, slot, assignment) else "added", name, cell.text[:LONGEST]))
        elif slot.name in edited and slot.kind == "shown" and not defines(cell.text, assignment.answers):
            steps.append(Step("shown", slot.name, cell.text[:LONGEST]))
        elif not same(cell, slot):
            steps.append(Step("added", slot.name, cell.text[:LONGEST], slot.released))
        if slot is not None and slot.kind == "test":
            steps.append(Step("check", slot.name))
    ours(len(assignment.slots))
    return list(_named_apart(steps))


def _named_apart(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, the second of one name called so."""
    count: Counter[str] = Counter()
    for step in steps:
        count[step.name] += step.kind != "check"
        again = step.kind != "check" and count[step.name] > 1
        yield replace(step, name=f"{step.name} ({count[step.name]})") if again else step


# --- one of several ---


@dataclass(frozen=True)
class Candidate:
    """A file, and what it seems to hold."""

    handed: Handed
    found: tuple[tuple[Cell, Slot | None], ...] = ()
    assignment: Assignment | None = None
    answers: int = 0
    problem: str = ""

    @property
    def rank(self) -> tuple[int, float, int]:
        """The more answered cells the better, then the newer; where both are equal, what its name counts up to."""
        stem = re.sub(r"\.\w+$", "", self.handed.name)
        number = next((int(n) for n in re.findall(r"\((\d{1,9})\)$|[-_ ]v?(\d{1,9})$", stem) for n in n if n), 0)
        copied = re.search(r"(copy\d*|kopie|checkpoint)$", stem, re.IGNORECASE)
        return self.answers, self.handed.modified, -1 if copied else number


def candidate(handed: Handed, assignments: Sequence[Assignment], every: Iterable[Assignment] = ()) -> Candidate:
    """A file as a submission to the assignment that it has most of.

    One that is not graded now has to be twice as like: the first cell is the same in ``every`` one.
    """
    try:
        cells = cells_of(handed)
    except Unreadable as error:
        return Candidate(handed, assignment=_named(handed, assignments), problem=str(error))
    named = _named(handed, assignments)
    best = Candidate(handed, (), named, problem=f"nothing of {' or '.join(a.name for a in assignments)} is in it")
    most, graded = 0.0, {assignment.name for assignment in assignments}
    for assignment in [*assignments, *(one for one in every if one.name not in graded)]:
        found = placed(cells, assignment)
        answers = set().union(*(answered(cell, slot, assignment) for cell, slot in found))
        share = len({slot.name for _, slot in found if slot is not None} | answers) / len(assignment.slots)
        if assignment.name not in graded:
            if share > 2 * most:
                best, most = Candidate(handed, (), named, problem=f"this is {assignment.title}"), share / 2
        elif share > most:
            said = {name for name, text in words_of(found, assignment).items() if text}
            best, most = Candidate(handed, tuple(found), assignment, len(answers | said)), share
    return best


def _named(handed: Handed, assignments: Sequence[Assignment]) -> Assignment | None:
    """The assignment that a file's name speaks of."""
    if len(assignments) == 1:
        return assignments[0]
    name = handed.name.lower()
    words = re.findall(r"[a-z0-9]+", name.rsplit("/", 1)[-1])
    return next((a for a in assignments if a.name in name), None) or next(
        (a for a in assignments if a.name.split("_")[0] in words), None
    )


def chosen(student: str, names: list[str], candidates: Sequence[Candidate], assignment: Assignment) -> Submission:
    """The submission of the best of a student's files for one assignment."""
    readable = sorted((one for one in candidates if not one.problem), key=lambda one: one.rank, reverse=True)
    unreadable = [f"{one.handed.name}: {one.problem}" for one in candidates if one.problem]
    if not readable:
        return Submission(student, assignment.name, names, not_graded="; ".join(unreadable))
    best, *rest = readable
    steps, words = steps_of(best.found, assignment), words_of(best.found, assignment)
    there = {slot.name for _, slot in best.found if slot is not None}
    there |= set().union(*(answered(cell, slot, assignment) for cell, slot in best.found))
    gone = [slot.name for slot in assignment.slots if slot.kind in ("answer", "words") and slot.name not in there]
    gone = [name for name in gone if not words.get(name)]
    return Submission(
        student,
        assignment.name,
        names,
        best.handed.name,
        best.handed.modified,
        _why(best, rest),
        [*(f"{one.handed.name}: {_instead(one, best)}" for one in rest), *unreadable],
        notes=[f"missing: {', '.join(gone)}"] if gone else [],
        steps=steps,
        words=words,
        answers=shown_as_answers(best.found, assignment) | {name: text for name, text in words.items() if text},
        digest=hashlib.sha256(best.handed.data).hexdigest(),
    )


def _why(best: Candidate, rest: Sequence[Candidate]) -> str:
    if not rest:
        return ""
    if best.answers > rest[0].answers:
        return f"most cells answered ({best.answers})"
    equal = [one for one in rest if one.answers == best.answers]
    if all(one.handed.data == best.handed.data for one in equal):
        return "the same as the others"
    how = "the newest" if best.handed.modified > equal[0].handed.modified else "by its name the last"
    return f"as many cells answered as in the others ({best.answers}), and {how}"


def _instead(one: Candidate, best: Candidate) -> str:
    """Why this file was not the one."""
    if one.handed.data == best.handed.data:
        return "the same file"
    if not one.answers:
        return "untouched"
    return f"{one.answers} cells answered" if one.answers < best.answers else "as many cells answered, and older"


# --- a folder of submissions ---


def collect(
    folder: Path,
    assignments: Sequence[Assignment],
    who: Callable[[str], str] | None = None,
    every: Sequence[Assignment] = (),
) -> list[Submission]:
    """What every student handed in for every assignment; every entry of the folder stands in one of them.

    ``who`` goes from an entry's name to what the student is called; by the name alone if None. ``every`` are all
    assignments there are, so that a file for another one is told from work for these.
    """
    who = who or Roster(stems=[assignment.name for assignment in assignments]).who
    by_student: dict[str, list[Path]] = {}
    for entry in entries(folder):
        by_student.setdefault(who(printable(entry.name)), []).append(entry)
    for longer in sorted(by_student, key=len, reverse=True):  # ada_final beside ada
        shorter = VERSION.sub("", longer)
        if shorter != longer and shorter in by_student:
            by_student[shorter] += by_student.pop(longer)
    return [one for student, places in by_student.items() for one in _of_student(student, places, assignments, every)]


def _of_student(
    student: str, places: Sequence[Path], assignments: Sequence[Assignment], every: Sequence[Assignment]
) -> list[Submission]:
    names = [printable(place.name) for place in places]
    candidates = [candidate(handed, assignments, every) for place in places for handed in handed_in(place)]
    if not candidates:
        why, assignment = "an empty folder", assignments[0].name if len(assignments) == 1 else ""
        return [Submission(student, assignment, names, not_graded=why)]
    submissions = []
    lost = [one for one in candidates if one.assignment is None]
    for assignment in assignments:
        mine = [one for one in candidates if one.assignment is assignment]
        if mine:
            submissions.append(chosen(student, names, [*mine, *lost], assignment))
            lost = []
    if lost:
        why = "; ".join(f"{one.handed.name}: {one.problem}" for one in lost)
        submissions.append(Submission(student, "", names, not_graded=why))
    return submissions
