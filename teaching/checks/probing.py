"""Running a probe beside the student's code: with a time limit, a seed, and words for whatever goes wrong.

Nothing here knows what the right answer is; this file, `core.py`, `serialize.py`, `compare.py` and `probes/` are all of
this package that exists in the process where a student's code runs under the autograder.
"""

from __future__ import annotations

import contextlib
import io
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.answers import errors
from helpers.answers.call import TookTooLong
from helpers.answers.untouched import same

OURS = (str(Path(__file__).resolve().parent), "inside/watch.py")
in_words = partial(errors.in_words, ours=OURS)


class Wrong(errors.Wrong):
    """An answer that is not right. Its message is for the person who wrote it; a notebook shows no traceback."""

    def __init__(self, message: str = "", share: float = 0.0):
        super().__init__(message)
        self.share = share  # of the question's points that it is worth all the same


class Unwritten(Wrong, NotImplementedError):
    """A question whose place still says ``raise NotImplementedError``."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self}"[:1].upper() + f"{self}"[1:]]


class Sink(io.TextIOBase):
    """Where the student's prints go while they are checked."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def as_usual() -> Iterator[None]:
    """What is made without a type is float32, on the CPU, whatever a notebook has set; afterwards as it was."""
    before = torch.get_default_dtype()
    elsewhere = torch.get_default_device().type != "cpu"
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu") if elsewhere else contextlib.nullcontext():
            yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Every generator seeded, and afterwards as it was."""
    python, numpy = random.getstate(), np.random.get_state()
    with as_usual(), torch.random.fork_rng(), torch.enable_grad():
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TookTooLong`` when the time is up (in the main thread of a Unix process; elsewhere, afterwards)."""
    started = time.monotonic()
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        if time.monotonic() - started > seconds:
            raise TookTooLong
        return

    inside = True

    def ring(*_: Any) -> None:
        if inside:
            raise TookTooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again, should a handler have swallowed it
    try:
        yield
    finally:
        inside = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def without(forbidden: Mapping[tuple[str, str], str]) -> Iterator[None]:
    """Raise ``Wrong`` afterward if a function was called that the text forbids.

    ``forbidden`` has what to say, by a part of the function's file and a part of its name.
    """
    said: list[str] = []

    def look(frame: FrameType, event: str, _: Any) -> None:
        file, name = frame.f_code.co_filename.replace("\\", "/"), frame.f_code.co_name
        if event == "call":
            said.extend(words for (where, what), words in forbidden.items() if where in file and what in name)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
        if sys.getprofile() is not look:
            raise Wrong("what watches the function while it runs was switched off")
    finally:
        sys.setprofile(before)
    if said:
        raise Wrong(said[0])


def call(function: Callable, *inputs: Any, nothing: bool = False, changes: Sequence[int] = (), **named: Any) -> Any:
    """Call the student's function as a probe should, and return what it returned.

    Raises ``Wrong`` if it is not callable, returned None (without ``nothing``), or changed a tensor that it was given,
    except those at the places in ``changes``.
    """
    if not callable(function):
        raise Wrong(f"expected a function, got {type(function).__name__}: was its name used for something else?")
    before = [value.detach().clone() if isinstance(value, Tensor) else None for value in inputs]
    returned = function(*inputs, **named)
    if returned is None and not nothing:
        name = getattr(function, "__name__", "the function")
        raise Wrong(f"{name}(...) returned None: is there a `return` at its end?")
    for place, (old, new) in enumerate(zip(before, inputs, strict=True)):
        if old is not None and place not in changes and not same(old, new):
            name = getattr(function, "__name__", "the function")
            raise Wrong(
                f"{name}(...) changed the tensor it was given (argument {place + 1}): work on a copy, "
                "x.detach().clone(), and look for in-place operations: names that end in _, and += and -="
            )
    return returned


def raised(wanted: type[Exception], function: Callable, *inputs: Any) -> str:
    """The name of the wanted error if a call raises one, or of another that it raises, or "nothing"."""
    try:
        function(*inputs)
    except wanted:
        return wanted.__name__
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "nothing"


def slope(score: Any, x: Tensor) -> Tensor | None:
    """The gradient of a score's sum with respect to x; None if the score is no tensor, or has none."""
    if not isinstance(score, Tensor) or not score.requires_grad:
        return None
    return torch.autograd.grad(score.sum(), x, allow_unused=True)[0]


def run_probe(probe: Callable, subjects: Sequence[Any], seed: int, limit: float) -> dict:
    """Run a probe and say what was seen, or what went wrong, as plain data, after ``limit`` seconds at most.

    It is called as ``probe(*subjects, seed)``, the seed also that of every generator. Returns ``{"answer": {...}}`` or
    ``{"problem": words}``, with ``"unwritten": True`` where nothing is written yet.
    """
    sink = Sink()
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), seeded(seed), time_limit(limit):
            return {"answer": probe(*subjects, seed)}
    except TookTooLong:
        return {"problem": f"still running after {limit:g} s: is there a loop that never ends, or far too much work?"}
    except NotImplementedError as error:
        return {"problem": f"not written yet: {error}".rstrip(": "), "unwritten": True}
    except Wrong as error:
        return {"problem": str(error)}
    except (Exception, SystemExit) as error:
        return {"problem": in_words(error)}
