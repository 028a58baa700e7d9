"""Objectives are the numbers they say they are."""

from __future__ import annotations

import pytest
import torch

from helpers import Bound, Objective, channel, class_logit, class_probability, direction, layer, per_image, unit

IMAGES = torch.rand(3, 3, 10, 12, generator=torch.Generator().manual_seed(1))


def score(objective, network, images=IMAGES):
    bound = objective.bind(network)
    return bound.score(network.activations(images, bound.layers))


def test_class_objectives(small):
    logits = small(IMAGES)
    assert torch.allclose(score(class_logit("dog"), small), logits[:, 1])
    expected = logits[:, 2] - logits.exp().sum(dim=1).log()
    assert torch.allclose(score(class_probability(2), small), expected, atol=1e-6)


def test_feature_objectives(small):
    maps = small.activations(IMAGES, ["first"])["first"]
    assert torch.allclose(score(channel("first", 4), small), maps[:, 4].mean(dim=(1, 2)))
    assert torch.allclose(score(unit("first", 4), small), maps[:, 4, 5, 6])
    assert torch.allclose(score(unit("first", 4, y=0, x=11), small), maps[:, 4, 0, 11])
    assert torch.allclose(score(layer("first"), small), (maps**2).mean(dim=(1, 2, 3)))
    along = torch.tensor([0.0, 3.0, 0.0, 0.0, 4.0])
    expected = 0.6 * maps[:, 1].mean(dim=(1, 2)) + 0.8 * maps[:, 4].mean(dim=(1, 2))
    assert torch.allclose(score(direction("first", along), small), expected, atol=1e-6)


def test_arithmetic(small):
    a, b = class_logit("cat"), channel("first", 1)
    expected = 2 * score(a, small) - 0.5 * score(b, small)
    assert torch.allclose(score(2 * a - b * 0.5, small), expected, atol=1e-6)
    assert torch.allclose(score(-(a + b), small), -score(a, small) - score(b, small), atol=1e-6)
    assert (a - (b + a)).bind(small).words == "logit of cat (0) − (channel 1 of first + logit of cat (0))"
    assert (2 * per_image([a, b])).bind(small).words_for(1) == "2 · (channel 1 of first)"
    assert (2 * a - b).bind(small).words == "2 · (logit of cat (0)) − channel 1 of first"


def test_sums_and_quotients(small):
    three = [class_logit("cat"), channel("first", 1), channel("first", 2)]
    expected = sum(score(one, small) for one in three)
    assert torch.allclose(score(sum(three), small), expected, atol=1e-6)
    assert torch.allclose(score(sum(three) / 4, small), expected / 4, atol=1e-6)
    assert (0 + three[1]).bind(small).words == "channel 1 of first"


def test_a_different_objective_for_each_image(small):
    three = [class_logit("cat"), channel("first", 1), unit("first", 2, 0, 0)]
    found = score(per_image(three), small)
    assert torch.allclose(found, torch.stack([score(o, small)[i] for i, o in enumerate(three)]), atol=1e-6)
    assert per_image(three).bind(small).words_for(1) == "channel 1 of first"
    with pytest.raises(ValueError, match="2 objectives for a batch of 3"):
        score(per_image(three[:2]), small)


def mean_of_first(activations):
    return activations["first"].mean(dim=(1, 2, 3))


@pytest.mark.parametrize("change", [lambda one: one, lambda one: 2 * one, lambda one: per_image([one] * 3)])
def test_a_layer_alone_is_one_layer(small, change):
    mine, right = (Objective(lambda _, own=own: Bound("mine", own, mean_of_first)) for own in ("first", ("first",)))
    assert torch.equal(score(change(mine), small), score(change(right), small))


def test_only_what_is_needed_is_asked_for(small):
    assert (channel("first", 0) + unit("first", 1)).bind(small).layers == (("first", 0), ("first", 1))


@pytest.mark.parametrize(
    "objective, error, words",
    [
        (channel("first", 5), IndexError, "no channel 5 in first of Small: its channels are numbered 0 to 4"),
        (channel("first", -1), IndexError, "no channel -1"),
        (channel("frist", 0), LookupError, "did you mean 'first'"),
        (unit("first", 0, 10, 0), IndexError, r"no unit at \(10, 0\): first is 10×12"),
        (layer("lust"), LookupError, "did you mean 'last'"),
        (class_logit("dgo"), LookupError, r"did you mean 'dog' \(1\)"),
        (direction("first", [1.0, 2.0]), ValueError, "has 5 numbers"),
        (direction("first", [0.0] * 5), ValueError, "not all 0"),
    ],
)
def test_mistakes_are_told(small, objective, error, words):
    with pytest.raises(error, match=words):
        score(objective, small)


def test_what_cannot_be_added_is_refused():
    with pytest.raises(TypeError):
        class_logit(1) + 1
    with pytest.raises(TypeError):
        class_logit(1) * class_logit(2)
