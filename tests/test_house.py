"""The house: who may import whom, no circle, a loop that fits on a page, code that fits in its box."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("helpers", "tools", "benchmarks", "teaching")
MAY_IMPORT = {
    "helpers": {"helpers"},
    "tools": {"tools", "helpers"},
    "benchmarks": {"benchmarks", "tools", "helpers"},
    "teaching": {"teaching", "tools", "helpers"},
}
# The floors of `helpers`, from the ground up: a module imports from its own floor and from those below.
FLOORS = (
    ("basics",),
    ("networks", "show"),
    ("objectives", "parameterizations", "transforms", "styles", "answers", "made_by"),
    ("result",),
    ("running",),
    ("ascent",),
    ("recipes", "restarts", "judge"),
    ("dream", "recipe_files", "explorer"),
    ("atlas",),
)
NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.ipynb")])
ASSIGNMENTS = sorted(ROOT.glob("teaching/*/*.ipynb"))
WIDTH = 84  # columns of a code cell's box on a page


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if ".venv" in parts:  # the other libraries, once `make bench` has installed them
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield node
            yield from at_run_time(node)


@cache
def imports(name: str) -> set[str]:
    """The modules of ours that a module imports, at its top or inside a function."""
    path, found = MODULES[name], set()
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            full = {f"{base}.{alias.name}" for alias in node.names}
            found |= full & MODULES.keys() or {base}
    return {one for one in found if one in MODULES and one != name}


def test_the_script_sees_imports():
    assert "helpers.networks.network" in imports("helpers.objectives.algebra")
    assert "helpers.running.watch" in imports("helpers.ascent") and len(MODULES) > 80


def test_no_circle_among_modules():
    done, under_way = set(), []

    def visit(name: str) -> None:
        assert name not in under_way, " → ".join([*under_way[under_way.index(name) :], name])
        if name not in done:
            under_way.append(name)
            for other in sorted(imports(name)):
                visit(other)
            done.add(under_way.pop())

    for name in MODULES:
        visit(name)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_imported_against_the_direction(name):
    folder = name.split(".")[0]
    wrong = [other for other in imports(name) if other.split(".")[0] not in MAY_IMPORT[folder]]
    assert not wrong, f"{folder} imports nothing of {wrong}"
    if folder == "helpers" and name != "helpers":
        below = [other for other in imports(name) if other.startswith("helpers.") and floor(other) > floor(name)]
        assert not below, f"{name} stands below {below}"
        assert "helpers" not in imports(name), "the package itself is for those outside of it"


def floor(name: str) -> int:
    room = name.split(".")[1]
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def test_the_loop_fits_on_a_page():
    tree = ast.parse((ROOT / "helpers" / "ascent.py").read_text(encoding="utf-8"))
    (ascend,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "ascend"]
    assert ascend.end_lineno - ascend.body[1].lineno + 1 <= 40, "the body of ascend, without its docstring"
    given = ascend.args
    assert len([*given.args, *given.kwonlyargs]) + bool(given.kwarg) <= 12, "parameters of ascend"
    assert sum(isinstance(node, ast.FunctionDef) for node in ast.walk(ascend)) - 1 <= 1, "functions inside ascend"


@pytest.mark.parametrize("path", [*NOTEBOOKS, *ASSIGNMENTS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_code_fits_in_its_box(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    wide = [line for cell in cells for line in cell.source.splitlines() if len(line) > WIDTH]
    assert not wide, f"{len(wide)} lines have more than {WIDTH} columns, such as\n{wide[0]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_import_from_helpers_alone(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            inside = [line for line in cell.source.splitlines() if line.strip().startswith("from helpers.")]
            assert not inside, f"not from a module inside of helpers: {inside}"
