"""What assignment d, "Inside the network", asks of a student's functions. No answers here."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..core import call, random_tensor, slope

WIDTH = 5  # channels of every layer of the small networks

# --- a channel ---


def small_network(seed: int) -> nn.Sequential:
    """A fresh network with names: nested blocks, batch normalization, ReLUs that work in place; in training mode."""
    generator = torch.Generator().manual_seed(seed)
    block = OrderedDict(conv=nn.Conv2d(WIDTH, WIDTH, 3, padding=1), relu=nn.ReLU(inplace=True))
    network = nn.Sequential(
        OrderedDict(
            stem=nn.Conv2d(3, WIDTH, 3, padding=1),
            norm=nn.BatchNorm2d(WIDTH),
            act=nn.ReLU(inplace=True),
            block=nn.Sequential(block),
            last=nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
        )
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
        network.norm.running_mean.copy_(0.3 * torch.randn(WIDTH, generator=generator))
        network.norm.running_var.copy_(0.5 + torch.rand(WIDTH, generator=generator))
    return network.train()


def channel_question(seed: int) -> tuple[str, int, Tensor]:
    """A layer's name, a channel, and images (B, 3, H, W)."""
    roll = random.Random(seed)
    images = random_tensor(seed, roll.randint(2, 3), 3, roll.randint(6, 8), roll.randint(9, 11))
    return ("block.conv", "norm", "block.conv", "last")[seed % 4], roll.randint(1, WIDTH - 2), images


def channel(channel_score: Callable, seed: int) -> dict:
    """One channel's score of some images, the gradient, and what is left hanging on the network."""
    layer, k, images = channel_question(seed)
    network, images = small_network(seed), images.requires_grad_()
    scores = call(channel_score, network, layer, k, images)
    hooks = sum(len(module._forward_hooks) for module in network.modules())
    return {"scores": scores, "slope": slope(scores, images), "hooks": hooks}


# --- a receptive field ---


def stacks(seed: int) -> list[tuple[list[tuple[int, int, int]], int]]:
    """Stacks of layers as (kernel, stride, padding), each with the number of a unit."""
    roll = random.Random(seed)
    kinds = [(3, 1, 1), (3, 1, 0), (5, 1, 2), (2, 2, 0), (3, 2, 1), (1, 1, 0), (7, 2, 3), (3, 1, 1)]
    made = [[roll.choice(kinds) for _ in range(roll.randint(2, 5))] for _ in range(3)]
    made[0] = [(3, 1, 1), (2, 2, 0), *made[0], (3, 1, 1)]
    return [(stack, roll.randint(2, 9)) for stack in made]


def field(first_and_last: Callable, seed: int) -> dict:
    """The first and the last pixel that some units see."""
    return {"seen": [list(call(first_and_last, list(stack), unit)) for stack, unit in stacks(seed)]}


# --- a part of a network ---

CHAIN = ("conv1", "relu1", "conv2", "relu2", "conv3", "relu3", "conv4")


def chain_question(seed: int) -> tuple[str, Tensor]:
    """The layer to run to, and images (2, 3, H, W)."""
    roll = random.Random(seed + 50)
    images = random_tensor(seed, 2, 3, roll.randint(6, 9), roll.randint(6, 9))
    return ("conv2", "relu2", "conv3", "relu3")[seed % 4], images


class Counted(nn.Module):
    """A module that tells when it is run."""

    def __init__(self, name: str, inner: nn.Module, calls: list[str]):
        super().__init__()
        self.name, self.inner, self.calls = name, inner, calls

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(self.name)
        return self.inner(x)


def chain(seed: int) -> tuple[nn.Sequential, list[str]]:
    """A chain of convolutions and ReLUs with names, and the list where it writes which of them ran."""
    generator = torch.Generator().manual_seed(seed)
    calls: list[str] = []
    parts = OrderedDict()
    for name in CHAIN:
        inner = nn.ReLU() if name.startswith("relu") else nn.Conv2d(3, 3, 3, padding=1)
        for parameter in inner.parameters():
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
        parts[name] = Counted(name, inner, calls)
    return nn.Sequential(parts).eval(), calls


def part(run_up_to: Callable, seed: int) -> dict:
    """What a layer answers, which layers ran for it, and the gradient."""
    layer, images = chain_question(seed)
    network, calls = chain(seed)
    images.requires_grad_()
    answer = call(run_up_to, network, layer, images)
    return {"answer": answer, "slope": slope(answer, images), "calls": list(calls)}


# --- a direction ---


def direction_question(seed: int) -> tuple[Tensor, Tensor]:
    """Maps (B, C, H, W) and a vector (C,)."""
    roll = random.Random(seed + 9)
    count = roll.randint(4, 7)
    return random_tensor(seed, roll.randint(2, 3), count, 5, 6) + 0.3, 2 * random_tensor(seed + 1, count)


def direction(direction_score: Callable, seed: int) -> dict:
    """The score of a layer's maps along a vector."""
    maps, vector = direction_question(seed)
    scores = call(direction_score, maps.requires_grad_(), vector)
    return {"scores": scores, "graph": isinstance(scores, Tensor) and scores.requires_grad}


# --- a patch ---


def patch_questions(seed: int) -> list[tuple[Tensor, Tensor, int, int, int]]:
    """Photos of their own coordinates (3, H, W), a map (H', W') of each, and side, apart and first of its units.

    In the second, the largest answer is at a unit whose receptive field looks over the border; in both there is an even
    larger answer below zero.
    """
    roll = random.Random(seed + 31)
    questions = []
    for border in (False, True):
        side, apart, first = roll.choice([(12, 4, -1), (14, 4, -2), (18, 4, -2), (9, 2, -1)])
        rows, columns = roll.randint(9, 11), roll.randint(13, 16)
        height, width = ((n - 1) * apart + side + 2 * first for n in (rows, columns))
        y = torch.arange(height)[:, None].expand(height, width) / 100
        x = torch.arange(width)[None, :].expand(height, width) / 100
        photo = torch.stack([y, x, random_tensor(seed, height, width, low=0.0)])
        answers = random_tensor(seed + border, rows, columns, low=-1.0)
        margin = -(first // apart) + 1
        row, column = roll.randint(margin, rows - 2 - margin), roll.randint(margin + 3, columns - 2 - margin)
        answers[row, column] = 3.0
        answers[row + 1, column - 2] = -5.0
        if border:
            answers[0, roll.randint(3, columns - 3)] = 4.0
        questions.append((photo, answers, side, apart, first))
    return questions


def patch(best_patch: Callable, seed: int) -> dict:
    """The patches that drive two maps most."""
    return {"patches": [call(best_patch, *question) for question in patch_questions(seed)]}
