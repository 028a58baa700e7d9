"""Whole numbers as people write them: Python's, NumPy's, a tensor of one."""

from __future__ import annotations

import operator
from typing import Any

import torch


def whole(value: Any, what: str, least: int = 1) -> int:
    """An ``int``, one of NumPy's whole numbers, or a tensor of one of them, as Python's own.

    Raises ``ValueError`` for anything else, ``True`` and 3.0 among it, and for less than ``least``.
    """
    try:
        truth = isinstance(value, bool) or getattr(value, "dtype", None) == torch.bool
        number = None if truth else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{what} is a whole number from {least} on, got {value!r}")
    return number


def several(value: Any) -> bool:
    """Whether it has a length, and is not one text or one module of torch.

    A tensor or an array without dimensions, as ``argmax()`` gives it, has none.
    """
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0 and not isinstance(value, str | torch.nn.Module)


def one_or_more(value: Any, what: str, least: int = 0) -> int | list[int]:
    """One whole number, or a list of them from any sequence. Raises ``ValueError`` for anything else."""
    try:
        return [whole(one, what, least) for one in value]
    except TypeError:  # not a sequence
        return whole(value, what, least)
