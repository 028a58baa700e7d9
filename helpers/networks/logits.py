"""Where in a network's output its logits are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

USUAL = ("logits", "out")  # what libraries call them


def find_logits(output: Any, where: str | int | None, batch: int, title: str) -> Tensor:
    """The logits (B, classes) in a network's output, wherever that is unambiguous.

    Args:
        output: what the network's ``forward`` returned: a tensor, or a tuple, dict or object with one in it.
        where: its key, attribute or index; ``None`` looks for ``logits``, ``out``, or the only tensor.
        batch: how many images there were.
        title: the network's name, for errors.

    Returns:
        (B, classes); of logits at many places, (B, classes, H, W) or (B, T, classes), their mean.

    Raises:
        TypeError: no tensor there, or several of which none is called as usual.
        ValueError: the images do not come first.
    """
    found = output if isinstance(output, Tensor) else _inside(output, where)
    if not isinstance(found, Tensor):
        names, at = [*_named(output)], "" if where is None else f" at {where!r}"
        raise TypeError(
            f"{title} gives a {type(output).__name__}{f' of {names}' if names else ''}, in which its logits are not "
            f"plain to see{at}: say where they are, as in Network(..., logits='scores') for a key or an attribute, "
            "logits=0 for a tuple's first"
        )
    if (found.dim() > 1 or batch > 1) and found.shape[:1] != (batch,):
        raise ValueError(
            f"{title} gives {tuple(found.shape)} for {batch} image{'s' if batch > 1 else ''}, where logits are "
            "(images, classes): of (T, images, classes), let its forward take the mean over T"
        )
    if found.dim() < 2:  # one logit, or a network that squeezes a batch of one away
        return found.reshape(batch, -1)
    return found if found.dim() == 2 else found.mean(dim=1) if found.dim() == 3 else found.flatten(2).mean(dim=2)


def _inside(output: Any, where: str | int | None) -> Any:
    """What stands at ``where`` in an output, or in what stands there; of several usual names, the first."""
    if where is not None:
        found = _called(where, output)
        return found if found is None or isinstance(found, Tensor) else _inside(found, None)
    for name in USUAL:
        if isinstance(_called(name, output), Tensor):
            return _called(name, output)
    values = output if isinstance(output, Sequence) else _named(output).values()
    tensors = [value for value in values if isinstance(value, Tensor)]
    return tensors[0] if len(tensors) == 1 else None


def _called(name: Any, output: Any) -> Any:
    """What stands under a key, an index, or an attribute, be it a slot or a property."""
    if isinstance(output, Mapping):
        return output.get(name)
    if isinstance(output, Sequence) and hasattr(name, "__index__"):
        return output[name] if -len(output) <= name < len(output) else None
    return getattr(output, name, None) if isinstance(name, str) else None


def _named(output: Any) -> dict[Any, Any]:
    """The keys of a mapping, the fields of a named tuple, or the attributes of an object, with what they hold."""
    if isinstance(output, Mapping):
        return dict(output)
    return output._asdict() if hasattr(output, "_asdict") else dict(getattr(output, "__dict__", {}))
