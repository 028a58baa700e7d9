"""What the chapters' own checks say to right answers, also unusual ones, and to mistakes that students make.

Each check is the chapter's cell itself; only what it needs of the cells before stands here.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
import torch
from torch.nn.functional import interpolate
from torchvision.transforms.functional import adjust_sharpness

from helpers import Fourier, as_answer, min_max, try_answer

ROOT = Path(__file__).resolve().parent.parent


class Silent:
    """A network that answers nothing to anything, where a check brings one of its own."""

    device = torch.device("cpu")

    def activations(self, images, layers, **_):
        return {layer: torch.zeros(len(images), 4, 2, 2) for layer in layers}


def cell(chapter: str, ending: str) -> str:
    """The source of the one cell that prints that the exercise is correct, or that holds its solution."""
    place = "book/larger_worlds.ipynb" if chapter == "larger" else f"notebooks/{chapter}_*.ipynb"
    notebook = json.loads(next(ROOT.glob(place)).read_text(encoding="utf-8"))
    sources = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    (found,) = (source for source in sources if ending in source)
    return found


def check(exercise: str, answer: str, **before: object) -> None:
    """Run the chapter's check of an exercise on an answer; raises what a student would see."""
    chapter = "larger" if exercise in ("9.1", "9.2", "9.3", "9.4") else f"0{exercise[0]}"
    source = cell(chapter, f'"Exercise {exercise}: correct')
    if exercise == "5.5":
        source = source[: source.index("def stripes")]  # what comes after wants VGG16 and a minute
    names = {"torch": torch, "Tensor": torch.Tensor, "nn": torch.nn, "Path": Path, "mock": mock, "math": math}
    names |= {"try_answer": try_answer, "as_answer": as_answer, "Acts": dict, **before}
    exec(answer, names)
    exec(source, names)


