"""What assignment d asks of a student's ranks, opinions and intervals. No answers here."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..core import call, raised, random_tensor

# --- ranks ---


def rank_question(seed: int) -> tuple[Tensor, Tensor]:
    """Logits (B, C) of a very sure network, and the classes (B,) that were meant."""
    roll = random.Random(seed + 3)
    count, classes = roll.randint(5, 7), roll.randint(11, 16)
    logits = 60 * random_tensor(seed, count, classes)
    return logits, torch.tensor([roll.randrange(classes) for _ in range(count)])


def rank(function: Callable, seed: int) -> dict:
    """The ranks of some classes."""
    return {"ranks": call(function, *rank_question(seed))}


# --- a second opinion ---


def judge_network(seed: int, classes: int = 30) -> nn.Sequential:
    """A fresh judge (3, H, W) -> (classes,) with batch normalization; in training mode, as it was built."""
    generator = torch.Generator().manual_seed(seed + 11)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        network[1].running_mean.copy_(torch.randn(8, generator=generator))
        network[1].running_var.copy_(1 + 5 * torch.rand(8, generator=generator))
    return network.train()


def opinion_question(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean (3,) and spread (3,) of a judge's training images, images (B, 3, H, W), and the classes meant (B,)."""
    mean, std = random_tensor(seed, 3, low=0.3, high=0.6), random_tensor(seed + 1, 3, low=0.15, high=0.4)
    images = random_tensor(seed + 2, 8, 3, 6, 7, low=0.0) * random_tensor(seed + 3, 8, 3, 1, 1, low=0.3)
    roll = random.Random(seed + 5)
    return mean, std, images, torch.tensor([roll.randrange(30) for _ in range(8)])


def opinion(second_opinion: Callable, seed: int) -> dict:
    """Ranks by a judge, what happens when the artist is asked to judge, and whether a graph was built."""
    mean, std, images, targets = opinion_question(seed)
    judge, artist = judge_network(seed), judge_network(seed + 1)
    watched: list[bool] = []
    judge.register_forward_pre_hook(lambda module, inputs: watched.append(torch.is_grad_enabled()))
    found = call(second_opinion, judge, mean, std, images, targets, artist)
    refusal = raised(ValueError, second_opinion, artist, mean, std, images, targets, artist)
    return {"ranks": found, "refusal": refusal, "graph": any(watched)}


# --- pairs ---

DRAWS = 20_000


def pairs(seed: int) -> tuple[Tensor, Tensor]:
    """What two recipes scored on the same classes (n,): hard classes are hard for both."""
    count = 30 + 3 * (seed % 5)
    hard = random_tensor(seed, count)
    first = hard + 0.3 * random_tensor(seed + 1, count) + 0.2
    return first, hard + 0.3 * random_tensor(seed + 2, count).exp()


def interval(paired_interval: Callable, seed: int) -> dict:
    """The interval for the difference of two recipes, with one seed twice and with another."""
    first, second = pairs(seed)
    found = [call(paired_interval, first, second, DRAWS, with_seed) for with_seed in (seed, seed + 1)]
    torch.manual_seed(seed + 500)  # who draws from torch's own generator draws something else now
    found.append(call(paired_interval, first, second, DRAWS, seed))
    return {"intervals": [[float(end) for end in one] for one in found]}
