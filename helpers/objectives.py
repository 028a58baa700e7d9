"""What to maximize: classes, channels, units, layers and directions, and their arithmetic.

Chapter 2 derives the class objectives, chapter 5 the others. An objective is a function from a network's activations to
one score an image. Objectives add, subtract and scale:
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

from .basics.names import UnknownIndex
from .basics.numbers import whole
from .networks.layers import Layer
from .networks.network import Network, no_gradient

Activations = Mapping[Layer, Tensor]


@dataclass(frozen=True)
class Bound:
    """An objective that has met its network.

    Attributes:
        words: what is maximized, for captions; one string, or one for each image of a batch.
        layers: what it needs the activations of: layers, or one channel of a layer (``("conv1_2", 7)``).
        score: from those activations to a score (B,) for each image.
    """

    words: str | tuple[str, ...]
    layers: tuple[Layer, ...]
    score: Callable[[Activations], Tensor]

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
    layers = tuple(dict.fromkeys(layer for b in bound for layer in b.layers))
    return Bound(tuple(text) if many else text[0], layers, lambda acts: score(*(b.score(acts) for b in bound)))


def _in_brackets(words: str) -> str:
    """The words of a sum in brackets, since a minus stands before them."""
    return f"({words})" if " + " in words or " − " in words else words


def class_logit(c: int | str) -> Objective:
    """The score of a class before the softmax (chapter 2), the objective of Simonyan et al. (2013).

    Args:
        c: a class index or name.
    """
    return Objective(partial(_bind_logit, c=c))


def _bind_logit(network: Network, c: int | str) -> Bound:
    k = network.find_class(c)
    words = f"logit of {network.class_name(k)} ({k})"
    return Bound(words, (("logits", k),), lambda acts: _channel_of(acts, "logits", k).flatten())


def class_probability(c: int | str) -> Objective:
    """The logarithm of the softmax probability of a class (chapter 2): it also rises when all others fall.

    The only class of a network has the sigmoid's.

    Args:
        c: a class index or name.
    """
    return Objective(partial(_bind_probability, c=c))


def _bind_probability(network: Network, c: int | str) -> Bound:
    k = network.find_class(c)
    words = f"log-probability of {network.class_name(k)} ({k})"
    return Bound(words, ("logits",), lambda acts: _log_probabilities(acts["logits"])[:, k])


def _log_probabilities(logits: Tensor) -> Tensor:
    return logits.log_softmax(dim=1) if logits.shape[1] > 1 else torch.nn.functional.logsigmoid(logits)


def class_margin(c: int | str, weight: float = 0.5, rivals: int = 5) -> Objective:
    """The logit of a class less a part of its strongest rivals' mean logit (chapter 7).

    Between ``class_logit``, which does not care what else is in the picture, and ``class_probability``, which is flat
    where it is sure. The rivals are those of the moment; the only class of a network has none.

    Args:
        c: a class index or name.
        weight: how much the rivals count; 0 gives ``class_logit``.
        rivals: how many of the largest other logits, from 1 on.
    """
    return Objective(partial(_bind_margin, c=c, weight=weight, rivals=whole(rivals, "the number of rivals")))


def _bind_margin(network: Network, c: int | str, weight: float, rivals: int) -> Bound:
    k = network.find_class(c)

    def score(acts: Activations) -> Tensor:
        logits = acts["logits"]
        others = torch.cat([logits[:, :k], logits[:, k + 1 :]], dim=1)
        strongest = others.topk(min(rivals, others.shape[1]), dim=1).values
        return logits[:, k] - (weight * strongest.mean(dim=1) if strongest.numel() else 0)

    return Bound(f"margin of {network.class_name(k)} ({k})", ("logits",), score)


def channel(layer: str, k: int) -> Objective:
    """The mean of one feature map (chapter 5).

    Args:
        layer: a layer name, as in ``network.layers``.
        k: the channel, from 0.
    """
    return Objective(partial(_bind_channel, layer=layer, k=k))


def _bind_channel(network: Network, layer: str, k: int) -> Bound:
    k = _check_channel(network, layer, k)
    words = f"channel {k} of {layer}"
    return Bound(words, ((layer, k),), lambda acts: _channel_of(acts, layer, k).mean(dim=(1, 2, 3)))


def unit(layer: str, k: int, y: int | None = None, x: int | None = None) -> Objective:
    """One unit: one place of one feature map (chapter 5).

    Args:
        layer: a layer name.
        k: the channel, from 0.
        y, x: the place, in the feature map's own pixels; its middle by default.
    """
    return Objective(partial(_bind_unit, layer=layer, k=k, y=y, x=x))


def _bind_unit(network: Network, layer: str, k: int, y: int | None, x: int | None) -> Bound:
    k = _check_channel(network, layer, k)

    def score(acts: Activations) -> Tensor:
        maps = _channel_of(acts, layer, k)
        row, column = (n // 2 if at is None else at for at, n in zip((y, x), maps.shape[2:], strict=True))
        if not (0 <= row < maps.shape[2] and 0 <= column < maps.shape[3]):
            raise UnknownIndex(f"no unit at ({row}, {column}): {layer} is {maps.shape[2]}×{maps.shape[3]} here")
        return maps[:, 0, row, column]

    at = ", ".join("middle" if n is None else str(n) for n in (y, x))
    place = "the middle" if y is None and x is None else f"({at})"
    return Bound(f"unit of channel {k} of {layer} at {place}", ((layer, k),), score)


def layer(name: str) -> Objective:
    """The mean square of everything a layer answers: Deep Dream's objective (chapter 5), per unit.

    Args:
        name: a layer name.
    """
    return Objective(partial(_bind_layer, name=name))


def _bind_layer(network: Network, name: str) -> Bound:
    network.channels(name)
    return Bound(f"all of {name}, squared", (name,), lambda acts: maps_of(acts[name]).square().mean(dim=(1, 2, 3)))


def direction(layer: str, vector: Tensor | Sequence[float]) -> Objective:
    """The mean of a layer's answer along a direction in the space of its channels (chapter 5).

    Args:
        layer: a layer name.
        vector: (C,) one number for each channel; scaled to length 1.
    """
    return Objective(partial(_bind_direction, layer=layer, vector=vector))


def _bind_direction(network: Network, layer: str, vector: Tensor | Sequence[float]) -> Bound:
    along = torch.as_tensor(vector, dtype=torch.float32, device=network.device).detach()
    count = network.channels(layer)
    if along.shape != (count,) or not along.norm() > 0:
        raise ValueError(f"a direction in {layer} has {count} numbers, not all 0; got shape {tuple(along.shape)}")
    along = along / along.norm()

    def score(acts: Activations) -> Tensor:
        return torch.einsum("bchw,c->bhw", maps_of(acts[layer]), along).mean(dim=(1, 2))

    return Bound(f"a direction of {layer}", (layer,), score)


def per_image(objectives: Sequence[Objective]) -> Objective:
    """A different objective for each image of a batch: the first for the first image, and so on.

    Args:
        objectives: as many as there are images.
    """
    return Objective(partial(_bind_per_image, objectives=tuple(objectives)))


def _bind_per_image(network: Network, objectives: Sequence[Objective]) -> Bound:
    bound = [objective.bind(network) for objective in objectives]

    def score(acts: Activations) -> Tensor:
        size = len(next(iter(acts.values())))
        if size != len(bound):
            raise ValueError(f"{len(bound)} objectives for a batch of {size} images: they must be as many")
        alone = [{name: act[i : i + 1] for name, act in acts.items()} for i in range(size)]
        return torch.cat([b.score(one) for b, one in zip(bound, alone, strict=True)])

    layers = tuple(dict.fromkeys(layer for b in bound for layer in b.layers))
    return Bound(tuple(str(b.words) for b in bound), layers, score)


def maps_of(activation: Tensor) -> Tensor:
    """An activation as (B, C, H, W): (B, C) has one place, the tokens of (B, T, C) stand in a column."""
    if activation.dim() == 3:
        return activation.transpose(1, 2)[..., None]
    return activation if activation.dim() == 4 else activation[:, :, None, None]


def _channel_of(acts: Activations, layer: str, k: int) -> Tensor:
    """One channel's map (B, 1, H, W), among activations that may hold it alone or all of its layer."""
    return maps_of(acts[layer, k]) if (layer, k) in acts else maps_of(acts[layer])[:, k : k + 1]


def _check_channel(network: Network, layer: str, k: int) -> int:
    """The channel's number. Raises ``IndexError`` unless the layer has it."""
    count = network.channels(layer)
    if isinstance(k, bool) or not hasattr(k, "__index__") or not 0 <= operator.index(k) < count:
        raise UnknownIndex(
            f"no channel {k!r} in {layer} of {network.title}: its channels are numbered 0 to {count - 1}"
        )
    return operator.index(k)
