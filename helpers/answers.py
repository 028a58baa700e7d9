"""What the checks of the exercises do with a reader's answer, whatever its type and however it behaves.

    x = torch.rand(3, 2)
    answer = try_answer(slope, network, x, lr=0.1)              # calls slope(network, x, lr=0.1) on copies
    answer = as_answer(answer, shape=(3, None), name="slope")   # a float32 tensor on the CPU, of shape (3, any)
    assert torch.allclose(answer, expected, atol=1e-4), "..."   # the check's own sentence

Each problem is an ``AssertionError`` with one sentence (``Wrong``; ``Unwritten`` where nothing is written yet), which a
notebook shows without a traceback. ``try_answer`` calls with copies and compares them afterwards, has a time limit, and
leaves the generators of random numbers and the modules named in ``watch`` as they were: seed before each call whose
draws should differ.
"""

from __future__ import annotations

import copy
import ctypes
import inspect
import linecache
import random
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

HERE = str(Path(__file__).resolve().parent)
FOREIGN = ("site-packages", "dist-packages", "lib/python", "lib\\python", "<frozen")
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Wrong(AssertionError):
    """An answer that is not right. Its message is for the person who wrote it; a notebook shows no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


class Unwritten(Wrong, NotImplementedError):
    """An answer whose place still says ``raise NotImplementedError``."""


class TookTooLong(BaseException):
    """Raised inside the reader's code when its time is up; not an ``Exception``, so that few handlers eat it."""


def as_answer(
    value: Any,
    shape: Sequence[int | None] | None = None,
    name: str = "your answer",
    like: Tensor | None = None,
    differentiable: bool = False,
    finite: bool = True,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """A reader's answer as a tensor on the CPU, or a sentence that says what came and what was expected.

    Args:
        value: a tensor or parameter of any floating or integer type, a number, an array, a list or tuple of these.
        shape: what is expected; None for any length; () for one number. Brackets that hold one thing are no mistake:
            leading dimensions of length one beyond those expected are dropped, for one number all of them.
        name: what it is, for the sentence.
        like: has the expected shape, if ``shape`` is not given.
        differentiable: whether a gradient has to flow through it; otherwise the result is detached.
        finite: whether NaN and infinity are refused.
        dtype: of the result.
    """
    answer = _as_tensor(value, name).to("cpu", dtype)
    wanted = tuple(shape if shape is not None else like.shape if like is not None else answer.shape)
    while answer.ndim > len(wanted) and len(answer) == 1:
        answer = answer[0]
    if len(wanted) != answer.ndim or any(n not in (None, m) for n, m in zip(wanted, answer.shape, strict=True)):
        said = f"({', '.join('any' if n is None else str(n) for n in wanted)}{',' if len(wanted) == 1 else ''})"
        expected = f"shape {said}" if wanted else "one number"
        raise Wrong(f"{name} has shape {tuple(answer.shape)}, expected {expected}{shape_hint(answer.shape, wanted)}")
    if finite and not answer.isfinite().all():
        kind = "NaN" if answer.isnan().any() else "an infinite value"
        raise Wrong(f"{name} contains {kind}: is there a division by zero, a log of zero, or far too large a step?")
    if differentiable and not answer.requires_grad:
        raise Wrong(
            f"{name} has no gradient: detach(), item(), .data, numpy, no_grad() or a new torch.tensor(...) on the way "
            "cuts it off from what it was computed from"
        )
    return answer if differentiable else answer.detach()


def _as_tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, (list, tuple)) and len(value):
        rows = [_as_tensor(row, f"element {i} of {name}") for i, row in enumerate(value)]
        if len({row.shape for row in rows}) > 1:
            raise Wrong(f"{name} is a {type(value).__name__} of parts with different shapes; expected one tensor")
        kind = torch.float64 if any(row.dtype == torch.float64 for row in rows) else torch.float32
        return torch.stack([row.to("cpu", kind) for row in rows])
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        value = torch.tensor(value, dtype=torch.complex128 if np.iscomplexobj(value) else torch.float64)
    elif not isinstance(value, Tensor) and hasattr(value, "__array__"):
        value = np.array(value)
        value = torch.from_numpy(value) if value.dtype.kind in "bfiu" else value.dtype
    if value is None:
        raise Wrong(f"{name} is None, expected numbers: is there a `return` at the function's end?")
    if not isinstance(value, Tensor) or value.is_complex():
        kind = f"complex: {str(value)[:60]}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise Wrong(f"{name} is {kind}, expected a tensor of real numbers")
    return value


