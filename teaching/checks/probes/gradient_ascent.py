"""Assignment a: what is asked of the student's functions, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from ..core import call, random_tensor, without
from .toys import Log, Watched, dice, explained, followed, left, moody_network


@dataclass(frozen=True)
class Hill:
    """A score with one round top for each row of x: slope · x − (bend / 2) · x², summed over all but the batch."""

    x: Tensor
    slope: Tensor
    bend: float
    lr: float

    def score(self, x: Tensor) -> Tensor:
        """From x (B, ...) to a score (B,)."""
        return (self.slope * x - self.bend / 2 * x.square()).flatten(1).sum(dim=1)


def hill(seed: int) -> Hill:
    """A hill, a batch of 2 to 4 starts of a random shape, and a step size."""
    roll = dice(seed)
    shape = [roll.randint(2, 4), *(roll.randint(2, 5) for _ in range(roll.randint(1, 3)))]
    slope = random_tensor(seed + 1, *shape[1:])
    return Hill(random_tensor(seed, *shape), slope, roll.uniform(0.2, 0.8), roll.uniform(0.05, 0.3))


def step(function: Callable, seed: int) -> dict:
    """Two steps, then the first once more from the same x."""
    given = hill(seed)
    x, asked = given.x.clone(), []

    def score(x: Tensor) -> Tensor:
        """From x (B, ...) to a score (B,)."""
        asked.append(followed(x))
        return given.score(x)

    with explained():
        first = call(function, score, x, given.lr)
        tracked = isinstance(first, Tensor) and first.requires_grad
        second = call(function, score, first.detach(), given.lr) if isinstance(first, Tensor) else None
        once_more = call(function, score, x, given.lr)
    return {"first": first, "second": second, "once_more": once_more, "tracked": tracked, "asked": asked}


def linear(seed: int) -> tuple[Tensor, float, Tensor]:
    """A slope (D,), a price, and the place where the price is zero (D,)."""
    roll = dice(seed)
    size = roll.randint(3, 9)
    return random_tensor(seed, size), roll.uniform(0.2, 0.45) + seed % 2, random_tensor(seed + 1, size)


def ideal(function: Callable, seed: int) -> dict:
    """The best x for a linear score with a price."""
    w, price, anchor = linear(seed)
    return {"x": call(function, w.clone(), price, anchor.clone())}


@dataclass(frozen=True)
class Ascent:
    """The settings of a climb on a small network."""

    network: nn.Module
    shape: tuple[int, ...]
    c: int
    steps: int
    lr: float
    momentum: float
    seed: int


def ascent(seed: int) -> Ascent:
    """A network in training mode whose weights are not frozen, and everything that a climb needs."""
    roll = dice(seed)
    classes = roll.randint(4, 7)
    shape = (roll.randint(2, 3), 3, roll.randint(6, 9), roll.randint(6, 9))
    network = moody_network(seed, classes)
    return Ascent(network, shape, roll.randrange(1, classes), roll.randint(4, 7), 3.0, 0.5, seed=roll.randint(5, 999))


def climb(function: Callable, seed: int) -> dict:
    """A whole climb, another from another seed, and the first again; with an eye on the network and the optimizer."""
    given, log, made = ascent(seed), Log(), []
    network = Watched(given.network, log)

    def make_optimizer(parameters) -> torch.optim.Optimizer:
        parameters = list(parameters)
        made.append([list(p.shape) if isinstance(p, Tensor) else [] for p in parameters])
        return torch.optim.SGD(parameters, lr=given.lr, momentum=given.momentum)

    run = partial(call, function, network, given.c, given.shape, given.steps, make_optimizer)
    generator = torch.random.get_rng_state()
    with explained():
        first = run(seed=given.seed)
        stirred = not torch.equal(generator, torch.random.get_rng_state())
        optimizers, inputs, training = list(made), list(log.inputs), list(log.training)
        other, again = run(seed=given.seed + 1), run(seed=given.seed)
    pair = isinstance(first, (tuple, list)) and len(first) == 2
    return {
        "result": list(first) if pair else type(first).__name__,
        "tracked": pair and isinstance(first[0], Tensor) and first[0].requires_grad,
        "other": other[0] if pair else None,
        "again": again[0] if pair else None,
        "optimizers": optimizers,
        "inputs": inputs,
        "in_training": training,
        "stirred": stirred,
        **left(network),
    }


BY_HAND = {("torch/optim/", ""): "this is PyTorch's own optimizer: write the step by hand, from the four formulas"}


def descent(seed: int) -> tuple[Tensor, Tensor, dict]:
    """A start, a few random gradients (T, ...) of the score, and settings of AdamW that are not the defaults."""
    roll = dice(seed)
    shape = [roll.randint(2, 4), roll.randint(2, 4)]
    settings = {"lr": roll.uniform(0.3, 1.0), "decay": roll.uniform(0.1, 0.5)}
    settings |= {"beta1": roll.uniform(0.6, 0.95), "beta2": roll.uniform(0.7, 0.99), "eps": 0.01}
    return 3 * random_tensor(seed, *shape), random_tensor(seed + 1, 5, *shape), settings


def adamw(function: Callable, seed: int) -> dict:
    """Five steps, each from what the one before returned: all x, m and v on the way."""
    x, gradients, settings = descent(seed)
    m, v, path = torch.zeros_like(x), torch.zeros_like(x), []
    for t, g in enumerate(gradients, start=1):
        with without(BY_HAND):
            returned = call(function, x, g.clone(), m, v, t, **settings)
        if not isinstance(returned, (tuple, list)) or len(returned) != 3:
            return {"returned": type(returned).__name__, "path": None}
        x, m, v = returned
        path.append([x, m, v])
    return {"returned": "tuple", "path": path}


def boxes(seed: int) -> list[dict]:
    """Starts on both sides of zero, learning rates, decays and steps; the recipe's own among them."""
    roll = dice(seed)
    found = [{"start": 0.7, "lr": 5.0, "decay": 0.1, "steps": 3}]
    for sign in (1, -1):
        decay = roll.uniform(0.1, 0.8)
        share = roll.uniform(0.1, 0.6)
        found.append(
            {"start": sign * roll.uniform(2, 9), "lr": share / decay, "decay": decay, "steps": roll.randint(2, 6)}
        )
    return found


def bound(function: Callable, seed: int) -> dict:
    """How far out x can be, for several settings."""
    return {"reach": [call(function, **settings) for settings in boxes(seed)]}


def two_answers(seed: int) -> tuple[Tensor, Tensor, int]:
    """Logits (classes,) before and after a climb, and a class; every third time in the thousands."""
    roll = dice(seed)
    classes, loud = roll.randint(5, 12), 1000.0 if seed % 3 == 2 else 0.0
    before = 2 * random_tensor(seed, classes)
    after = before + random_tensor(seed + 1, classes) + 0.5
    return before, after + loud, roll.randrange(classes)


def rise(function: Callable, seed: int) -> dict:
    """A rise in log-probability, taken apart."""
    before, after, c = two_answers(seed)
    returned = call(function, before.clone(), after.clone(), c)
    parts = returned.tolist() if getattr(returned, "shape", None) == (2,) else returned  # an array or a tensor of two
    pair = isinstance(parts, (tuple, list)) and len(parts) == 2
    return {"parts": list(parts) if pair else type(returned).__name__}
