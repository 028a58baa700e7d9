"""The checks as a student's notebook finds them while it is graded: they say nothing; the grader asks later."""

from __future__ import annotations

from typing import Any

from .core import Check, Remote, Wrong

__all__ = ["Check", "Remote", "Wrong"]


def silent(*_: Any, **__: Any) -> None:
    """Do nothing."""


def __getattr__(name: str) -> Any:
    if name.startswith("check_") or name == "wait_for_answers":
        return silent
    raise AttributeError(name)