def shape_hint(got: Sequence[int], wanted: Sequence[int | None]) -> str:
    """The likely cause of a wrong shape, to be added to a sentence; empty if none is known."""
    got, wanted = tuple(got), tuple(wanted)
    if not wanted:
        return ": a sum or a mean is missing"
    if not got:
        return ": everything was summed into one number, over the batch too"
    if got == wanted[1:]:
        return ": is the batch dimension missing?"
    if got[1:] == wanted:
        return ": is there a batch dimension too many?"
    return ": two dimensions have changed places" if sorted(got) == sorted(n or 0 for n in wanted) else ""


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
        watch: modules that it may use but must leave as they were: mode, frozen parameters, hooks, weights. They
            are put back in any case.
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
    copies, named = _copied(arguments), _copied(keywords)
    try:
        signature = inspect.signature(function)
        before, after = (signature.bind(*a, **k).arguments for a, k in ((arguments, keywords), (copies, named)))
    except TypeError as error:
        raise Wrong(f"{name} should take the arguments that the task shows: {error}") from None
    except ValueError:  # a builtin has no signature
        before, after = dict(enumerate(arguments)), dict(enumerate(copies))
    states = [_state(module) for module in watch]
    try:
        result = _run(lambda: function(*copies, **named), seconds, name)
        changed = [what for module, state in zip(watch, states, strict=True) if (what := _difference(state, module))]
    finally:
        for module, state in zip(watch, states, strict=True):
            _restore(module, state)
    for place, value in before.items():
        if place not in changes and (what := _change(value, after[place])) is not None:
            raise Wrong(f"{name} changed its argument {place} in place{what}; work on a copy")
    if changed:
        raise Wrong(f"{name} left a network other than it was{changed[0]}")
    if result is None and not nothing:
        raise Wrong(f"{name} returned None: is there a `return` at its end?")
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, nn.Parameter):
        return nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad)
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, nn.Module):
        return copy.deepcopy(value)
    if type(value) in (list, tuple):
        return type(value)(_copied(part) for part in value)
    return {key: _copied(part) for key, part in value.items()} if type(value) is dict else value


def _change(old: Any, new: Any) -> str | None:
    """What became of a copy, as the end of a sentence ("" if there is no more to say); None if nothing did."""
    if isinstance(old, nn.Module):
        return _difference(_state(old), new)
    if isinstance(old, (Tensor, np.ndarray)):
        return None if _same(old, new) else ""
    if type(old) is dict:
        old, new = [*old, *old.values()], [*new, *new.values()]
    if type(old) not in (list, tuple):
        return "" if isinstance(old, (int, float, str)) and old != new else None
    if len(old) != len(new):
        return ""
    return next((how for pair in zip(old, new, strict=True) if (how := _change(*pair)) is not None), None)


def _same(old: Any, new: Any) -> bool:
    old, new = torch.as_tensor(old).detach(), torch.as_tensor(new).detach()
    return old.shape == new.shape and bool(((old == new) | ((old != old) & (new != new))).all())


def _state(module: nn.Module) -> dict:
    """What ``watch`` watches."""
    parts = dict(module.named_modules())
    return {
        "training": {name: part.training for name, part in parts.items()},
        "hooks": {(name, kind): dict(getattr(part, kind)) for name, part in parts.items() for kind in HOOKS},
        "grad": {name: value.requires_grad for name, value in module.named_parameters()},
        "numbers": {name: value.detach().clone() for name, value in module.state_dict().items()},
    }


def _difference(old: dict, module: nn.Module) -> str | None:
    """The first difference between a state and a module, as the end of a sentence; None if there is none."""
    new = _state(module)
    if old["numbers"].keys() != new["numbers"].keys():
        return " (other layers)"
    if old["training"] != new["training"]:
        mode = "train" if any(new["training"].values()) else "eval"
        return f" (in {mode}() mode)"
    if [list(hooks) for hooks in old["hooks"].values()] != [list(hooks) for hooks in new["hooks"].values()]:
        return " (with other hooks: remove() each one, in a `finally`)"
    if old["grad"] != new["grad"]:
        return " (with other weights frozen: requires_grad)"
    changed = [name for name, value in old["numbers"].items() if not _same(value, new["numbers"][name])]
    return f" (the numbers of {changed[0]})" if changed else None


def _restore(module: nn.Module, state: dict) -> None:
    parts = dict(module.named_modules())
    for name, training in state["training"].items():
        parts[name].training = training
    for (name, kind), hooks in state["hooks"].items():
        current = getattr(parts[name], kind)
        current.clear()
        current.update(hooks)
    for name, value in module.named_parameters():
        value.requires_grad_(state["grad"][name])
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if not _same(value, state["numbers"][name]):
                value.copy_(state["numbers"][name])


def _run(call: Callable[[], Any], seconds: float, name: str) -> Any:
    """Call in a thread that is given up when its time is up; generators of random numbers are set back."""
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["result"] = call()
        except BaseException as error:
            outcome["error"] = error

    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    thread = threading.Thread(target=work, daemon=True, name=f"answer {name}")
    thread.start()
    try:
        thread.join(seconds)
    finally:
        _interrupt(thread)
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
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


def is_foreign(file: str) -> bool:
    """Whether a source file is a library's or ours, and not the reader's."""
    return file.startswith((HERE, sys.base_prefix)) or any(part in file for part in FOREIGN)


def in_words(error: BaseException) -> str:
    """An exception as its author should read it: its type, its message, and the line of theirs that it came from."""
    message = str(error).strip().split("\n")[0][:300]
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(error, SyntaxError) and error.text:
        return f"{said}, in the line `{error.text.strip()[:160]}`"
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_foreign(frame.f_code.co_filename):
            continue
        line = linecache.getline(frame.f_code.co_filename, number).strip()
        where = f"in {frame.f_code.co_name}, " if not frame.f_code.co_name.startswith("<") else ""
        return f"{said}, {where}in the line `{line[:160]}`" if line else f"{said}, {where}in line {number}"
    return said
