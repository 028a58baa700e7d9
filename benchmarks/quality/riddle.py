"""A sheet of pictures without words, drawn for the eye by every network that has classes.

    python -m benchmarks.quality.riddle

Both judges of the other tables draw along, so nobody but a person is left to name these. The first classes of the odd
sample, one seed, nothing chosen.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import torch

from benchmarks.measure import sheets, store
from benchmarks.quality import fingerprint
from benchmarks.quality.drawing import JUDGES, NETWORK
from benchmarks.quality.entries import SECOND_NAME
from helpers import load_network, visualize
from helpers.basics.files import write_whole
from helpers.show.pictures import picture, webp

ARTISTS = (NETWORK, SECOND_NAME, *JUDGES)
CLASSES, STEPS, SEED, GROUP = 24, 256, 0, 6


def settings() -> str:
    """What the sheet depends on, in a few letters: pictures of another recipe are drawn again."""
    return fingerprint.digest(fingerprint.of_helpers(), ARTISTS, STEPS, SEED)


@lru_cache(maxsize=1)
def artists() -> list:
    """The networks, loaded once a process, and silently."""
    with contextlib.redirect_stdout(io.StringIO()):
        return [load_network(name) for name in ARTISTS]


def draw(classes: Sequence[int], folder: Path) -> Sequence[int]:
    """Draw some classes and store each picture; returns the classes."""
    found = visualize(list(classes), artists(), style="natural", steps=STEPS, seed=SEED, progress=False)
    for k, image in zip(classes, found.images, strict=True):
        write_whole(folder / f"{k}.webp", webp(picture(image), budget=60_000))
    return classes


def missing(classes: Sequence[int], folder: Path) -> Iterator[list[int]]:
    """The classes without a picture, a few at a time."""
    left = [k for k in classes if not (folder / f"{k}.webp").exists()]
    yield from (left[i : i + GROUP] for i in range(0, len(left), GROUP))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what is missing, and the sheet."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.riddle", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    results = parser.parse_args(arguments).results
    classes = store.sample(200)[:CLASSES]
    folder = results / "pictures" / f"riddle-{settings()}"
    with ProcessPoolExecutor(
        2, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as crew:
        for done in [crew.submit(draw, group, folder) for group in missing(classes, folder)]:
            print(f"drawn: {len(done.result())} more", flush=True)
    sheets.save(sheets.wordless(folder, classes), results / "wordless.webp")


if __name__ == "__main__":
    main()
