"""Draw and judge, in one process or in several."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from benchmarks.quality import entries
from helpers import Network, second_opinion
from helpers.basics.files import write_whole
from helpers.show.pictures import picture, webp

NETWORK = "squeezenet1_1"  # what is optimized
JUDGES = ("efficientnet_lite0", "efficientnet_lite1")
SIGMA, TILE = 2.0, 96  # of the blurred pictures, in pixels, and a side of the atlas's small ones
AT_ONCE = 2  # classes a task, of an entry that draws one at a time


@dataclass(frozen=True)
class Task:
    """Some classes for an entry to draw."""

    entry: str  # its name, or the path of its recipe
    classes: tuple[int, ...]
    steps: int  # of the run
    seed: int  # of the run
    pictures: Path  # the folder for the pictures, for contact sheets only


def network() -> Network:
    """The network that is optimized."""
    return entries.loaded(NETWORK)


def harder(images: Tensor) -> dict[str, Tensor]:
    """The same pictures as they are harder to name: small, without colors, and blurred."""
    width = 2 * round(3 * SIGMA) + 1
    return {
        "small": F.resize(images, [TILE, TILE], antialias=True).clamp(0, 1),
        "gray": F.rgb_to_grayscale(images, num_output_channels=3),
        "blurred": F.gaussian_blur(images, [width, width], [SIGMA, SIGMA]),
    }


def judged(images: Tensor, classes: Sequence[int]) -> dict[int, dict]:
    """What each judge says of each image: rank and probability of its class, what it sees first, and harder ranks."""
    found: dict[int, dict] = {c: {"rank": {}, "probability": {}, "first": {}, "harder": {}} for c in classes}
    for way, some in harder(images).items():
        ranks = {judge: second_opinion(some, list(classes), judge).rank for judge in JUDGES}
        for i, c in enumerate(classes):
            found[c]["harder"][way] = {judge: int(rank[i]) for judge, rank in ranks.items()}
    for judge in JUDGES:
        opinion = second_opinion(images, list(classes), judge)
        for i, c in enumerate(classes):
            found[c]["rank"][judge] = int(opinion.rank[i])
            found[c]["probability"][judge] = round(float(opinion.probability[i]), 5)
            found[c]["first"][judge] = opinion.top[i][0][0]
    return found


def do(task: Task) -> dict[int, dict]:
    """Draw the classes of a task, judge them, keep the pictures; from class to record."""
    entry = entries.find(task.entry)
    begun = time.perf_counter()
    images = entry.draw(network(), task.classes, task.steps, task.seed)
    seconds = (time.perf_counter() - begun) / len(task.classes)
    records = judged(images, task.classes)
    for c, image in zip(task.classes, images, strict=True):
        records[c]["drawn_in"] = round(seconds, 2)  # beside other processes: no figure to report
        write_whole(task.pictures / f"{c}.webp", webp(picture(image), budget=40_000))
    return records


def in_groups(classes: Sequence[int], size: int) -> list[tuple[int, ...]]:
    """Split the classes into groups, keeping their order."""
    return [tuple(classes[i : i + size]) for i in range(0, len(classes), size)]


def tasks_for(entry: entries.Entry, classes: Sequence[int], steps: int, seed: int, pictures: Path) -> list[Task]:
    """The classes in groups of the entry's batch; of one that draws them one by one, ``AT_ONCE`` a task."""
    groups = in_groups(classes, AT_ONCE if entry.batch == 1 else entry.batch)
    return [Task(entry.source or entry.name, group, steps, seed, pictures) for group in groups]


def _begin_work(threads: int) -> None:
    """What a worker does first: take its threads, and see to it that it does not outlive who started it."""
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def pool(workers: int = 2, threads: int = 1) -> ProcessPoolExecutor:
    """Processes of so many threads each, which end with this one however it ends."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_work, initargs=(threads,))


class Crew:
    """Processes that draw, with so many threads each; 0 ``workers`` draw in this one.

    As a context, they end with it, and with this process however it ends.
    """

    def __init__(self, workers: int, threads: int):
        self.workers = workers
        self.pool = pool(workers, threads) if workers else None

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def results(self, tasks: Sequence[Task], on_time: Callable[[], bool]) -> Iterator[dict[int, dict]]:
        """The records of each task as it ends; no new one is begun once ``on_time`` says no."""
        if not self.pool:
            for task in tasks:
                if on_time():
                    yield do(task)
            return
        waiting = list(tasks)
        running: set[Future] = set()
        while waiting or running:
            while waiting and len(running) < self.workers:
                if not on_time():
                    waiting = []
                    break
                running.add(self.pool.submit(do, waiting.pop(0)))
            if running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
