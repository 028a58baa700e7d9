"""Views and edits do what their names say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from own_networks import Plain

from helpers import (
    STYLES,
    Network,
    Pixels,
    ascend,
    blur,
    class_logit,
    clip,
    flip,
    jitter,
    load_photo,
    normalize,
    pad,
    random_affine,
    rotate,
    scale,
    visualize,
    zoom,
)
from helpers.basics.seeding import Seeded
from helpers.transforms import Named, through

PHOTO = load_photo("chelsea", 64)
CPU = torch.device("cpu")


def test_jitter_moves_every_pixel_and_loses_none():
    with Seeded(0, CPU):
        moved = [jitter(5)(PHOTO) for _ in range(60)]
    for image in moved:
        assert torch.equal(image.flatten().sort().values, PHOTO.flatten().sort().values)
    shifts = {
        next((d, r) for d in range(-5, 6) for r in range(-5, 6) if torch.equal(torch.roll(PHOTO, (d, r), (2, 3)), m))
        for m in moved
    }
    assert len(shifts) > 20  # both directions, each by itself
    assert {d for d, _ in shifts} == set(range(-5, 6)) == {r for _, r in shifts}


@pytest.mark.parametrize("view", [jitter(4), rotate(20), scale(0.5, 1.4), flip(), pad(6), random_affine()], ids=repr)
def test_views_are_seeded_and_let_the_gradient_through(view):
    images = PHOTO.clone().requires_grad_()
    with Seeded(7, CPU):
        first = through([view, view], images)
    with Seeded(7, CPU):
        assert torch.equal(first, through([view, view], images))
    first.sum().backward()
    assert images.grad.abs().sum() > 0 and torch.isfinite(images.grad).all()


def test_seeding_leaves_the_callers_randomness_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    with Seeded(5, CPU):
        torch.rand(10)
    assert torch.equal(torch.rand(3), expected)


def test_what_comes_in_from_outside_is_gray():
    white = torch.ones(1, 3, 40, 40)
    with Seeded(0, CPU):
        assert scale(0.5, 0.5)(white)[0, :, 0, 0].tolist() == pytest.approx([0.5] * 3)
        assert pad(3)(white).shape == (1, 3, 46, 46) and pad(3)(white)[0, 0, 0, 0] == 0.5


def test_blur_is_a_gaussian_of_that_width():
    dot = torch.zeros(1, 3, 41, 41)
    dot[..., 20, 20] = 1
    soft = blur(2.0)(dot)[0, 0]
    at = torch.arange(41.0) - 20
    assert soft.sum() == pytest.approx(1, abs=1e-3)
    assert (soft.sum(0) * at**2).sum() == pytest.approx(4, rel=0.05)


def test_zoom_enlarges_about_the_middle():
    dots = torch.zeros(1, 3, 65, 65)
    dots[..., 32, 32] = dots[..., 32, 42] = 1
    row = zoom(2.0)(dots)[0, 0, 32]
    assert row[32] == pytest.approx(1) and row[52] == pytest.approx(1) and row[42] == pytest.approx(0, abs=1e-6)


def test_normalize_and_clip():
    images = torch.stack([PHOTO[0] * 3 - 1, torch.full((3, 64, 64), 7.0)])
    found = normalize()(images)
    assert found[0].min() == 0 and found[0].max() == 1 and (found[1] == 0.5).all()
    assert torch.equal(clip(0.2, 0.4)(PHOTO), PHOTO.clamp(0.2, 0.4))


def test_they_say_what_they_are():
    assert repr([jitter(8), blur(0.5), zoom(1.01)]) == "[jitter(8), blur(0.5), zoom(1.01)]"


@pytest.mark.parametrize("make", [lambda: blur(0), lambda: zoom(-1), lambda: scale(2, 1), lambda: blur(1, every=0)])
def test_mistakes_are_told(make):
    with pytest.raises(ValueError, match="positive|every"):
        make()


def test_views_give_one_image_for_each():
    with pytest.raises(ValueError, match="make 2 images of 1"):
        through([lambda images: torch.cat([images, images.flip(3)])], PHOTO[:1])


def test_a_margin_may_be_numpy_s_number():
    assert torch.equal(pad(np.int64(3))(PHOTO), pad(3)(PHOTO)) and repr(pad(np.int64(3))) == "pad(3)"


def test_a_view_may_come_in_late():
    dark = Named("dark", torch.zeros_like, after=2)
    assert repr(dark) == "dark after 2 steps"
    images = torch.ones(1, 3, 4, 4)
    assert [through([dark], images, step).sum().item() for step in (0, 1, 2, 3)] == [48, 48, 0, 0]
    assert through([dark], images).sum() == 0  # outside of a climb, all of them


def test_the_loop_looks_through_a_late_view_once_its_steps_are_done():
    seen = []
    late = Named("late", lambda images: seen.append(1) or images, after=3)
    network = Network(Plain(), "plain", "plain", classes=range(10))
    ascend(class_logit(0), network, Pixels.uniform(32), steps=5, views=[late], progress=False)
    assert len(seen) == 2


@pytest.mark.parametrize(("steps", "after"), [(128, 64), (64, 32), (1, 0)])
def test_blur_and_noise_of_natural_come_in_late(steps, after):
    affine, *late = replace(STYLES["natural"], begin=0.5).views(224, steps)
    assert getattr(affine, "after", 0) == 0 and [view.after for view in late] == [after] * 2
    assert 0 < STYLES["natural"].begin < 1


@pytest.mark.parametrize("begin", [32, 1.5, -0.1])
def test_a_number_of_steps_is_no_part_of_them(begin):
    with pytest.raises(ValueError, match="begin is the part of the steps without blur and noise, from 0 to 1, got"):
        replace(STYLES["natural"], begin=begin).views(224, 128)


def test_the_blur_of_a_style_is_as_wide_on_a_picture_of_any_size():
    words = [repr(replace(STYLES["natural"], blur=2.0).views(size, 128)[1]) for size in (112, 224, 448)]
    assert [word.split(" ")[0] for word in words] == ["random_blur(1)", "random_blur(2)", "random_blur(4)"]


def test_a_style_draws_through_its_late_views(small):
    """Blur and noise that begin at once make another picture than those that never do."""
    options = dict(steps=6, size=32, progress=False)
    early, never = (
        visualize("dog", small, style=replace(STYLES["natural"], begin=begin), **options).raw for begin in (0, 1)
    )
    assert not torch.allclose(early, never, atol=1e-3)
