"""The loop: it climbs, repeats itself, loses nothing, and says what went wrong."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import own_networks as own
import pytest
import torch
from stopping import stopped
from torch import nn

import helpers
from helpers import (
    Fourier,
    NotFinite,
    Objective,
    Pixels,
    WeightsCorrupt,
    ascend,
    blur,
    channel,
    class_logit,
    deep_dream,
    explore,
    flip,
    jitter,
    last_result,
    maximal_class_input,
    normalize,
    per_image,
    poster,
    random_affine,
    rotate,
    together,
    visualize,
    zoom,
)
from helpers.objectives import Bound
from helpers.running.history import frame_steps

quiet = partial(ascend, progress=False)


class Identity(nn.Module):
    """A network whose answer is its input."""

    def __init__(self):
        super().__init__()
        self.same = nn.Identity()

    def forward(self, x):
        return self.same(x)


@pytest.fixture
def glass():
    return helpers.Network(Identity(), "glass", "Glass", layers={"same": "same"})


def closeness(to: float) -> Objective:
    return Objective(lambda n: Bound("closeness", ("same",), lambda acts: -(acts["same"] - to).square().sum((1, 2, 3))))


@pytest.mark.parametrize(
    "optimizer",
    [
        partial(torch.optim.SGD, lr=0.3),
        partial(torch.optim.Adam, lr=0.1),
        partial(torch.optim.LBFGS, max_iter=5),
        partial(torch.optim.RMSprop, lr=0.01),
    ],
)
def test_it_finds_a_maximum_that_is_known(glass, optimizer):
    result = quiet(closeness(0.7), glass, Pixels.uniform(4), steps=100, optimizer=optimizer)
    assert torch.allclose(result.images, torch.full((1, 3, 4, 4), 0.7), atol=0.02)
    assert result.final[0] > result.scores[0, 0] and result.scores.shape == (100, 1)


def test_weight_decay_and_learning_rate_are_those_of_the_optimizer(glass):
    """With no gradient, AdamW's decay alone acts: a factor 1 − lr·wd a step."""
    flat = Objective(lambda n: Bound("flat", ("same",), lambda acts: 0 * acts["same"].sum((1, 2, 3))))
    optimizer = partial(torch.optim.AdamW, lr=5.0, weight_decay=0.1)
    result = quiet(flat, glass, Pixels(torch.ones(1, 3, 2, 2)), steps=3, optimizer=optimizer)
    assert torch.allclose(result.raw, torch.full((1, 3, 2, 2), 0.125))


def test_scores_are_of_the_images_before_each_step_and_final_of_the_last(small):
    seen = []
    result = quiet(
        class_logit("dog"), small, Pixels.uniform(8), steps=5, callbacks=[lambda s, x, y: seen.append((s, x, y))]
    )
    for step, images, scores in seen:
        assert torch.allclose(small(images)[:, 1], scores, atol=1e-5)
        assert torch.equal(result.scores[step], scores)
    assert [step for step, _, _ in seen] == [0, 1, 2, 3, 4]
    assert torch.allclose(result.final, small(result.raw)[:, 1], atol=1e-5)


def test_each_image_of_a_batch_goes_its_own_way(small):
    both = quiet(per_image([class_logit(0), class_logit(1)]), small, Pixels.uniform(8, batch=2), steps=6)
    start = Pixels.uniform(8, batch=2)()
    for i in range(2):
        alone = quiet(class_logit(i), small, Pixels(start[i : i + 1]), steps=6)
        assert torch.allclose(both.raw[i], alone.raw[0], atol=1e-6)
    assert both.caption(1).startswith("Logit of dog (1) = ")


def test_the_same_seed_makes_the_same_picture_and_another_another(small):
    run = partial(quiet, class_logit(0), small, steps=8, views=[jitter(3), flip()])
    first = run(Pixels.uniform(12), seed=1)
    torch.rand(5)
    assert torch.equal(run(Pixels.uniform(12), seed=1).raw, first.raw)
    assert not torch.equal(run(Pixels.uniform(12), seed=2).raw, first.raw)
    assert torch.equal(first.again().raw, first.raw)


