"""A folder of submissions in, a row for each out; what has been graded already is not graded again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tqdm import tqdm

from teaching.release import ROOT

from . import overlay, sandbox_files, submission, tables
from .grade import Workplace, nothing
from .rows import Row
from .session import Settings
from .source import Assignment
from .submission import Submission
from .worker import grade_all

RULES = ("teaching/checks/**/*.py", "teaching/grading/inside/*.py", "helpers/**/*.py")  # what a grade depends on
GRADER = ("files", "grade", "overlay", "picture", "processes", "run", "sandbox_files", "session", "source")
RULES += tuple(f"teaching/grading/{name}.py" for name in (*GRADER, "submission", "worker"))


def grade_folder(
    folder: Path,
    assignments: Sequence[Assignment],
    out: Path,
    tests: Path | None,
    settings: Settings,
    jobs: int,
    fresh: bool,
    who: Callable[[str], str],
    every: Sequence[Assignment] = (),
) -> tuple[list[Row], list[str]]:
    """Grade all submissions in a folder, ``jobs`` at a time; ``fresh`` grades again what has been graded.

    ``out`` is where ``.results`` lies, with what has been graded, the pictures and this class's random seed, which
    takes the place of that in ``settings``. ``tests`` are the teacher's own, and ``who`` goes from an entry's name to
    what the student is called; ``every`` are all assignments there are. Returns the rows, and the places where
    students' code could have read the repository. ``LookupError`` and ``NotADirectoryError`` have messages for people:
    there is nothing to grade, or a test for no question.
    """
    found = submission.collect(folder, assignments, who, every)
    if not found:
        raise LookupError(f"no submissions in {folder}: expected a folder or a notebook for each student")
    by_name = {assignment.name: assignment for assignment in assignments}
    for assignment in assignments:
        _check_overlay(overlay.load(tests, assignment.name), assignment)
    cache = out / ".results" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    settings = replace(settings, seed=class_seed(out / ".results" / "seed"))
    common = rules(tests, settings)
    rows: dict[int, Row] = {}
    todo: list[Submission] = []
    for one in found:
        kept = None if fresh else known(cache / mark(one, by_name, common))
        if one.not_graded:
            rows[id(one)] = nothing(one, by_name.get(one.assignment))
        elif kept is not None:
            rows[id(one)] = kept
        else:
            todo.append(one)
    bar = tqdm(total=len(found), initial=len(found) - len(todo), unit="notebook")
    with bar, tempfile.TemporaryDirectory() as place:
        place = Path(place).resolve()
        built = sandbox_files.build(place / "sandbox", tests)
        readable = tuple(sandbox_files.readable(built))
        where = Workplace(built, place / "scratch", out / ".results" / "pictures", tests, readable, settings)
        for one, row in grade_all([(one, by_name[one.assignment]) for one in todo], where, max(1, jobs)):
            rows[id(one)] = row
            if not row.not_graded:
                tables.write(cache / mark(one, by_name, common), json.dumps(asdict(row), indent=1))
            bar.update()
        exposed = sandbox_files.exposed(built)
    in_order = [rows[id(one)] for one in found]
    name_equal_recipes(in_order)
    return in_order, exposed


def _check_overlay(tests: list[overlay.Hidden], assignment: Assignment) -> None:
    names = [question.name for question in assignment.questions]
    for test in tests:
        if test.question not in names:
            raise LookupError(f"the overlay's {test.name} is for {test.question!r}; there are {', '.join(names)}")


def class_seed(path: Path) -> int:
    """The number that this class's tests are seeded with: drawn once, so that all are asked the same, and kept."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="utf-8"))
    seed = 1000 + secrets.randbelow(10**6)
    tables.write(path, f"{seed}\n")
    return seed


def rules(tests: Path | None, settings: Settings) -> str:
    """Whatever a row depends on besides the submission and the assignment, as a hash."""
    digest = hashlib.sha256(json.dumps(asdict(settings)).encode())
    for root, patterns in ((ROOT, RULES), (tests, ("**/*.py",) if tests else ())):
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def mark(one: Submission, assignments: dict[str, Assignment], common: str) -> str:
    """The name of the file in which a submission's row is kept."""
    assignment = assignments[one.assignment].path.read_bytes() if one.assignment in assignments else b""
    digest = hashlib.sha256(common.encode() + assignment + json.dumps(asdict(one)).encode())
    return f"{digest.hexdigest()[:32]}.json"


def known(path: Path) -> Row | None:
    """A row that is kept, if it is there and whole."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return Row.from_data(json.loads(path.read_text(encoding="utf-8")))
    return None


def name_equal_recipes(rows: Sequence[Row]) -> None:
    """Note in each row who else handed in the same recipe."""
    same = defaultdict(list)
    for row in rows:
        for score in row.scores:
            if score.picture:
                same[score.picture["recipe"]].append((row, score.picture["file"]))
    for group in same.values():
        for row, file in group:
            others = [(other, "" if theirs == file else " (another target or seed)") for other, theirs in group]
            named = dict.fromkeys(f"{other.student}{how}" for other, how in others if other.student != row.student)
            if named:
                row.notes.append(f"the same recipe as {', '.join(named)}")
