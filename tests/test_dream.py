"""Dreams and their tiles: no seam, no more memory than a tile's, and the photograph's detail kept."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from stopping import stopped
from torch import nn

from helpers import (
    Network,
    Objective,
    Pixels,
    ascend,
    channel,
    class_logit,
    direction,
    layer,
    load_network,
    load_photo,
    load_result,
    per_image,
    poster,
    unit,
    zoom_film,
)
from helpers.dream import octaves
from helpers.dream.deep_dream import deep_dream, dream_film, guided
from helpers.dream.octaves import Dream, MeanStep, octave_sizes
from helpers.dream.tiles import Tiles, spans
from helpers.objectives import Bound

quiet = partial(deep_dream, progress=False)
PHOTO = load_photo("astronaut", 160)[..., :120, :]  # 120 × 160
OBJECTIVES = {
    "layer": layer("relu3_1"),
    "channel": channel("relu2_2", 3) * 2.0,
    "direction": direction("conv2_1", torch.arange(128.0)),
    "guided": guided("relu3_1", load_photo("coffee", 64)),
}


def gradient(tiles: Tiles, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    images = images.clone().requires_grad_(True)
    score = tiles.activations(images)["score"]
    return score.detach(), torch.autograd.grad(score.sum(), images)[0]


def gap(found: torch.Tensor, truth: torch.Tensor) -> float:
    return ((found - truth).norm() / truth.norm()).item()


# --- tiles ---


@pytest.mark.parametrize("what", OBJECTIVES)
def test_the_tiles_gradients_add_up_to_the_whole_pictures(convolutions, what):
    whole = gradient(Tiles(OBJECTIVES[what], convolutions), PHOTO)
    score, added = gradient(Tiles(OBJECTIVES[what], convolutions, tile=48), PHOTO)
    assert torch.allclose(score, whole[0], rtol=1e-4) and gap(added, whole[1]) < 1e-4


def test_it_holds_for_strides_without_padding_and_for_odd_sizes(squeezenet):
    odd = torch.cat([PHOTO[..., :107, :151], PHOTO[..., 13:, 9:].flip(3)])
    whole = gradient(Tiles(layer("fire4"), squeezenet), odd)
    score, added = gradient(Tiles(layer("fire4"), squeezenet, tile=64), odd)
    assert torch.allclose(score, whole[0], rtol=1e-4) and gap(added, whole[1]) < 1e-4


def test_a_halo_too_narrow_leaves_a_seam_and_the_default_none(convolutions):
    """At a seam the gradient differs from the whole picture's; far from it, it does not."""
    truth = gradient(Tiles(layer("relu2_2"), convolutions), PHOTO)[1]
    for halo, seam in ((0, True), (None, False)):
        error = (gradient(Tiles(layer("relu2_2"), convolutions, tile=80, halo=halo), PHOTO)[1] - truth).abs()
        across = error.mean(dim=(0, 1, 2)) / truth.abs().mean()  # (W,): the tiles meet at column 80
        assert (across[74:86].max() > 0.05) == seam
        assert across[:64].max() < 1e-4 or seam


def test_the_halo_is_as_wide_as_a_unit_sees(convolutions):
    """Chapter 5's arithmetic: a unit of relu3_3 sees 40 pixels, 4 of them its own; of relu4_3 92, 8 its own."""
    assert Tiles(layer("relu3_3"), convolutions).find_halo() == (40 - 4) // 2
    assert Tiles(layer("relu4_3"), convolutions).find_halo() == (92 - 8) // 2


class Beside(nn.ModuleList):
    def forward(self, x):
        return sum(one(x).mean((2, 3)) for one in self)


@pytest.mark.parametrize("strides", [[3], [(2, 1)], [2, 3]], ids=str)
def test_tiles_of_any_small_stride_add_up(strides):
    """One layer, or the sum of two, one beside the other."""
    torch.manual_seed(0)
    core = Beside(nn.Conv2d(3, 3, 5, stride=stride, padding=2) for stride in strides)
    network = Network(core, "own", "Own")
    objective = sum(layer(str(k)) for k in range(len(strides)))
    photo = torch.rand(1, 3, 96, 108)
    whole = gradient(Tiles(objective, network), photo)
    score, added = gradient(Tiles(objective, network, tile=32), photo)
    assert torch.allclose(score, whole[0], rtol=1e-4) and gap(added, whole[1]) < 1e-4