def test_edits_are_done_to_the_image_every_so_often(small):
    """With a learning rate of 0, only the edits change anything."""
    still = partial(torch.optim.SGD, lr=0.0)
    start = Pixels.uniform(8)()
    for steps, expected in ((2, start), (3, zoom(1.2)(start)), (7, zoom(1.2)(zoom(1.2)(start)))):
        result = quiet(class_logit(0), small, Pixels(start), steps=steps, optimizer=still, edits=[zoom(1.2, every=3)])
        assert torch.allclose(result.raw, expected, atol=1e-6)
    image = Fourier(8)
    result = quiet(class_logit(0), small, image, steps=1, optimizer=still, edits=[blur(1.0), normalize()])
    assert result.raw.min() < 0.01 and result.raw.max() > 0.99


def test_frames_are_kept_at_the_steps_they_say(small):
    result = quiet(class_logit(0), small, Pixels.uniform(8), steps=10, frames=3)
    assert result.frame_steps == [0, 5, 10] and result.frames.dtype == torch.uint8
    assert torch.equal(result.frames[0], (Pixels.uniform(8)() * 255).round().byte())
    assert torch.equal(result.frames[-1], (result.images * 255).round().byte())
    assert frame_steps(10, [2, 7]) == [2, 7] and frame_steps(10, 0) == []
    with pytest.raises(ValueError, match=r"frames at steps \[11\]"):
        frame_steps(10, [11])


def test_ctrl_c_keeps_the_image_so_far(small):
    def press(step, images, scores):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"Stopped after 4 of 10 steps; .* helpers.last_result\(\)"):
        quiet(class_logit(0), small, Pixels.uniform(8), steps=10, frames=2, callbacks=[press])
    result = last_result()
    assert result.interrupted and len(result.scores) == 4 and "4 of 10 steps" in result.caption()
    assert torch.equal(result.raw, quiet(class_logit(0), small, Pixels.uniform(8), steps=4).raw)
    assert result.frame_steps == [0, 4]


def test_ctrl_c_at_the_last_step_is_heard(small, tmp_path):
    """A poster or a film that goes on from here must know; the run itself is whole."""

    def press(step, images, scores):
        if step == 9:
            raise KeyboardInterrupt

    path = tmp_path / "run.pt"
    draw = partial(quiet, class_logit(0), small, steps=10, callbacks=[press], checkpoint=path)
    result = stopped(lambda: draw(Pixels.uniform(8)))
    assert len(result.scores) == 10 and not path.exists()
    assert torch.equal(result.raw, quiet(class_logit(0), small, Pixels.uniform(8), steps=10).raw)


def test_a_second_ctrl_c_does_not_lose_the_image(small, monkeypatch):
    """While the last image is scored."""
    pressed = []

    def press(step, images, scores):
        if step == 3:
            pressed.append(scores)
            raise KeyboardInterrupt

    whole = type(small).activations

    def impatient(network, *arguments, **options):
        if pressed:
            raise KeyboardInterrupt
        return whole(network, *arguments, **options)

    monkeypatch.setattr(type(small), "activations", impatient)
    result = stopped(lambda: quiet(class_logit(0), small, Pixels.uniform(8), steps=10, callbacks=[press]))
    assert result.images.shape == (1, 3, 8, 8) and torch.equal(result.final, pressed[0])


def test_ctrl_c_keeps_the_checkpoint(small, tmp_path):
    def press(step, images, scores):
        if step == 40:
            raise KeyboardInterrupt

    path, run = tmp_path / "run.pt", partial(quiet, class_logit(0), small, steps=60)
    stopped(lambda: run(Pixels.uniform(8), checkpoint=path, callbacks=[press]))
    resumed = run(Pixels.uniform(8), checkpoint=path)
    assert torch.equal(resumed.raw, run(Pixels.uniform(8)).raw) and not path.exists()


def test_a_resumed_run_with_another_learning_rate_is_another_run(small, tmp_path):
    path = tmp_path / "run.pt"
    quiet(class_logit(0), small, Pixels.uniform(8), steps=60, checkpoint=path, callbacks=[lambda s, x, y: s < 30])
    with pytest.raises(ValueError, match="keeps another run"):
        optimizer = partial(torch.optim.Adam, lr=0.01)
        quiet(class_logit(0), small, Pixels.uniform(8), steps=60, checkpoint=path, optimizer=optimizer)


