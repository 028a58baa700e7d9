"""A reader's function, called with copies, within a time limit, leaving nothing behind."""

from __future__ import annotations

import ctypes
import inspect
import random
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from .errors import Unwritten, Wrong, in_words, is_foreign
from .untouched import change, copied, difference, restore, state_of


class TookTooLong(BaseException):
    """Raised inside the reader's code when its time is up; not an ``Exception``, so that few handlers eat it."""


def try_answer(
    function: Callable,
    *arguments: Any,
    seconds: float = 20,
    name: str | None = None,
    changes: Sequence[str] = (),
    watch: Sequence[nn.Module] = (),
    nothing: bool = False,
    **keywords: Any,
) -> Any:
    """Call a reader's function with copies of its arguments; a sentence for whatever goes wrong.

    Args:
        function: the reader's.
        arguments: what it gets: tensors (a gradient flows through the copy), arrays, modules, lists, tuples and
            dicts are copied; anything else is handed over as it is.
        seconds: its time limit. It runs in a thread of its own, so that this holds for whatever it waits for.
        name: of the function, for sentences; its own by default.
        changes: the names of its parameters that it may change.
        watch: modules that it may use but must leave as they were: mode, settings, frozen parameters, hooks, weights.
            They are put back in any case.
        nothing: whether it may return None.
        keywords: more arguments.

    Returns:
        What it returned.

    Raises:
        Wrong: it is no function, does not take these arguments, raised an exception, took too long, returned None,
            or changed an argument or a watched module.
    """
    name = name or getattr(function, "__name__", "the answer")
    if not callable(function):
        raise Wrong(f"{name} should be a function and is a {type(function).__name__}: was its name used again?")
    copies, named = copied(arguments), copied(keywords)
    try:
        signature = inspect.signature(function)
        before, after = (signature.bind(*a, **k).arguments for a, k in ((arguments, keywords), (copies, named)))
    except TypeError as error:
        raise Wrong(f"{name} should take the arguments that the task shows: {error}") from None
    except ValueError:  # a builtin has no signature
        before, after = dict(enumerate(arguments)), dict(enumerate(copies))
    states = [state_of(module) for module in watch]
    try:
        result = _run(lambda: function(*copies, **named), seconds, name)
        changed = [what for module, state in zip(watch, states, strict=True) if (what := difference(state, module))]
    finally:
        for module, state in zip(watch, states, strict=True):
            restore(module, state)
    for place, value in before.items():
        if place not in changes and (what := change(value, after[place])) is not None:
            raise Wrong(f"{name} changed its argument {place} in place{what}; work on a copy")
    if changed:
        raise Wrong(f"{name} left a network other than it was{changed[0]}")
    if result is None and not nothing:
        raise Wrong(f"{name} returned None: is there a `return` at its end?")
    return result


def _run(call: Callable[[], Any], seconds: float, name: str) -> Any:
    """Call in a thread that is given up when its time is up; random generators and the default type are set back."""
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["result"] = call()
        except BaseException as error:
            outcome["error"] = error

    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    dtype = torch.get_default_dtype()
    thread = threading.Thread(target=work, daemon=True, name=f"answer {name}")
    thread.start()
    try:
        thread.join(seconds)
    finally:
        _interrupt(thread)
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        torch.set_default_dtype(dtype)
    error = outcome.get("error")
    if thread.is_alive() or isinstance(error, TookTooLong):
        raise Wrong(f"{name} still runs after {seconds:g} s: is there a loop that never ends, or something waited for?")
    if isinstance(error, Wrong):
        raise error
    if error is not None:
        kind = Unwritten if isinstance(error, NotImplementedError) and _unwritten(error) else Wrong
        said = f"{name} is not written yet" if kind is Unwritten else f"{name} stopped with {in_words(error)}"
        raise kind(said) from None
    return outcome["result"]


def _interrupt(thread: threading.Thread) -> None:
    """Raise ``TookTooLong`` in a thread that still runs Python code, again if a handler swallows it."""
    for _ in range(5):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TookTooLong))
        thread.join(0.2)


def _unwritten(error: NotImplementedError) -> bool:
    """Whether it was raised by a ``raise NotImplementedError`` of the reader's, and not inside a library."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return not is_foreign(frame.f_code.co_filename)