@pytest.mark.parametrize(
    "core",
    [nn.Conv2d(3, 4, 12, stride=12), nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=1.5)],
    ids=["12", "half", "two thirds"],
)
def test_a_stride_that_tiles_cannot_have_is_told(core):
    with pytest.raises(ValueError, match="none that tiles can have"):
        Tiles(layer("0"), Network(nn.Sequential(core), "own", "Own")).find_halo()


@pytest.mark.parametrize("alive", [1e-6, 0.0], ids=["mostly dead", "dead"])
def test_the_halo_is_measured_where_the_middle_unit_is_alive(alive):
    """A unit that is dead at the first noise, and at five more."""
    torch.manual_seed(0)
    core = nn.Sequential(nn.Conv2d(3, 1, 5, padding=2), nn.ReLU())
    network, dice = Network(core, "own", "Own"), torch.Generator().manual_seed(0)
    noises = [torch.rand(1, 3, 128, 128, generator=dice) for _ in range(8)]
    middle = torch.stack([core[0](noise)[0, 0, 64, 64] for noise in noises])
    with torch.no_grad():
        core[0].bias -= middle.max() - alive
    assert core(noises[0])[0, 0, 64, 64] == 0
    if alive:
        assert Tiles(layer("1"), network).find_halo() == 2
    else:
        with pytest.raises(ValueError, match="give halo="):
            Tiles(layer("1"), network).find_halo()
    assert Tiles(layer("1"), network, halo=5).find_halo() == 5


def test_no_piece_is_larger_than_a_tile_with_its_halo(small, monkeypatch):
    seen = []
    look = small.activations
    monkeypatch.setattr(small, "activations", lambda x, *asked: seen.append(x.shape[2:]) or look(x, *asked))
    for height, width in ((70, 130), (300, 500)):
        tiles = Tiles(layer("first"), small, tile=64, halo=4)
        tiles.score_and_gradient(torch.zeros(1, 3, 128, 128))  # the strides are found
        seen.clear()
        result = ascend(tiles.objective, tiles, Pixels(torch.rand(1, 3, height, width)), steps=1, progress=False)
        assert torch.isfinite(result.final).all()
        assert max(max(shape) for shape in seen) <= 64 + 2 * 4
        assert sum(rows * columns for rows, columns in seen) >= 2 * height * width


def test_pieces_cover_the_side_and_begin_on_the_grid():
    for length, tile, step in ((2000, 512, 16), (513, 512, 16), (1500, 100, 8), (97, 32, 1), (640, 64, 32)):
        pieces = spans(length, tile, step)
        assert pieces[0][0] == 0 and pieces[-1][1] == length
        assert all(a[1] == b[0] for a, b in zip(pieces, pieces[1:], strict=False))
        assert all(first % step == 0 and 0 < last - first <= tile for first, last in pieces)
        assert max(b - a for a, b in pieces) - min(b - a for a, b in pieces) < 2 * step + 1


def test_what_is_no_mean_over_places_is_refused_in_tiles_only(squeezenet):
    photo = torch.rand(1, 3, 64, 140)
    peak = Objective(lambda n: Bound("peak", ("fire4",), lambda acts: acts["fire4"].amax(dim=(1, 2, 3))))
    for objective in (class_logit("tabby"), unit("fire4", 0), peak):
        with pytest.raises(ValueError, match="not a mean over places"):
            gradient(Tiles(objective, squeezenet, tile=128), photo)
        score, _ = gradient(Tiles(objective, squeezenet, tile=256), photo)
        assert torch.isfinite(score).all()


def test_tiles_mistakes(small):
    with pytest.raises(ValueError, match="32 pixels a side or more"):
        Tiles(layer("first"), small, tile=16)
    with pytest.raises(ValueError, match="halo of 0 or more"):
        Tiles(layer("first"), small, halo=-1)


# --- steps and octaves ---


