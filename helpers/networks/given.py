"""What is given as a ``Network``, or to make one, looked at before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..basics import names


def check_core(core: Any, title: str, layers: dict[str, str]) -> None:
    """Raise unless it is a network that knows the shapes of its layers, and has those that are named."""
    if not isinstance(core, nn.Module):
        raise TypeError(f"a Network is made from a torch.nn.Module, such as resnet18(), got {core!r:.60}")
    tensors = (*core.named_parameters(), *core.named_buffers())
    lazy = [path for path, tensor in tensors if nn.parameter.is_lazy(tensor)]
    if lazy:
        raise ValueError(f"{title} does not know the shape of {lazy[0]} yet: run it once on an input of its size")
    paths = dict(core.named_modules(remove_duplicate=False))
    for readable, path in layers.items():
        if path not in paths:
            near = " or ".join(map(repr, names.nearest(path, paths))) or f"one of {[*paths][1:9]}"
            raise names.UnknownName(
                f"layers[{readable!r}] is {path!r}, which {title} does not have: did you mean {near}?"
            )


def per_channel(values: float | Sequence[float] | Tensor, what: str) -> Tensor:
    """The numbers of a normalization, one or three in any shape, as (1, 3, 1, 1)."""
    try:
        numbers = torch.as_tensor(values, dtype=torch.float32, device="cpu").detach().flatten()
    except (TypeError, ValueError, RuntimeError):
        numbers = torch.empty(0)
    if len(numbers) not in (1, 3):
        raise ValueError(f"{what} is one number for each of R, G and B, or one for all; got {values!r:.60}")
    if what == "std" and not (numbers > 0).all():
        raise ValueError(f"std is what each channel is divided by, a positive number; got {numbers.tolist()}")
    return numbers.view(1, -1, 1, 1).expand(1, 3, 1, 1).clone()


def check_network(network: Any) -> None:
    """Raise ``TypeError`` for a bare ``torch.nn.Module``, or a name, in the place of a ``Network``."""
    if isinstance(network, nn.Module | str) and not hasattr(network, "members"):
        given = repr(network) if isinstance(network, str) else type(network).__name__
        raise TypeError(
            f"expected a Network, got {given}: Network(core, 'mine', 'My network', classes) makes one of a "
            "torch.nn.Module, load_network('vgg16') loads one"
        )
