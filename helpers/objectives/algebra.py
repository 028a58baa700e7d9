"""What an objective is: a function from a network's activations to one score an image, and its arithmetic.

Objectives add, subtract and scale:
``channel("conv4_3", 7) + 0.5 * channel("conv4_3", 9) - class_logit("tabby")``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real

import torch
from torch import Tensor

from ..networks.layers import Layer, each_layer
from ..networks.network import Network
from ..networks.way_back import no_gradient

Activations = Mapping[Layer, Tensor]


@dataclass(frozen=True)
class Bound:
    """An objective that has met its network.

    Attributes:
        words: what is maximized, for captions; one string, or one for each image of a batch.
        layers: what it needs the activations of: a layer's name, or a tuple of names and of single channels, such as
            ``("fire3", ("conv1_2", 7))``.
        score: from those activations to a score (B,) for each image.
    """

    words: str | tuple[str, ...]
    layers: tuple[Layer, ...]
    score: Callable[[Activations], Tensor]

    def __post_init__(self) -> None:  # each once, and one alone without a tuple around it
        object.__setattr__(self, "layers", tuple(each_layer(self.layers)))

    def words_for(self, i: int) -> str:
        """What is maximized in image ``i``."""
        return self.words if isinstance(self.words, str) else self.words[i]

    def of(self, network: Network, images: Tensor, precision: torch.dtype | None = None) -> Tensor:
        """The score (B,) of images (B, 3, H, W), RGB of any values.

        Raises:
            ValueError: another shape, or a score without a gradient where the images have one.
        """
        found = network.activations(images, self.layers, precision=precision)
        scores = self.score({layer: activation.float() for layer, activation in found.items()})
        if scores.shape != (len(images),):
            raise ValueError(f"an objective gives each image one score, ({len(images)},); got {tuple(scores.shape)}")
        if torch.is_grad_enabled() and images.requires_grad and not scores.requires_grad:
            raise ValueError(no_gradient(network.title))
        return scores


class Objective:
    """Something to maximize, not yet tied to a network. One of your own, the mean of a patch of a feature map::

        def score(activations):  # from {name: activation} to one score for each image, (B,)
            return activations["fire3"][:, 5, 2:6, 2:6].mean(dim=(1, 2))

        patch = Objective(lambda network: Bound("a patch of fire3, channel 5", ("fire3",), score))

    Args:
        bind: from a network to a ``Bound``; raises where the network has no such class, layer or channel.
    """

    def __init__(self, bind: Callable[[Network], Bound]):
        self.bind = bind

    def __add__(self, other: Objective) -> Objective:
        if isinstance(other, Real) and other == 0:  # where sum() begins
            return self
        if not isinstance(other, Objective):
            return NotImplemented
        return _combined([self, other], operator.add, "{} + {}")

    __radd__ = __add__

    def __sub__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return _combined([self, other], operator.sub, "{} − {}")

    def __mul__(self, factor: float) -> Objective:
        if not isinstance(factor, Real):
            return NotImplemented
        return _combined([self], partial(operator.mul, float(factor)), f"{factor:g} · ({{}})")

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Objective:
        return self * (1 / divisor) if isinstance(divisor, Real) else NotImplemented

    def __neg__(self) -> Objective:
        return self * -1


def _combined(parts: Sequence[Objective], score: Callable[..., Tensor], words: str) -> Objective:
    return Objective(partial(_bind_combined, parts=tuple(parts), score=score, words=words))


def _bind_combined(network: Network, parts: Sequence[Objective], score: Callable[..., Tensor], words: str) -> Bound:
    bound = [part.bind(network) for part in parts]
    many = [len(b.words) for b in bound if not isinstance(b.words, str)]
    text = []
    for i in range(min(many, default=1)):
        first, *others = (b.words_for(i) for b in bound)
        text.append(words.format(first, *(_in_brackets(one) if "−" in words else one for one in others)))
    layers = tuple(layer for b in bound for layer in b.layers)
    return Bound(tuple(text) if many else text[0], layers, lambda acts: score(*(b.score(acts) for b in bound)))


def _in_brackets(words: str) -> str:
    """The words of a sum in brackets, since a minus stands before them."""
    return f"({words})" if " + " in words or " − " in words else words


def per_image(objectives: Sequence[Objective]) -> Objective:
    """A different objective for each image of a batch: the first for the first image, and so on.

    Args:
        objectives: as many as there are images, one or more.
    """
    if not objectives:
        raise ValueError("no objective: name one for each image")
    return Objective(partial(_bind_per_image, objectives=tuple(objectives)))


def _bind_per_image(network: Network, objectives: Sequence[Objective]) -> Bound:
    bound = [objective.bind(network) for objective in objectives]

    def score(acts: Activations) -> Tensor:
        size = len(next(iter(acts.values())))
        if size != len(bound):
            raise ValueError(f"{len(bound)} objectives for a batch of {size} images: they must be as many")
        alone = [{name: act[i : i + 1] for name, act in acts.items()} for i in range(size)]
        return torch.cat([b.score(one) for b, one in zip(bound, alone, strict=True)])

    layers = tuple(layer for b in bound for layer in b.layers)
    return Bound(tuple(str(b.words) for b in bound), layers, score)
