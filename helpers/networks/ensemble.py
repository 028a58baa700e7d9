"""Several networks asked at once: what pleases all of them is less likely to be one network's private joke."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from .extract import Want
from .network import Network


class Ensemble(Network):
    """A network whose logits are the mean of its members' logits (chapter 8).

    Args:
        members: networks with the same classes in the same order, each with its own normalization.
    """

    def __init__(self, members: Sequence[Network]):
        name, title = (" + ".join(getattr(member, key) for member in members) for key in ("name", "title"))
        super().__init__(nn.ModuleList(members), name, title, members[0].classes)
        self.layers = {}
        self.mean, self.std = (buffer.to(members[0].device) for buffer in (self.mean, self.std))

    def activations(self, images: Tensor, layers: Iterable[str], **engine) -> dict[str, Tensor]:
        """The mean logits (B, classes) of images (B, 3, H, W). Raises ``LookupError`` for any other layer."""
        layers = [layers] if isinstance(layers, str) else list(layers)
        for layer in layers:
            self.find_layer(Want.of(layer).layer)
        found = [member.activations(images, layers, **engine) for member in self.core]
        return {layer: torch.stack([one[layer].float() for one in found]).mean(dim=0) for layer in layers}

    def refresh(self) -> None:
        """Bring what the members keep of themselves up to date."""
        for member in self.core:
            member.refresh()

    def find_layer(self, layer: str) -> str:
        """Only ``"logits"``: the members' layers have nothing in common."""
        if layer != "logits":
            raise LookupError(f"{self.title} have no layer {layer!r} in common, only their logits; ask one of them")
        return layer

    def without_normalization(self) -> Ensemble:
        """The same networks, their input fed straight in."""
        return Ensemble([member.without_normalization() for member in self.core])


def together(networks: Sequence[Network]) -> Network:
    """Several networks as one, whose logits are the mean of theirs (chapter 8).

    Args:
        networks: one or more, with the same classes.

    Raises:
        ValueError: none at all, or networks of different classes.
        NoClassifier: one of them has no classes.
    """
    networks = list(networks)
    if not networks:
        raise ValueError("no network: name one, or a list of them")
    for network in networks:
        network.check_has_classifier()
        if network.classes != networks[0].classes:
            raise ValueError(f"{network.title} and {networks[0].title} do not have the same classes in the same order")
    return networks[0] if len(networks) == 1 else Ensemble(networks)
