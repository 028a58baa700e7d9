"""What a student handed in: found, read as data, and cut down to the cells that were theirs to write."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .source import Assignment

LARGEST = 64 * 2**20  # bytes of a notebook, pictures included
LONGEST = 200_000  # characters of one cell
UNSEEN = re.compile(r"^\.|^__|checkpoint")


@dataclass(frozen=True)
class Submission:
    """A student's notebook for one assignment.

    Attributes:
        student: the folder's or the file's name.
        path: the notebook; None if there is none.
        assignment: the assignment's name.
        cells: by id, the source of the cells that students write.
        notes: what was noticed on the way.
    """

    student: str
    path: Path | None
    assignment: str
    cells: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def students(folder: Path) -> dict[str, list[Path]]:
    """The notebooks of each student, whose name is that of a folder, or of a file.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"no folder {folder}")
    found: dict[str, list[Path]] = {}
    for place in sorted(folder.iterdir()):
        if UNSEEN.search(place.name) or place.is_symlink():
            continue
        if place.is_dir():
            found[place.name] = sorted(notebooks(place))
        elif place.suffix == ".ipynb":
            found[place.stem] = [place]
    return found


def notebooks(folder: Path) -> list[Path]:
    """The notebooks in a folder, without following links out of it."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not UNSEEN.search(name)]
        found += [Path(place) / name for name in files if name.endswith(".ipynb") and not UNSEEN.search(name)]
    return [path for path in found if not path.is_symlink() and path.is_file()]


def load(path: Path) -> list[dict]:
    """The cells of a notebook, as plain data.

    Raises:
        ValueError: it is no notebook; the message says why.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise ValueError(f"{path.name} has {size // 2**20} MiB; at most {LARGEST // 2**20} are read")
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no notebook that can be read ({type(error).__name__})") from None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError(f"{path.name} is no notebook: its cells are not a list of cells")
    return cells


def identity(cell: dict) -> str:
    """A cell's grade id or id, whatever stands in its place."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return next((text for text in (name, cell.get("id")) if isinstance(text, str)), "")


def text(cell: dict) -> str:
    """A cell's source."""
    source: Any = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def extract(student: str, path: Path, assignment: Assignment) -> Submission:
    """Cut a notebook down to the cells that were the student's to write."""
    cells, notes, added = {}, [], 0
    for cell in load(path):
        name, source = identity(cell), text(cell)
        if name in assignment.solutions:
            if name in cells:
                notes.append(f"{name} stands there twice: the first is graded")
            elif len(source) > LONGEST:
                notes.append(f"{name} has {len(source)} characters and was not read")
            else:
                cells[name] = source
        elif cell.get("cell_type") == "code" and name not in assignment.ids:
            added += bool(source.strip())
    missing = [name for name in assignment.solutions if name not in cells]
    if missing:
        notes.append(f"missing: {', '.join(missing)}")
    if added:
        notes.append(f"{added} added cell{'s' if added > 1 else ''} not run")
    return Submission(student, path, assignment.name, cells, tuple(notes))


def belongs(path: Path, assignment: Assignment) -> float:
    """How much of an assignment's cells a notebook has, from 0 to 1, and a little more if it has its name."""
    try:
        there = {identity(cell) for cell in load(path)}
    except (ValueError, OSError):
        return 0.1 if assignment.name in path.stem else 0.0
    share = sum(name in there for name in assignment.solutions) / max(len(assignment.solutions), 1)
    return share + (0.1 if assignment.name in path.stem else 0.0)


def collect(folder: Path, assignments: Sequence[Assignment]) -> list[Submission]:
    """Every student's submission for every assignment; whoever handed in nothing that fits stands there too."""
    found = []
    for student, paths in students(folder).items():
        for assignment in assignments:
            fitting = sorted(
                ((belongs(path, assignment), path) for path in paths), key=lambda pair: (-pair[0], pair[1])
            )
            fitting = [path for share, path in fitting if share > 0]
            if fitting:
                found.append(one(student, fitting, assignment))
            elif len(assignments) == 1:
                found.append(Submission(student, None, assignment.name, notes=("no notebook that fits",)))
        if not any(submission.student == student for submission in found):
            found.append(Submission(student, None, assignments[0].name, notes=("no notebook that fits",)))
    return found


def one(student: str, paths: Sequence[Path], assignment: Assignment) -> Submission:
    """The submission of the notebook that fits best."""
    try:
        best = extract(student, paths[0], assignment)
    except (ValueError, OSError) as error:
        return Submission(student, paths[0], assignment.name, notes=(str(error),))
    if len(paths) > 1:
        others = ", ".join(path.name for path in paths[1:])
        return Submission(student, paths[0], assignment.name, best.cells, (*best.notes, f"not graded: {others}"))
    return best
