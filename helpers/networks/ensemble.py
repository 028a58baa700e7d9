"""Several networks that answer together: what pleases all of them is less likely to be one network's private joke."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from ..basics.names import UnknownName
from .given import check_network
from .layers import Layer, each_layer
from .network import Network


class Ensemble(Network):
    """A network whose logits are the mean of its members' logits; in an ascent they take turns (chapter 8).

    Args:
        members: networks with the same classes in the same order, each with its own normalization.
    """

    def __init__(self, members: Sequence[Network]):
        name, title = (" + ".join(getattr(member, key) for member in members) for key in ("name", "title"))
        codes = [member.code for member in members]
        code = f"together([{', '.join(codes)}])" if all(codes) else ""
        super().__init__(nn.ModuleList(members), name, title, members[0].classes, size=members[0].size, code=code)
        self.layers = {}

    @property
    def members(self) -> list[Network]:
        """The networks that answer together."""
        return list(self.core)

    def activations(
        self, images: Tensor, layers: Layer | Iterable[Layer], precision: torch.dtype | None = None
    ) -> dict[Layer, Tensor]:
        """The mean logits (B, classes) of images (B, 3, H, W). Raises ``LookupError`` for any other layer."""
        layers = each_layer(layers)
        for one in layers:
            self.find_layer(one[0] if isinstance(one, tuple) else one)
        found = [member.activations(images, layers, precision) for member in self.members]
        return {one: torch.stack([answer[one].float() for answer in found]).mean(dim=0) for one in layers}

    def refresh(self) -> None:
        """Forget what was found out about the members."""
        super().refresh()
        for member in self.members:
            member.refresh()

    def channels(self, layer: str) -> int:
        """1,000 for ``"logits"``, one a class."""
        self.find_layer(layer)
        return len(self.classes)

    def takes(self, height: int, width: int) -> bool:
        """Whether every member runs on images (B, 3, height, width)."""
        return all(member.takes(height, width) for member in self.members)

    def fastest_precision(self) -> torch.dtype | None:
        """``torch.bfloat16`` if every member runs in it, else ``None``."""
        found = [member.fastest_precision() for member in self.members]
        return found[0] if None not in found else None

    def find_layer(self, layer: str) -> str:
        """Only ``"logits"``: the members' layers have nothing in common."""
        if layer != "logits":
            raise UnknownName(f"{self.title} have no layer {layer!r} in common, only their logits; ask one of them")
        return ""

    def without_normalization(self) -> Ensemble:
        """The same networks, their input fed straight in."""
        return Ensemble([member.without_normalization() for member in self.members])

    def _check_outputs(self) -> None:
        """The members' have been checked."""


def together(networks: Sequence[Network]) -> Network:
    """Several networks as one: its logits are the mean of theirs, and in an ascent they take turns (chapter 8).

    Where a picture is looked at tile by tile (``deep_dream``, the touches of ``poster``), their mean is asked.

    Args:
        networks: one or more, with the same classes; a single one is handed back.

    Raises:
        ValueError: none at all, or networks of different classes.
        TypeError: one of them is no ``Network``.
        NoClassifier: one of them has no classes.
    """
    networks = list(networks) if isinstance(networks, Iterable) and not isinstance(networks, str) else [networks]
    for network in networks:
        check_network(network)
    networks = [member for network in networks for member in network.members]
    if not networks:
        raise ValueError("no network: name one, or a list of them")
    for network in networks:
        network.check_has_classifier()
        if network.classes != networks[0].classes:
            raise ValueError(f"{network.title} and {networks[0].title} do not have the same classes in the same order")
    return networks[0] if len(networks) == 1 else Ensemble(networks)
