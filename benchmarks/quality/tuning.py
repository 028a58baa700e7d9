"""How the style ``natural`` was found: candidates on even classes, drawn by two networks in few steps.

    python -m benchmarks.quality.tuning

Few steps, small tiles, gray and blurred pictures tell candidates apart that all look perfect to a judge at full size.
Every candidate is stored as soon as it is done; one whose settings or code have changed is drawn again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from benchmarks.measure import store
from benchmarks.quality.drawing import JUDGES, NETWORK, in_groups
from benchmarks.quality.entries import SECOND_NAME
from helpers import STYLES, Style, load_network, second_opinion, visualize
from helpers.transforms import noise, random_affine, random_blur

COUNT, STEPS, SIZE, SEED, GROUP = 24, 64, 224, 0, 6
ARTISTS = (NETWORK, SECOND_NAME)
SIGMA, TILE = 2.0, 96  # of the blurred pictures, in pixels, and a side of the atlas's small ones


@dataclass(frozen=True)
class Candidate:
    """A style that was tried, and from which share of the steps on blur and noise come in."""

    words: str
    style: Style
    begin: float = 0.5

    def views(self) -> list:
        """What the networks look through."""
        at = round(self.begin * STEPS)
        views = [random_affine(**self.style.affine, pixels=SIZE / 28)]
        views += [random_blur(self.style.blur, after=at)] if self.style.blur else []
        return views + ([noise(self.style.noise, after=at)] if self.style.noise else [])


def candidates() -> list[Candidate]:
    """All that were tried, in the order of the table; the last is the one that was taken."""
    taken = STYLES["natural"]
    first = replace(taken, lr=0.1, fourier=dict(chroma=0.9, gain=0.25, decay=1.3), blur=2.0, noise=0.2)
    mild = replace(first, blur=1.0, noise=0.05)

    def waves(**change: float) -> Style:
        return replace(mild, fourier={**mild.fourier, **change})

    small = replace(mild, affine={**mild.affine, "scale": (0.3, 1.2)})
    return [
        Candidate("blur to 2 and noise to 0.2, from the first step", first, 0.0),
        Candidate("the same, from half of the steps on", first),
        Candidate("blur to 1, noise to 0.1, from the first step", replace(first, blur=1.0, noise=0.1), 0.0),
        Candidate("blur to 1, noise to 0.1, from half of the steps on", replace(first, blur=1.0, noise=0.1)),
        Candidate("blur to 1, noise to 0.05, from the first step", mild, 0.0),
        Candidate("blur to 1, noise to 0.05, from half of the steps on: *mild*", mild),
        Candidate("neither", replace(first, blur=0.0, noise=0.0)),
        Candidate("mild, margin 1", replace(mild, margin=1.0)),
        Candidate("mild, scales from 0.3", small),
        Candidate("mild, amplitudes over f^1.5", waves(decay=1.5)),
        Candidate("mild, colors 0.7", waves(chroma=0.7)),
        Candidate("mild, gain 0.35", waves(gain=0.35)),
        Candidate("mild, learning rate 0.15", replace(mild, lr=0.15)),
        Candidate("mild, learning rate 0.15, gain 0.3: taken", taken),
    ]


def even_classes() -> list[int]:
    """Even classes, drawn by lot."""
    lot = torch.randperm(500, generator=torch.Generator().manual_seed(3))
    return [2 * k for k in lot[:COUNT].tolist()]


@lru_cache(maxsize=1)
def artists() -> list:
    """The networks that draw, loaded once a process, and silently."""
    with contextlib.redirect_stdout(io.StringIO()):
        return [load_network(name) for name in ARTISTS]


def draw(candidate: Candidate, classes: Sequence[int]) -> tuple[Tensor, list[float]]:
    """Pictures (B, 3, H, W) of some classes, and their final margins. No restart: each is to stand or fall."""
    options = dict(steps=STEPS, size=SIZE, seed=SEED, restarts=0, progress=False)
    found = visualize(list(classes), artists(), style=candidate.style, views=candidate.views(), **options)
    return found.images, found.final.tolist()


def ways(images: Tensor) -> dict[str, Tensor]:
    """The same pictures as they are, small, gray, and blurred."""
    width = 2 * round(3 * SIGMA) + 1
    return {
        "full": images,
        "small": F.resize(images, [TILE, TILE], antialias=True).clamp(0, 1),
        "gray": F.rgb_to_grayscale(images, num_output_channels=3),
        "blurred": F.gaussian_blur(images, [width, width], [SIGMA, SIGMA]),
    }


def judged(images: Tensor, classes: Sequence[int]) -> dict[str, dict[str, int]]:
    """Of how many pictures each network names the class first, in each way."""
    seen = ways(images)
    count = {}
    for way, some in seen.items():
        ranks = {name: second_opinion(some, list(classes), name).rank for name in (*ARTISTS, *JUDGES)}
        count[way] = {name: int((rank == 1).sum()) for name, rank in ranks.items()}
    return count


def tried(candidate: Candidate, crew: ProcessPoolExecutor) -> dict:
    """Draw a candidate's classes, and say what came of it."""
    classes = even_classes()
    work = [crew.submit(draw, candidate, group) for group in in_groups(classes, GROUP)]
    pictures, margins = zip(*(one.result() for one in work), strict=True)
    margins = sorted(margin for group in margins for margin in group)
    return {"named": judged(torch.cat(pictures), classes), "margins": [round(margin, 1) for margin in margins]}


def settings(candidate: Candidate) -> str:
    """What a stored row depends on."""
    style = {k: v for k, v in asdict(candidate.style).items() if k not in ("why", "restarts")}
    return repr((style, candidate.begin, STEPS, SIZE, SEED, COUNT))


def rows(stored: dict) -> list[list[str]]:
    """The table: of how many classes each stranger names the picture first, in each way."""
    titles = {"full": "at 224", "small": f"at {TILE}", "gray": "gray", "blurred": "blurred"}
    head = ["candidate", "lowest margin", *(f"{title}: Lite0, Lite1" for title in titles.values())]
    table = [head]
    for one in candidates():
        found = stored.get(one.words)
        if found:
            counts = [", ".join(str(found["named"][way][judge]) for judge in JUDGES) for way in titles]
            table.append([one.words, f"{found['margins'][0]:.1f}", *counts])
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Try what is not stored yet."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    path = parser.parse_args(arguments).results / "tuning.json"
    stored = store.load(path) or {}
    context = get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)) as crew:
        for one in candidates():
            if stored.get(one.words, {}).get("settings") != settings(one):
                stored[one.words] = {"settings": settings(one), **tried(one, crew)}
                store.save_json(path, stored)
                print(f"{one.words}: {stored[one.words]['named']['full']}", flush=True)


if __name__ == "__main__":
    main()