def changed(answer: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in answer, f"the solution has no {old}"
        answer = answer.replace(old, new)
    return answer


def min_max_first(x: torch.Tensor) -> torch.Tensor:
    """Chapter 3's."""
    return adjust_sharpness(min_max(interpolate(x, scale_factor=2, mode="bilinear")), 0.0)


DARKROOM = dict(interpolate=interpolate, adjust_sharpness=adjust_sharpness, min_max_first=min_max_first)
PERCENTILES = cell("03", "def by_percentiles")
STEP = cell("06", "def mean_step")
DISPUTED = cell("08", "def most_disputed")
SPECIALIST = cell("05", "def specialist")
CLAIM = cell("larger", "def claim")


@pytest.mark.parametrize(
    "change, words",
    [
        (("(x - low) / (high - low)", "(high - x) / (high - low)"), "bright is dark"),
        (("x.flatten(1).quantile(q, dim=1).view(-1, 1", "x.flatten(2).quantile(q, dim=2).view(-1, 3"), "came out gray"),
        (("(high - low), 0.0)", "(high - low), 1.0)"), "was anything softened"),
        (("(share, 1 - share)", "(share / 2, 1 - share / 2)"), "should be black and full"),
        (("(share, 1 - share)", "(0.0, 1 - share)"), "should be black and full"),
        (("(x - low) / (high - low)", "((x - low) / (high - low)).clamp(0, 1)"), "clamped before it was softened"),
    ],
)
def test_a_better_darkroom(change, words):
    check("3.5", PERCENTILES, **DARKROOM)
    with pytest.raises(AssertionError, match=words):
        check("3.5", changed(PERCENTILES, change), **DARKROOM)


@pytest.mark.parametrize(
    "change, words",
    [
        (("((on_texture - on_others.mean(dim=0)) / deviation)", "on_texture"), "loudest map"),
        ((" / deviation", ""), "divide by their deviation"),
        (('name.replace("conv", "relu")', "name"), "after the ReLU"),
        (("(on_texture - on_others.mean(dim=0)) /", "(on_texture - on_others.mean(dim=0)).abs() /"), "no abs"),
        (("on_others.std(dim=0)", "on_others.var(dim=0)"), "no variance"),
        ((" + 0.01 * on_others.mean()", ""), "map is dead"),
        (("[after].mean(dim=(2, 3))", "[after].amax(dim=(2, 3))"), "highest peak"),
        (('name.replace("conv", "relu")', '"relu3_1"'), "conv4_2 was named"),
    ],
)
def test_a_channel_for_a_texture(change, words):
    for small in ("0.01 * on_others.mean()", "1e-6"):
        check("5.5", changed(SPECIALIST, ("0.01 * on_others.mean()", small)), network=Silent())
    with pytest.raises(AssertionError, match=words):
        check("5.5", changed(SPECIALIST, change), network=Silent())


BY_CHANNELS = """
def mean_of(images, one):
    return network.activations(images, one)[one].mean((1, 2, 3))
def specialist(name, texture, others):
    after, best = name.replace("conv", "relu"), []
    for k in range(network.eval().requires_grad_(False).channels(name)):
        here, there = mean_of(texture, (after, k)), mean_of(others, (after, k))
        best.append((here - there.mean()) / (there.std() + 0.01))
    return torch.cat(best).argmax()
"""


def test_a_channel_for_a_texture_may_be_asked_channel_by_channel():
    check("5.5", BY_CHANNELS, network=Silent())
    with pytest.raises(AssertionError, match="after the ReLU"):
        check("5.5", changed(BY_CHANNELS, ('.replace("conv", "relu")', "")), network=Silent())


SIMILARITY = cell("05", "def similarity")
UNIT = "nn.functional.normalize(grams.flatten(1), dim=1)"
JITTER = cell("04", "def my_jitter")


@pytest.mark.parametrize(
    "change, words",
    [
        ((" - alike.diagonal()", ""), "expected"),
        (("(len(maps) - 1)", "len(maps)"), "divided by B, not"),
        (("flat @ flat.transpose(1, 2)", "flat.transpose(1, 2) @ flat"), "places were multiplied"),
        ((UNIT, "maps.flatten(1)"), "expected"),
        (("maps.flatten(2)", "maps.detach().flatten(2)"), "has no gradient"),
        ((UNIT, "(g := grams.flatten(1)) / g.norm(dim=1)[:, None]"), "NaN"),
    ],
)
def test_how_much_pictures_resemble_each_other(change, words):
    check("5.6", SIMILARITY)
    with pytest.raises(AssertionError, match=words):
        check("5.6", changed(SIMILARITY, change))


@pytest.mark.parametrize(
    "change, words",
    [
        (("(down, right), dims=(2, 3)", "11 * down + right"), "no shift of itself"),
        (("(down, right), dims=(2, 3)", "(down, right), dims=(1, 2)"), "no shift of itself"),
        (("pixels + 1", "pixels"), "shifts occur"),
        (("pixels + 1", "pixels + 2"), "was shifted by"),
        (("(down, right)", "(down, down)"), "shifts occur"),
        (("torch.roll(images", "torch.roll(images.detach()"), "has no gradient"),
        (("return torch.roll", "torch.roll"), "element 0 of|None"),
    ],
)
def test_a_jitter_of_your_own(change, words):
    check("4.4", JITTER)
    answer = JITTER
    if change[1] == "(down, down)":
        change = ("torch.roll(images, (down, right)", "torch.roll(images, (down, down)")
    with pytest.raises(AssertionError, match=words):
        check("4.4", changed(answer, change))


def test_a_check_leaves_a_reader_his_helpers():
    answer = changed(SIMILARITY, ("maps.flatten(2)", "grams_of(maps)"))
    check("5.6", "def grams_of(maps):\n    return maps.flatten(2)\n" + answer)


def test_one_step_for_a_whole_batch():
    with pytest.raises(AssertionError, match="is each divided by its own mean"):
        check("6.1", "def mean_step(g, lr):\n    return lr * g / g.abs().mean()")


@pytest.mark.parametrize("diagonal, right", [(-2, True), (0, False)])
def test_nobody_is_their_own_neighbor(diagonal, right):
    answer = changed(cell("09", "def share_at_home"), ("fill_diagonal_(-2)", f"fill_diagonal_({diagonal})"))
    if right:
        check("9.8", answer)
    else:
        with pytest.raises(AssertionError, match="their own neighbor"):
            check("9.8", answer)


@pytest.mark.parametrize("constant, right", [("1e-12", True), ("1e-8", False)])
def test_a_step_of_one_size(constant, right):
    check("6.1", STEP)
    answer = f"def mean_step(g, lr):\n    return lr * g / (g.abs().mean(dim=(1, 2, 3), keepdim=True) + {constant})"
    if right:
        check("6.1", answer)
    else:
        with pytest.raises(AssertionError, match="a constant added"):
            check("6.1", answer)


@pytest.mark.parametrize(
    "change, words",
    [
        (("(gaps[0] - gaps[1])", "(gaps[0] - gaps[1]).abs()"), "with its sign"),
        (("[rows, classes]", ".clone()"), "another class|index"),
        (("(gaps[0] - gaps[1]).argmax()", "gaps[1].argmin()"), "where is the artist"),
        (("(gaps[0] - gaps[1])", "(gaps[0].exp() - gaps[1].exp())"), "take logarithms"),
        (("logits.log_softmax(dim=1)", "logits"), "did you forget the softmax"),
    ],
)
def test_the_most_disputed_picture(change, words):
    check("8.6", DISPUTED)
    answer = changed(DISPUTED, change)
    if "clone" in change[1]:
        answer = changed(answer, (".argmax())", ".amax(dim=1).argmax())"))
    with pytest.raises(AssertionError, match=words):
        check("8.6", answer)


PHASES = cell("07", "class Phases")
BUFFER = 'self.register_buffer("amplitude", amplitude.clone())'
RANDOM = "torch.rand(batch, *amplitude.shape, generator=seeded)"
POLAR = "torch.polar(self.amplitude.expand_as(self.phase), self.phase)"


@pytest.mark.parametrize(
    "change, words",
    [
        ((BUFFER, "self.amplitude = nn.Parameter(amplitude)"), "one parameter should be phase"),
        ((BUFFER, "self.amplitude = amplitude.clone()"), "amplitude is no buffer"),
        ((RANDOM, "torch.rand(batch, *amplitude.shape)"), "two seeds"),
        (
            (RANDOM, "torch.rand(amplitude.shape, generator=seeded).expand(batch, -1, -1, -1)"),
            "images of a batch begin",
        ),
        (
            (RANDOM, "torch.rand(batch, 1, *amplitude.shape[1:], generator=seeded).repeat(1, 3, 1, 1)"),
            "in each color plane",
        ),
        ((RANDOM, RANDOM + ".square()"), "mean of 0"),
        ((", s=(size, size)", ""), "has shape"),
        ((', norm="ortho"', ""), "amplitudes are"),
        ((POLAR, "torch.polar(self.amplitude.expand_as(self.phase), -self.phase)"), "not those of the parameter"),
        ((POLAR, "torch.polar(self.amplitude.expand_as(self.phase), self.phase.detach())"), "no gradient"),
    ],
)
def test_only_the_phases(change, words):
    before = {"MIX": Fourier(8).axes}
    check("7.7", PHASES, **before)
    with pytest.raises(AssertionError, match=words):
        check("7.7", changed(PHASES, change), **before)


@pytest.mark.parametrize(
    "answer", ["def Phases(amplitude, batch, seed):\n    return amplitude", "class Phases(dict):\n    pass"]
)
def test_no_module_and_no_traceback(answer):
    with pytest.raises(AssertionError):
        check("7.7", answer, MIX=Fourier(8).axes)


MKDIR = """
def claim(folder, name):
    try:
        os.mkdir(folder / name)
        return True
    except FileExistsError:
        return False
"""
REMEMBERED = """
lock, claimed = threading.Lock(), set()
def claim(folder, name):
    with lock:
        first = (folder, name) not in claimed
        claimed.add((folder, name))
        return first
"""


def test_two_runs_in_one_folder():
    modules = dict(
        os=os,
        sys=sys,
        partial=partial,
        shutil=shutil,
        tempfile=tempfile,
        threading=threading,
        Counter=Counter,
        Callable=Callable,
    )

    def places() -> dict:
        return {**modules, "places": [Path(tempfile.mkdtemp()) for _ in range(2)]}

    for right in (CLAIM, MKDIR):
        check("9.4", right, **places())
    with pytest.raises(AssertionError, match="another run cannot see the claim"):
        check("9.4", REMEMBERED, **places())
