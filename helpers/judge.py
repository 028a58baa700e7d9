"""Another network's opinion of a picture: the one measure that the optimized network cannot flatter (chapter 8).

The judge knows nothing of how an image was made: it gets pixels, as it would get a photograph.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .basics.images import check_images, load_photo
from .basics.numbers import several
from .networks.classes import likeliest, probabilities
from .networks.given import check_network
from .networks.load import imagenet_classes, load_quietly
from .networks.network import Network
from .show.typography import as_html

LABELED = {"chelsea": {281, 282, 285}, "coffee": {967}}  # photographs at hand, and the classes that are right
BATCH = 25  # images looked at in one go
TABLE = "border-collapse:collapse;margin:.5em 0 1.2em;font-size:.92em;line-height:1.35"
CELL = "padding:.15em .8em .15em 0;text-align:left;vertical-align:top"


@dataclass(frozen=True, repr=False)
class Opinion:
    """What a judge sees in each of B images. Printed, it is a small table.

    Attributes:
        targets: (B,) the index of the class that each image should show.
        rank: (B,) the place of that class among all of the judge's, 1 for the first.
        probability: (B,) the judge's probability of it, in [0, 1].
        top: for each image the judge's five likeliest classes, as (name, probability).
        names: for each image the name of its target.
        judge: the judge's title.
        credentials: how the judge does on photographs whose class is known.
    """

    targets: Tensor
    rank: Tensor
    probability: Tensor
    top: list[list[tuple[str, float]]]
    names: list[str]
    judge: str
    credentials: str

    def __len__(self) -> int:
        return len(self.names)

    @property
    def top1(self) -> float:
        """The share of images in which the judge sees the target first, in [0, 1]."""
        return (self.rank == 1).double().mean().item()

    @property
    def top5(self) -> float:
        """The share of images in which the target is among the judge's first five, in [0, 1]."""
        return (self.rank <= 5).double().mean().item()

    def caption(self, i: int = 0) -> str:
        """One line to stand under image ``i``: the judge's first guess, and the target's place if that is another."""
        name, p = self.top[i][0]
        if self.rank[i] == 1:
            return f"{self.judge}: {name}, {p:.0%}"
        own = _share(float(self.probability[i]))
        return f"{self.judge}: {name}, {p:.0%}; {self.names[i]} is its no. {self.rank[i]}, {own}"

    @property
    def captions(self) -> list[str]:
        """The caption of every image."""
        return [self.caption(i) for i in range(len(self))]

    def summary(self) -> str:
        """The shares, and what the judge is worth."""
        count = len(self)
        first, five = int((self.rank == 1).sum()), int((self.rank <= 5).sum())
        seen = f"sees the target first in {first} of {count}, among its first five in {five}"
        return f"{self.judge} {seen}; {self.credentials}."

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Target, rank, probability and first guesses of each image, in words."""
        guesses = [
            ", ".join(f"{name}\u00a0{p:.0%}" if p >= 0.005 else f"{name}\u00a0<1%" for name, p in best)
            for best in self.top
        ]
        numbers = zip(self.rank.tolist(), self.probability.tolist(), strict=True)
        return [(n, str(r), _share(p), g) for n, (r, p), g in zip(self.names, numbers, guesses, strict=True)]

    def __repr__(self) -> str:
        return "\n".join(["  ".join(row) for row in [HEAD, *self.rows()]] + [self.summary()])

    def _repr_html_(self) -> str:
        cells = [[html.escape(cell) for cell in row] for row in [HEAD, *self.rows()]]
        head, *body = ["".join(f'<{t} style="{CELL}">{c}</{t}>' for c in row) for t, row in _tags(cells)]
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        words = as_html(self.summary())
        return f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{words}</p>'


HEAD = ("target", "rank", "probability", "the judge’s first five")


def _share(p: float) -> str:
    """A probability with one decimal, and no zero for what is not zero."""
    return "<0.1%" if p < 0.0005 else f"{p:.1%}"


def _tags(rows: list[list[str]]) -> list[tuple[str, list[str]]]:
    return [("td" if i else "th", row) for i, row in enumerate(rows)]


def second_opinion(images: Any, targets: Any, judge: str | Network = "efficientnet_lite0") -> Opinion:
    """Ask a network that took no part what it sees (chapter 8).

    The images are resized to the side that the judge was trained on, and looked at once: no averages over crops, no
    best of several tries.

    Args:
        images: a ``Result``, or (B, 3, H, W), RGB in [0, 1].
        targets: the class that they should show, by index or name; one for all, or one for each.
        judge: ``"efficientnet_lite0"``, ``"efficientnet_lite1"``, any other name for ``load_network``, or a network.

    Returns:
        An ``Opinion``.

    Raises:
        ValueError: the judge is the network that was optimized or answers NaN, or images and targets differ in number.
        TypeError, ValueError: something that is not RGB in [0, 1], or a judge that is no ``Network``.
        LookupError: no such class; the nearest are named.
        WeightsUnavailable: the judge's weights cannot be had here.
    """
    network = load_quietly(judge) if isinstance(judge, str) else judge
    check_network(network)
    own = {member.title for member in network.members} & set(getattr(images, "networks", ()))
    if own:
        raise ValueError(
            f"{', '.join(sorted(own))} drew these images, and is no judge of its own work: "
            'name another, such as judge="efficientnet_lite1"'
        )
    pictures = check_images(images.images if hasattr(images, "network_title") else images)
    wanted = list(targets) if several(targets) else [targets] * len(pictures)
    if len(wanted) != len(pictures):
        raise ValueError(f"{len(pictures)} images, but {len(wanted)} targets: give one for all, or one for each")
    indices = torch.tensor([network.find_class(target) for target in wanted], dtype=torch.long, device="cpu")
    logits = torch.cat([look(network, some) for some in pictures.split(BATCH)])
    if logits.isnan().any():
        raise ValueError(f"{network.title} answers some of these images with NaN: take another judge")
    mine = logits.gather(1, indices[:, None])
    return Opinion(
        targets=indices,
        rank=1 + (logits > mine).sum(dim=1),
        probability=probabilities(logits).gather(1, indices[:, None])[:, 0],
        top=likeliest(logits, network.classes, 5),
        names=[network.class_name(k) for k in indices.tolist()],
        judge=network.title,
        credentials=credentials(network),
    )


@torch.no_grad()
def look(network: Network, images: Tensor) -> Tensor:
    """A judge's logits (B, classes) of images (B, 3, H, W), RGB in [0, 1], resized to the side it was trained on."""
    side = network.size
    if images.shape[-2:] != (side, side):
        images = F.center_crop(F.resize(images, [side], antialias=True), [side, side])
    return network(images.to(network.device)).float().cpu()


def credentials(network: Network) -> str:
    """How the judge does on the photographs at hand whose class is known, in words."""
    if network.classes != imagenet_classes():
        return "what it is worth on photographs is not known here"
    logits = torch.cat([look(network, load_photo(name, 256)) for name in LABELED])
    right = sum(first in LABELED[name] for name, first in zip(LABELED, logits.argmax(dim=1).tolist(), strict=True))
    return f"it names {right} of the {len(LABELED)} photographs at hand whose class is known"
