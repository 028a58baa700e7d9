"""How the style ``natural`` was found: candidates on even classes, drawn by two networks in few steps.

    python -m benchmarks.quality.tuning

Few steps, small tiles, gray and blurred pictures tell candidates apart that all look perfect to a judge at full size.
Every candidate is stored as soon as it is done; one whose settings or code have changed is drawn again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measure import store
from benchmarks.quality import drawing, entries
from benchmarks.quality.drawing import JUDGES, NETWORK, TILE, harder, in_groups
from benchmarks.quality.entries import SECOND_NAME
from helpers import STYLES, Style, second_opinion, visualize

COUNT, STEPS, SIZE, SEED, GROUP = 24, 64, 224, 0, 6
ARTISTS = (NETWORK, SECOND_NAME)


def candidates() -> dict[str, Style]:
    """All that were tried, by what they are in words, in the order of the table; the last is the one that was taken."""
    taken = STYLES["natural"]
    first = replace(taken, lr=0.1, fourier=dict(chroma=0.9, gain=0.25, decay=1.3), blur=2.0, noise=0.2)
    mild = replace(first, blur=1.0, noise=0.05)

    def waves(**change: float) -> Style:
        return replace(mild, fourier={**mild.fourier, **change})

    small = replace(mild, affine={**mild.affine, "scale": (0.3, 1.2)})
    return {
        "blur to 2 and noise to 0.2, from the first step": replace(first, begin=0.0),
        "the same, from half of the steps on": first,
        "blur to 1, noise to 0.1, from the first step": replace(first, blur=1.0, noise=0.1, begin=0.0),
        "blur to 1, noise to 0.1, from half of the steps on": replace(first, blur=1.0, noise=0.1),
        "blur to 1, noise to 0.05, from the first step": replace(mild, begin=0.0),
        "blur to 1, noise to 0.05, from half of the steps on: *mild*": mild,
        "neither": replace(first, blur=0.0, noise=0.0),
        "mild, margin 1": replace(mild, margin=1.0),
        "mild, scales from 0.3": small,
        "mild, amplitudes over f^1.5": waves(decay=1.5),
        "mild, colors 0.7": waves(chroma=0.7),
        "mild, gain 0.35": waves(gain=0.35),
        "mild, learning rate 0.15": replace(mild, lr=0.15),
        "mild, learning rate 0.15, gain 0.3: taken": taken,
    }


def even_classes() -> list[int]:
    """Even classes, drawn by lot."""
    lot = torch.randperm(500, generator=torch.Generator().manual_seed(3))
    return [2 * k for k in lot[:COUNT].tolist()]


def draw(style: Style, classes: Sequence[int]) -> tuple[Tensor, list[float]]:
    """Pictures (B, 3, H, W) of some classes, and their final margins. No restart: each is to stand or fall."""
    options = dict(steps=STEPS, size=SIZE, seed=SEED, restarts=0, progress=False)
    found = visualize(list(classes), [drawing.network(), entries.second()], style=style, **options)
    return found.images, found.final.tolist()


def judged(images: Tensor, classes: Sequence[int]) -> dict[str, dict[str, int]]:
    """Of how many pictures each network names the class first, in each way."""
    count = {}
    for way, some in {"full": images, **harder(images)}.items():
        ranks = {name: second_opinion(some, list(classes), name).rank for name in (*ARTISTS, *JUDGES)}
        count[way] = {name: int((rank == 1).sum()) for name, rank in ranks.items()}
    return count


def tried(style: Style, crew: ProcessPoolExecutor) -> dict:
    """Draw a candidate's classes, and say what came of it."""
    classes = even_classes()
    work = [crew.submit(draw, style, group) for group in in_groups(classes, GROUP)]
    pictures, margins = zip(*(one.result() for one in work), strict=True)
    margins = sorted(margin for group in margins for margin in group)
    return {"named": judged(torch.cat(pictures), classes), "margins": [round(margin, 1) for margin in margins]}


def settings(style: Style) -> str:
    """What a stored row depends on."""
    choices = {k: v for k, v in asdict(style).items() if k not in ("why", "restarts")}
    return repr((choices, STEPS, SIZE, SEED, COUNT))


def rows(stored: dict) -> list[list[str]]:
    """The table: of how many classes each stranger names the picture first, in each way."""
    titles = {"full": "at 224", "small": f"at {TILE}", "gray": "gray", "blurred": "blurred"}
    head = ["candidate", "lowest margin", *(f"{title}: Lite0, Lite1" for title in titles.values())]
    table = [head]
    for words in candidates():
        found = stored.get(words)
        if found:
            counts = [", ".join(str(found["named"][way][judge]) for judge in JUDGES) for way in titles]
            table.append([words, f"{found['margins'][0]:.1f}", *counts])
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Try what is not stored yet."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    path = parser.parse_args(arguments).results / "tuning.json"
    stored = store.load(path) or {}
    context = get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)) as crew:
        for words, style in candidates().items():
            if stored.get(words, {}).get("settings") != settings(style):
                stored[words] = {"settings": settings(style), **tried(style, crew)}
                store.save_json(path, stored)
                print(f"{words}: {stored[words]['named']['full']}", flush=True)


if __name__ == "__main__":
    main()
