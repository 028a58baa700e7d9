"""Before and after, one over the other, and a slider that wipes from one to the other.

On paper and without a script the two stand side by side.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .figures import CAPTION_STYLE, GAP, PAGE_WIDTH, Shown, image_tag
from .pictures import as_images, picture, webp
from .widgets import widget

WIDEST = 560  # pixels of the page, of which a screen may have several to each


def before_after(
    before: Any,
    after: Any,
    *,
    caption: str,
    alt: str | Sequence[str],
    labels: Sequence[str] = ("before", "after"),
) -> Shown:
    """Show two images in one place, with a slider that wipes from one to the other: chapter 6.

    Args:
        before: an image (3, H, W) or (1, 3, H, W), RGB in [0, 1], or a Result of one image.
        after: another, of the same shape (its number of pixels may differ).
        caption: what the two show.
        alt: what a reader who cannot see them is told, of the first and of the second; or of both, in one string.
        labels: two words or so for each.

    Returns:
        An object to stand last in a cell.

    Raises:
        ValueError: if there are not two images of one shape, two labels, and one or two alternative texts.
        TypeError: if something is not an image.
    """
    pair = [*as_images(before), *as_images(after)]
    alts = [f"{alt}: {label}" for label in labels] if isinstance(alt, str) else list(alt)
    if len(pair) != 2 or len(labels) != 2 or len(alts) != 2:
        raise ValueError(
            f"expected one image, label and alternative text for each of before and after, got {len(pair)} images, "
            f"{len(labels)} labels and {len(alts)} texts"
        )
    one, other = (round(image.shape[2] / image.shape[1], 2) for image in pair)
    if one != other:
        raise ValueError(f"expected two images of one shape, got widths of {one} and {other} times the height")
    width = min(WIDEST, max(360, round(1.6 * max(image.shape[2] for image in pair))))
    shown = zip(pair, alts, labels, ("pom-before", "pom-after"), strict=True)
    figures = "".join(_figure(image, width, *words) for image, *words in shown)
    pair_ = f'<div class="pom-pair" style="display:flex;gap:{GAP}px">{figures}</div>'
    return widget("wipes", pair_, caption, {"labels": list(labels), "most": width}, width=PAGE_WIDTH)


def _figure(image: Tensor, width: int, alt: str, label: str, kind: str) -> str:
    made = picture(image, round(1.5 * width))
    height = round(width * made.height / made.width)
    style = CAPTION_STYLE.replace(".9em", ".82em").replace(".7em", ".4em")
    return (
        f'<figure class="{kind}" style="flex:1 1 0;min-width:0;margin:0">'
        f"{image_tag(webp(made), alt, width, height, 'width:100%;')}"
        f'<figcaption style="{style}">{html.escape(label)}</figcaption></figure>'
    )
