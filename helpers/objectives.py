"""What to maximize: classes, channels, units, layers and directions.

Chapter 2 derives the class objectives, chapter 5 the others. They add, subtract and scale (``objective``).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .networks.extract import Want
from .networks.network import Network
from .objective import Bound, Objective


def class_logit(c: int | str) -> Objective:
    """The score of a class before the softmax (chapter 2), the objective of Simonyan et al. (2013).

    Args:
        c: a class index or name.
    """

    def bind(network: Network) -> Bound:
        index = network.find_class(c)
        words = f"logit of {network.class_name(index)} ({index})"
        want = Want("logits", index)
        return Bound(words, (str(want),), lambda acts: want.find(acts)[:, 0])

    return Objective(bind)


def class_probability(c: int | str) -> Objective:
    """The logarithm of the softmax probability of a class (chapter 2): it also rises when all others fall.

    Args:
        c: a class index or name.
    """

    def bind(network: Network) -> Bound:
        index = network.find_class(c)
        words = f"log-probability of {network.class_name(index)} ({index})"
        return Bound(words, ("logits",), lambda acts: acts["logits"].log_softmax(dim=1)[:, index])

    return Objective(bind)


def class_margin(c: int | str, weight: float = 0.5, rivals: int = 5) -> Objective:
    """The logit of a class less a part of its strongest rivals' mean logit (chapter 7).

    Between ``class_logit``, which does not care what else is in the picture, and ``class_probability``, which is flat
    where it is sure. The rivals are those of the moment.

    Args:
        c: a class index or name.
        weight: how much the rivals count; 0 gives ``class_logit``.
        rivals: how many of the largest other logits, from 1 on.
    """

    if rivals < 1:
        raise ValueError(f"a margin is over 1 rival or more, got {rivals}; class_logit(c) has none")

    def bind(network: Network) -> Bound:
        index = network.find_class(c)
        words = f"margin of {network.class_name(index)} ({index})"

        def score(acts: Mapping[str, Tensor]) -> Tensor:
            logits = acts["logits"]
            others = torch.cat([logits[:, :index], logits[:, index + 1 :]], dim=1)
            return logits[:, index] - weight * others.topk(min(rivals, others.shape[1]), dim=1).values.mean(dim=1)

        return Bound(words, ("logits",), score)

    return Objective(bind)


def channel(layer: str, k: int) -> Objective:
    """The mean of one feature map (chapter 5).

    Args:
        layer: a layer name, as in ``network.layers``.
        k: the channel, from 0.
    """

    def bind(network: Network) -> Bound:
        _check_channel(network, layer, k)
        want = Want(layer, k)
        return Bound(f"channel {k} of {layer}", (str(want),), lambda acts: _maps(want.find(acts)).mean(dim=(1, 2, 3)))

    return Objective(bind)


def unit(layer: str, k: int, y: int | None = None, x: int | None = None) -> Objective:
    """One unit: one place of one feature map (chapter 5).

    Args:
        layer: a layer name.
        k: the channel, from 0.
        y, x: the place, in the feature map's own pixels; its middle by default.
    """

    def bind(network: Network) -> Bound:
        _check_channel(network, layer, k)
        want = Want(layer, k)

        def score(acts: Mapping[str, Tensor]) -> Tensor:
            maps = _maps(want.find(acts))
            row, column = (n // 2 if at is None else at for at, n in zip((y, x), maps.shape[2:], strict=True))
            if not (0 <= row < maps.shape[2] and 0 <= column < maps.shape[3]):
                raise IndexError(f"no unit at ({row}, {column}): {layer} is {maps.shape[2]}×{maps.shape[3]} here")
            return maps[:, 0, row, column]

        at = ", ".join("middle" if n is None else str(n) for n in (y, x))
        place = "the middle" if y is None and x is None else f"({at})"
        return Bound(f"unit of channel {k} of {layer} at {place}", (str(want),), score)

    return Objective(bind)


def layer(name: str) -> Objective:
    """The mean square of everything a layer answers: Deep Dream's objective (chapter 5), per unit.

    Args:
        name: a layer name.
    """

    def bind(network: Network) -> Bound:
        network.find_layer(name)
        return Bound(f"all of {name}, squared", (name,), lambda acts: _maps(acts[name]).square().mean(dim=(1, 2, 3)))

    return Objective(bind)


def direction(layer: str, vector: Tensor | Sequence[float]) -> Objective:
    """The mean of a layer's answer along a direction in the space of its channels (chapter 5).

    Args:
        layer: a layer name.
        vector: (C,) one number for each channel; scaled to length 1.
    """

    def bind(network: Network) -> Bound:
        along = torch.as_tensor(vector, dtype=torch.float32, device=network.device).detach()
        count = _check_channel(network, layer, 0)
        if along.shape != (count,) or not along.norm() > 0:
            raise ValueError(f"a direction in {layer} has {count} numbers, not all 0; got shape {tuple(along.shape)}")
        along = along / along.norm()
        return Bound(
            f"a direction of {layer}",
            (layer,),
            lambda acts: torch.einsum("bchw,c->bhw", _maps(acts[layer]), along).mean(dim=(1, 2)),
        )

    return Objective(bind)


def per_image(objectives: Sequence[Objective]) -> Objective:
    """A different objective for each image of a batch: the first for the first image, and so on.

    Args:
        objectives: as many as there are images.
    """

    def bind(network: Network) -> Bound:
        bound = [objective.bind(network) for objective in objectives]

        def score(acts: Mapping[str, Tensor]) -> Tensor:
            size = len(next(iter(acts.values())))
            if size != len(bound):
                raise ValueError(f"{len(bound)} objectives for a batch of {size} images: they must be as many")
            alone = [{name: act[i : i + 1] for name, act in acts.items()} for i in range(size)]
            return torch.cat([b.score(one) for b, one in zip(bound, alone, strict=True)])

        layers = tuple(dict.fromkeys(layer for b in bound for layer in b.layers))
        return Bound(tuple(str(b.words) for b in bound), layers, score)

    return Objective(bind)


def _maps(activation: Tensor) -> Tensor:
    """An activation as (B, C, H, W), whether it came from a convolution or from a fully connected layer."""
    return activation if activation.dim() == 4 else activation[:, :, None, None]


def _check_channel(network: Network, layer: str, k: int) -> int:
    """The number of channels of a layer. Raises ``IndexError`` unless ``k`` is one of them."""
    count = network.channels(layer)
    if isinstance(k, bool) or not hasattr(k, "__index__") or not 0 <= operator.index(k) < count:
        raise IndexError(f"no channel {k!r} in {layer} of {network.title}: its channels are numbered 0 to {count - 1}")
    return count
