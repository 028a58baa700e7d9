"""A reader's answer of any numeric type as a tensor, or a sentence that says what came in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .errors import Wrong


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
        value: a tensor or parameter of any floating or integer type, a number (a ``Fraction`` and a ``Decimal``, too),
            an array, a sequence of these.
        shape: what is expected; None for any length; () for one number. Brackets that hold one thing are no mistake:
            leading dimensions of length one beyond those expected are dropped, for one number all of them.
        name: what it is, for the sentence.
        like: has the expected shape, if ``shape`` is not given.
        differentiable: whether a gradient has to flow through it; otherwise the result is detached.
        finite: whether NaN and infinity are refused.
        dtype: of the result.
    """
    answer = _as_tensor(value, name)
    answer = (answer if answer.layout == torch.strided else answer.to_dense()).to("cpu", dtype)
    answer = answer.clone() if answer.is_inference() else answer  # a check may differentiate with it
    wanted = tuple(shape if shape is not None else like.shape if like is not None else answer.shape)
    while answer.ndim > len(wanted) and len(answer) == 1:
        answer = answer[0]
    if len(wanted) != answer.ndim or any(n not in (None, m) for n, m in zip(wanted, answer.shape, strict=True)):
        expected = f"shape {shape_in_words(wanted)}" if wanted else "one number"
        raise Wrong(f"{name} has shape {tuple(answer.shape)}, expected {expected}{shape_hint(answer.shape, wanted)}")
    if finite and not answer.isfinite().all():
        kind = "NaN" if answer.isnan().any() else "an infinite value"
        raise Wrong(f"{name} contains {kind}: is there a division by zero, a log of zero, or far too large a step?")
    new = isinstance(value, Tensor) and value.is_leaf  # a gradient would stop at it
    if differentiable and (new or not answer.requires_grad):
        raise Wrong(
            f"{name} has no gradient: detach(), item(), .data, numpy, no_grad() or a new torch.tensor(...) on the way "
            "cuts it off from what it was computed from"
        )
    return answer if differentiable else answer.detach()


def _as_tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and len(value):
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
    elif not isinstance(value, (Tensor, bool)) and hasattr(value, "__float__"):
        value = torch.tensor(float(value), dtype=torch.float64)
    if value is None:
        raise Wrong(f"{name} is None, expected numbers: is there a `return` at the function's end?")
    if not isinstance(value, Tensor) or value.is_complex():
        empty = "an empty" if isinstance(value, Sequence) and not len(value) else "a"
        kind = f"complex: {str(value)[:60]}" if isinstance(value, Tensor) else f"{empty} {type(value).__name__}"
        raise Wrong(f"{name} is {kind}, expected a tensor of real numbers")
    return value


def shape_in_words(shape: Sequence[int | None]) -> str:
    """A shape as Python writes it, with ``any`` for None."""
    return f"({', '.join('any' if n is None else str(n) for n in shape)}{',' if len(shape) == 1 else ''})"


def shape_hint(got: Sequence[int], wanted: Sequence[int | None]) -> str:
    """The likely cause of a wrong shape, to be added to a sentence; empty if none is known."""
    got, wanted = tuple(got), tuple(wanted)
    if not wanted:
        return ": a sum, a mean or an argmax is missing"
    if not got:
        return ": everything was summed into one number, over the batch too"
    if got == wanted[1:]:
        return ": is the batch dimension missing?"
    if got[1:] == wanted:
        return ": is there a batch dimension too many?"
    return ": two dimensions have changed places" if sorted(got) == sorted(n or 0 for n in wanted) else ""
