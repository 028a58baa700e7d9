"""The classes of a network: looked up by name, and the likeliest of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..basics import names
from ..basics.images import check_images


class NoClassifier(RuntimeError):
    """A class score was asked of a network that has no classes."""


class HasClasses:
    """What a network with a list ``classes`` of names can be asked about them."""

    title: str
    classes: list[str]
    device: torch.device

    @property
    def has_classifier(self) -> bool:
        """Whether it has classes."""
        return bool(self.classes)

    def check_has_classifier(self) -> None:
        """Raise ``NoClassifier``, with the way out, if there are no class scores."""
        if not self.has_classifier:
            raise NoClassifier(
                f"{self.title} has no classes here: ask for a layer (channel('conv5_3', 7)), use load_network() for "
                "the best network that has some, or name them: Network(..., classes=[...])"
            )

    def find_class(self, query: int | str) -> int:
        """The index of a class from its name or index: ``find_class("pomeranian")`` is 259. Raises ``LookupError``."""
        self.check_has_classifier()
        return names.find_class(query, self.classes)

    def class_name(self, query: int | str) -> str:
        """The name of a class from its name or index."""
        return self.classes[self.find_class(query)]

    def search_classes(self, part: str) -> list[tuple[int, str]]:
        """All classes whose name contains ``part``, as (index, name): that very name first."""
        self.check_has_classifier()
        return names.search_classes(part, self.classes)

    def top(self, images: Tensor, k: int = 5) -> list[list[tuple[str, float]]]:
        """The ``k`` likeliest classes of each image, RGB in [0, 1], as (name, probability)."""
        with torch.no_grad():
            return likeliest(self(check_images(images).to(self.device)), self.classes, k)


def probabilities(logits: Tensor) -> Tensor:
    """The probabilities of classes, from logits (B, classes): the softmax; where there is one logit, its sigmoid."""
    return logits.softmax(dim=1) if logits.shape[1] > 1 else logits.sigmoid()


def likeliest(logits: Tensor, classes: Sequence[str], k: int) -> list[list[tuple[str, float]]]:
    """The ``k`` likeliest classes for each row of logits (B, classes), as (name, probability), best first."""
    best = logits.topk(min(k, logits.shape[1])).indices  # of the logits: probabilities far down are all rounded to 0
    likely = probabilities(logits).gather(1, best)
    rows = zip(best.tolist(), likely.tolist(), strict=True)
    return [[(classes[i], p) for i, p in zip(*row, strict=True)] for row in rows]
