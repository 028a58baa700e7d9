"""The stored atlas: a thousand pictures that are drawn already, what they scored, and what others see (chapter 9)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from ..basics.names import find_class, search_classes

STORED = Path(__file__).resolve().parents[2] / "book" / "_static" / "atlas"


@dataclass(frozen=True)
class Entry:
    """One class of an atlas.

    Attributes:
        index, name: the class.
        logit: what the networks that drew it give the picture at its own size, on average.
        ranks: the place of the class for each judge, 1 for the first.
        beliefs: each judge's probability of it, in [0, 1].
        guess: each judge's first guess.
        guess_probability: each judge's probability of that, in [0, 1].
        order: its place in the order in which neighbors look alike.
        nearest: the classes of the three pictures that look most like it.
    """

    index: int
    name: str
    logit: float
    ranks: tuple[int, ...]
    beliefs: tuple[float, ...]
    guess: tuple[str, ...]
    guess_probability: tuple[float, ...]
    order: int
    nearest: tuple[int, ...]

    @property
    def belief(self) -> float:
        """The geometric mean of the judges' probabilities, in [0, 1]; one sure judge does not outvote another."""
        return torch.tensor(self.beliefs, dtype=torch.float64).clamp_min(1e-12).log().mean().exp().item()


@dataclass(frozen=True)
class Atlas:
    """A thousand pictures and what is known of them; ``atlas[259]`` or ``atlas["Pomeranian"]`` is an ``Entry``.

    Attributes:
        network: the title of the network that drew them, or of several, joined by ``" + "``.
        recipe: how, in words.
        judges: the titles of the networks that looked at them.
        kin: from a judge's title to those who drew and are of its family; a judge without kin is not in it.
        restarted: how many pictures were begun again, once or more often.
        grounded: the names of the classes that never took off in spite of it.
        entries: one a class, in the order of the classes.
        call: the line of code that draws one, with ``{name!r}`` in place of its class.
        folder: where the pictures are.
        sheets: how they lie on their sheets.
    """

    network: str
    recipe: str
    judges: tuple[str, ...]
    kin: dict[str, list[str]]
    restarted: int
    grounded: list[str]
    entries: tuple[Entry, ...]
    call: str
    folder: Path
    sheets: dict[str, dict[str, int]]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, c: int | str) -> Entry:
        return self.entries[find_class(c, [entry.name for entry in self.entries])]

    def search(self, part: str) -> list[Entry]:
        """The classes whose names hold some letters."""
        return [self.entries[index] for index, _ in search_classes(part, [entry.name for entry in self.entries])]

    def code(self, c: int | str) -> str:
        """The line of code that draws a class again."""
        return self.call.format(name=self[c].name)

    def tiles(self, classes: list[int | str]) -> Tensor:
        """Small pictures of some classes, (B, 3, 96, 96), RGB in [0, 1]."""
        return torch.stack([self._cut("tile", "tiles-{}.avif", self[c].index) for c in classes])

    def pictures(self, classes: list[int | str]) -> Tensor:
        """The pictures of some classes, (B, 3, side, side), RGB in [0, 1], as exact as a small file keeps them."""
        return torch.stack([self._cut("large", "large-{:02d}.avif", self[c].index) for c in classes])

    def _cut(self, kind: str, name: str, index: int) -> Tensor:
        side, across, each = (self.sheets[kind][key] for key in ("side", "across", "each"))
        sheet = _sheet(self.folder / name.format(index // each))
        row, column = divmod(index % each, across)
        return sheet[:, row * side : (row + 1) * side, column * side : (column + 1) * side].float() / 255


def load_atlas(folder: str | Path = STORED) -> Atlas:
    """The atlas that comes with the book, or one that was bound elsewhere (chapter 9).

    Args:
        folder: where ``atlas.json`` and its sheets are.

    Raises:
        FileNotFoundError: there is no atlas.
        ValueError: an earlier version bound it.
    """
    path = Path(folder) / "atlas.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no atlas in {folder}: a clone of the book has one in book/_static/atlas; `make atlas` binds another"
        )
    facts = json.loads(path.read_text("utf-8"))
    entries = [
        Entry(i, **{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()})
        for i, one in enumerate(facts["classes"])
    ]
    same = {key: facts.get(key) for key in ("network", "recipe", "kin", "restarted", "grounded", "call")}
    if None in same.values():
        raise ValueError(f"the atlas in {folder} was bound by an earlier version of this book: bind it again")
    sheets = {kind: facts[kind] for kind in ("tile", "large")}
    return Atlas(judges=tuple(facts["judges"]), entries=tuple(entries), folder=Path(folder), sheets=sheets, **same)


@lru_cache(maxsize=12)
def _sheet(path: Path) -> Tensor:
    """A sheet of pictures, (3, H, W) uint8."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
