"""What a check says of an answer that is not right, and of an exception inside it."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

HELPERS = str(Path(__file__).resolve().parents[1])
FOREIGN = ("site-packages", "dist-packages", "lib/python", "lib\\python", "<frozen")


class Wrong(AssertionError):
    """An answer that is not right. Its message is for the person who wrote it; a notebook shows no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


class Unwritten(Wrong, NotImplementedError):
    """An answer whose place still says ``raise NotImplementedError``."""


def is_foreign(file: str, ours: Sequence[str] = ()) -> bool:
    """Whether a source file is a library's or ours, by a part of its path, and not the reader's."""
    return file.startswith((HELPERS, sys.base_prefix)) or any(part in file for part in (*FOREIGN, *ours))


def in_words(error: BaseException, ours: Sequence[str] = ()) -> str:
    """An exception as its author should read it: its type, its message, and the line of theirs that it came from."""
    message = str(error).strip().split("\n")[0][:300]
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(error, SyntaxError) and error.text:
        return f"{said}, in the line `{error.text.strip()[:160]}`"
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_foreign(frame.f_code.co_filename, ours):
            continue
        line = linecache.getline(frame.f_code.co_filename, number).strip()
        where = f"in {frame.f_code.co_name}, " if not frame.f_code.co_name.startswith("<") else ""
        return f"{said}, {where}in the line `{line[:160]}`" if line else f"{said}, {where}in line {number}"
    return said
