"""Contact sheets: rows of recipes, columns of classes; and one of pictures without a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from helpers.download import write_whole
from helpers.pictures import webp

SIDE, GAP, MARGIN, HEAD = 112, 4, 190, 30  # pixels: a picture, between two, for the row's name, for the columns'
PAPER, INK = "white", "#222222"
BUDGET = 900_000  # bytes


def tile(path: Path, side: int = SIDE) -> Image.Image | None:
    """A stored picture at ``side`` pixels, or ``None`` if there is none."""
    if not path.exists():
        return None
    with Image.open(path) as stored:
        return stored.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)


def wrapped(words: str, width: int) -> str:
    """Words broken into lines of about ``width`` letters."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def sheet(rows: Sequence[tuple[str, Path]], classes: Sequence[int], names: Sequence[str]) -> Image.Image:
    """Rows of pictures with names at the left and classes on top.

    Args:
        rows: a name and a folder of pictures for each.
        classes: a column each.
        names: of the classes.
    """
    step = SIDE + GAP
    paper = Image.new("RGB", (MARGIN + step * len(classes), HEAD + step * len(rows)), PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(13)
    for column, name in enumerate(names):
        pen.text((MARGIN + column * step, 1), wrapped(name, 18), INK, ImageFont.load_default(11), spacing=1)
    for row, (title, folder) in enumerate(rows):
        pen.text((4, HEAD + row * step + 30), wrapped(title, 26), INK, font)
        for column, k in enumerate(classes):
            image = tile(folder / f"{k}.webp")
            if image:
                paper.paste(image, (MARGIN + column * step, HEAD + row * step))
    return paper


def wordless(folder: Path, classes: Sequence[int], columns: int = 6, side: int = 224) -> Image.Image:
    """Pictures without captions, for someone to name.

    Args:
        folder: of the pictures.
        classes: one picture each, row by row.
        columns: how many a row.
        side: pixels of each.
    """
    lines = -(-len(classes) // columns)
    paper = Image.new("RGB", (columns * (side + GAP), lines * (side + GAP)), PAPER)
    for i, k in enumerate(classes):
        image = tile(folder / f"{k}.webp", side)
        if image:
            paper.paste(image, (i % columns * (side + GAP), i // columns * (side + GAP)))
    return paper


def save(image: Image.Image, path: Path) -> None:
    """Store a sheet as WebP."""
    write_whole(path, webp(image, BUDGET))
