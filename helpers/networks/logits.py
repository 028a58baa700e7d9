"""Where in a network's output its logits are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

USUAL = ("logits", "out")  # what libraries call them


def find_logits(output: Any, where: str | int | None, title: str) -> Tensor:
    """The logits (B, classes) in a network's output, wherever that is unambiguous.

    Args:
        output: what the network's ``forward`` returned: a tensor, or a tuple, dict or object with one in it.
        where: its key, attribute or index; ``None`` looks for ``logits``, ``out``, or the only tensor.
        title: the network's name, for errors.

    Returns:
        (B, classes); of logits at many places, (B, classes, H, W), their mean.

    Raises:
        TypeError: no tensor there, or several of which none is called as usual.
    """
    found = output if isinstance(output, Tensor) else _inside(output, where)
    if not isinstance(found, Tensor):
        raise TypeError(
            f"{title} gives a {type(output).__name__}, in which its logits are not plain to see: say where they are, "
            "as in Network(..., logits='logits') for a key or an attribute, logits=0 for a tuple's first"
        )
    return found[:, None] if found.dim() == 1 else found.flatten(2).mean(dim=2) if found.dim() > 2 else found


def _inside(output: Any, where: str | int | None) -> Any:
    """What stands under a key, an attribute or an index of an output; of several usual names, the first."""
    if where is not None:
        return _get(output, where)
    for name in USUAL:
        if isinstance(_get(output, name), Tensor):
            return _get(output, name)
    values = output.values() if isinstance(output, Mapping) else output if isinstance(output, Sequence) else ()
    tensors = [value for value in values if isinstance(value, Tensor)]
    return tensors[0] if len(tensors) == 1 else None


def _get(output: Any, where: str | int) -> Any:
    if isinstance(output, Mapping):
        return output.get(where)
    if isinstance(where, int):
        return output[where] if isinstance(output, Sequence) and -len(output) <= where < len(output) else None
    return getattr(output, where, None)
