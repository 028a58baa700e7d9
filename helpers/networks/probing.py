"""What can be learned of a network by looking: the shapes of its layers, and whether its copies are still like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from .extract import node_names

if TYPE_CHECKING:
    from .network import Network

PROBES = (64, 96, 224, 299)  # pixels a side


def layer_shapes(network: Network, size: int) -> dict[str, tuple[int, ...]]:
    """The shape (C, H, W) of every named layer's output for an input of ``size × size`` pixels."""
    blank = torch.zeros(1, 3, size, size, device=network.device)
    run = node_names(network.core)  # some networks have layers for training alone
    layers = [name for name, path in network.layers.items() if any(f"{n}.".startswith(f"{path}.") for n in run)]
    with torch.no_grad():
        found = network.activations(blank, layers)
    return {layer: tuple(found[layer].shape[1:]) for layer in layers}


def count_channels(network: Network, layer: str) -> int:
    """The channels of a layer, looked at with blank images of the smallest two sizes that the network takes.

    Raises:
        ValueError: what it answers is neither (B, C) nor (B, C, H, W).
    """
    shapes = []
    for side in PROBES:
        try:
            with torch.no_grad():
                found = network.activations(torch.zeros(1, 3, side, side, device=network.device), [layer])[layer]
        except (ValueError, AssertionError):
            if side == PROBES[-1] and not shapes:
                raise
            continue
        shapes.append(tuple(found.shape))
        if len(shapes) == 2:
            break
    if len(shapes[0]) not in (2, 4) or shapes[0][1] != shapes[-1][1]:
        raise ValueError(
            f"{layer} of {network.title} answers {' or '.join(map(str, shapes))}, and its channels do not come "
            "first: the objectives here are for (B, C, H, W). Name a convolution"
        )
    return shapes[0][1]


def same_numbers(half: nn.Module, core: nn.Module) -> bool:
    """Whether a copy in another precision is still one of this network."""
    copied, true = half.state_dict(), core.state_dict()
    return copied.keys() == true.keys() and all(torch.equal(copied[k], true[k].to(copied[k].dtype)) for k in true)
