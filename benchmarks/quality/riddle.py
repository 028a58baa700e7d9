"""The riddle: pictures without a word, and how often those who were shown them could name them.

    python -m benchmarks.quality.riddle

draws the first classes of the odd sample, nothing chosen, by all networks that are packaged: nobody is left to judge
but readers. What they guessed is kept word for word in ``results/riddle.json``, with the mark of the sheet that they
were shown; what is right, this file decides::

    {"drawn": WORDS, "asked": MARK, "readers": [{"who": …, "guesses": {CLASS: [GUESS, …]}}], "also": {CLASS: [NAME, …]}}
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import sheets, store, tables
from benchmarks.quality import entries
from benchmarks.quality.drawing import in_groups, pool
from benchmarks.quality.kinship import NAMES
from helpers import Result, visualize
from helpers.networks.load import imagenet_classes
from helpers.show.pictures import picture

CLASSES = store.sample(48)
TRIES = 3  # guesses a picture that count
HOW = dict(style="natural", steps=128, size=224, seed=0)
GROUP = 8  # pictures at once
SHEET = "wordless.webp"


def mark(results: Path) -> str:
    """The sheet's file in a few letters: what was guessed about other pictures says nothing of these."""
    return hashlib.sha256((results / SHEET).read_bytes()).hexdigest()[:12]


def answered(results: Path) -> dict:
    """What was guessed; empty if nobody was asked, or about other pictures than the sheet's."""
    found = store.load(results / "riddle.json")
    return found if found.get("readers") and found.get("asked") == mark(results) else {}


def plain(words: str) -> str:
    """Words as they are compared: small letters, single blanks, no plural s at the end."""
    return " ".join(words.casefold().split()).removesuffix("s")


def right_names(stored: dict, k: int) -> list[str]:
    """The names of a class that count: its own first."""
    return [imagenet_classes()[k], *stored.get("also", {}).get(str(k), [])]


def right_guess(stored: dict, reader: dict, k: int) -> int:
    """Which of a reader's guesses names a class, 1 for the first; 0 if none of those that count does."""
    wanted = {plain(name) for name in right_names(stored, k)}
    guesses = reader["guesses"].get(str(k), [])[:TRIES]
    return next((i for i, guess in enumerate(guesses, 1) if plain(guess) in wanted), 0)


def rows(stored: dict) -> list[list[str]]:
    """The table: how many of all pictures each reader names first, and within all tries."""
    table = [["reader", "first guess", f"one of {TRIES} guesses"]]
    for number, reader in enumerate(stored["readers"], 1):
        places = [right_guess(stored, reader, k) for k in CLASSES]
        shares = [tables.share_of(sum(0 < place <= most for place in places), len(places)) for most in (1, TRIES)]
        table.append([str(number), *shares])
    return table


def answers(stored: dict) -> list[list[str]]:
    """Every class by its number on the sheet, with all that counts as its name and all that was guessed."""
    readers = stored.get("readers", [])
    table = [["no.", "class", *(f"reader {i}" for i in range(1, len(readers) + 1))]]
    for number, k in enumerate(CLASSES, 1):
        name, *others = right_names(stored, k)
        words = f"{name} (or {', '.join(others)})" if others else name
        table.append([str(number), words, *(guessed(stored, reader, k) for reader in readers)])
    return table


def guessed(stored: dict, reader: dict, k: int) -> str:
    """A reader's guesses about a class, word for word, the right one in bold; a dash if there are none."""
    right, guesses = right_guess(stored, reader, k), reader["guesses"].get(str(k), [])
    return ", ".join(f"**{one}**" if i == right else one for i, one in enumerate(guesses, 1)) or "–"


def misses(stored: dict) -> list[list[str]]:
    """The rows of `answers` whose class no reader named, under the same head."""
    head, *table = answers(stored)
    missed = [not any(right_guess(stored, reader, k) for reader in stored["readers"]) for k in CLASSES]
    return [head, *(row for row, nobody in zip(table, missed, strict=True) if nobody)]


def draw(classes: Sequence[int]) -> Result:
    """Some of the pictures, by all artists."""
    return visualize(list(classes), [entries.loaded(name) for name in NAMES], **HOW, progress=False)


def in_words(drawn: Sequence[Result]) -> str:
    """Who drew, and how."""
    again = sum(map(bool, itertools.chain.from_iterable(one.restarts for one in drawn)))
    how = f"style {HOW['style']}, {HOW['steps']} steps, {HOW['size']}×{HOW['size']}, seed {HOW['seed']}"
    return f"{drawn[0].network_title}, {how}; begun again: {again}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the sheet, and say whether the guesses that are stored are about these pictures."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.riddle", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    results = parser.parse_args(arguments).results
    with pool() as crew:
        drawn = list(crew.map(draw, in_groups(CLASSES, GROUP)))
    pictures = [picture(image) for one in drawn for image in one.images]
    stored = store.load(results / "riddle.json") | {"drawn": in_words(drawn)}
    store.save_json(results / "riddle.json", stored)
    sheets.save(sheets.wordless(pictures), results / SHEET)
    print(f"The sheet: {mark(results)}; asked about: {stored.get('asked', 'nobody was asked yet')}")


if __name__ == "__main__":
    main()
