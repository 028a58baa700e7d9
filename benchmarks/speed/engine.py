"""What a step costs beyond the bare network: milliseconds, and how many times its forward pass and input gradient.

    python -m benchmarks.speed.engine

All cases take turns in each of several rounds, and just before each one its floor is measured, so that a machine that
slows down slows both. What is reported is the median of the rounds, with its quartiles.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import store, tables
from benchmarks.measure.machine import in_words, machine
from benchmarks.quality.drawing import pool
from benchmarks.quality.timing import spread_of
from benchmarks.speed.cases import Case, every_case
from benchmarks.speed.memory import peak_of_a_run

FEW, MANY = 50, 500  # steps whose memory is compared


@dataclass
class Measured:
    """One case, round by round."""

    case: Case  # what was measured
    ms: list[float] = field(default_factory=list)  # the median milliseconds a step and image, of each round
    ratios: list[float] = field(default_factory=list)  # that over its floor's, of each round

    def as_dict(self) -> dict:
        """For the file: medians with quartiles."""
        found = {"name": self.case.name, "group": self.case.group, "batch": self.case.batch, "floor": self.case.floor}
        found |= {"target": self.case.target, "ms": spread_of(self.ms)}
        return found | ({"ratio": spread_of(self.ratios)} if self.ratios else {})


def take_turns(cases: Sequence[Case], rounds: int, say: Callable[[str], None] = print) -> list[Measured]:
    """Measure all cases in turn, ``rounds`` times after one that does not count; ``say`` is told of each round."""
    found = [Measured(case) for case in cases]
    floors = {case.name: case for case in cases if not case.floor}
    for turn in range(rounds + 1):
        for measured in found:
            case = measured.case
            below = one_step(floors[case.floor], turn) if case.floor else None
            ms = one_step(case, turn)
            if turn == 0:
                continue
            measured.ms.append(ms)
            if below:
                measured.ratios.append(ms / below)
        if turn:
            say(f"round {turn} of {rounds}")
    return found


def one_step(case: Case, turn: int) -> float:
    """The milliseconds of a case's step an image: the median of a few."""
    return float(np.median(case.run(turn))) / case.batch


def memory() -> dict[str, float]:
    """The largest memory of a run of few steps and of a run of many, in MB, each in a process of its own."""
    found = {}
    for steps in (FEW, MANY):
        with pool(1, torch.get_num_threads()) as alone:
            found[str(steps)] = alone.submit(peak_of_a_run, steps).result()
    return found


def rows(found: Sequence[dict], group: str) -> list[list[str]]:
    """A group of results as a table; limits and whether they were kept only where there are limits."""
    members = [one for one in found if one["group"] == group]
    limited = any(one.get("target") for one in members)
    table = [["", "images", "ms a step and image", "× its floor", *(["at most", "verdict"] if limited else [])]]
    for one in members:
        ratio = tables.spread(one.get("ratio"), 2) if one["floor"] else tables.OWN
        row = [one["name"], str(one["batch"]), tables.spread(one["ms"], 1), ratio]
        table.append([*row, *(verdict(one) if limited else [])])
    return table


def verdict(one: dict) -> list[str]:
    """A result's limit, and whether it was kept; empty without one."""
    target = one.get("target")
    return [f"{target:.2f}", "kept" if one["ratio"][0] <= target else "missed"] if target else ["", ""]


def groups(found: Sequence[dict]) -> list[str]:
    """The groups, in their order."""
    return list(dict.fromkeys(one["group"] for one in found))


def memory_in_words(found: dict[str, float]) -> str:
    """The memory of the two runs, in a sentence."""
    (few, small), (many, large) = sorted(found.items(), key=lambda pair: int(pair[0]))
    return f"Memory: {small:.0f} MB at most in a run of {few} steps, {large:.0f} MB in one of {many}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="benchmarks.speed.engine", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="that count (default 7)")
    parser.add_argument("--only", nargs="+", metavar="GROUP", help="only groups whose name begins so")
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    chosen = parser.parse_args(arguments)
    cases = every_case()
    if chosen.only:
        wanted = [case for case in cases if case.group.startswith(tuple(chosen.only))]
        needed = {case.floor for case in wanted}
        cases = [case for case in cases if case in wanted or case.name in needed]
    measured = take_turns(cases, chosen.rounds, lambda words: print(words, flush=True))
    found = {"machine": machine(), "rounds": chosen.rounds, "cases": [one.as_dict() for one in measured]}
    found["memory_mb"] = memory()
    store.save_json(chosen.results / "engine.json", found)
    report(found)


def report(found: dict) -> None:
    """Print the tables."""
    print(f"\n{in_words(found['machine'])}, {found['machine']['threads']} threads, {found['rounds']} rounds")
    for group in groups(found["cases"]):
        print(f"\n{group}\n{tables.columns(rows(found['cases'], group))}")
    print(f"\n{memory_in_words(found['memory_mb'])}")


if __name__ == "__main__":
    main()
