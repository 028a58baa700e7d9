"""The riddle: pictures of the atlas without a word, and how often those who were shown them could name them.

    python -m benchmarks.quality.riddle

writes the sheet: the first classes of the odd sample, nothing chosen. What readers guessed is kept word for word in
``results/riddle.json``, with the mark of the pictures that they were shown; what is right, this file decides::

    {"pictures": MARK, "readers": [{"who": …, "guesses": {CLASS: [GUESS, …]}}], "also": {CLASS: [NAME, …]}}
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import sheets, store, tables
from helpers import load_atlas
from helpers.atlas.stored import STORED
from helpers.networks.load import imagenet_classes
from helpers.show.pictures import picture

CLASSES = store.sample(48)
TRIES = 3  # guesses a picture that count


def mark(atlas: Path = STORED) -> str:
    """The atlas's large pictures in a few letters: what was guessed about others says nothing of these."""
    found = b"".join(path.read_bytes() for path in sorted(atlas.glob("large-*.avif")))
    return hashlib.sha256(found).hexdigest()[:12]


def answered(results: Path) -> dict:
    """What was guessed; empty if nobody was asked, or about other pictures than today's."""
    found = store.load(results / "riddle.json")
    return found if found.get("readers") and found.get("pictures") == mark() else {}


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sheet, and say whether the guesses that are stored are about these pictures."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.riddle", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    results = parser.parse_args(arguments).results
    pictures = [picture(image) for image in load_atlas().pictures(CLASSES)]
    sheets.save(sheets.wordless(pictures), results / "wordless.webp")
    about = store.load(results / "riddle.json").get("pictures", "nobody was asked yet")
    print(f"The atlas's pictures: {mark()}; riddle.json is about: {about}")


if __name__ == "__main__":
    main()
