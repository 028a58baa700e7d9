"""What an objective is: a function from a network's activations to one score an image, and its arithmetic.

Chapter 2 derives the idea. Objectives add, subtract and scale:
``channel("conv4_3", 7) + 0.5 * channel("conv4_3", 9) - class_logit("tabby")``. ``objectives`` has those of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

from torch import Tensor

from .networks.network import Network

Score = Callable[[Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True)
class Bound:
    """An objective that has met its network.

    Attributes:
        words: what is maximized, for captions; one string, or one for each image of a batch.
        layers: what it needs the activations of: layers, or one channel of a layer (``"fire3[5]"``).
        score: from those activations to a score (B,) for each image.
    """

    words: str | tuple[str, ...]
    layers: tuple[str, ...]
    score: Score

    def words_for(self, i: int) -> str:
        """What is maximized in image ``i``."""
        return self.words if isinstance(self.words, str) else self.words[i]


class Objective:
    """Something to maximize, not yet tied to a network.

    Args:
        bind: from a network to a ``Bound``; raises where the network has no such class, layer or channel.
    """

    def __init__(self, bind: Callable[[Network], Bound]):
        self.bind = bind

    def __add__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return _combine([self, other], lambda a, b: a + b, lambda a, b: f"{a} + {b}")

    def __sub__(self, other: Objective) -> Objective:
        if not isinstance(other, Objective):
            return NotImplemented
        return _combine([self, other], lambda a, b: a - b, lambda a, b: f"{a} − {_in_brackets(b)}")

    def __mul__(self, factor: float) -> Objective:
        if not isinstance(factor, Real):
            return NotImplemented
        return _combine([self], lambda a: factor * a, lambda a: f"{factor:g} · ({a})")

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1


def _combine(parts: Sequence[Objective], score: Callable[..., Tensor], words: Callable[..., str]) -> Objective:
    def bind(network: Network) -> Bound:
        bound = [part.bind(network) for part in parts]
        layers = tuple(dict.fromkeys(layer for b in bound for layer in b.layers))
        many = [len(b.words) for b in bound if not isinstance(b.words, str)]
        text = [words(*(b.words_for(i) for b in bound)) for i in range(min(many, default=1))]
        return Bound(tuple(text) if many else text[0], layers, lambda acts: score(*(b.score(acts) for b in bound)))

    return Objective(bind)


def _in_brackets(words: str) -> str:
    """The words of a sum in brackets, since a minus stands before them."""
    return f"({words})" if " + " in words or " − " in words else words
