"""A grid of pictures that were made beforehand, walked through with a slider or two.

All pictures lie in one image, the sheet. On paper and without JavaScript it is seen whole, with its rows and columns
named; a script makes it a window on one picture, and what the sliders move is the sheet behind the window. Nothing is
loaded on the way, so nothing flickers.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from .figures import Shown, image_tag
from .pictures import as_images, picture, saved
from .typography import as_html, number, typeset
from .widgets import widget

SHEET_WIDTH, TILE = 1600, 288  # pixels: at most so wide, all pictures and one
BUDGET = 420_000
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
    still = image_tag(_squeezed(sheet), alt, *sheet.size, "width:100%;")
    places = [f"{_at(down, up)}{', ' if down and across else ''}{_at(across, over)}" for up in ups for over in overs]
    cells = "".join(
        f'<div class="pom-cell"><span class="pom-aside">{html.escape(place)}: </span>{as_html(word)}</div>'
        for place, word in zip(places, words or [""] * len(found), strict=True)
    )
    heads = _heads(down, ups, "pom-up") + _heads(across, overs, "pom-over")
    style = f"--rows:{len(ups)};--columns:{len(overs)};" + "".join(
        f"--{name}:{value};" for name, value in shape.items()
    )
    controls = _range(across, overs, "pom-x") + _range(down, ups, "pom-y")
    opened = "whole" if whole else "one"
    inside = (
        f'<div class="pom-stage" data-open="{opened}" style="{style}"><div class="pom-sheet">{still}{heads}'
        f'<div class="pom-cells">{cells}</div></div>'
        f'<div class="pom-side" hidden><p class="pom-status"></p>{controls}'
        '<button type="button">All side by side</button></div></div>'
    )
    lines = [caption, *(f"  {place}: {word}" for place, word in zip(places, words, strict=False))]
    return widget("sliders", inside, caption, "\n".join(lines))


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


def _squeezed(sheet: Image.Image) -> bytes:
    """The sheet as WebP of at most ``BUDGET`` bytes, less exact the more there is on it."""
    for quality in (84, 76, 66, 54, 42, 32):
        data = saved(sheet, format="WEBP", quality=quality, alpha_quality=100)
        if len(data) <= BUDGET:
            return data
    smaller = round(sheet.width * 0.85), round(sheet.height * 0.85)
    return _squeezed(sheet.resize(smaller, Image.Resampling.LANCZOS))


def _heads(name: str, values: Sequence[str], kind: str) -> str:
    """The names of rows or columns beside the sheet; who cannot see them is told at each picture."""
    if not name:
        return ""
    hidden = '<div aria-hidden="true" class="pom-head'
    cells = (f'{hidden} {kind}" style="--k:{k}">{html.escape(value)}</div>' for k, value in enumerate(values))
    return f'{hidden} pom-name {kind}">{html.escape(name)}</div>{"".join(cells)}'


def _range(name: str, values: Sequence[str], kind: str) -> str:
    if not name:
        return ""
    return (
        f'<label>{html.escape(name)} <b aria-hidden="true">{html.escape(values[0])}</b>'
        f'<input class="{kind}" type="range" min="0" max="{len(values) - 1}" step="1" value="0" '
        f'aria-valuetext="{html.escape(values[0])}"></label>'
    )
