"""An atlas's plan, and how a batch of it is drawn (*What larger worlds cost*)."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import load_network, plan, visualize
from helpers.atlas import plan as atlas
from helpers.atlas.plan import Batch, Piece, Recipe, draw_batch

ROOT = Path(__file__).resolve().parent.parent
QUICK = dict(steps=4, size=64)


def names(*arguments, **options) -> list[str]:
    return [piece.name for piece in plan(*arguments, **options)[0]]


def test_all_classes_with_each_seed_unless_told_otherwise():
    pieces, recipe = plan(None, "squeezenet1_1", seeds=[0, 7])
    assert len(pieces) == 2000 and len({piece.name for piece in pieces}) == 2000
    assert {piece.target for piece in pieces} == set(range(1000)) and {piece.seed for piece in pieces} == {0, 7}
    assert recipe.network == "squeezenet1_1"


def test_a_name_says_what_it_is_and_changes_with_everything_that_the_picture_depends_on():
    (name,) = names(["Pomeranian"], "squeezenet1_1")
    assert name.startswith("0259-pomeranian-seed0-")
    assert names([259], "squeezenet1_1") == [name]
    others = [dict(style="bold"), dict(steps=64), dict(size=128), dict(seeds=[1])]
    changed = [names([259], "squeezenet1_1", **one)[0] for one in others]
    changed += names([260], "squeezenet1_1") + names([259], "efficientnet_lite0")
    digests = [one.rpartition("-")[2] for one in [name, *changed]]
    assert len(set(digests)) == len(digests)


def test_a_name_changes_with_the_network_s_numbers(monkeypatch):
    (name,) = names([259], "squeezenet1_1")
    network = load_network("squeezenet1_1")
    with torch.no_grad():
        next(network.parameters())[0, 0, 0, 0] += 1e-3
    monkeypatch.setattr(atlas, "_network", lambda *_: (network, atlas.fingerprint(network)))
    assert names([259], "squeezenet1_1") != [name]


def test_a_name_changes_with_the_precision_and_workers_draw_in_it(monkeypatch):
    found = []
    for precision in (None, torch.bfloat16):
        monkeypatch.setattr("helpers.networks.tried.native_precision", lambda _, chosen=precision: chosen)
        pieces, recipe = plan([259], "squeezenet1_1", **QUICK)
        found.append((pieces[0].name, draw_batch(Batch(tuple(pieces), recipe))[0]))
    assert found[0][0] != found[1][0] and found[0][1] != found[1][1]
    alone = visualize(259, load_network("squeezenet1_1"), precision=None, **QUICK)
    assert torch.equal(picture(found[0][1]), (alone.images[0] * 255).round().to(torch.uint8))


def test_a_name_changes_with_what_a_style_is(monkeypatch):
    (name,) = names([259], "squeezenet1_1")
    style = atlas.find_style("clear")
    monkeypatch.setattr(atlas, "find_style", lambda _: replace(style, margin=0.25))
    assert names([259], "squeezenet1_1") != [name]


def test_a_name_is_the_same_in_another_process():
    code = "from helpers import plan; print(plan([259], 'squeezenet1_1')[0][0].name)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split() == names([259], "squeezenet1_1")


def test_channels_are_targets_too():
    pieces, _ = plan([("fire3", 5), 259], "squeezenet1_1")
    assert [piece.name.rpartition("-")[0] for piece in pieces] == ["fire3-0005-seed0", "0259-pomeranian-seed0"]


@pytest.mark.parametrize(
    "targets, options, error, words",
    [
        (["pomeranean"], {}, LookupError, "did you mean 'Pomeranian'"),
        ([("fire3", 5000)], {}, LookupError, "5000"),
        ([("fier3", 5)], {}, LookupError, "fire3"),
        ([259], {"style": "clera"}, LookupError, "did you mean 'clear'"),
        ([], {}, ValueError, "nothing to draw"),
        ([259], {"seeds": []}, ValueError, "nothing to draw"),
        ([259, "Pomeranian"], {}, ValueError, "asked for 2 times"),
        ([259], {"steps": 0}, ValueError, "steps is a whole number from 1 on"),
        ([259], {"size": 4}, ValueError, "does not take 4×4 pixels"),
        ([259], {"size": 0}, ValueError, "size is a whole number from 1 on"),
        ([("conv1", 5)], {"size": 2}, ValueError, "does not take 2×2 pixels"),
    ],
)
def test_a_wrong_plan_is_refused_before_anything_is_drawn(targets, options, error, words):
    with pytest.raises(error, match=words):
        plan(targets, "squeezenet1_1", **options)


def test_a_network_itself_is_answered_with_what_is_wanted(small):
    with pytest.raises(TypeError, match="since workers load it themselves; got a Network$"):
        plan([1], small)


def test_a_number_s_type_does_not_change_a_name():
    assert names([259], "squeezenet1_1", seeds=np.arange(2)) == names([259], "squeezenet1_1", seeds=[0, 1])
    layer = [("fire3", np.int64(5))], "squeezenet1_1"
    assert names(*layer) == names([("fire3", 5)], "squeezenet1_1")
    for seed in (0.5, -1, True):
        with pytest.raises(ValueError, match="a seed is a whole number from 0 on"):
            plan([259], "squeezenet1_1", seeds=[seed])
    steps = dict(steps=np.int64(4), size=np.int64(64))
    assert names([259], "squeezenet1_1", **steps) == names([259], "squeezenet1_1", steps=4, size=64)


def test_many_pieces_are_planned_at_once():
    """Also when one is asked for twice, which was looked for in the square of their number."""

    def seconds(count: int) -> float:
        begun = time.process_time()
        with pytest.raises(ValueError, match="asked for 2 times"):
            plan([259], "squeezenet1_1", seeds=[*range(count), count - 1])
        return time.process_time() - begun

    seconds(10)
    assert seconds(20_000) < 60 * seconds(1_000)  # in proportion it is 20, in the square 400


def picture(data: bytes) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(io.BytesIO(data)))).permute(2, 0, 1)


def alike(one: bytes, other: bytes) -> bool:
    """Equal after a few steps but for the last bits, in which a picture depends on its company: a level of 256."""
    captions = [Image.open(io.BytesIO(data)).text["Description"] for data in (one, other)]
    return captions[0] == captions[1] and (picture(one).int() - picture(other).int()).abs().max() <= 1


def test_a_batch_is_what_visualize_draws_and_each_picture_is_nearly_the_one_it_would_be_alone():
    pieces, recipe = plan([259, ("fire3", 5), 340], "squeezenet1_1", **QUICK)
    together = draw_batch(Batch(tuple(pieces), recipe))
    alone = [draw_batch(Batch((piece,), recipe))[0] for piece in pieces]
    assert all(alike(*pair) for pair in zip(together, alone, strict=True))
    result = visualize("zebra", load_network("squeezenet1_1"), **QUICK)
    assert torch.equal(picture(together[2]), (result.images[0] * 255).round().to(torch.uint8))
    assert Image.open(io.BytesIO(together[2])).text["Description"] == result.caption()


def test_a_picture_that_fails_does_not_take_its_batch_with_it(monkeypatch):
    def fragile(targets, *arguments, **options):
        if 7 in targets:
            raise FloatingPointError("class 7 is poisoned")
        return visualize(targets, *arguments, **options)

    pieces, recipe = plan([6, 7, 8], "squeezenet1_1", **QUICK)
    whole = draw_batch(Batch(tuple(pieces), recipe))
    monkeypatch.setattr(atlas, "visualize", fragile)
    first, second, third = draw_batch(Batch(tuple(pieces), recipe))
    assert second == "FloatingPointError: class 7 is poisoned"
    assert alike(first, whole[0]) and alike(third, whole[2]) and not alike(first, third)
    assert [first, third] == [draw_batch(Batch((pieces[i],), recipe))[0] for i in (0, 2)]


def test_a_batch_that_failed_leaves_its_memory_to_the_pictures_that_are_tried_alone(monkeypatch):
    """Inside the ``except`` the error would hold on to all that the batch had computed."""

    class Activations:
        pass

    held = []

    def short_of_memory(targets, *arguments, **options):
        if len(targets) > 1:
            large = Activations()
            held.append(weakref.ref(large))
            raise MemoryError
        assert held[0]() is None
        return visualize(targets, *arguments, **options)

    monkeypatch.setattr(atlas, "visualize", short_of_memory)
    pieces, recipe = plan([6, 7], "squeezenet1_1", **QUICK)
    assert all(isinstance(outcome, bytes) for outcome in draw_batch(Batch(tuple(pieces), recipe)))
    assert held


def test_half_a_picture_is_none(monkeypatch):
    """``ascend`` hands over what there is at Ctrl-C; an atlas must not take it for the whole."""

    def press(step, images, scores):
        if step == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(atlas, "visualize", partial(visualize, callbacks=[press]))
    pieces, recipe = plan([6], "squeezenet1_1", **QUICK)
    with pytest.raises(KeyboardInterrupt):
        draw_batch(Batch(tuple(pieces), recipe))


def test_threads_of_a_worker_draw_what_one_would(monkeypatch, capsys):
    pieces, recipe = plan([6, 7, 8, 9], "squeezenet1_1", **QUICK)
    batches = [Batch((piece,), recipe) for piece in pieces]
    alone = [draw_batch(batch) for batch in batches]
    loads, real = [], atlas.load_network
    monkeypatch.setattr(atlas, "load_network", lambda *a, **o: loads.append(a) or real(*a, **o))
    atlas._network.cache_clear()
    out = sys.stdout
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw_batch, batches)) == alone
    assert len(loads) == 1 and sys.stdout is out


def test_a_score_that_is_not_finite_is_told(monkeypatch):
    network = load_network("squeezenet1_1")
    network.core.get_submodule("features.6").expand1x1.bias.data[7] = torch.nan
    monkeypatch.setattr(atlas, "_network", lambda *_: (network, ""))
    pieces = Piece(("fire4", 6), 0, "six"), Piece(("fire4", 7), 0, "seven")
    outcomes = draw_batch(Batch(pieces, Recipe("squeezenet1_1", "bold", 2, 64)))
    assert isinstance(outcomes[0], bytes) and outcomes[1].startswith("NotFinite")


def test_other_weights_than_planned_with_are_refused():
    pieces, recipe = plan([259], "squeezenet1_1", **QUICK)
    with pytest.raises(RuntimeError, match="other weights here"):
        draw_batch(Batch(tuple(pieces), replace(recipe, weights="0" * 12)))


def test_a_batch_travels_as_names_and_numbers_and_the_network_is_loaded_once(monkeypatch):
    pieces, recipe = plan(range(8), "squeezenet1_1", **QUICK)
    batch = Batch(tuple(pieces), recipe)
    assert len(pickle.dumps(batch)) < 2048
    calls, real = [], atlas.load_network
    monkeypatch.setattr(atlas, "load_network", lambda *a, **o: calls.append(a) or real(*a, **o))
    atlas._network.cache_clear()
    for piece in pieces[:3]:
        draw_batch(Batch((piece,), recipe))
    assert len(calls) == 1
