"""What chapters 1 and 2 derive, held against the helpers: code is taken from the chapters themselves."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from helpers import Pixels, ascend, class_logit
from helpers.networks.network import Network

CHAPTERS = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = {"math": math, "torch": torch, "nn": nn, "partial": partial, "AdamW": torch.optim.AdamW}


def run(chapter: str, *names: str) -> dict:
    """Run the cells of a chapter that define these names, in that order, and return the namespace."""
    space = dict(NAMES, show_text=str)
    notebook = nbformat.read(next(CHAPTERS.glob(f"{chapter}_*.ipynb")), as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for name in names:
        source = next(cell.source for cell in cells if f"def {name}(" in cell.source or f"class {name}(" in cell.source)
        exec(compile(source, f"chapter {chapter}, {name}", "exec"), space)
    return space


@pytest.fixture(scope="module")
def tiny() -> Network:
    """A network of the helpers' kind with random weights: RGB in, five classes out."""
    torch.manual_seed(0)
    core = nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    return Network(core, "tiny", "Tiny", [f"class {i}" for i in range(5)])


OPTIMIZERS = {
    "SGD": partial(torch.optim.SGD, lr=0.1),
    "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.05),
    "the recipe's AdamW": partial(torch.optim.AdamW, lr=5.0, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ascend_is_the_loop_of_chapter_2(tiny, name):
    by_hand = run("02", "ascend_by_hand")["ascend_by_hand"]
    start = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    path, scores = by_hand(tiny, start, 3, 15, OPTIMIZERS[name])
    result = ascend(class_logit(3), tiny, Pixels(start), steps=15, optimizer=OPTIMIZERS[name], progress=False)
    for image in range(2):
        torch.testing.assert_close(result.raw[image], path[-1][image], rtol=0, atol=1e-6)
    torch.testing.assert_close(torch.as_tensor(result.scores), scores, rtol=0, atol=1e-5)


def test_ascent_lands_on_the_closed_form_of_chapter_1():
    climb = run("01", "make_animals", "make_network", "gradient", "climb")["climb"]
    w, price = torch.tensor([1.5, -0.7]), 0.4
    starts = 5 * torch.randn(8, 2, generator=torch.Generator().manual_seed(0))
    path = climb(lambda x: x @ w - price * x.square().sum(dim=1), starts, steps=200, lr=0.1)
    assert (path[-1] - w / (2 * price)).norm(dim=1).max() < 1e-3


def test_both_chapters_train_the_same_toy():
    first, second = run("01", "make_animals", "make_network"), run("02", "train_toy")
    assert torch.equal(first["animals"], second["animals"])
    torch.testing.assert_close(first["network"](first["animals"]), second["toy"](second["animals"]))


def test_the_bound_on_adams_ratio_is_attained_and_never_passed():
    bound = run("02", "adam_ratio_bound")["adam_ratio_bound"]
    assert bound(1) == pytest.approx(1)
    assert bound(500, 0.9, 0.9) == pytest.approx(1)
    generator = torch.Generator().manual_seed(0)
    startling = (0.999 / 0.9) ** torch.arange(300, dtype=torch.float64)
    for gradients in [startling, *torch.randn(20, 300, generator=generator, dtype=torch.float64)]:
        m, v = 0.0, 0.0
        for t, g in enumerate(gradients.tolist(), start=1):
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            ratio = abs(m / (1 - 0.9**t)) / math.sqrt(v / (1 - 0.999**t))
            assert ratio <= bound(t) * (1 + 1e-9)
        if gradients is startling:
            assert ratio == pytest.approx(bound(300))


@pytest.mark.parametrize("seed", range(3))
def test_with_equal_betas_the_box_is_exact(tiny, seed):
    start = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(seed))
    optimizer = partial(torch.optim.AdamW, lr=5.0, weight_decay=0.1, betas=(0.9, 0.9))
    result = ascend(class_logit(1), tiny, Pixels(start), steps=40, optimizer=optimizer, progress=False)
    assert result.raw.abs().max() <= 10 + 1e-3
