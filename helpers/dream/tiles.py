"""The gradient of a picture that is too big to be looked at in one piece (derived in chapter 6)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import torch
from torch import Tensor, nn

from ..networks.efficientnet_lite import SameConv2d
from ..networks.network import Network
from ..objectives import Bound, Objective
from .reach import Strides, reach, stride_of

Span = tuple[int, int]
NO_PLACES = (
    "the objective ({}) is not a mean over places, so it cannot be cut into tiles: take layer(), channel(), "
    "direction() or guided(), a smaller picture, or a larger tile"
)


class Tiles:
    """A network that answers one question about a picture of any size, tile by tile, in the memory of one tile.

    To ``ascend`` it is a network like any other: ``ascend(tiles.objective, tiles, image)``. The score is a mean over
    the units of a feature map; each unit belongs to one tile, and a tile is looked at with a margin around it, its
    halo. With a halo as wide as a unit sees beyond its own place, which is the default, the gradients of the tiles
    add up to that of the whole picture exactly. A narrower one is faster and leaves seams (chapter 6 shows them).

    Args:
        objective: what to maximize: a mean over places, such as ``layer``, ``channel``, ``direction`` or ``guided``,
            and their sums (exact for layers of different strides if the sides are multiples of them all);
            anything at all if the picture fits into one tile.
        network: a frozen network.
        tile: pixels a side of the largest piece, its halo not counted.
        halo: pixels of context on each side of it; by default as many as the objective's layers see, measured.

    Raises:
        ValueError: a tile too small, a negative halo; when first used, an objective that is no mean over places, a
            stride or a halo that cannot be measured.
        LookupError: no such class, layer or channel.
    """

    def __init__(self, objective: Objective, network: Network, tile: int = 512, halo: int | None = None):
        if tile < 32 or (halo or 0) < 0:
            raise ValueError(f"tiles have 32 pixels a side or more, and a halo of 0 or more; got {tile} and {halo}")
        self.network, self.title, self.device = network, network.title, network.device
        self.tile, self.halo = tile, halo
        self.bound = objective.bind(network)
        self.objective = Objective(lambda _: Bound(self.bound.words, ("score",), lambda acts: acts["score"]))
        self._strides: dict[str, Strides] | None = None

    @property
    def members(self) -> list[Network]:
        """The networks that answer."""
        return self.network.members

    @property
    def turns(self) -> list[Tiles]:
        """Whom ``ascend`` asks in each step: the tiles, whose network answers as one."""
        return [self]

    def refresh(self) -> None:
        """Forget what was found out about the network."""
        self.network.refresh()

    def fastest_precision(self) -> torch.dtype | None:
        """The network's own."""
        return self.network.fastest_precision()

    def backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        """Put the gradient of a loss into the parameters of an image, as ``Network.backward`` does."""
        self.network.backward(loss, parameters)

    def activations(
        self, images: Tensor, layers: object = None, precision: torch.dtype | None = None
    ) -> dict[str, Tensor]:
        """The one thing it can be asked for: ``{"score": (B,)}`` of images (B, 3, H, W), with its gradient.

        ``precision`` is passed on to ``Network.activations``.
        """
        height, width = images.shape[2:]
        if max(height, width) <= self.tile:
            return {"score": self.bound.score(self._look(images, precision))}
        return {"score": _ByTiles.apply(images, self, precision)}

    def score_and_gradient(
        self, images: Tensor, with_gradient: bool = True, precision: torch.dtype | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The score (B,) of images (B, 3, H, W) and its gradient, of the images' shape; no larger piece is looked at
        than a tile with its halo."""
        strides = self._find_strides()
        steps = tuple(math.lcm(*one) for one in zip(*strides.values(), strict=True))
        same = any(isinstance(module, SameConv2d) for module in self.network.modules())
        whole, halo = images.shape[2:], self.find_halo()
        score, units = images.new_zeros(len(images)), 0
        gradient = torch.zeros_like(images) if with_gradient else None
        for rows, columns in product(*(spans(end, self.tile, step) for end, step in zip(whole, steps, strict=True))):
            (top, bottom), (left, right) = (
                _with_halo(span, end, halo, step, same)
                for span, end, step in zip((rows, columns), whole, steps, strict=True)
            )
            with torch.enable_grad():
                piece = images[..., top:bottom, left:right].detach().clone().requires_grad_(with_gradient)
                found = self._look(piece, precision)
                own = {
                    name: found[name][
                        ...,
                        _own(rows, top, whole[0], down),
                        _own(columns, left, whole[1], across),
                    ]
                    for name, (down, across) in strides.items()
                }
                count = next(iter(own.values()))[0, 0].numel()
                if not count:
                    continue
                part = count * self.bound.score(own)
                total = part.sum()
            score, units = score + part.detach(), units + count
            if with_gradient:
                gradient[..., top:bottom, left:right] += torch.autograd.grad(total, piece)[0]
        return score / units, gradient / units if with_gradient else None

    def find_halo(self) -> int:
        """How far beyond its own place a unit of the objective's layers sees, in pixels, up to about 256.

        Measured by the gradient of a middle unit at noise: where it is zero, the unit is blind. A max pool after very
        few channels may hide some of what it sees elsewhere; ``halo`` is then better given.

        Raises:
            ValueError: the middle unit of a layer answers to no noise.
        """
        if self.halo is None:
            strides = self._find_strides().items()
            self.halo = max(reach(self.network, one[0] if isinstance(one, tuple) else one, own) for one, own in strides)
        return self.halo

    def _look(self, images: Tensor, precision: torch.dtype | None = None) -> dict[str, Tensor]:
        found = self.network.activations(images, self.bound.layers, precision)
        return {name: activation.float() for name, activation in found.items()}

    def _find_strides(self) -> dict[str, Strides]:
        """How many pixels lie between two neighboring units of each layer; the score must be a mean over them."""
        if self._strides is None:
            with torch.no_grad():
                small, large = (self._look(torch.zeros(1, 3, n, n, device=self.device)) for n in (128, 256))
            if any(large[name].dim() != 4 or large[name].shape[2] == small[name].shape[2] for name in large):
                raise ValueError(NO_PLACES.format(self.bound.words))
            _check_mean_over_places(self.bound, large)
            self._strides = {
                name: tuple(stride_of(name, large[name].shape[d] - small[name].shape[d]) for d in (2, 3))
                for name in large
            }
        return self._strides


class _ByTiles(torch.autograd.Function):
    """The score of all tiles together: its gradient is made along with it, so that no tile's memory is kept."""

    @staticmethod
    def forward(ctx, images: Tensor, tiles: Tiles, precision: torch.dtype | None) -> Tensor:
        score, gradient = tiles.score_and_gradient(images, ctx.needs_input_grad[0], precision)
        ctx.save_for_backward(*([gradient] if gradient is not None else []))
        return score

    @staticmethod
    def backward(ctx, outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return outer[:, None, None, None] * gradient, None, None


def spans(length: int, tile: int, step: int = 1) -> list[Span]:
    """Cut a side of ``length`` pixels into pieces of about the same size, ``tile`` at most, that begin at multiples
    of ``step`` (so that each tile's grid of units is the whole picture's)."""
    units = -(-length // step)
    count = -(-units // max(1, tile // step))
    edges = [round(units * k / count) * step for k in range(count)] + [length]
    return list(pairwise(edges))


def _with_halo(span: Span, end: int, halo: int, step: int, same: bool = False) -> Span:
    """The span and its halo, as far as the picture goes; the first pixel stays on the grid.

    With ``same``, the piece has the picture's own remainder modulo ``step``, on which TensorFlow's padding depends.
    """
    halo = (-(-halo // step) + same) * step
    last = end - max(0, end - span[1] - halo) // step * step if same else min(end, span[1] + halo)
    return max(0, span[0] - halo), last


def _own(span: Span, first: int, end: int, stride: int) -> slice:
    """Which units of a tile that begins at pixel ``first`` are its own; the last tile keeps all to the end."""
    return slice((span[0] - first) // stride, None if span[1] == end else (span[1] - first) // stride)


def _check_mean_over_places(bound: Bound, activations: dict[str, Tensor]) -> None:
    """Raise ``ValueError`` unless the score of a feature map is the mean of the scores of its halves."""

    def halves() -> Iterator[dict[str, Tensor]]:
        for part in (slice(0, 2), slice(2, 4)):
            yield {name: noise[..., part] for name, noise in trial.items()}

    generator = torch.Generator("cpu").manual_seed(0)
    count = 1 if isinstance(bound.words, str) else len(bound.words)
    trial = {
        name: torch.randn(count, act.shape[1], 4, 4, generator=generator, device="cpu").to(act)
        for name, act in activations.items()
        if act.dim() == 4
    }
    if trial.keys() == activations.keys():
        whole, apart = bound.score(trial), sum(bound.score(half) for half in halves()) / 2
        if torch.allclose(whole, apart, rtol=1e-3, atol=1e-5):
            return
    raise ValueError(NO_PLACES.format(bound.words))
