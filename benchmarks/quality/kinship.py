"""What kinship is worth: the same classes drawn by relatives and by strangers of the judges, and judged by all.

    python -m benchmarks.quality.kinship

The EfficientNets are one family, trained by the same people; SqueezeNet is kin to none of them. Beside the shares
stands how often a judge gives a picture the name of the next in the list: what they would be if names meant nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measure import store, tables
from benchmarks.quality import entries, fingerprint
from benchmarks.quality.drawing import in_groups, pool
from helpers import second_opinion, visualize

COUNT, STEPS, SEED, GROUP = 48, 64, 0, 8
STRANGER, RELATIVE = "squeezenet1_1", "efficientnet_lite2"  # of the judges
NAMES = {STRANGER: "SqueezeNet", **tables.JUDGE_TITLES, RELATIVE: "Lite2"}
CREWS = ((STRANGER,), (RELATIVE,), ("efficientnet_lite1", RELATIVE), (STRANGER, RELATIVE))


def draw(crew: Sequence[str], classes: Sequence[int]) -> Tensor:
    """Pictures (B, 3, H, W) of some classes by one or more networks; nothing is begun again."""
    options = dict(style="natural", steps=STEPS, seed=SEED, restarts=0, progress=False)
    return visualize(list(classes), [entries.loaded(name) for name in crew], **options).images


def ranks(images: Tensor, classes: Sequence[int]) -> dict[str, list[int]]:
    """From judge to the rank of each picture's class."""
    return {name: second_opinion(images, list(classes), name).rank.tolist() for name in NAMES}


def tried(crew: Sequence[str], workers: ProcessPoolExecutor, classes: Sequence[int]) -> dict:
    """The ranks of the classes' own names, and of their neighbors'."""
    drawn = [workers.submit(draw, crew, group) for group in in_groups(classes, GROUP)]
    images = torch.cat([one.result() for one in drawn])
    shuffled = [*classes[1:], classes[0]]
    return {"own": ranks(images, classes), "shuffled": ranks(images, shuffled)}


def title(crew: Sequence[str]) -> str:
    """A crew in words."""
    return " + ".join(NAMES[name] for name in crew)


def mark(crew: Sequence[str], count: int) -> str:
    """What a stored row depends on."""
    return fingerprint.digest(fingerprint.of_helpers(), crew, STEPS, SEED, count)


def counted(stored: dict) -> dict:
    """Of what is stored, the crews whose pictures today's code drew."""
    crews = {title(crew): crew for crew in CREWS}
    return {name: row for name, row in stored.items() if row["mark"] == mark(crews[name], row["classes"])}


def rows(stored: dict) -> list[list[str]]:
    """The table: how often each judge names the class first, with its interval; an artist's own vote is in brackets."""
    table = [["drawn by", *NAMES.values(), "under another's name, all judges"]]
    for crew in CREWS:
        found = stored.get(title(crew))
        if found:
            shares = [cell(found["own"][name], name in crew) for name in NAMES]
            others = [rank for name in NAMES for rank in found["shuffled"][name]]
            table.append([title(crew), *shares, cell(others, False)])
    return table


def remains(stored: dict) -> str:
    """What the relatives' word on a crew with one of their family in it is worth, in a sentence; nothing if much."""
    alone, mixed = stored.get(title((RELATIVE,))), stored.get(title((STRANGER, RELATIVE)))
    relatives = [name for name in NAMES if name not in (STRANGER, RELATIVE)]
    if not alone or not mixed or 2 * firsts(alone["own"][STRANGER]) > min(firsts(alone["own"][n]) for n in relatives):
        return ""
    by_one, by_both = (" and ".join(share(drawn["own"][name]) for name in relatives) for drawn in (alone, mixed))
    return (
        f"{NAMES[RELATIVE]} alone is recognized by its relatives in {by_one} of its pictures, and by {NAMES[STRANGER]} "
        f"in {share(alone['own'][STRANGER])} of the same ones. So the relatives' {by_both} for what both drew together "
        "say little of what a stranger would see. No stranger is left to ask: pictures by two unlike networks want a "
        f"third kind of network as their judge, and there is none here. (And {NAMES[STRANGER]} is the weakest judge of "
        "the four: what it does not recognize may be there.)"
    )


def firsts(ranks: Sequence[int]) -> int:
    """How often the class is first."""
    return sum(rank == 1 for rank in ranks)


def share(ranks: Sequence[int]) -> str:
    """How often the class is first, in percent."""
    return f"{firsts(ranks) / len(ranks):.0%}"


def cell(ranks: Sequence[int], own: bool) -> str:
    """A share with Wilson's interval; of a judge that drew, in brackets and without one."""
    return f"[{share(ranks)}]" if own else tables.share_of(firsts(ranks), len(ranks))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw and judge what is not stored yet."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality.kinship", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many odd classes ({COUNT})")
    chosen = parser.parse_args(arguments)
    path, classes = chosen.results / "kinship.json", store.sample(chosen.count)
    stored = store.load(path)
    with pool() as workers:
        for crew in CREWS:
            if stored.get(title(crew), {}).get("mark") != mark(crew, chosen.count):
                found = tried(crew, workers, classes)
                stored[title(crew)] = {"mark": mark(crew, chosen.count), "classes": chosen.count, **found}
                store.save_json(path, stored)
                print(f"{title(crew)} drew {chosen.count} classes", flush=True)


if __name__ == "__main__":
    main()
