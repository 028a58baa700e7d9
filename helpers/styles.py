"""The styles that ``visualize`` can be asked for: ways to draw that were found by measurement (chapters 7 and 8)."""

from __future__ import annotations

from dataclasses import dataclass

from .basics.names import UnknownName, nearest
from .transforms import Transform, noise, random_affine, random_blur


@dataclass(frozen=True)
class Style:
    """A named way to draw (chapter 7).

    Attributes:
        margin: how much a class's rivals count against it (``class_margin``).
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        fourier: options of ``Fourier``.
        affine: options of ``random_affine``, the view of every style.
        why: what it is for.
        blur: sigma of ``random_blur``, in pixels of an image with 224 a side; 0 for none.
        noise: standard deviation of ``noise``; 0 for none.
        begin: the part of the steps after which blur and noise come in, from 0 to 1.
        restarts: how often a picture that never took off is begun again.
    """

    margin: float
    lr: float
    fourier: dict[str, float]
    affine: dict[str, object]
    why: str
    blur: float = 0.0
    noise: float = 0.0
    begin: float = 0.5
    restarts: int = 2

    def views(self, size: int, steps: int) -> list[Transform]:
        """What the network looks through in a run of so many steps, for images of ``size`` pixels a side.

        Blur and noise come in late: from the first step on they drown the gradient before there is anything to see.
        Raises ``ValueError`` if ``begin`` is no part.
        """
        if not 0 <= self.begin <= 1:
            raise ValueError(f"begin is the part of the steps without blur and noise, from 0 to 1, got {self.begin}")
        after = round(self.begin * steps)
        views = [random_affine(**self.affine, pixels=size / 28)]
        views += [random_blur(self.blur * size / 224, after=after)] if self.blur else []
        return views + ([noise(self.noise, after=after)] if self.noise else [])


WIDE = dict(degrees=20, scale=(0.5, 1.4))
NEAR = dict(degrees=15, scale=(0.5, 1.2))
STYLES = {
    "clear": Style(0.5, 0.1, dict(chroma=0.5, gain=0.2), WIDE, "what another network recognizes best"),
    "natural": Style(
        0.5, 0.15, dict(chroma=0.9, gain=0.3, decay=1.3), NEAR, "what a person recognizes best", blur=1.5, noise=0.1
    ),
    "bold": Style(0.0, 0.1, dict(chroma=1.0, gain=0.3), WIDE, "the logit alone, in full color"),
}


def find_style(name: str | Style) -> Style:
    """The style of that name, or the one that is handed over. Raises ``LookupError`` with the nearest right answer."""
    if isinstance(name, Style):
        return name
    if name in STYLES:
        return STYLES[name]
    near = nearest(name, STYLES)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, STYLES))}"
    raise UnknownName(f"no style {name!r}; {hint}")
