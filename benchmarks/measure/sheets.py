"""Contact sheets: rows of recipes, columns of classes; and one of pictures with numbers for names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from helpers.basics.files import write_whole
from helpers.show.pictures import webp

COLUMNS = 8  # classes of the sheet: the first of those given
SIDE, GAP, MARGIN, HEAD = 148, 4, 304, 60  # pixels: a picture, between two, for the row's name, for the columns'
ROW_FONT, HEAD_FONT = 24, 22  # pixels, of which a page shows half
NUMBER = 32  # pixels above a picture that has no name but a number
PAPER, INK = (0, 0, 0, 0), "#777c85"  # whatever page it lies on, light or dark, shines through
BUDGET = 900_000  # bytes


def tile(path: Path) -> Image.Image | None:
    """A stored picture in the sheet's size, or ``None`` if there is none."""
    if not path.exists():
        return None
    with Image.open(path) as stored:
        return stored.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def wrapped(words: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """Words broken into lines of at most ``width`` pixels, if no word alone is longer."""
    lines = [""]
    for word in words.split():
        if lines[-1] and font.getlength(f"{lines[-1]} {word}") > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def sheet(rows: Sequence[tuple[str, Path]], classes: Sequence[int], names: Sequence[str]) -> Image.Image:
    """Rows of pictures with names at the left and classes on top, on no ground.

    ``rows`` are a name and a folder of pictures each; the first ``COLUMNS`` classes have a column. RGBA, as wide as a
    page of 760 pixels on a screen of two dots a pixel if no column is missing.
    """
    step, classes, names = SIDE + GAP, classes[:COLUMNS], names[:COLUMNS]
    paper = Image.new("RGBA", (MARGIN + step * len(classes), HEAD + step * len(rows)), PAPER)
    pen, font, small = ImageDraw.Draw(paper), ImageFont.load_default(ROW_FONT), ImageFont.load_default(HEAD_FONT)
    for column, name in enumerate(names):
        place = MARGIN + column * step, HEAD - 6
        pen.multiline_text(place, wrapped(name, SIDE, small), INK, small, anchor="ld", spacing=2)
    for row, (title, folder) in enumerate(rows):
        place = 0, HEAD + row * step + SIDE // 2
        pen.multiline_text(place, wrapped(title, MARGIN - 12, font), INK, font, anchor="lm", spacing=4)
        for column, k in enumerate(classes):
            image = tile(folder / f"{k}.webp")
            if image:
                paper.paste(image, (MARGIN + column * step, HEAD + row * step))
    return paper


def wordless(pictures: Sequence[Image.Image], columns: int = 8) -> Image.Image:
    """Pictures of one size, row by row, each under its number and no other word, for someone to name."""
    wide, high = pictures[0].width + GAP, pictures[0].height + NUMBER
    paper = Image.new("RGBA", (columns * wide - GAP, -(-len(pictures) // columns) * high), PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(ROW_FONT)
    for i, image in enumerate(pictures):
        x, y = i % columns * wide, i // columns * high
        pen.text((x, y + NUMBER - 6), str(i + 1), INK, font, anchor="ls")
        paper.paste(image, (x, y + NUMBER))
    return paper


def save(image: Image.Image, path: Path) -> None:
    """Store a sheet as WebP."""
    write_whole(path, webp(image, BUDGET))