def test_a_step_moves_every_image_by_the_learning_rate_on_average():
    x = torch.nn.Parameter(torch.zeros(2, 3, 5, 7))
    slope = torch.randn(2, 3, 5, 7) * torch.tensor([1e-6, 1e3]).view(2, 1, 1, 1)
    optimizer = MeanStep([x], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = -(slope * x).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert torch.allclose(x.detach().abs().mean(dim=(1, 2, 3)), torch.full((2,), 0.25))
    assert torch.equal(x.detach().sign(), slope.sign())
    slope.zero_()
    before = x.detach().clone()
    optimizer.step(closure)
    assert torch.equal(x.detach(), before)  # a flat place is no division by zero


def test_the_scale_of_the_objective_does_not_matter(small):
    one = quiet(PHOTO, small, layer("last"), octaves=2, steps=2)
    other = quiet(PHOTO, small, 1000 * layer("last"), octaves=2, steps=2)
    assert (one.images - other.images).abs().mean() < 1e-4


def test_sizes_of_octaves():
    assert octave_sizes(150, 200, 3, 2.0) == [(38, 50), (75, 100), (150, 200)]
    assert octave_sizes(150, 200, 1, 1.4) == [(150, 200)]
    with pytest.raises(ValueError, match="too few to see anything"):
        octave_sizes(100, 100, 6, 1.4)
    for count, factor in ((0, 1.4), (3, 1.0)):
        with pytest.raises(ValueError, match="1 octave or more"):
            octave_sizes(100, 100, count, factor)


def test_what_is_dreamt_is_enlarged_and_the_photograph_is_not():
    """With nothing dreamt, the last octave is the photograph, pixel for pixel; with something, it is still there."""
    dream = Dream(PHOTO, octave_sizes(120, 160, 3, 1.5))
    assert dream().shape == (1, 3, 53, 71)
    bump = torch.zeros(1, 3, 53, 71)
    bump[..., 20:30, 30:40] = 0.2
    dream.edit(lambda images: images + bump)
    dream.grow()
    dream.grow()
    dreamt = dream.detail.detach()
    assert torch.allclose(dream(), PHOTO + dreamt, atol=1e-6)
    assert abs(dreamt.mean() / bump.mean() - 1) < 0.05 and dreamt[..., :30, :].abs().max() < 1e-6


def test_an_idle_dream_is_the_photograph(small):
    result = quiet(PHOTO, small, layer("first"), octaves=3, steps=2, lr=0.0)
    assert torch.allclose(result.images, PHOTO, atol=1e-5)


# --- dreams ---


def test_a_dream_of_one_octave_is_the_loop_of_the_chapter(small):
    result = quiet(PHOTO, small, layer("first"), octaves=1, steps=3, lr=0.02, jitter=0)
    x = PHOTO.clone()
    for _ in range(3):
        x.requires_grad_(True)
        score = small.activations(x, ["first"])["first"].square().mean()
        g = torch.autograd.grad(score, x)[0]
        x = (x.detach() + 0.02 * g / g.abs().mean()).clamp(0, 1)
    assert (result.images - x).abs().mean() < 1e-5


def test_a_dream_in_tiles_is_the_dream_in_one_piece(convolutions):
    dream = partial(quiet, PHOTO, convolutions, "relu3_1", octaves=2, steps=2, jitter=8, seed=3)
    whole, tiled, seamed = dream(), dream(tile=64), dream(tile=64, halo=0)
    assert (tiled.images - whole.images).abs().mean() < 1e-4
    assert (seamed.images - whole.images).abs().mean() > 1e-3


def test_it_dreams_of_the_layer_and_keeps_the_shape(convolutions):
    result = quiet(PHOTO, convolutions, octaves=2, steps=4, frames=3)
    assert result.images.shape == PHOTO.shape and result.frames.shape == (3, 1, 3, 120, 160)
    assert result.scores.shape == (8, 1) and result.final[0] > 2 * result.scores[0, 0]
    assert "All of relu4_3" in result.caption() and result.settings["octaves"] == 2
    assert result.images.min() >= 0 and result.images.max() <= 1
    assert torch.equal(result.again().images, result.images)


def test_another_seed_is_another_dream(small):
    dream = partial(quiet, PHOTO, small, layer("last"), octaves=2, steps=3)
    assert torch.equal(dream(seed=1).images, dream(seed=1).images)
    assert not torch.equal(dream(seed=1).images, dream(seed=2).images)


@pytest.mark.parametrize("stop", [1, 5])
def test_ctrl_c_keeps_the_dream_so_far_at_full_size(small, stop):
    def press(step, images, scores):
        if step == stop:
            raise KeyboardInterrupt

    dream = partial(quiet, PHOTO, small, layer("last"), octaves=2, steps=4, callbacks=[press])
    result = stopped(dream)
    assert len(result.scores) == stop + 1 and "8 steps" in result.caption() and result.images.shape == PHOTO.shape
    assert not torch.allclose(result.images, PHOTO, atol=1e-3)
    idle = stopped(partial(dream, lr=0.0))
    assert torch.allclose(idle.images, PHOTO, atol=1e-5), "the photograph itself should be there at full sharpness"


def test_a_guide_draws_what_the_layer_sees_in_it(convolutions):
    """Toward the guide the best matches rise more than in the dream without it, and both rise."""
    guide = load_photo("coffee", 96)
    measure = guided("relu3_1", guide).bind(convolutions)

    def likeness(images: torch.Tensor) -> torch.Tensor:
        """The mean cosine of each place's activation and its best match in the guide."""

        def unit_length(x):
            maps = convolutions.activations(x, ["relu3_1"])["relu3_1"][0].flatten(1)
            return torch.nn.functional.normalize(maps, dim=0)

        return (unit_length(images).T @ unit_length(guide)).amax(dim=1).mean()

    dream = partial(quiet, PHOTO, convolutions, "relu3_1", octaves=1, steps=6)
    free, led = dream(), dream(guide=guide)
    scores = [measure.score(convolutions.activations(x, ["relu3_1"])) for x in (PHOTO, free.images, led.images)]
    assert scores[2] > scores[0] and likeness(led.images) > likeness(free.images)
    assert "guided by a picture" in led.caption()


def test_the_guided_score_is_the_best_product_at_each_place(small):
    guide, x = torch.rand(1, 3, 6, 5), torch.rand(2, 3, 4, 7)
    score = guided("first", guide).bind(small).score(small.activations(x, ["first"]))
    mine, theirs = (small.activations(i, ["first"])["first"] for i in (x, guide))
    for b in range(2):
        best = [
            max(float(mine[b, :, i, j] @ theirs[0, :, k, n]) for k in range(6) for n in range(5))
            for i in range(4)
            for j in range(7)
        ]
        assert score[b].item() == pytest.approx(sum(best) / len(best), rel=1e-4)


def test_a_film_goes_on_from_frame_to_frame(small):
    film = dream_film(PHOTO, small, layer("last"), frames=4, zoom=1.1, octaves=1, steps=1)
    assert film.frames.shape == (4, 1, 3, 120, 160) and film.frame_steps == [0, 1, 2, 3]
    assert film.scores.shape == (3, 1) and film.final[0] > film.scores[0, 0]
    assert torch.equal(film.frames[0], (PHOTO * 255).round().byte())
    still = dream_film(PHOTO, small, layer("last"), frames=3, zoom=1.1, octaves=1, steps=1, lr=0.0)
    from helpers import zoom

    assert torch.equal(still.frames[2], (zoom(1.1)(zoom(1.1)(PHOTO)).clamp(0, 1) * 255).round().byte())


def test_ctrl_c_keeps_the_film_so_far(small):
    count = []

    def press(step, images, scores):
        count.append(step)
        if len(count) == 5:
            raise KeyboardInterrupt

    film = stopped(lambda: dream_film(PHOTO, small, layer("last"), frames=9, octaves=1, steps=2, callbacks=[press]))
    assert len(film.frames) == 3 and film.frame_steps == [0, 1, 2]


@pytest.mark.parametrize("change", [torch.Tensor.double, torch.Tensor.half, lambda photo: photo.requires_grad_(True)])
def test_a_photograph_may_be_of_any_floating_type_and_require_a_gradient(small, change):
    """As after a saliency map; it stays as it was."""
    photo = load_photo("coffee", 32)
    given = change(photo.clone())
    dream = quiet(given, small, "first", octaves=1, steps=2)
    assert torch.allclose(dream.images, quiet(photo, small, "first", octaves=1, steps=2).images, atol=1e-2)
    assert len(dream_film(given, small, "first", frames=2, octaves=1, steps=1, progress=False).frames) == 2
    assert torch.equal(given.detach(), change(photo.clone()).detach()) and given.grad is None


def test_mistakes(small, convolutions):
    with pytest.raises(LookupError, match="name a layer of Small"):
        quiet(PHOTO, small)
    with pytest.raises(LookupError, match="did you mean 'relu4_3'"):
        quiet(PHOTO, convolutions, "relu4-3")
    with pytest.raises(ValueError, match="goes with a layer's name"):
        quiet(PHOTO, small, layer("first"), guide=PHOTO)
    with pytest.raises(ValueError, match="one picture guides"):
        guided("first", torch.rand(2, 3, 8, 8))
    with pytest.raises(ValueError, match="divide|expected values"):
        quiet(PHOTO * 255, small, "first")
    with pytest.raises(ValueError, match="whole number from 2 on"):
        dream_film(PHOTO, small, "first", frames=1)


@pytest.mark.parametrize("sides", [(120, 150), (107, 151)])
def test_tiles_of_a_network_that_pads_like_tensorflow_add_up(sides):
    lite, objective = load_network("efficientnet_lite0"), layer("block4")
    photo = torch.rand(1, 3, *sides, generator=torch.Generator().manual_seed(0))
    x = photo.clone().requires_grad_()
    score = objective.bind(lite).score(lite.activations(x, ["block4"]))
    whole = torch.autograd.grad(score.sum(), x)[0]
    _, pieced = Tiles(objective, lite, tile=64).score_and_gradient(photo)
    assert (pieced - whole).norm() < 1e-3 * whole.norm()


def test_a_tile_without_units_of_its_own_counts_for_nothing(squeezenet):
    photo = torch.rand(1, 3, 64, 40, generator=torch.Generator().manual_seed(0))
    score, gradient = Tiles(layer("fire7"), squeezenet, tile=32).score_and_gradient(photo)
    assert torch.isfinite(score).all() and torch.isfinite(gradient).all()


def test_ctrl_c_between_two_octaves_keeps_the_dream(small, monkeypatch):
    """At whichever enlargement it is pressed, the picture and what was dreamt into it stay of one size."""
    for at in (0, 1):
        real, calls = octaves._resize, []

        def resize(images, size, real=real, calls=calls, at=at):
            calls.append(size)
            if len(calls) == 2 + at:  # the first made the picture; the next two make the second octave
                raise KeyboardInterrupt
            return real(images, size)

        with monkeypatch.context() as patch:
            patch.setattr(octaves, "_resize", resize)
            patch.setattr(octaves.Dream, "develop", lambda dream, images: images)
            result = stopped(lambda: quiet(PHOTO, small, layer("last"), octaves=2, steps=3))
        assert len(result.scores) == 3


def test_two_large_photographs_may_be_after_two_things(small):
    """Tiles try an objective out before they trust it; the trial has as many images as it has parts."""
    photos = torch.cat([PHOTO, PHOTO.flip(3)])
    wanted = per_image([channel("last", 0), channel("last", 1)])
    result = quiet(photos, small, wanted, octaves=1, steps=1, tile=48)
    assert result.images.shape == photos.shape


@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 4, 4), (2, 3, 4, 3, 2)])
def test_a_mean_step_moves_each_image_by_the_rate_on_average(shape):
    x = torch.nn.Parameter(torch.zeros(shape))
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 100.0]).view(
        -1, *[1] * (len(shape) - 1)
    )

    def closure():
        x.grad = None
        loss = (x * weights).sum()
        loss.backward()
        return loss

    MeanStep([x], lr=0.1).step(closure)
    torch.testing.assert_close(x.detach().abs().flatten(1).mean(dim=1), torch.full((2,), 0.1))


def test_numbers_of_numpy_make_a_dream_that_can_be_kept(small, tmp_path):
    options = dict(octaves=np.int64(1), steps=np.int64(2), lr=np.float64(0.01), progress=False)
    dream = deep_dream(load_photo("coffee", 64), small, "first", **options)
    assert torch.equal(load_result(dream.save(tmp_path / "dream.pt")).images, dream.images)
    film = dream_film(load_photo("coffee", 64), small, "first", frames=2, seed=np.int64(1), octaves=1, steps=1)
    assert film.seed == 1 and "seed 1" in film.caption()


def test_a_zoom_and_a_poster_are_drawn_under_inference_mode_and_with_restarts(small):
    with torch.inference_mode():
        film = zoom_film(class_logit("dog"), small, load_photo("coffee", 32), frames=2, progress=False)
    assert len(film.frames) == 2
    large = poster("dog", small, size=48, first=32, steps=2, touches=1, restarts=0, progress=False)
    assert large.images.shape[-1] == 48
