"""Ctrl-C and the notebook's stop button: one press ends the drawing, keeps the picture so far, and halts the run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from ..result import Result


class Call(threading.local):
    """The call under way in this thread: whether it was stopped, and who knows what it has drawn so far."""

    under_way, pressed = False, False
    so_far: Callable[[], Result | None] = staticmethod(lambda: None)


CALL = Call()
KEPT: list[Result] = []


def last_result() -> Result | None:
    """What was last drawn that nobody was handed: by a drawing that was stopped (chapter 2), or by the explorer.

    Returns:
        That ``Result``; ``None``, and a line that says so, if there is none.
    """
    if not KEPT:
        print("Nothing has been drawn yet that was not handed to you: no drawing was stopped, no explorer used.")
    return KEPT[0] if KEPT else None


def keep(result: Result) -> None:
    """Let ``last_result`` have it."""
    KEPT[:] = [result]


def stoppable(draw: Callable[..., Result]) -> Callable[..., Result]:
    """Make a function that draws end with a ``KeyboardInterrupt`` if it is stopped, and keep what it had drawn.

    Where one such function calls another, the inner one hands what it has to the outer one, which keeps the whole.
    """

    @wraps(draw)
    def call(*args: Any, **options: Any) -> Result:
        if CALL.under_way:
            return draw(*args, **options)
        CALL.under_way, CALL.pressed = True, False
        try:
            result = draw(*args, **options)
        except KeyboardInterrupt:  # before the first step, or once more while the last picture was made ready
            result, CALL.pressed = CALL.so_far(), True
        finally:
            CALL.under_way, CALL.so_far = False, Call.so_far
        if CALL.pressed:
            raise stopped_with(result) from None
        return result

    return call


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """A block that Ctrl-C ends. The call around it makes ready what there is, and then is stopped, too."""
    try:
        yield
    except KeyboardInterrupt:
        CALL.pressed = True


def halt(words: str, result: Any) -> KeyboardInterrupt:
    """What ends a run: a ``KeyboardInterrupt`` that a notebook shows as one sentence, with a ``result``.

    It is no class of its own, since Python itself treats ``KeyboardInterrupt`` as the end of a program.
    """
    error = KeyboardInterrupt(words)
    error.result, error._render_traceback_ = result, lambda: [words]
    return error


def stopped_with(result: Result | None) -> KeyboardInterrupt:
    """What ends a run that had drawn this much; ``last_result`` has it."""
    if result is None:
        return halt("Stopped before the first step was taken: there is no picture to keep.", None)
    keep(result)
    taken = f"Stopped after {len(result.scores)} of {result.steps} steps"
    return halt(f"{taken}; the picture so far is helpers.last_result()", result)
