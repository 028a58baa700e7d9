"""The recipes are the ones that the chapters describe."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as F
from torch import nn

from helpers import (
    Fourier,
    Network,
    Pixels,
    ascend,
    channel,
    class_logit,
    deep_dream,
    develop,
    jitter,
    load_photo,
    maximal_class_input,
    save_film,
    visualize,
    zoom_film,
)


def test_the_original_recipe_to_the_letter(small):
    """Written out again, from the answer it comes from."""
    result = maximal_class_input("Pomeranian", num_steps=20, network=small, size=16, seed=4, progress=False)
    x = nn.Parameter(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(4)))
    optimizer = torch.optim.AdamW([x], lr=5.0, weight_decay=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        loss = -small.core(x)[0, 2]
        loss.backward()
        optimizer.step()
    assert torch.allclose(result.raw, x.detach(), atol=1e-5)
    picture = nn.functional.interpolate(x.detach(), scale_factor=2, mode="bilinear")
    picture = F.adjust_sharpness(picture, 0.0)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    assert torch.allclose(result.images, picture, atol=1e-5) and result.images.shape == (1, 3, 32, 32)


def test_develop_clamps_before_it_normalizes():
    x = torch.full((1, 3, 8, 8), 9.0)
    x[..., :4] = -9.0
    assert develop(x).min() == 0 and develop(x).max() == 1
    assert torch.equal(develop(x), develop(100 * x))  # how far out of [0, 1] it was is lost


def test_visualize_takes_names_numbers_objectives_and_lists(small):
    one = visualize("dog", small, steps=2, size=16, progress=False)
    assert one.images.shape == (1, 3, 16, 16) and one.images.min() >= 0 and one.images.max() <= 1
    several = visualize([0, "dog", channel("first", 1)], small, steps=2, size=16, progress=False)
    assert len(several) == 3 and "Channel 1 of first" in several.caption(2)
    with pytest.raises(ValueError, match="no target"):
        visualize([], small)


def test_the_line_of_code_makes_it_again(squeezenet, capsys):
    from helpers import load_network  # noqa: F401  the line calls it

    for result in (
        visualize("Pomeranian", squeezenet, steps=2, size=64, seed=5, progress=False),
        maximal_class_input(259, num_steps=2, size=64, network=squeezenet, progress=False),
    ):
        again = eval(result.code)
        assert torch.equal(again.raw, result.raw) and torch.equal(result.again().raw, result.raw)


def test_a_film_has_its_frames_and_falls_in(small):
    film = zoom_film(channel("first", 0), small, load_photo("coffee", 32), frames=5, steps_a_frame=2, progress=False)
    assert film.frames.shape == (5, 1, 3, 32, 32) and film.frame_steps == [0, 2, 4, 6, 8]
    assert not torch.equal(film.frames[0], film.frames[4])
    with pytest.raises(ValueError, match="whole number from 2 on"):
        zoom_film(channel("first", 0), small, load_photo("coffee", 32), frames=1)


def test_a_pomeranian_is_drawn(squeezenet):
    """Short of the full recipe, and still the network is sure of what it has drawn, without the views."""
    result = visualize("Pomeranian", squeezenet, steps=64, size=128, progress=False)
    assert squeezenet.top(result.images, 1)[0][0][0] == "Pomeranian"


def test_again_keeps_each_image_s_seed_and_the_line_of_code(small):
    drawn = visualize(["dog", "cat"], small, steps=2, size=32, seed=[5, 7], progress=False)
    again = drawn.again().again()
    assert torch.equal(again.images, drawn.images)
    assert again.caption(1) == drawn.caption(1) and again.code == drawn.code and "seed=[5, 7]" in again.code
    original = maximal_class_input("dog", 2, network=small, size=16, progress=False)
    assert original.again().code == original.code != ""


INTEGERS = {
    "target": lambda net, n: visualize(n(1), net, steps=2, size=16, progress=False),
    "targets": lambda net, n: visualize([n(1), n(2)], net, steps=2, size=16, progress=False),
    "channel": lambda net, n: visualize(channel("first", n(1)), net, steps=2, size=16, progress=False),
    "steps": lambda net, n: visualize(1, net, steps=n(2), size=16, progress=False),
    "size": lambda net, n: visualize(1, net, steps=2, size=n(16), progress=False),
    "frames": lambda net, n: visualize(1, net, steps=2, size=16, frames=n(2), progress=False),
    "seed": lambda net, n: visualize(1, net, steps=2, size=16, seed=n(1), progress=False),
    "seeds": lambda net, n: visualize([1, 1], net, steps=2, size=16, seed=[n(0), n(1)], progress=False),
    "original": lambda net, n: maximal_class_input(n(1), n(2), network=net, size=n(16), seed=n(1), progress=False),
    "ascend": lambda net, n: ascend(class_logit(n(1)), net, Fourier(n(16), seed=n(1)), steps=n(2), progress=False),
    "view": lambda net, n: jitter(n(3))(load_photo("coffee", n(32))),
    "dream": lambda net, n: deep_dream(
        load_photo("coffee", 32), net, "first", octaves=n(1), steps=n(1), seed=n(2), progress=False
    ),
}


@pytest.mark.parametrize("what", INTEGERS)
def test_whole_numbers_of_any_make(small, what):
    expected, *others = (INTEGERS[what](small, make) for make in (int, np.int64, np.uint8, torch.tensor))
    for found in others:
        assert found.shape == expected.shape if what == "view" else torch.equal(found.images, expected.images)


def test_frames_a_second_may_be_numpy_s(tmp_path):
    assert save_film(torch.rand(2, 3, 16, 16), tmp_path / "film.gif", fps=np.int64(12)).exists()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_picture_is_drawn_whatever_grad_mode_is_on(small, mode):
    quick = dict(steps=2, progress=False)
    expected = visualize("dog", small, size=16, **quick).images
    with mode():
        assert torch.equal(visualize("dog", small, size=16, **quick).images, expected)
        assert maximal_class_input("dog", 2, network=small, size=16, progress=False).steps == 2
        photo = load_photo("coffee", 32)
        assert deep_dream(photo, small, "first", octaves=1, **quick).steps == 2
        wrapped = Network(small.core, "small", "Small", small.classes)
    assert deep_dream(photo, wrapped, "first", octaves=1, **quick).steps == 2, "a photograph from inside of it"
    assert ascend(class_logit("dog"), wrapped, Pixels.photo(photo), **quick).steps == 2


def test_a_network_of_weights_that_allow_no_gradient_answers_and_is_not_drawn():
    with torch.inference_mode():
        core = nn.Sequential(nn.Conv2d(3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        network = Network(core, "own", "Own", ["cat", "dog"])
        assert len(network.top(load_photo("coffee", 32))[0]) == 2
    with pytest.raises(ValueError, match=r"Own was made under inference_mode\(\).*: make it outside"):
        visualize("dog", network, steps=2, size=32, progress=False, precision=None)