class Half(torch.optim.Optimizer):
    """Goes half of the way that the gradient says, and knows no ``lr``."""

    def __init__(self, parameters):
        super().__init__(parameters, {"part": 0.5})

    def step(self, closure):
        closure()
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                parameter.sub_(0.5 * parameter.grad)


def test_an_optimizer_needs_no_learning_rate(glass):
    result = quiet(closeness(0.7), glass, Pixels.uniform(4), steps=1, optimizer=Half)
    torch.testing.assert_close(result.raw, torch.full((1, 3, 4, 4), 0.7))
    assert result.settings["optimizer"] == "Half()"


@pytest.mark.parametrize("optimizer", [partial(torch.optim.Adam, lr=0.05), Half], ids=["Adam", "Half"])
def test_some_of_an_image_may_stand_still(small, optimizer):
    """As a frozen generator, whose input is what moves."""
    image = nn.Sequential(Pixels.uniform(8), nn.Conv2d(3, 3, 1).requires_grad_(False))
    before = image[1].weight.clone()
    start = image[0]().detach().clone()
    image.forward = lambda: image[1](image[0]())
    quiet(class_logit(0), small, image, steps=2, optimizer=optimizer)
    assert torch.equal(image[1].weight, before) and not torch.equal(image[0](), start)
    with pytest.raises(ValueError, match="no parameter of Sequential requires a gradient"):
        quiet(class_logit(0), small, image.requires_grad_(False), steps=2)


def test_a_network_that_draws_random_numbers_does_so_from_the_seed():
    """When it is tried out, in each step, and for the score at the end."""
    network = helpers.Network(own.MonteCarlo(), "mine", "Mine", own.CLASSES)
    before = torch.get_rng_state()
    first = quiet(channel("c2", 3) + class_logit(1), network, Pixels.uniform(16), steps=3)
    assert torch.equal(torch.get_rng_state(), before), "the caller's own"
    torch.rand(5)
    again = first.again()
    assert torch.equal(again.final, first.final) and torch.equal(again.raw, first.raw)


@pytest.mark.parametrize("bare", [own.Plain(), nn.Sequential(nn.Conv2d(3, 4, 1)), "squeezenet1_1"], ids=type)
def test_a_network_that_is_not_wrapped_is_told(bare):
    photo, start = torch.rand(3, 16, 16), Pixels.uniform(16)
    for draw in (
        lambda: visualize(1, bare),
        lambda: ascend(class_logit(1), bare, start),
        lambda: maximal_class_input(1, network=bare),
        lambda: deep_dream(photo, bare, "c1"),
        lambda: poster(1, bare),
        lambda: explore(bare),
    ):
        with pytest.raises(TypeError, match="expected a Network, got .*: Network.* makes one"):
            draw()


def test_what_is_no_objective_is_told(small):
    with pytest.raises(TypeError, match="such as class_logit"):
        quiet("dog", small, Pixels.uniform(8))
    lump = Objective(lambda n: Bound("lump", ("first",), lambda acts: acts["first"].sum()))
    with pytest.raises(ValueError, match="each image one score"):
        quiet(lump, small, Pixels.uniform(8))


@pytest.mark.parametrize("kind", [int, np.int64, torch.tensor])
def test_a_callback_can_end_it(small, kind):
    result = quiet(class_logit(0), small, Pixels.uniform(8), steps=10, callbacks=[lambda s, x, y: kind(s) < 2])
    assert len(result.scores) == 3 and result.interrupted


@pytest.mark.parametrize("answer", [None, 0, np.float32(0), torch.zeros(2), torch.eye(2) > 0], ids=repr)
def test_what_is_not_false_ends_nothing(small, answer):
    result = quiet(class_logit(0), small, Pixels.uniform(8), steps=3, callbacks=[lambda *_: answer])
    assert len(result.scores) == 3 and not result.interrupted


