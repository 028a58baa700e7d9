"""What an atlas costs: batches, workers, the engine's own share, and a scheduler with a hundred thousand tasks.

    python -m benchmarks.atlas.measure [--results benchmarks/results]

Wants a machine that does nothing else, and a core for each of two workers. Everything runs with one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import store
from benchmarks.measure.machine import in_words, machine
from benchmarks.quality.drawing import pool
from benchmarks.speed.memory import peak_mb
from helpers import channel, load_network, local_cluster, on_dask, one_by_one, plan, render, visualize
from helpers.atlas.plan import Batch, Piece, Recipe, draw_batch
from helpers.atlas.render import Engine
from helpers.networks.load import load_quietly
from helpers.show.pictures import picture, saved

NETWORK, STEPS, WHOLE = "squeezenet1_1", 32, 128  # steps measured, and steps of the atlas's recipe
BATCHES, BATCH, FEW, ROUNDS = (1, 2, 4, 8, 16, 32), 8, 4, 2  # FEW: batches of a round
COUNTS = (2, 4, 8)  # batches whose seconds are compared, to see whether they grow in proportion
OTHERS = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "vgg16")
TASKS, AHEAD = 100_000, 50


def one_batch(size: int, network: str = NETWORK, steps: int = STEPS) -> dict[str, float]:
    """Seconds an image, for the whole recipe, and the memory, of a batch: asked in a process of its own."""
    whole = network != "vgg16"
    loaded = load_quietly(network, classifier=whole)
    targets = list(range(size)) if whole else [channel("conv5_3", k) for k in range(size)]
    visualize(targets, loaded, steps=2, progress=False)
    start = time.perf_counter()
    visualize(targets, loaded, steps=steps, progress=False)
    seconds = (time.perf_counter() - start) / size * WHOLE / steps
    return {"batch": size, "seconds_an_image": round(seconds, 3), "megabytes": round(peak_mb())}


def gflop_an_image() -> float:
    """The multiplications and additions of one image by the whole recipe, forward and backward, in billions."""
    network = load_network(NETWORK).to(memory_format=torch.contiguous_format)
    image = torch.rand(1, 3, 224, 224, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        network(image).sum().backward()
    return round(counter.get_total_flops() * WHOLE / 1e9, 1)


def in_its_own_process(*asked: int | str) -> dict[str, float]:
    """``one_batch`` with one thread, where nothing else has taken memory yet."""
    with pool(1) as alone:
        return alone.submit(one_batch, *asked).result()


def plain(batches: Sequence[Batch], folder: Path) -> None:
    """The loop without anything around it: draw, write."""
    network = load_network(NETWORK)
    for batch in batches:
        targets = [piece.target for piece in batch.pieces]
        result = visualize(targets, network, steps=STEPS, progress=False)
        for piece, image in zip(batch.pieces, result.images, strict=True):
            (folder / f"{piece.name}.png").write_bytes(saved(picture(image), format="PNG"))


def bare(batch: Batch) -> int:
    """Draw a batch in a process of a pool: no scheduler, no store."""
    return len(draw_batch(batch))


def pooled(workers: ProcessPoolExecutor, batches: Sequence[Batch]) -> float:
    """The seconds that processes without a scheduler take: what this machine has to give."""
    start = time.perf_counter()
    list(workers.map(bare, batches))
    return time.perf_counter() - start


def timed(work: Callable[[Path], object]) -> float:
    """The seconds that work takes in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - start


def drawn_by(engine: Engine, pieces: Sequence[Piece], recipe: Recipe) -> float:
    """The seconds that ``render`` takes with an engine."""
    return timed(lambda folder: render(pieces, recipe, folder, batch=BATCH, engine=engine, progress=False))


