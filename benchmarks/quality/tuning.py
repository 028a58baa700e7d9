"""How the style ``natural`` was found: candidates on even classes, drawn by two networks in few steps.

    python -m benchmarks.quality.tuning

Few steps, small tiles, gray and blurred pictures tell candidates apart that all look perfect to a judge at full size.
Every candidate is stored as soon as it is done; one whose settings have changed is drawn again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measure import store
from benchmarks.quality import drawing, entries
from benchmarks.quality.drawing import JUDGES, NETWORK, TILE, harder, in_groups, pool
from benchmarks.quality.entries import SECOND_NAME
from helpers import STYLES, Network, Style, second_opinion, together, visualize

COUNT, STEPS, SIZE, SEED, GROUP = 24, 64, 224, 0, 6
ARTISTS = (NETWORK, SECOND_NAME)


@dataclass(frozen=True)
class Candidate:
    """A style, and whether the two networks take turns or are both asked at one place."""

    style: Style
    in_turn: bool = True


def candidates() -> dict[str, Candidate]:
    """All that were tried, by what they are in words, in the order of the table; the last is the one that was taken."""
    taken = STYLES["natural"]
    thick = replace(taken, lr=0.1, fourier={**taken.fourier, "gain": 0.25}, blur=2.0, noise=0.2, begin=0)
    found = {in_words(style): Candidate(style) for style in (thick, replace(taken, lr=0.2))}
    found["*taken*, but both asked at one place, for the mean of their logits"] = Candidate(taken, in_turn=False)
    return found | {f"{in_words(taken)}: *taken*": Candidate(taken)}


def in_words(style: Style) -> str:
    """What the candidates differ in."""
    when = f"{style.begin:.0%} of the steps on" if style.begin else "the first step"
    fog = f"blur to {style.blur:g} and noise to {style.noise:g}, from {when}"
    return f"rate {style.lr:g}, gain {style.fourier['gain']:g}, {fog}"


def even_classes() -> list[int]:
    """Even classes, drawn by lot."""
    lot = torch.randperm(500, generator=torch.Generator().manual_seed(3))
    return [2 * k for k in lot[:COUNT].tolist()]


def draw(candidate: Candidate, classes: Sequence[int]) -> tuple[Tensor, list[float]]:
    """Pictures (B, 3, H, W) of some classes, and their final margins. No restart: each is to stand or fall."""
    artists = [drawing.network(), entries.second()]
    if not candidate.in_turn:
        artists = [Network(together(artists), "mean", "their mean", artists[0].classes)]  # one, which has one turn
    options = dict(steps=STEPS, size=SIZE, seed=SEED, restarts=0, progress=False)
    found = visualize(list(classes), artists, style=candidate.style, **options)
    return found.images, found.final.tolist()


def judged(images: Tensor, classes: Sequence[int]) -> dict[str, dict[str, int]]:
    """Of how many pictures each network names the class first, in each way."""
    count = {}
    for way, some in {"full": images, **harder(images)}.items():
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
    choices = {k: v for k, v in asdict(candidate.style).items() if k not in ("why", "restarts")}
    return repr((choices, "in turn" if candidate.in_turn else "at one place", STEPS, SIZE, SEED, COUNT))


def rows(stored: dict) -> list[list[str]]:
    """The table: of how many classes each stranger names the picture first, in each way."""
    titles = {"full": "at 224", "small": f"at {TILE}", "gray": "gray", "blurred": "blurred"}
    table = [["candidate", "lowest margin", *(f"{title}: Lite0, Lite1" for title in titles.values())]]
    for words, candidate in candidates().items():
        found = stored.get(words)
        if found and found["settings"] == settings(candidate):
            counts = [", ".join(str(found["named"][way][judge]) for judge in JUDGES) for way in titles]
            table.append([words, f"{found['margins'][0]:.1f}", *counts])
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Try what is not stored yet."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    path = parser.parse_args(arguments).results / "tuning.json"
    stored = {words: row for words, row in store.load(path).items() if words in candidates()}
    with pool() as crew:
        for words, candidate in candidates().items():
            if stored.get(words, {}).get("settings") != settings(candidate):
                stored[words] = {"settings": settings(candidate), **tried(candidate, crew)}
                store.save_json(path, stored)
                print(f"{words}: {stored[words]['named']['full']}", flush=True)


if __name__ == "__main__":
    main()