def test_nan_names_the_step_and_keeps_the_last_good_image(glass):
    """Up this slope, 1 − Σx falls below 0 at the first step, and its root is no number."""
    root = Objective(lambda n: Bound("a root", ("same",), lambda acts: -(1 - acts["same"].sum((1, 2, 3))).sqrt()))
    with pytest.raises(NotFinite, match=r"\(a root\) is no longer a finite number at step 1.*learning rate") as caught:
        quiet(root, glass, Pixels(torch.zeros(1, 3, 2, 2)), steps=5, optimizer=partial(torch.optim.SGD, lr=1.0))
    assert torch.equal(caught.value.result.images, torch.zeros(1, 3, 2, 2))


def test_nan_before_anything_moved_is_not_laid_to_the_step(glass):
    missing = Objective(lambda n: Bound("no number", ("same",), lambda acts: acts["same"].sum((1, 2, 3)) * torch.nan))
    with pytest.raises(NotFinite, match=r"\(no number\) is no finite number at step 0, before anything moved.*weights"):
        quiet(missing, glass, Pixels.uniform(2))


def test_nan_after_the_last_step_is_told_too(glass):
    explode = Objective(lambda n: Bound("log", ("same",), lambda acts: -acts["same"].sum((1, 2, 3)).log()))
    with pytest.raises(NotFinite, match="at step 1"):
        quiet(explode, glass, Pixels.uniform(2), steps=1, optimizer=partial(torch.optim.SGD, lr=1e6))


class Killed(BaseException):
    """What SIGKILL would do, as far as Python can play it."""


def test_a_killed_run_goes_on_where_it_was(small, tmp_path):
    path = tmp_path / "run.pt"
    run = partial(quiet, class_logit(0), small, steps=60, views=[jitter(2)], frames=4, seed=3)

    def kill(step, images, scores):
        if step == 55:
            raise Killed

    with pytest.raises(Killed):
        run(Pixels.uniform(8), checkpoint=path, callbacks=[kill])
    steps_taken = []
    resumed = run(Pixels.uniform(8), checkpoint=path, callbacks=[lambda s, x, y: steps_taken.append(s)])
    undisturbed = run(Pixels.uniform(8))
    assert steps_taken[0] == 50
    assert torch.equal(resumed.raw, undisturbed.raw) and torch.equal(resumed.scores, undisturbed.scores)
    assert torch.equal(resumed.frames, undisturbed.frames) and not path.exists()


NUMPY = dict(
    lr=dict(optimizer=partial(torch.optim.Adam, lr=np.float64(0.05))),
    milestones=dict(schedule=partial(torch.optim.lr_scheduler.MultiStepLR, milestones=np.array([10, 20]))),
)


@pytest.mark.parametrize("options", NUMPY.values(), ids=NUMPY)
def test_a_killed_run_with_numbers_of_numpy_goes_on(small, tmp_path, options):
    def kill(step, images, scores):
        if step == 30:
            raise Killed

    run = partial(quiet, class_logit(0), small, steps=40, **options)
    with pytest.raises(Killed):
        run(Pixels.uniform(8), checkpoint=tmp_path / "run.pt", callbacks=[kill])
    taken = []
    resumed = run(Pixels.uniform(8), checkpoint=tmp_path / "run.pt", callbacks=[lambda step, *_: taken.append(step)])
    assert taken[0] == 25 and torch.equal(resumed.raw, run(Pixels.uniform(8)).raw)


def test_a_network_with_sparse_weights_is_told_from_others_in_a_checkpoint(tmp_path):
    network = helpers.Network(own.sparse(), "mine", "Mine", own.CLASSES)
    assert len(quiet(class_logit(1), network, Pixels.uniform(16), steps=1, checkpoint=tmp_path / "run.pt").scores) == 1


