"""How far apart the units of a layer lie, and how far each sees, measured at the network itself (chapter 6)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..networks.network import Network

Strides = tuple[int, int]  # down and to the right


def stride_of(name: object, units: int) -> int:
    """The stride of a layer that 128 more pixels make larger by so many units; above 9, the power of 2 that fits.

    Raises:
        ValueError: units closer than pixels, or a stride that so few units do not tell.
    """
    stride = round(128 / units) if units else 0
    if abs(stride * units - 128) >= max(stride, 1) or 128 % units and stride > 9:
        raise ValueError(
            f"128 more pixels make {name} {units} units larger, so its stride is none that tiles can have (1 to 9, 16, "
            "32, …): take another layer, a smaller picture, or a larger tile"
        )
    return stride


def reach(network: Network, name: str, strides: Strides) -> int:
    """How far beyond its own place a unit of a layer sees, in pixels, up to about 256.

    Raises:
        ValueError: the middle unit answers to no noise.
    """
    for side in (128, 256, 512):
        seen, middle = seen_by_the_middle(network, name, side)
        edges = [(one.min().item(), one.max().item()) for one in seen.nonzero().T]
        if all(first > 0 and last < side - 1 for first, last in edges):
            break  # it sees less than the noise there is
    return max(
        max(unit * stride - first, last - (unit + 1) * stride + 1)
        for unit, stride, (first, last) in zip(middle, strides, edges, strict=True)
    )


def seen_by_the_middle(network: Network, name: str, side: int) -> tuple[Tensor, tuple[int, int]]:
    """Which of ``side`` × ``side`` pixels the middle unit of a layer sees, and which unit that is."""
    dice = torch.Generator("cpu").manual_seed(0)
    for _ in range(8):  # at some noise all of a unit's channels may be dead
        x = torch.rand(1, 3, side, side, generator=dice, device="cpu", dtype=torch.float32)
        x = x.to(network.device).requires_grad_()
        with torch.enable_grad():
            maps = network.activations(x, [name])[name]
            row, column = maps.shape[2] // 2, maps.shape[3] // 2
            score = maps[0, :, row, column].sum()
        seen = torch.autograd.grad(score, x)[0].ne(0).any(dim=1)[0]
        if seen.any():
            return seen, (row, column)
    raise ValueError(f"the middle unit of {name} answers to no noise, so its halo cannot be measured: give halo=")
