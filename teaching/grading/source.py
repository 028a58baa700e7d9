"""An assignment as its source notebook has it: what is locked, what students write, what is asked of it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from teaching.release import SOURCES, make, marks

from .inside.cells import used_and_bound

FOLDS = re.compile(r"<details>.*?</details>", re.DOTALL)
SCHEME = re.compile(r"^=== (BEGIN|END) MARK SCHEME ===\s*$", re.MULTILINE)
MARKER = re.compile(r"^\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\b.*$", re.MULTILINE)
SHOWN = {"show", "slow"}  # tags of locked cells that are run only where their names are used


def identity(cell: NotebookNode) -> str:
    """A cell's grade id, or its id in the notebook."""
    return marks(cell).get("grade_id") or cell.get("id", "")


@dataclass(frozen=True)
class Question:
    """What gives points."""

    name: str  # its grade id
    title: str  # the nearest heading above it
    points: float  # at most
    test: str = ""  # the source of the test cell, hidden tests included; empty for an answer in words
    picture: tuple[str, ...] = ()  # the student's names of recipe, target and seed, where a picture is asked for
    text: str = ""  # what is asked, in Markdown; hints left out
    model: str = ""  # the model answer, where the answer is in words
    answers: tuple[str, ...] = ()  # the grade ids of the cells in which students answer it


@dataclass(frozen=True)
class Slot:
    """A cell of an assignment, to which a student's cell may belong."""

    name: str  # its grade id, or its id
    id: str  # its id
    # `setup`, `given` (run beside the student's code), `shown` (run where it is needed), `answer`, `test`,
    # `words` (a written answer) or `text`
    kind: str
    source: str  # what stands in it
    released: str  # what students get in it
    binds: frozenset[str] = frozenset()  # the names that an answer defines at top level


@dataclass(frozen=True)
class Assignment:
    """A source notebook, taken apart."""

    name: str  # its file's stem
    path: Path  # its file
    title: str  # its first heading
    slots: tuple[Slot, ...]  # of every cell, in order
    questions: tuple[Question, ...]  # what gives points, in order
    imports: str  # what the locked cells import, as source

    @property
    def points(self) -> float:
        """The sum over the questions."""
        return sum(question.points for question in self.questions)

    @property
    def names(self) -> dict[str, str]:
        """What students' cells define, each name with that of its cell."""
        return {name: slot.name for slot in self.slots if slot.kind == "answer" for name in slot.binds}

    @property
    def answers(self) -> dict[str, str]:
        """The same without what goes along with something else, such as the seed of a picture's recipe."""
        beside = {name for question in self.questions for name in question.picture[1:]}
        return {name: cell for name, cell in self.names.items() if name not in beside}


def kind_of(cell: NotebookNode) -> str:
    """What a cell of a source notebook is, of the kinds of ``Slot``."""
    tags = set(cell.metadata.get("tags", []))
    solution, points = marks(cell).get("solution"), marks(cell).get("grade")
    if cell.cell_type != "code":
        return "words" if solution and points else "text"
    if solution or points:
        return "answer" if solution else "test"
    return "setup" if "setup" in tags else "shown" if SHOWN & tags else "given"


def read(path: Path) -> Assignment:
    """Take a source notebook apart."""
    ours = {identity(cell): cell for cell in nbformat.read(path, as_version=4).cells}
    slots, questions, imports, answers, whole, title, text = [], [], [], [], "", path.stem, ""
    for released in make(path)[0].cells:
        cell = ours.get(identity(released), released)
        kind, name, source = kind_of(cell), identity(cell), MARKER.sub("", cell.source)
        binds = frozenset(bound(source)) if kind == "answer" else frozenset()
        slots.append(Slot(name, cell.id, kind, source, released.source, binds))
        if kind == "text" and (head := heading(source)):
            whole, title = whole or head, head
            text = FOLDS.sub("", re.split(r"^#.*$", source, flags=re.MULTILINE)[-1]).strip()
        elif kind in ("given", "shown"):
            imports += imported(source)
        if kind in ("answer", "words"):
            answers.append(name)
        if kind in ("words", "test"):
            test, model = (source, "") if kind == "test" else ("", SCHEME.sub("", source).strip())
            points = float(marks(cell).get("points", 0))
            questions.append(Question(name, title, points, test, pictured(test), text, model, tuple(answers)))
            answers = []
    return Assignment(path.stem, path, whole or path.stem, tuple(slots), tuple(questions), "\n".join(imports))


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


def bound(source: str) -> set[str]:
    """The names that a cell defines at top level, in branches and loops too, without what it imports."""
    python = TransformerManager().transform_cell(source)
    return used_and_bound(python)[1] - used_and_bound("\n".join(imported(source)))[1]


def imported(source: str) -> list[str]:
    """The import statements at a cell's top level."""
    body = ast.parse(TransformerManager().transform_cell(source)).body
    return [ast.unparse(node) for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]


def every(folder: Path = SOURCES, only: str | None = None) -> list[Assignment]:
    """All assignments of a folder, or those whose name begins with ``only``; ``LookupError`` if there is none."""
    found = [read(path) for path in sorted(folder.glob("*.ipynb")) if path.name.startswith(only or "")]
    if not found:
        there = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))) or "none"
        raise LookupError(f"no assignment begins with {only!r}; there are: {there}")
    return found
