"""A teacher's own tests, from a folder outside the repository: what stands in a public one is hidden from nobody.

    overlay/a_gradient_ascent.py            a file for each assignment, by its name
    overlay/probes/mine.py                  optional: probes of your own, which run beside the students' code

    from teaching.checks import check_step
    from teaching.grading import hidden

    @hidden("a-step-test")                  # the grade id of the question
    def other_seeds(student):               # `student.step` stands for the student's step, in another process
        check_step(student.step, seeds=range(7000, 7010))

    @hidden("a-step-test")
    def keeps_doubles(student):
        got = student.step(torch.zeros(2, dtype=torch.float64), torch.ones(2), 0.1)   # plain data in, plain data out
        assert got.dtype == torch.float64, "a step in float64 comes back in another precision"

A question's points are given if its own test and all of these pass.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

PROBES = "overlay_probes"
_found: list[Hidden] = []


@dataclass(frozen=True)
class Hidden:
    """A test that a teacher adds to a question."""

    question: str
    name: str
    test: Callable[[Student], Any]


class Student:
    """A student's names: each attribute stands for the function or value of that name in the student's process."""

    def __init__(self, request: Callable[[dict], Any]):
        self._request = request

    def __getattr__(self, name: str) -> Any:
        from teaching.checks import Remote  # not above: `--help` needs no PyTorch

        return Remote(name, self._request)


def hidden(question: str) -> Callable[[Callable], Callable]:
    """Add the decorated test to the question of this grade id."""

    def keep(test: Callable) -> Callable:
        _found.append(Hidden(question, test.__name__, test))
        return test

    return keep


def load(folder: Path | None, assignment: str) -> list[Hidden]:
    """Read a teacher's tests of an assignment. Raises ``NotADirectoryError`` if there is no such folder."""
    if folder is None:
        return []
    if not folder.is_dir():
        raise NotADirectoryError(f"no folder {folder}")
    if (folder / "probes").is_dir():  # `import overlay_probes.mine` finds its files
        package = sys.modules.setdefault(PROBES, ModuleType(PROBES))
        package.__path__ = [str(folder / "probes")]
    path = folder / f"{assignment}.py"
    if not path.is_file():
        return []
    _found.clear()
    spec = importlib.util.spec_from_file_location(f"overlay_{assignment}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(_found)
