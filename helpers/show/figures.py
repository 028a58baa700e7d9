"""What a page shows: pictures side by side, and sentences that code wrote.

Every ``show_`` function returns an object that a notebook draws when it stands last in a cell; nothing is
displayed behind the reader's back. Text stays text (captions reflow and can be read aloud), and pictures are
stored as WebP of the size at which they are seen. This module knows nothing of networks or of optimization.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .pictures import as_images, data_uri, picture, webp
from .typography import as_html, typeset

PAGE_WIDTH = 760
GAP = 12
DENSE = 0.45  # bytes a pixel: noise alone wants more, and looks the same
CAPTION_STYLE = "margin:.7em 0 0;padding:0;text-align:left;font-size:.9em;line-height:1.45;color:inherit"


class Shown:
    """Something to look at: HTML where there is a page, the caption where there is only a terminal.

    Args:
        html: what a notebook or a page draws.
        text: what a terminal, or a reader of plain text, gets in its place.
    """

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def show_images(
    images: Any,
    captions: Sequence[str] | None = None,
    *,
    caption: str | None = None,
    alt: str | None = None,
    columns: int | None = None,
    width: int | None = None,
    keep_columns: bool = False,
) -> Shown:
    """Show images side by side, each with its words under it. Of a Result, ``show_images(result)`` is enough.

    Args:
        images: a tensor (B, 3, H, W), a list of (3, H, W) or (1, 3, H, W), a Result, or a list of Results.
            RGB in [0, 1].
        captions: one string for each image; by default those of the Results, if Results they are.
        caption: what the whole shows; by default what a Result says of itself.
        alt: what a reader who cannot see the pictures is told; each picture adds its own caption to it.
        columns: how many side by side where there is room for them (a phone shows fewer).
        width: how wide the whole may be, in pixels; never more than 760.
        keep_columns: whether a phone, too, shows that many side by side, however small: for grids whose rows or
            columns mean something. Three pictures stand side by side in any case.

    Returns:
        An object to stand last in a cell.

    Raises:
        TypeError: if something is not a float tensor.
        ValueError: if an image is not RGB in [0, 1], or captions and images differ in number.
    """
    found = as_images(images)
    words = list(captions) if captions is not None else _result_captions(images)
    if (words or captions is not None) and len(words) != len(found):
        raise ValueError(f"expected one caption for each of {len(found)} images, got {len(words)}")
    count = len(found)
    if caption is None:  # the words of a single picture are the whole's
        caption, words = (words[0], []) if len(words) == 1 else ("", words)
    alt = alt or (caption if count == 1 and caption else "A picture")
    if columns is None:
        columns = count if count <= 4 else 3 if count in (5, 6, 9) else 4
    if columns < 1:
        raise ValueError(f"columns: expected 1 or more, got {columns}")
    columns = min(columns, count)
    widest = max(image.shape[2] for image in found)
    natural = max(widest, 320) if columns == 1 else columns * max(widest, 240)
    total = min(width or min(natural, 512 if columns == 1 else PAGE_WIDTH), PAGE_WIDTH)
    tile = (total - GAP * (columns - 1)) / columns
    tiles = [
        _tile(image, words[k] if words else "", alt if count == 1 else f"{alt} ({k + 1} of {count})", tile)
        for k, image in enumerate(found)
    ]
    grid = _fixed_grid(columns) if keep_columns or count == columns == 3 else _grid(columns, min(140, int(tile)))
    body = f'<div style="{grid}">{"".join(tiles)}</div>' if count > 1 else tiles[0]
    lines = [*filter(None, [caption]), *(f"  {k + 1}. {word}" for k, word in enumerate(words))]
    return Shown(figure_tag(body, caption, total), "\n".join(lines))


def _result_captions(images: Any) -> list[str]:
    """The captions that Results bring along; none if there is a bare tensor among the images."""
    group = [images] if hasattr(images, "caption") else images
    if isinstance(group, Tensor) or not all(hasattr(one, "caption") for one in group):
        return []
    return [one.caption(i) for one in group for i in range(len(one))]


def _grid(columns: int, least: int) -> str:
    """The style of a grid that has fewer columns where they would be narrower than so many pixels."""
    share = f"calc((100% - {GAP * (columns - 1)}px)/{columns} - .1px)"
    tile = f"minmax(max(min(100%,{least}px),{share}),1fr)"
    return f"display:grid;gap:{GAP}px;grid-template-columns:repeat(auto-fill,{tile})"


def _fixed_grid(columns: int) -> str:
    """The style of a grid that keeps its columns: on a phone gaps and words shrink with the pictures."""
    return (
        f"display:grid;gap:min({GAP}px,1.3vw);grid-template-columns:repeat({columns},minmax(0,1fr));"
        "font-size:clamp(11px,3.2vw,1em);overflow-wrap:anywhere"
    )


def _tile(image: Tensor, words: str, alt: str, tile: float) -> str:
    """One picture of a grid with its words under it, as HTML."""
    made = picture(image, math.ceil(1.5 * tile))
    size = round(tile), round(tile * made.height / made.width)
    sharp = "image-rendering:pixelated;" if made.width <= 64 else ""
    img = image_tag(webp(made, dense=DENSE), f"{alt}: {words}" if words else alt, *size, sharp + "width:100%;")
    style = CAPTION_STYLE.replace(".9em", ".82em").replace(".7em", ".4em")
    under = f'<figcaption style="{style};opacity:.85">{as_html(words)}</figcaption>' if words else ""
    return f'<figure class="pom-tile" style="margin:0">{img}{under}</figure>'


def image_tag(data: bytes, alt: str, width: int, height: int, style: str = "") -> str:
    """An <img>; the class "dark-light" tells Sphinx's dark pages to put nothing white behind it."""
    look = f"{style}display:block;max-width:100%;height:auto;margin:0;background:transparent"
    return (
        f'<img class="dark-light" alt="{as_html(alt)}" width="{width}" height="{height}" style="{look}" '
        f'src="{data_uri(data)}">'
    )


def thumbnail(image: Any, alt: str, width: int, style: str = "") -> str:
    """One image, RGB in [0, 1], as a small <img>, for a page that lays out its own.

    Args:
        image: (3, H, W) or (1, 3, H, W).
        alt: what a reader who cannot see it is told.
        width: in pixels of the page.
        style: more CSS for it.
    """
    (image,) = as_images(image)
    made = picture(image, math.ceil(1.5 * width))
    sharp = "image-rendering:pixelated;" if made.width <= 64 else ""
    return image_tag(webp(made), alt, width, round(width * made.height / made.width), sharp + style)


def figure_tag(body: str, caption: str, width: int) -> str:
    words = f'<figcaption style="{CAPTION_STYLE}">{as_html(caption)}</figcaption>' if caption else ""
    return f'<figure class="pom-figure" style="margin:1em 0;max-width:{width}px">{body}{words}</figure>'


def show_text(markdown: str) -> Any:
    """Return a sentence that code wrote, as Markdown to stand last in a cell.

    Numbers are set as in a book: −0.5 for ``-0.5``, 7.4 × 10⁻⁴ for ``7.4e-04``.

    Args:
        markdown: the sentence, with the numbers already in it.

    Returns:
        An ``IPython.display.Markdown``.
    """
    from IPython.display import Markdown

    return Markdown(typeset(markdown))
