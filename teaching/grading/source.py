"""An assignment as its source notebook has it: what is locked, what students write, what is asked of it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "teaching" / "source"
NOT_RUN = {"setup", "show", "slow"}  # tags of locked cells that no answer needs
MARKER = re.compile(r"^\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\b.*$", re.MULTILINE)


def about(cell: NotebookNode) -> dict:
    """What nbgrader's metadata says of a cell; empty for a cell without any."""
    return cell.metadata.get("nbgrader", {})


def is_solution(cell: NotebookNode) -> bool:
    """Whether students write this cell."""
    return bool(about(cell).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether this cell gives points by running."""
    return bool(about(cell).get("grade")) and not is_solution(cell) and cell.cell_type == "code"


def is_written(cell: NotebookNode) -> bool:
    """Whether this cell is an answer in words, which a person reads."""
    return bool(about(cell).get("grade")) and is_solution(cell)


@dataclass(frozen=True)
class Question:
    """What gives points.

    Attributes:
        name: its grade id.
        title: the nearest heading above it.
        points: at most.
        test: the source of the test cell, hidden tests included; empty for an answer in words.
        picture: the student's names of recipe, target and seed, where a picture is asked for.
    """

    name: str
    title: str
    points: float
    test: str = ""
    picture: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """A source notebook, taken apart.

    Attributes:
        name: its file's stem.
        path: its file.
        cells: of every code cell that runs beside the student's code, its id and its source; None where the student's
            own is put.
        solutions: the ids of all cells that students write.
        questions: what gives points, in order.
        names: what the cells define at top level, and the id of the cell that does.
        imports: what the locked cells import, as source.
        ids: of every cell.
    """

    name: str
    path: Path
    cells: tuple[tuple[str, str | None], ...]
    solutions: tuple[str, ...]
    questions: tuple[Question, ...]
    names: dict[str, str]
    imports: str
    ids: frozenset[str]

    @property
    def points(self) -> float:
        """The sum over the questions."""
        return sum(question.points for question in self.questions)


def identity(cell: NotebookNode) -> str:
    """A cell's grade id, or its id in the notebook."""
    return about(cell).get("grade_id") or cell.get("id", "")


def read(path: Path) -> Assignment:
    """Take a source notebook apart."""
    notebook = nbformat.read(path, as_version=4)
    cells: list[tuple[str, str | None]] = []
    questions, names, imports, title = [], {}, [], path.stem
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            title = heading(cell.source) or title
        if is_test(cell) or is_written(cell):
            questions.append(question(cell, title))
        if cell.cell_type != "code" or is_test(cell):
            continue
        names |= dict.fromkeys(bound(cell.source), identity(cell))
        if is_solution(cell):
            cells.append((identity(cell), None))
        else:
            imports += imported(cell.source) if "setup" not in cell.metadata.get("tags", []) else []
            if not NOT_RUN & set(cell.metadata.get("tags", [])):
                cells.append((identity(cell), cell.source))
    solutions = tuple(identity(cell) for cell in notebook.cells if is_solution(cell))
    ids = frozenset(map(identity, notebook.cells))
    return Assignment(path.stem, path, tuple(cells), solutions, tuple(questions), names, "\n".join(imports), ids)


def question(cell: NotebookNode, title: str) -> Question:
    """What a graded cell asks."""
    test = MARKER.sub("", cell.source) if is_test(cell) else ""
    return Question(identity(cell), title, float(about(cell).get("points", 0)), test, pictured(test))


def heading(markdown: str) -> str | None:
    """The last heading of a Markdown text, without markup."""
    found = re.findall(r"^#{1,6}\s+(.+?)\s*$", markdown, re.MULTILINE)
    return re.sub(r"[*_`]", "", found[-1]) if found else None


def pictured(test: str) -> tuple[str, ...]:
    """The names that a test hands to ``check_picture``, if it does."""
    for node in ast.walk(ast.parse(test)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check_picture":
            return tuple(argument.id for argument in node.args if isinstance(argument, ast.Name))
    return ()


def without_magics(source: str) -> str:
    """A cell's source as Python."""
    return re.sub(r"^(\s*)([%!?].*)$", r"\1pass  # \2", source, flags=re.MULTILINE)


def bound(source: str) -> set[str]:
    """The names that a cell defines at top level, in branches and loops too; not those of functions' insides."""
    found: set[str] = set()
    todo = list(ast.parse(without_magics(source)).body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.Import, ast.ImportFrom)):
            todo += ast.iter_child_nodes(node)
    return found


def imported(source: str) -> list[str]:
    """The import statements at a cell's top level."""
    tree = ast.parse(without_magics(source))
    return [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def every(folder: Path = SOURCES, only: str | None = None) -> list[Assignment]:
    """All assignments of a folder, or those whose name begins with ``only``.

    Raises:
        LookupError: there is none.
    """
    found = [read(path) for path in sorted(folder.glob("*.ipynb")) if path.name.startswith(only or "")]
    if not found:
        there = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))) or "none"
        raise LookupError(f"no assignment begins with {only!r}; there are: {there}")
    return found
