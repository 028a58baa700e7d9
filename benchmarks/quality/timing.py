"""Milliseconds a step, against the bare network's in the same breath.

A step is what lies between two moments at which the bare network is called; so all that a library does counts: image,
views, objective, optimizer and bookkeeping. The floor is one forward pass of the bare, frozen network and the gradient
to its input, nothing else.
"""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.quality.entries import Entry
from helpers import Network

WARM_UP = 2  # steps that do not count: the first allocates, the second may choose kernels anew


def spread_of(values: Sequence[float]) -> list[float]:
    """The median of some measurements and their quartiles, as they are stored. Raises ``ValueError`` if none."""
    if not len(values):
        raise ValueError("nothing was measured")
    return [round(value, 4) for value in np.percentile(values, [50, 25, 75]).tolist()]


@contextmanager
def watched(core: nn.Module) -> Iterator[list[float]]:
    """Note when the bare network, or a part of it, is called; also by copies of it that are made meanwhile."""
    moments: list[float] = []
    first = next(module for module in core.modules() if isinstance(module, nn.Conv2d))
    handle = first.register_forward_pre_hook(lambda module, inputs: moments.append(time.perf_counter()))
    try:
        yield moments
    finally:
        handle.remove()


def steps_between(moments: Sequence[float]) -> list[float]:
    """The milliseconds between moments, the first ones left out."""
    return [1000 * (after - before) for before, after in itertools.pairwise(moments)][WARM_UP:]


def floor(call: Callable[[Tensor], Tensor], shape: Sequence[int], steps: int) -> list[float]:
    """Milliseconds for one forward pass and the gradient to the input, ``steps`` times after a few that do not count.

    ``call`` is from (B, 3, H, W), of this shape, to the number to be raised.
    """
    start = torch.rand(*shape, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=torch.channels_last)
    found = []
    for _ in range(WARM_UP + steps):
        begun = time.perf_counter()
        x = start.detach().requires_grad_()
        call(x).backward()
        found.append(1000 * (time.perf_counter() - begun))
    return found[WARM_UP:]


def class_score(network: Network, class_index: int, precision: torch.dtype | None = None) -> Callable[[Tensor], Tensor]:
    """The sum of a class's logits over a batch, by the bare network."""

    def call(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, precision, enabled=precision is not None):
            return network.core(x)[:, class_index].float().sum()

    return call


def time_entry(entry: Entry, network: Network, classes: Sequence[int], steps: int, seed: int) -> dict:
    """Whole pictures and single steps of one entry, with the floor measured before, between and after.

    Each class, or each batch of them, is drawn once, with the seed; ``steps`` holds unless the entry has its own
    number. Returns ``seconds`` an image, ``ms`` a step and image, ``floor`` in milliseconds, ``ratio``: each a median
    with its quartiles; ``classes`` and ``threads``.
    """
    bare = class_score(network, classes[0])
    entry.pictures(network, classes[: entry.batch], 3, seed)  # imports, allocates
    seconds, ms, ratios, floors = [], [], [], floor(bare, (1, 3, 224, 224), 10)
    for i in range(0, len(classes), entry.batch):
        group = classes[i : i + entry.batch]
        with watched(network.core) as moments:
            fresh = copy.deepcopy(network)  # one that has no parts yet: what it makes of itself is watched, too
            begun = time.perf_counter()
            entry.draw(fresh, group, steps, seed)
            seconds.append((time.perf_counter() - begun) / len(group))
        found = [step / len(group) for step in steps_between(moments)]
        floors_after = floor(bare, (1, 3, 224, 224), 10)
        around = float(np.median(floors[-10:] + floors_after))
        floors += floors_after
        ms += found
        ratios.append(float(np.median(found)) / around)
    spreads = {"seconds": seconds, "ms": ms, "floor": floors, "ratio": ratios}
    measured = {key: spread_of(values) for key, values in spreads.items()}
    return {**measured, "classes": len(classes), "threads": torch.get_num_threads()}
