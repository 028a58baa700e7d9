"""A Result can be looked at, kept, and read again."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from own_networks import CLASSES, Plain

from helpers import (
    Bound,
    Network,
    Objective,
    Pixels,
    WeightsCorrupt,
    ascend,
    bootstrap,
    channel,
    deep_dream,
    jitter,
    load_result,
    random_affine,
    show_images,
    visualize,
)


@pytest.fixture
def drawn(small):
    return visualize(["dog", "cat"], small, steps=3, size=16, seed=[5, 7], frames=2, progress=False)


def same(one, other) -> bool:
    tensors = ("images", "raw", "scores", "final", "frames")
    told = [(r.caption(1), r.code, r.frame_steps, r.seed, r.settings, r.steps) for r in (one, other)]
    return told[0] == told[1] and all(torch.equal(getattr(one, t), getattr(other, t)) for t in tensors)


def test_a_result_is_kept_and_read_again(drawn, tmp_path):
    path = drawn.save(tmp_path / "dogs.pt")
    found = load_result(path)
    assert same(drawn, found) and "seed=[5, 7]" in found.code
    with pytest.raises(RuntimeError, match="comes from a file"):
        found.again()
    assert same(pickle.loads(pickle.dumps(drawn)), pickle.loads(pickle.dumps(found)))


def test_what_is_no_result_is_told(tmp_path, drawn):
    torch.save({"a": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="keeps no Result"):
        load_result(tmp_path / "other.pt")
    with pytest.raises(ValueError, match="ends in .pt"):
        drawn.save(tmp_path / "dogs.png")
    whole = (tmp_path / "whole.pt").write_bytes(drawn.save(tmp_path / "dogs.pt").read_bytes()[:-100])
    assert whole
    with pytest.raises(WeightsCorrupt):
        load_result(tmp_path / "whole.pt")


def test_a_result_last_in_a_cell_shows_its_pictures(drawn):
    page = drawn._repr_html_()
    assert page.count("<img") == 2 and "dog (1)" in page and "cat (0)" in page
    assert show_images(drawn).html == page
    alone = show_images(drawn.images[:1])
    assert alone.html.count("<img") == 1 and "figcaption" not in alone.html


def test_objectives_and_views_can_be_pickled(small):
    for one in (channel("first", 1) + 2 * channel("first", 0), jitter(3), random_affine(5)):
        again = pickle.loads(pickle.dumps(one))
        assert repr(again) == repr(one) or again.bind(small).words == one.bind(small).words


def test_a_call_is_told_from_another_and_written_down(squeezenet):
    calls = [visualize("tabby", squeezenet, steps=1, size=64, progress=False, lr=lr) for lr in (None, 0.05, 0.05)]
    first, second, third = (call.made_by.identity() for call in calls)
    assert first != second == third
    assert calls[1].code == (
        "visualize('tabby', load_network('squeezenet1_1'), style='clear', steps=1, size=64, lr=0.05, seed=0)"
    )
    assert "lr" not in calls[0].code  # as without it
    exact = visualize("tabby", squeezenet, steps=1, size=64, progress=False, precision=None)
    assert exact.code.endswith("precision=None)")  # without it, the fastest
    own = visualize(channel("fire3", 1), squeezenet, steps=1, size=64, progress=False)
    assert own.code == ""  # an objective has no words of code


def test_numbers_of_numpy_are_written_as_python_s(squeezenet):
    drawn = visualize("tabby", squeezenet, steps=1, size=64, progress=False, lr=np.float64(0.25))
    assert "lr=0.25" in drawn.code


def test_numbers_and_words_of_numpy_are_kept_as_python_s(tmp_path):
    network = Network(Plain(), "plain", np.str_("Plain"), CLASSES)
    mine = Objective(lambda _: Bound(np.str_("mine"), ("logits",), lambda acts: acts["logits"][:, 0]))
    drawn = ascend(mine, network, Pixels.uniform(16), steps=1, progress=False)
    drawn.settings |= {"lr": [np.float32(0.5)], "sides": np.array([16, 16]), np.str_("who"): (np.int64(3),)}
    found = load_result(drawn.save(tmp_path / "mine.pt"))
    assert found.caption() == drawn.caption() and type(found.objective) is type(found.network_title) is str
    assert found.settings == drawn.settings | {"sides": [16, 16]}


def test_it_is_made_again_after_its_photograph_was_changed_and_from_a_copy(small):
    photo = torch.rand(1, 3, 32, 32)
    drawn = deep_dream(photo, small, "first", octaves=1, steps=2, progress=False)
    photo.zero_()
    assert torch.equal(drawn.again().raw, drawn.raw)
    assert torch.equal(copy.copy(drawn).again().raw, drawn.raw)


def test_a_copy_of_what_was_read_knows_its_code(drawn, tmp_path):
    found = load_result(drawn.save(tmp_path / "dogs.pt"))
    assert copy.copy(found).code == found.code == drawn.code


def test_numpy_may_say_how_often_the_bootstrap_draws():
    values = torch.linspace(0, 1, 9)
    assert bootstrap(values, np.int64(100), np.int64(1)) == bootstrap(values, 100, 1)
