"""A grid of pictures that were made beforehand, walked through with a slider or two.

All pictures lie in one image, the sheet. Without a script it is seen whole, and a line names its rows and columns; a
script puts the names beside them and makes it a window on one picture, and what the sliders move is the sheet behind
the window. Nothing is loaded on the way, so nothing flickers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from .figures import PAGE_WIDTH, Shown, image_tag
from .pictures import as_images, picture, webp
from .typography import number, typeset
from .widgets import widget

SHEET_WIDTH, TILE = 1600, 288  # pixels: at most so wide, all pictures and one
BUDGET, QUALITIES = 420_000, (84, 76, 66, 54, 42, 32)  # of the sheet
EDGE = 1  # a pixel that the window leaves out all around, where lossy compression blends a picture with its ground

Values = Mapping[str, Sequence[Any]]


def slider_grid(
    images: Any,
    rows: Values | None = None,
    columns: Values | None = None,
    *,
    words: Sequence[str] | None = None,
    caption: str,
    alt: str,
    whole: bool = False,
) -> Shown:
    """Show a grid of pictures through a window that one or two sliders move: chapters 2, 4 and 5.

    Args:
        images: row by row, a tensor (R * C, 3, H, W), a list of images (3, H, W) or (1, 3, H, W), or of Results.
            RGB in [0, 1]. Of one shape; those of fewer pixels are enlarged.
        rows: the slider from row to row, its name and its R values, such as ``{"blur σ": [None, 0.5, 0.8]}``.
        columns: the slider from column to column, likewise. One of the two may be left out.
        words: what is said of each picture; by default the final score, if the images are Results.
        caption: what the whole shows.
        alt: what a reader who cannot see the pictures is told of them.
        whole: whether to begin with the whole sheet; a button changes between it and one picture.

    Returns:
        An object to stand last in a cell.

    Raises:
        ValueError: if a slider has not one name and one value or more, if there are not R * C images or as many words,
            or if the images differ in shape.
        TypeError: if something is not an image.
    """
    found = as_images(images)
    (down, ups), (across, overs) = _slider("rows", rows), _slider("columns", columns)
    if not rows and not columns:
        raise ValueError("nothing to slide along: expected rows, columns or both, such as columns={'zoom': [1, 1.02]}")
    if len(found) != len(ups) * len(overs):
        raise ValueError(f"expected {len(ups)} by {len(overs)} images, row by row, got {len(found)}")
    words = list(words) if words is not None else _final_scores(images)
    if words and len(words) != len(found):
        raise ValueError(f"expected words for each of {len(found)} images, got {len(words)}")
    sheet, shape = _sheet(found, len(overs), bool(words))
    data = {
        "down": {"name": down, "values": ups},
        "across": {"name": across, "values": overs},
        "words": [typeset(word) for word in words],
        "shape": shape,
        "open": "whole" if whole else "one",
    }
    places = [f"{_at(down, up)}{', ' if down and across else ''}{_at(across, over)}" for up in ups for over in overs]
    lines = [caption, *(f"  {place}: {word}" for place, word in zip(places, words, strict=False))]
    stored = webp(sheet, BUDGET, qualities=QUALITIES)
    still = f'<div class="pom-sheet">{image_tag(stored, alt, *sheet.size, "width:100%;")}</div>'
    named = {"from top to bottom, ": (down, ups), "from left to right, ": (across, overs)}
    status = "; ".join(f"{way}{name}: {', '.join(values)}" for way, (name, values) in named.items() if name)
    status = f"{status[:1].upper()}{status[1:]}."
    return widget("sliders", still, caption, data, width=PAGE_WIDTH, status=status, text="\n".join(lines))


def _slider(which: str, values: Values | None) -> tuple[str, list[str]]:
    """A slider's name and its values in words; no name and one empty value for a slider that is left out."""
    if not values:
        return "", [""]
    if len(values) != 1 or not len(next(iter(values.values()))):
        raise ValueError(f"{which}: expected a name and its values, such as {{'zoom': [1, 1.02]}}; got {values!r:.70}")
    ((name, steps),) = values.items()
    words = ("none" if step is None else f"{step:g}" if isinstance(step, float) else str(step) for step in steps)
    return name, [typeset(word) for word in words]


def _at(name: str, value: str) -> str:
    return f"{name} {value}" if name else ""


def _final_scores(images: Any) -> list[str]:
    group = [images] if hasattr(images, "final") else images
    if isinstance(group, Tensor) or not all(hasattr(one, "final") for one in group):
        return []
    return [f"score {number(float(score))}" for one in group for score in one.final]


def _sheet(images: Sequence[Tensor], columns: int, words: bool) -> tuple[Image.Image, dict[str, str]]:
    """All pictures in one, with clear gaps and room for words below; and the window's place and shape in it."""
    shapes = {round(image.shape[2] / image.shape[1], 2) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"expected pictures of one shape, got widths of {sorted(shapes)} times the height")
    largest = max(images, key=lambda image: image.shape[2])
    width = min(largest.shape[2], TILE, SHEET_WIDTH // columns)
    width = max(width, 64)
    height = round(width * largest.shape[1] / largest.shape[2])
    gap = max(2, round(0.02 * width))
    below = round(0.2 * width) if words else gap
    pitch = width + 2 * gap, height + gap + below
    rows = len(images) // columns
    sheet = Image.new("RGBA", (columns * pitch[0], rows * pitch[1]))
    for k, image in enumerate(images):
        sheet.paste(_tile(image, width, height), (k % columns * pitch[0] + gap, k // columns * pitch[1] + gap))
    seen = width - 2 * EDGE, height - 2 * EDGE
    return sheet, {
        "left": f"{(gap + EDGE) / pitch[0]:.5f}",
        "top": f"{(gap + EDGE) / pitch[1]:.5f}",
        "under": f"{100 * (gap + height) / pitch[0]:.2f}%",
        "wide": f"{100 * sheet.width / seen[0]:.3f}%",
        "shape": f"{seen[0]}/{seen[1]}",
    }


def _tile(image: Tensor, width: int, height: int) -> Image.Image:
    """One picture of the sheet; of very few pixels each stays a square."""
    made = picture(image)
    if made.width <= 64:
        times = -(-2 * width // made.width)
        made = made.resize((times * made.width, times * made.height), Image.Resampling.NEAREST)
    return made if made.size == (width, height) else made.resize((width, height), Image.Resampling.LANCZOS)
