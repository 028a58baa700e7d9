"""What the engine is measured on: our loop, the peers' loops, and the bare network under each."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.quality import timing
from benchmarks.quality.entries import Entry, every_entry
from benchmarks.quality.peers import NOT_INSTALLED
from helpers import Network, Objective, Pixels, ascend, channel, class_logit, visualize
from helpers.networks.load import load_quietly

SIZE = 224
CLASSES = (259, 281, 985, 951, 9, 71, 945, 971, 1, 3, 5, 7, 11, 13, 15, 17)
STEPS = {1: 10, 2: 8, 4: 6, 8: 4, 16: 3}  # that count, a round, by batch
BATCHES = (1, 2, 4, 8, 16)
SHALLOW = (("squeezenet1_1", "fire3", 5), ("vgg16", "conv1_2", 7), ("vgg16", "conv2_2", 7))

BARE = "The bare network: forward pass and input gradient"
LOOP = "Our loop"
LAYERS = "A channel of a shallow layer, against the network cut off there"
IMAGES = "Images in a batch"
PRECISION = "bfloat16"
PEERS = "Every library, one picture at a time"


@dataclass(frozen=True)
class Case:
    """Something whose steps are timed."""

    name: str  # in tables; a floor's is what others name
    group: str  # the table in which it stands
    run: Callable[[int], Sequence[float]]  # from the number of the round to the milliseconds of each step that counts
    floor: str = ""  # the name of the case that it is compared with; empty for a floor
    batch: int = 1  # how many images
    target: float | None = None  # the largest ratio that we allow ourselves, if any


def network(name: str) -> Network:
    """A frozen network; of VGG16 the convolutions."""
    return load_quietly(name, classifier=name != "vgg16")


def by_callback(begin: Callable[..., object], steps: int) -> list[float]:
    """Milliseconds a step of our own loop, told by its callback, for so many steps that count.

    ``begin`` runs the loop; it takes ``steps`` and ``callbacks``.
    """
    moments: list[float] = []
    begin(steps=steps + timing.WARM_UP + 1, callbacks=[lambda *_: moments.append(time.perf_counter())])
    return timing.steps_between(moments)


def bare(name: str, batch: int, precision: torch.dtype | None = None) -> Callable[[int], list[float]]:
    """The floor of a whole network at a batch."""
    call = timing.class_score(network(name), CLASSES[0], precision)
    return lambda turn: timing.floor(call, (batch, 3, SIZE, SIZE), STEPS[batch])


def cut(name: str, layer: str, k: int) -> Callable[[int], list[float]]:
    """The floor of a channel: a plain sequence of the network's first modules, and nothing after them."""
    whole = network(name)
    inside, last = whole.find_layer(layer).rsplit(".", 1)
    first = nn.Sequential(*list(whole.core.get_submodule(inside).children())[: int(last) + 1])

    def call(x: Tensor) -> Tensor:
        return first(x)[:, k].mean()

    return lambda turn: timing.floor(call, (1, 3, SIZE, SIZE), STEPS[1])


def pixels(name: str, objective: Objective) -> Callable[[int], list[float]]:
    """Our loop on plain pixels without views."""

    def run(turn: int) -> list[float]:
        image = Pixels.uniform(SIZE, seed=turn)
        return by_callback(partial(ascend, objective, network(name), image, progress=False), STEPS[1])

    return run


def with_visualize(name: str, batch: int, **options: object) -> Callable[[int], list[float]]:
    """``visualize`` at its defaults, and these options."""
    target = list(CLASSES[:batch]) if batch > 1 else CLASSES[0]

    def run(turn: int) -> list[float]:
        begin = partial(visualize, target, network(name), seed=turn, progress=False, **options)
        return by_callback(begin, STEPS[batch])

    return run


def of_entry(entry: Entry, name: str) -> Callable[[int], list[float]]:
    """Any entry, timed by the moments at which it calls the bare network."""

    def run(turn: int) -> list[float]:
        with timing.watched(network(name).core) as moments:
            entry.pictures(copy.deepcopy(network(name)), CLASSES[:1], 2 * STEPS[1], turn)
        return timing.steps_between(moments)

    return run


def every_case() -> list[Case]:
    """All that is measured, each floor in its place."""
    net = "squeezenet1_1"
    floors = [Case(f"bare, {b}", BARE, bare(net, b), batch=b) for b in BATCHES]
    floors += [Case(f"bare, {b}, bfloat16", BARE, bare(net, b, torch.bfloat16), "bare, 1", b) for b in (1, 8)]
    loop = [
        Case("Pixels without views", LOOP, pixels(net, class_logit(CLASSES[0])), "bare, 1", target=1.05),
        Case("visualize", LOOP, with_visualize(net, 1), "bare, 1", target=1.20),
        Case("visualize, a batch of 8", LOOP, with_visualize(net, 8), "bare, 8", 8, target=1.10),
    ]
    layers = []
    for name, layer, k in SHALLOW:
        title = f"{layer} of {network(name).title}"
        layers += [
            Case(f"{title}, cut off", LAYERS, cut(name, layer, k)),
            Case(title, LAYERS, pixels(name, channel(layer, k)), f"{title}, cut off", target=1.10),
        ]
    images = [Case(f"visualize, {b}", IMAGES, with_visualize(net, b), f"bare, {b}", b) for b in BATCHES]
    precise = [
        Case(f"visualize, {b}, {words}", PRECISION, with_visualize(net, b, precision=p), f"bare, {b}", b)
        for b in (1, 8)
        for p, words in ((None, "float32"), (torch.bfloat16, "bfloat16"))
    ]
    others = [e for e in every_entry() if NOT_INSTALLED not in e.title and e.batch == 1 and not e.own_steps]
    peers = [Case(e.title, PEERS, of_entry(e, net), "bare, 1") for e in others]
    return [*floors, *loop, *layers, *images, *precise, *peers]