def engines() -> dict:
    """The plain loop, one worker and two, in turn; and whether time grows in proportion, and memory does not."""
    from distributed import Client

    pieces, recipe = plan(range(BATCH * max(COUNTS)), NETWORK, steps=STEPS)
    few = pieces[: BATCH * FEW]
    batches = [Batch(tuple(few[i : i + BATCH]), recipe) for i in range(0, len(few), BATCH)]
    torch.set_num_threads(1)
    found: dict[str, list[float]] = {"plain": [], "loop": [], "1": [], "2": [], "bare 1": [], "bare 2": []}
    with (
        local_cluster(1) as a,
        Client(a) as one,
        local_cluster(2) as b,
        Client(b) as two,
        pool(1) as single,
        pool(2) as pair,
    ):
        for client in (one, two):
            client.run(draw_batch, Batch(tuple(pieces[:1]), recipe))
        for turn in range(ROUNDS + 1):
            seconds = {
                "plain": timed(partial(plain, batches)),
                "loop": drawn_by(one_by_one, few, recipe),
                "1": drawn_by(on_dask(one), few, recipe),
                "2": drawn_by(on_dask(two), few, recipe),
                "bare 1": pooled(single, batches),
                "bare 2": pooled(pair, batches),
            }
            print({name: round(value, 1) for name, value in seconds.items()}, flush=True)
            for name in found if turn else []:
                found[name].append(seconds[name])
        growth = [grown(one, pieces[: BATCH * count], recipe) for count in COUNTS]
    middle = {name: statistics.median(values) for name, values in found.items()}
    return {
        "images": len(few),
        "steps": STEPS,
        "plain": round(middle["plain"], 2),
        "workers": [{"workers": int(n), "seconds": round(middle[n], 2), "images": len(few)} for n in ("1", "2")],
        "overhead": round(statistics.median(ratios(found["1"], found["plain"])) - 1, 4),
        "speed_up": round(statistics.median(ratios(found["1"], found["2"])), 3),
        "speed_up_bare": round(statistics.median(ratios(found["bare 1"], found["bare 2"])), 3),
        "growth": growth,
    }


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def grown(client, pieces: Sequence[Piece], recipe: Recipe) -> dict[str, float]:
    """The seconds for some images on one worker, and what the worker holds after them."""
    seconds = drawn_by(on_dask(client), pieces, recipe)
    held = client.run(lambda: __import__("psutil").Process().memory_info().rss / 1e6).popitem()[1]
    return {"images": len(pieces), "seconds": round(seconds, 2), "megabytes": round(held)}


def nothing(batch: Batch) -> list[bytes]:
    """A picture that takes no time."""
    return [b""] * len(batch.pieces)


def simulation(tasks: int = TASKS, ahead: int = AHEAD) -> dict:
    """Tasks that draw nothing, through the engine, the scheduler and two workers: what is left is their own share.

    As many are under way as 50 workers would have.
    """
    from distributed import Client

    batches = (Batch((Piece(k, 0, f"piece-{k}"),), Recipe(NETWORK)) for k in range(tasks))
    with local_cluster(2) as cluster, Client(cluster) as client:
        start = time.perf_counter()
        done = sum(1 for _ in on_dask(client, ahead)(nothing, batches))
        seconds = time.perf_counter() - start
    assert done == tasks, f"{done} of {tasks} tasks came back"
    words = {"tasks": tasks, "seconds": round(seconds, 1), "tasks_a_second": round(tasks / seconds)}
    return {"simulation": {**words, "under_way": 2 * ahead}}


def batches() -> dict:
    """Seconds and memory by the size of the batch, and the operations behind them."""
    turns = [[in_its_own_process(size) for size in BATCHES] for _ in range(ROUNDS)]
    middle = [{key: statistics.median(turn[key] for turn in one) for key in one[0]} for one in zip(*turns, strict=True)]
    return {"gflop_an_image": gflop_an_image(), "batches": middle}


def networks() -> dict:
    """Seconds an image of each network."""
    return {"networks": {name: in_its_own_process(BATCH, name, 16)["seconds_an_image"] for name in (NETWORK, *OTHERS)}}


PARTS = {"batches": batches, "networks": networks, "engines": engines, "simulation": simulation}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="benchmarks.atlas.measure", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=store.RESULTS, help="folder of the results")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure (all)")
    asked = parser.parse_args(arguments)
    path = asked.results / "atlas.json"
    found = store.load(path)
    found |= {"machine": in_words(machine()), "network": NETWORK, "measured_steps": STEPS, "recipe_steps": WHOLE}
    for part in asked.parts:
        found |= PARTS[part]()
        store.save_json(path, found)
        print(json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
