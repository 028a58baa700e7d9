"""The objectives of this book: classes (chapter 2); channels, units, layers and directions (chapter 5)."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from ..basics.names import UnknownIndex
from ..basics.numbers import whole
from ..networks.network import Network
from .algebra import Activations, Bound, Objective


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
