"""Comparing what came out with what should have, in words that name the symptom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from helpers.answers.convert import shape_hint, shape_in_words

RTOL, ATOL = 1e-4, 1e-5


def close(one: Tensor, other: Any, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two tensors have one shape and nearly the same finite values."""
    other = torch.as_tensor(other)
    if one.shape != other.shape:
        return False
    one, other = _wide(one), _wide(other)
    return bool(torch.isfinite(one).all()) and torch.allclose(one, other, rtol=rtol, atol=atol)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.complex128 if x.is_complex() else torch.float64)


def as_number(value: Any) -> float | None:
    """A number or a tensor of one element as a float; None for anything else."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def check_tensor(got: Any, shape: tuple[int | None, ...] | None = None, what: str = "the result") -> str | None:
    """Say what is wrong with the type, the shape (None for any length) or the finiteness of a tensor."""
    if not isinstance(got, Tensor):
        return f"{what} should be a tensor, and is a {type(got).__name__}: {str(got)[:60]}"
    if shape is not None:
        fits = len(shape) == got.ndim and all(n in (None, m) for n, m in zip(shape, got.shape, strict=True))
        if not fits:
            hint = shape_hint(got.shape, shape)
            return f"{what} has shape {tuple(got.shape)}; it should have {shape_in_words(shape)}{hint}"
    if got.is_floating_point() and not torch.isfinite(got).all():
        kind = "NaN" if got.isnan().any() else "infinite values"
        return f"{what} contains {kind}: is there a division by zero, a log of zero, or a step that is far too large?"
    return None


def compare(
    got: Any,
    expected: Any,
    what: str = "the result",
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> str | None:
    """Say how ``got`` differs from ``expected``, by its likely cause if one is recognized; None if it does not.

    Both are tensors or numbers; messages call ``got`` by ``what``. ``mistakes`` has what a well-known mistake would
    have given, by what to say about it: a whole sentence that names symptom and cause. The first that matches, and
    differs from what is expected, is said.
    """
    wanted = torch.as_tensor(expected)
    if wanted.ndim == 0 and (number := as_number(got)) is not None:
        got = torch.tensor(number, dtype=torch.float64)
    for message, value in (mistakes or {}).items():
        value = torch.as_tensor(value)
        if isinstance(got, Tensor) and close(got, value, rtol, atol) and not close(value, wanted, rtol, atol):
            return message
    if (problem := check_tensor(got, tuple(wanted.shape), what)) is not None:
        return problem
    if close(got, wanted, rtol, atol):
        return None
    return _difference(_wide(got), _wide(wanted), what, rtol, atol)


def _difference(got: Tensor, wanted: Tensor, what: str, rtol: float, atol: float) -> str:
    if close(got, -wanted, rtol, atol):
        return f"{what} has the right size and the wrong sign: up or down?"
    if not got.any():
        return f"{what} is zero everywhere"
    power = (got * got.conj()).real.sum()
    factor = (wanted.conj() * got).real.sum() / (wanted * wanted.conj()).real.sum().clamp_min(1e-30)
    if power > 0 and got.numel() > 1 and close(got, factor * wanted, rtol, atol):
        return f"{what} is {factor.item():.4g} times what it should be: is a factor, a sum or a mean amiss?"
    shift = (got - wanted).mean()
    if got.numel() > 1 and close(got, wanted + shift, rtol, atol):
        return (
            f"{what} is off by {shift.real.item():.4g} everywhere: is something added or subtracted that should not be?"
        )
    if got.numel() == 1:
        return f"{what} is {_number(got)}; it should be {_number(wanted)}"
    off = ~torch.isclose(got, wanted, rtol=rtol, atol=atol)
    worst = (got - wanted).abs().argmax()
    share = off.double().mean().item()
    return (
        f"{what} is wrong in {share:.0%} of its values; for example {_number(got.flatten()[worst])} "
        f"where {_number(wanted.flatten()[worst])} should be"
    )


def _number(x: Tensor) -> str:
    return f"{x.item():.5g}"
