"""The call that made a result, as data: made again, written down as a line of code, and told from other calls."""

from __future__ import annotations

import copy
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from .basics.files import state_in_words, tensor_bytes
from .networks.given import check_network

WATCHING = {"frames", "callbacks", "preview", "progress", "checkpoint"}  # options that change no picture
PLAIN = {"target", "c", "network"}  # arguments that are written without their names, where they come first
REST = ("options", "watching")  # what the functions here call their ``**`` arguments


class MadeBy:
    """A call as data: the function and its arguments, from which it is made again, written down, and told from others.

    Args:
        function: ``ascend`` or a recipe.
        arguments: all of its arguments by name, as ``locals()`` gives them at its beginning.

    Raises:
        TypeError: a bare module of torch, or a name, as the ``network``.
    """

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any]):
        self.function = function
        self.arguments = {name: value for name, value in arguments.items() if name not in REST}
        for rest in REST:
            self.arguments |= arguments.get(rest, {})
        check_network(self.arguments.get("network"))
        for name, value in self.arguments.items():  # what is about to change, or may be later
            if name == "image":
                self.arguments[name] = copy.deepcopy(value)
            elif isinstance(value, Tensor):
                self.arguments[name] = value.detach().clone()

    def again(self) -> Any:
        """Make the same call."""
        fresh = {"image": copy.deepcopy(self.arguments["image"])} if "image" in self.arguments else {}
        return self.function(**self.arguments | fresh)

    @property
    def code(self) -> str:
        """One line of Python that makes the same pictures; empty if an argument cannot be written down."""
        by_default = signature(self.function).parameters
        shown = {k: v for k, v in self.arguments.items() if k not in WATCHING and not (v is None and k in by_default)}
        written = {name: _as_code(value) for name, value in shown.items()}
        if None in written.values():
            return ""
        first = [written.pop(name) for name in list(written)[:2] if name in PLAIN]
        return f"{self.function.__name__}({', '.join([*first, *(f'{name}={code}' for name, code in written.items())])})"

    def identity(self) -> str:
        """The same words in every process for the same call, and others for another."""
        told = {k: v for k, v in self.arguments.items() if k not in WATCHING - {"frames"}}
        return f"{self.function.__name__}({', '.join(f'{name}={in_words(value)}' for name, value in told.items())})"


def _as_code(value: Any) -> str | None:
    """A value as Python that makes it, or ``None`` if there is none."""
    if hasattr(value, "members") and hasattr(value, "code"):  # a network
        return value.code or None
    if isinstance(value, (list, tuple)):
        inside = [_as_code(one) for one in value]
        return None if None in inside else f"[{', '.join(inside)}]"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return repr(int(value))
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else None  # NumPy's has other words
    return repr(value) if value is None or isinstance(value, str | bool) else None


def in_words(value: Any) -> str:
    """What a value is, in words that do not depend on where in memory it lies."""
    if isinstance(value, Tensor):
        return hashlib.sha256(tensor_bytes(value)).hexdigest()[:12]
    if isinstance(value, nn.Module):
        return f"{getattr(value, 'title', type(value).__name__)} {state_in_words(value)}"
    if isinstance(value, partial):
        given = [*map(in_words, value.args), *(f"{name}={in_words(one)}" for name, one in value.keywords.items())]
        return f"{in_words(value.func)}({', '.join(given)})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(in_words, value))}]"
    if hasattr(value, "bind"):  # an objective
        return in_words(value.bind)
    return getattr(value, "__qualname__", "") or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
