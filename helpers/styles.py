"""Named ways to draw: what ``visualize`` can be asked for. Data, and how to find it."""

from __future__ import annotations

from dataclasses import dataclass

from .names import nearest


@dataclass(frozen=True)
class Style:
    """A named way to draw (chapter 7).

    Attributes:
        margin: how much a class's rivals count against it (``class_margin``).
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        fourier: options of ``Fourier``.
        why: what it is for.
    """

    margin: float
    lr: float
    fourier: dict[str, float]
    why: str


STYLES = {
    "clear": Style(0.5, 0.1, dict(chroma=0.5, gain=0.2), "what another network recognizes best"),
    "natural": Style(0.5, 0.1, dict(chroma=0.5, gain=0.1, decay=1.2), "softer, closer to a photograph"),
    "bold": Style(0.0, 0.1, dict(chroma=1.0, gain=0.3), "the logit alone, in full color"),
}


def find_style(name: str) -> Style:
    """The style of that name. Raises ``LookupError`` with the nearest right answer."""
    if name in STYLES:
        return STYLES[name]
    near = nearest(name, STYLES)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, STYLES))}"
    raise LookupError(f"no style {name!r}; {hint}")
