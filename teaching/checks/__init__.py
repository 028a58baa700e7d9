"""The checks of the assignments: `from teaching.checks import check_...`, one for each question.

A check tells a student what is seen and what is likely to have caused it. How one is put together is in `core.py`; each
assignment has its list in a module of its name, its probes (what is asked) in `probes/`, its verdicts (what should come
out) in `verdicts/`. Importing this package does nothing; an assignment's checks are read when one is asked for.
"""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from .core import Check, Remote, Wrong
from .waiting import wait_for_answers

ASSIGNMENTS = ("gradient_ascent", "pomeranian", "basis", "inside")
SHARED = ("pictures",)  # asked in every assignment

__all__ = ["Check", "Remote", "Wrong", "every_check", "wait_for_answers"]


def every_check() -> dict[str, Check]:
    """All checks by name."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in (*ASSIGNMENTS, *SHARED)]
    return {name: value for module in modules for name, value in vars(module).items() if isinstance(value, Check)}


def __getattr__(name: str) -> Any:
    if not name.startswith("check_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = every_check()
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, 3)
    raise AttributeError(f"no check is called {name!r}" + (f"; there is {', '.join(near)}" if near else ""))


def __dir__() -> list[str]:
    return sorted([*__all__, *every_check()])