def test_a_checkpoint_of_another_run_or_damaged_is_refused(small, tmp_path):
    path = tmp_path / "run.pt"

    def kill(step, images, scores):
        if step == 30:
            raise Killed

    with pytest.raises(Killed):
        quiet(class_logit(0), small, Pixels.uniform(8), steps=60, checkpoint=path, callbacks=[kill])
    with pytest.raises(ValueError, match="keeps another run"):
        quiet(class_logit(1), small, Pixels.uniform(8), steps=60, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(WeightsCorrupt, match="run.pt"):
        quiet(class_logit(0), small, Pixels.uniform(8), steps=60, checkpoint=path)


def test_mixed_precision_climbs_too(small):
    result = quiet(class_logit(0), small, Pixels.uniform(8), steps=10, precision=torch.bfloat16)
    assert result.final[0] > result.scores[0, 0]
    assert result.raw.dtype == result.scores.dtype == torch.float32


def test_a_schedule_is_followed(glass):
    rates = []
    optimizer = partial(torch.optim.SGD, lr=0.1)

    def schedule(climber):
        made = torch.optim.lr_scheduler.ExponentialLR(climber, 0.5)
        rates.append(lambda: climber.param_groups[0]["lr"])
        return made

    quiet(closeness(0.5), glass, Pixels.uniform(2), steps=3, optimizer=optimizer, schedule=schedule)
    assert math.isclose(rates[0](), 0.0125)


def test_the_bar_shows_the_score_unless_outputs_are_stored(small, capsys, monkeypatch):
    ascend(class_logit(0), small, Pixels.uniform(8), steps=3)
    assert "score" in capsys.readouterr().err
    monkeypatch.setenv("POMERANIAN_QUIET", "1")
    ascend(class_logit(0), small, Pixels.uniform(8), steps=3)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("steps", [0, -3, 2.5, True])
def test_steps_are_whole_and_positive(small, steps):
    with pytest.raises(ValueError, match="steps is a whole number from 1 on"):
        quiet(class_logit(0), small, Pixels.uniform(8), steps=steps)


def test_mistakes_are_told_before_the_first_step(small, convolutions):
    with pytest.raises(LookupError, match="did you mean 'dog'"):
        quiet(class_logit("dgo"), small, Pixels.uniform(8))
    with pytest.raises(helpers.NoClassifier, match="has no classes here"):
        quiet(class_logit("Pomeranian"), convolutions, Pixels.uniform(64))
    with pytest.raises(ValueError, match="VGG16 does not take 8×8 pixels"):
        quiet(channel("pool5", 0), convolutions, Pixels.uniform(8))


def test_a_resumed_run_with_another_nameless_optimizer_is_another_run(small, tmp_path):
    """Two lambdas have one name, and only what they make tells them apart."""
    path = tmp_path / "run.pt"

    def run(rate: float, steps: int = 30, **options):
        image = Pixels.gray(32)
        return ascend(
            class_logit("dog"),
            small,
            image,
            steps=steps,
            optimizer=lambda p: torch.optim.SGD(p, lr=rate),
            checkpoint=path,
            progress=False,
            **options,
        )

    run(0.1, callbacks=[lambda step, *_: step < 26])
    assert path.exists()
    with pytest.raises(ValueError, match="keeps another run"):
        run(9.0)
    assert run(0.1).steps == 30 and not path.exists()


def test_an_option_that_there_is_not_is_named(small):
    for options, hint in ({"step": 2}, ": did you mean steps"), ({"banana": 1}, "$"):
        with pytest.raises(TypeError, match=f"there is no option '{next(iter(options))}'{hint}"):
            visualize("dog", small, size=32, **options)


def test_a_checkpoint_may_lie_at_home(small, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    options = dict(steps=30, checkpoint="~/run.pt", progress=False)
    ascend(class_logit("dog"), small, Pixels.gray(32), callbacks=[lambda step, *_: step < 26], **options)
    assert (tmp_path / "run.pt").exists()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda net: visualize("dog", net, seed=[]), "0 seeds for 1 targets"),
        (lambda net: ascend(per_image([]), net, Pixels.gray(32)), "no objective"),
        (lambda net: visualize("dog", net, steps=torch.tensor(True)), "steps is a whole number from 1 on"),
        (lambda net: rotate(-5), "the largest angle in degrees is 0 or more, got -5"),
        (lambda net: random_affine(degrees=-1), "the largest angle in degrees"),
        (lambda net: random_affine(pixels=-1), "the largest shift in pixels"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(small, call, words):
    with pytest.raises(ValueError, match=words):
        call(small)


def test_one_network_together_is_itself_and_an_ensemble_has_no_layers(small):
    assert together(small) is small
    assert together([small, small.without_normalization()]).layer_shapes() == {}
