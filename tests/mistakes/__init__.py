"""Planted mistakes: for every check, solutions that are right, and solutions that are wrong in one well-known way.

Assignments whose mistakes are small edits take the right solution from the notebook itself (``Solutions``), so that
what is tested is what is handed out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASSIGNMENTS = Path(__file__).resolve().parents[2] / "teaching" / "source"


@dataclass(frozen=True)
class Mistake:
    """A wrong solution.

    Attributes:
        check: the check that should refuse it.
        name: what is wrong with it.
        function: the wrong solution.
        says: words of the message meant for it, which no other mistake's message of the check contains.
    """

    check: str
    name: str
    function: Callable
    says: str


class Solutions:
    """The solution cells of an assignment, by the function that they define, right or with an edit."""

    def __init__(self, notebook: str):
        cells = json.loads((ASSIGNMENTS / notebook).read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        marked = [(cell["metadata"].get("nbgrader", {}), "".join(cell["source"])) for cell in code]
        self.imports = next(text for about, text in marked if about.get("grade_id", "").endswith("imports"))
        self.sources = [text for about, text in marked if about.get("solution")]

    def right(self, name: str) -> Callable:
        """The solution as it stands."""
        return self.wrong(name)

    def wrong(self, name: str, *edits: tuple[str, str]) -> Callable:
        """The solution with every (old, new) replaced once; ``old`` must be there."""
        source = next(text for text in self.sources if f"def {name}(" in text)
        for old, new in edits:
            assert old in source, f"{name} has no {old!r}"
            source = source.replace(old, new, 1)
        names: dict[str, Any] = {}
        exec(compile(f"{self.imports}\n{source}", f"<{name}>", "exec"), names)
        return names[name]
