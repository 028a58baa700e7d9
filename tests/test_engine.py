"""What makes it fast changes nothing that it should not."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from own_networks import CLASSES, Plain
from torch import nn

from helpers import (
    STYLES,
    Bound,
    Network,
    Objective,
    Pixels,
    ascend,
    blur,
    channel,
    class_logit,
    class_margin,
    clip,
    direction,
    load_network,
    load_photo,
    noise,
    per_image,
    random_affine,
    random_blur,
    together,
    visualize,
)
from helpers.basics.seeding import Seeded
from helpers.networks.efficientnet_lite import SameConv2d, conv, fold_batch_norm
from helpers.running.history import History

CPU = torch.device("cpu")
PHOTO = load_photo("chelsea", 64)


def test_a_batch_is_its_images_one_by_one(small):
    options = dict(steps=12, optimizer=partial(torch.optim.SGD, lr=3.0), views=[random_affine(20, (0.5, 1.4), 4)])
    start = torch.rand(3, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    objectives = [class_margin(0), class_logit(1), channel("first", 2)]
    batch = ascend(per_image(objectives), small, Pixels(start), progress=False, **options)
    for i, objective in enumerate(objectives):
        alone = ascend(objective, small, Pixels(start[i : i + 1]), progress=False, **options)
        torch.testing.assert_close(batch.raw[i], alone.raw[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(batch.scores[:, i], alone.scores[:, 0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(batch.raw, start, atol=1e-2)


def test_visualize_draws_a_class_alike_alone_and_in_a_batch(squeezenet):
    options = dict(steps=3, size=96, progress=False, precision=None)
    batch = visualize(["Pomeranian", "zebra"], squeezenet, **options)
    for i, name in enumerate(["Pomeranian", "zebra"]):
        alone = visualize(name, squeezenet, **options)
        torch.testing.assert_close(batch.scores[0, i], alone.scores[0, 0])
        rounding, other = ((batch.images[k] - alone.images[0]).abs().mean() for k in (i, 1 - i))
        assert rounding < other / 5  # Adam turns the last bits of small gradients into whole steps


def test_each_image_may_have_its_own_seed(squeezenet):
    options = dict(steps=2, size=64, progress=False, precision=None)
    several = visualize(["zebra"] * 2, squeezenet, seed=[5, 6], **options)
    assert not torch.allclose(several.images[0], several.images[1], atol=1e-3)
    alone = visualize("zebra", squeezenet, seed=5, **options).images[0]
    rounding, other = ((image - alone).abs().mean() for image in several.images)
    assert rounding < other / 100  # a batch of two is rounded otherwise than one on some processors
    with pytest.raises(ValueError, match="2 seeds for 1 targets"):
        visualize("zebra", squeezenet, seed=[1, 2], **options)


def test_half_the_bits_say_nearly_the_same(squeezenet):
    exact = squeezenet(PHOTO)
    half = squeezenet.activations(PHOTO, ["logits"], precision=torch.bfloat16)["logits"]
    assert half.dtype == torch.bfloat16 and exact.dtype == torch.float32
    assert not torch.equal(half.float(), exact)
    assert (half.float() - exact).abs().max() < 0.05 * exact.abs().max()
    torch.testing.assert_close(squeezenet(PHOTO), exact, rtol=0, atol=0)  # the network itself is as it was


def test_a_copied_network_runs_its_own_weights(squeezenet):
    squeezenet(PHOTO)
    other = copy.deepcopy(squeezenet)
    for parameter in other.parameters():
        parameter.data.zero_()
    assert other(PHOTO).abs().max() == 0 and squeezenet(PHOTO).abs().max() > 0


def test_folding_batch_normalization_keeps_the_numbers():
    block = torch.nn.Sequential(torch.nn.Sequential(conv(3, 8, 3, 2), conv(8, 8, 3, groups=8))).eval()
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.normal_()
    before = block(PHOTO)
    fold_batch_norm(block)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in block.modules())
    assert sum(isinstance(module, SameConv2d) for module in block.modules()) == 2
    torch.testing.assert_close(block(PHOTO), before, rtol=1e-4, atol=1e-5)


def test_together_is_the_mean_of_the_members(squeezenet):
    lite = load_network("efficientnet_lite0")
    both = together([squeezenet, lite])
    torch.testing.assert_close(both(PHOTO), (squeezenet(PHOTO) + lite(PHOTO)) / 2)
    assert both.title == "SqueezeNet 1.1 + EfficientNet-Lite0" and both.find_class("zebra") == 340
    assert together([squeezenet]) is squeezenet
    with pytest.raises(LookupError, match="no layer 'fire2'"):
        both.activations(PHOTO, ["fire2"])
    with pytest.raises(ValueError, match="no network"):
        together([])


def three_artists(small) -> list:
    """Three networks, of which two differ."""
    other = Network(copy.deepcopy(small.core), "other", "Other", small.classes)
    for parameter in other.core.parameters():
        parameter.data.mul_(1.5).add_(0.05)
    return [small, other, small]


def test_networks_that_draw_together_take_turns(small):
    """Three networks, one of them twice, against a loop by hand: Adam moves the image after each answer."""
    artists = three_artists(small)
    start = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    drawn = ascend(class_margin("dog"), together(artists), Pixels(start), steps=4, progress=False)

    x = nn.Parameter(start.clone())
    optimizer = torch.optim.Adam([x], lr=0.05)
    for step in range(4):
        seen = []
        for artist in artists:
            optimizer.zero_grad()
            score = class_margin("dog").bind(artist).of(artist, x)
            (-score.sum()).backward()
            optimizer.step()
            seen.append(score.detach())
        torch.testing.assert_close(drawn.scores[step], torch.stack(seen).mean(dim=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(drawn.raw, x.detach(), rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        alone = [class_margin("dog").bind(artist).of(artist, x) for artist in artists]
    torch.testing.assert_close(drawn.final, torch.stack(alone).mean(dim=0), rtol=1e-3, atol=1e-4)


def test_the_learning_rate_falls_once_a_step_however_many_take_turns(small):
    rates = []

    def halves(optimizer):
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        rates.append(schedule)
        return schedule

    ascend(class_logit(0), together(three_artists(small)), Pixels.uniform(16), steps=3, schedule=halves, progress=False)
    assert rates[0].get_last_lr() == [0.05 / 8]


def test_frames_and_callbacks_count_steps_not_turns(small):
    seen = []
    drawn = ascend(
        class_logit(0),
        together(three_artists(small)),
        Pixels.uniform(16),
        steps=5,
        frames=3,
        callbacks=[lambda step, images, scores: seen.append((step, tuple(scores.shape)))],
        progress=False,
    )
    assert seen == [(step, (1,)) for step in range(5)] and len(drawn.frames) == 3 and len(drawn.scores) == 5


def test_each_who_takes_turns_has_the_objective_bound_to_it(small):
    """An objective that asks its network something first asks each for itself."""
    photo = torch.full((1, 3, 16, 16), 0.25)

    def bind(network):
        wanted = network(photo).detach()
        return Bound("as the photo", ("logits",), lambda acts: -(acts["logits"] - wanted).square().sum(dim=1))

    drawn = ascend(Objective(bind), together(three_artists(small)), Pixels(photo), steps=1, progress=False)
    assert drawn.scores[0].item() == pytest.approx(0, abs=1e-9), "the photo is what all of them ask for"


@pytest.mark.parametrize("optimizer", [torch.optim.LBFGS, torch.optim.Rprop])
def test_what_compares_gradients_draws_by_one_network_alone(small, optimizer):
    options = dict(steps=1, optimizer=optimizer, progress=False)
    with pytest.raises(ValueError, match=f"{optimizer.__name__} learns .* or a single network"):
        ascend(class_logit(0), together(three_artists(small)), Pixels.uniform(16), **options)
    assert ascend(class_logit(0), small, Pixels.uniform(16), **options).final > -99


def test_an_ensemble_has_no_ensembles_inside(small):
    first, second, _ = three_artists(small)
    crew = together([together([first, second]), second])
    assert crew.members == [first, second, second] == crew.turns
    assert crew.takes(16, 16) and not together([first, first]).without_normalization().takes(0, 0)


def test_a_killed_run_of_several_goes_on_as_if_it_had_not_been(small, tmp_path):
    options = dict(steps=40, size=32, progress=False)
    crew = together(three_artists(small))
    whole = visualize("dog", crew, style="natural", **options)
    kept = dict(checkpoint=tmp_path / "run.pt", **options)
    assert visualize("dog", crew, style="natural", callbacks=[lambda step, *_: step < 30], **kept).interrupted
    torch.testing.assert_close(visualize("dog", crew, style="natural", **kept).raw, whole.raw)


def test_together_needs_the_same_classes(squeezenet, small):
    with pytest.raises(ValueError, match="same classes"):
        together([squeezenet, small])
    assert len(together(network for network in (small, small)).members) == 2
    for bare in (small.core, [small, small.core], [small, "small"]):
        with pytest.raises(TypeError, match="expected a Network, got"):
            together(bare)


def test_the_margin_takes_off_the_rivals_of_the_moment(small):
    logits = torch.tensor([[3.0, 1.0, -2.0], [0.0, 5.0, 4.0]])
    bound = class_margin(0, weight=0.5, rivals=1).bind(small)
    torch.testing.assert_close(bound.score({"logits": logits}), torch.tensor([2.5, -2.5]))
    plain, logit = class_margin(1, weight=0).bind(small), class_logit(1).bind(small)
    torch.testing.assert_close(plain.score({"logits": logits}), logit.score({"logits": logits}))
    many = class_margin(2, weight=1, rivals=9).bind(small)
    torch.testing.assert_close(many.score({"logits": logits}), torch.tensor([-4.0, 1.5]))


@pytest.mark.parametrize("view", [random_blur(2.0), noise(0.2)], ids=repr)
def test_blur_and_noise_are_views_that_do_as_they_say(view):
    image = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with Seeded(0, CPU):
        first, second = view(image), view(image)
    assert first.shape == image.shape and not torch.equal(first, second)
    with Seeded(0, CPU):
        three = view(torch.cat([image, image.flip(3), image]))
    torch.testing.assert_close(three[:1], first)  # an image of a batch is seen as it would be alone
    torch.testing.assert_close(three[2:], first)
    rough = (first[..., 1:] - first[..., :-1]).square().mean() / (image[..., 1:] - image[..., :-1]).square().mean()
    assert rough < 0.95 if "blur" in repr(view) else rough > 1.01
    torch.testing.assert_close(first.mean(), image.mean(), atol=0.02, rtol=0)
    x = image.clone().requires_grad_()
    view(x).sum().backward()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("make", [random_blur, noise])
def test_no_blur_or_noise_is_told(make):
    with pytest.raises(ValueError, match="positive"):
        make(0)


@pytest.mark.parametrize("height, width", [(64, 64), (48, 96)])
def test_one_resampling_goes_where_it_should(height, width):
    image = torch.full((2, 3, height, width), 0.5)
    image[:, :, height // 2 - 2 : height // 2 + 2, width // 2 + 8 : width // 2 + 12] = 1.0  # to the right of the middle

    def place(view):
        with Seeded(0, CPU):
            light = (view(image)[0, 0] - 0.5).clamp_min(0)
        down, right = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
        return [((light * axis).sum() / light.sum()).item() for axis in (down - height / 2, right - width / 2)]

    assert place(random_affine(0, (1, 1), 0)) == pytest.approx([0, 10], abs=0.05)
    assert place(random_affine(0, (1.4, 1.4), 0)) == pytest.approx([0, 14], abs=0.15)
    with Seeded(0, CPU):
        turned = random_affine(45, (1, 1), 0)(image)
    assert not torch.allclose(turned, image)
    assert sum(n * n for n in place(random_affine(45, (1, 1), 0))) ** 0.5 == pytest.approx(10, abs=0.3)
    moved = place(random_affine(0, (1, 1), 6))
    assert max(abs(moved[0]), abs(moved[1] - 10)) > 0.5 and max(abs(moved[0]), abs(moved[1] - 10)) <= 6.1


def test_a_flat_gray_image_stays_flat():
    gray = torch.full((1, 3, 32, 32), 0.5)
    with Seeded(3, CPU):
        torch.testing.assert_close(random_affine()(gray), gray)


def test_scores_lie_in_one_tensor():
    log = History(300, 0, torch.sigmoid)
    for step in range(300):
        log.add(step, PHOTO, torch.tensor([float(step), -float(step)]))
        assert log.scores.data_ptr() == log.history.data_ptr()
    assert log.scores.shape == (300, 2) and log.scores[299].tolist() == [299, -299]


def test_styles_differ_and_misspelled_ones_are_named(squeezenet):
    drawn = {
        style: visualize("zebra", squeezenet, style=style, steps=3, size=64, progress=False).images for style in STYLES
    }
    assert len({float(images.sum()) for images in drawn.values()}) == len(STYLES)
    with pytest.raises(LookupError, match="did you mean 'natural'"):
        visualize("zebra", squeezenet, style="naturel")


@pytest.mark.parametrize("dead", [865, 321])
def test_a_class_that_starts_below_the_last_relu_can_leave_it(squeezenet, dead):
    drawn = visualize(dead, squeezenet, steps=24, size=224, progress=False)
    assert drawn.final.item() > 5


def test_an_ensemble_is_where_its_members_are(squeezenet):
    elsewhere = copy.deepcopy(squeezenet).to("meta")
    assert together([elsewhere, copy.deepcopy(elsewhere)]).device.type == "meta"


def test_captions_name_each_image_own_seed(small):
    drawn = visualize(["dog", "cat"], small, steps=1, size=16, seed=[5, 6], progress=False)
    assert drawn.caption(0).endswith("seed 5") and drawn.caption(1).endswith("seed 6")


@pytest.mark.parametrize("change", [dict(style="bold"), dict(views=[random_affine(5)]), dict(precision=None)])
def test_a_checkpoint_does_not_resume_another_run(small, tmp_path, change):
    kept = dict(steps=60, size=32, progress=False, checkpoint=tmp_path / "run.pt", precision=torch.bfloat16)
    stopped = visualize("dog", small, callbacks=[lambda step, *_: step < 30], **kept)
    assert stopped.interrupted and (tmp_path / "run.pt").exists()
    with pytest.raises(ValueError, match="keeps another run"):
        visualize("dog", small, **{**kept, **change})


def test_a_tensor_is_no_parameterization(small):
    with pytest.raises(TypeError, match="such as Pixels"):
        ascend(class_logit(0), small, torch.rand(1, 3, 8, 8), steps=1)


HALVES = torch.eye(5, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    "one, other",
    [
        (dict(image=Pixels.uniform(32)), dict(image=Pixels.uniform(32, seed=1))),
        (dict(objective=class_margin("dog", 0.5)), dict(objective=class_margin("dog", 0.4))),
        (dict(objective=direction("first", [1, 0, 0, 0, 0])), dict(objective=direction("first", [0, 1, 0, 0, 0]))),
        (dict(objective=direction("first", HALVES[0])), dict(objective=direction("first", HALVES[1]))),
        (dict(edits=[blur(1.0, every=2)]), dict(edits=[blur(1.0, every=3)])),
    ],
    ids=["start", "margin", "direction", "halves", "every"],
)
def test_a_checkpoint_knows_what_words_do_not_say(small, tmp_path, one, other):
    def run(image=None, objective=None, **options):
        options |= dict(steps=60, checkpoint=tmp_path / "run.pt", progress=False)
        image = copy.deepcopy(image) or Pixels.uniform(32)
        return ascend(objective or class_logit(0), small, image, **options)

    assert run(**one, callbacks=[lambda step, *_: step < 30]).interrupted
    with pytest.raises(ValueError, match="keeps another run.*begin from the image"):
        run(**other)
    assert not run(**one).interrupted


def test_a_checkpoint_is_kept_of_a_network_with_a_state_of_its_own(tmp_path):
    class Extra(Plain):
        def get_extra_state(self):
            return {"a": 1}

        def set_extra_state(self, state):
            pass

    run = partial(visualize, 1, Network(Extra(), "extra", "Extra", CLASSES), size=16, steps=30, progress=False)
    assert torch.equal(run(checkpoint=tmp_path / "run.pt").raw, run().raw)


def test_a_view_of_one_s_own_is_the_same_wherever_in_memory_it_lies(small, tmp_path):
    """In a new process it lies elsewhere."""

    def view():
        def mirrored(images):
            return images.flip(3)

        return mirrored

    views = [view(), view()]
    run = partial(ascend, class_logit(0), small, steps=40, progress=False, checkpoint=tmp_path / "run.pt")
    assert run(Pixels.uniform(16), views=views[:1], callbacks=[lambda step, *_: step < 30]).interrupted
    assert len(run(Pixels.uniform(16), views=views[1:]).scores) == 40


def test_two_runs_at_once_have_each_its_own_seed(small):
    """The explorer draws in a thread while the reader runs another cell."""
    draw = partial(visualize, "dog", small, steps=40, size=32, progress=False)
    alone = draw().images
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(draw), pool.submit(draw, seed=1)
        assert torch.equal(first.result().images, alone)
    assert torch.equal(second.result().images, draw(seed=1).images)


def test_a_run_leaves_the_caller_s_generator_as_it_was(small):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    between = []
    visualize("dog", small, steps=3, size=32, progress=False, callbacks=[lambda *_: between.append(torch.rand(1))])
    assert torch.equal(torch.rand(3), expected) and len(between) == 3


@pytest.mark.parametrize("precision", [None, torch.bfloat16])
@pytest.mark.parametrize("data", [False, True], ids=["in place", "behind autograd's back"])
def test_an_ascent_climbs_the_network_as_it_is_now(small, precision, data):
    """A sanity check of pictures randomizes a layer and draws again; no copy may remember the old weights."""
    run = partial(
        ascend, class_logit("dog"), small, steps=5, edits=[clip()], precision=precision, frames=2, progress=False
    )
    before = run(Pixels.uniform(32))
    weight = small.core.first.weight.data if data else small.core.first.weight
    with torch.no_grad():
        weight.neg_()
    after = run(Pixels.uniform(32))
    fresh = copy.deepcopy(small)
    expected = ascend(
        class_logit("dog"), fresh, Pixels.uniform(32), steps=5, edits=[clip()], precision=precision, progress=False
    )
    assert torch.equal(after.raw, expected.raw) and not torch.allclose(after.raw, before.raw)


def test_one_channel_is_made_with_the_weights_that_there_are(small):
    images = torch.rand(1, 3, 16, 16)

    def of_last(layer):
        return small.activations(images, [layer])[layer]

    before = of_last(("last", 1))
    small.core.last.weight.data[1] *= 3
    assert not torch.allclose(of_last(("last", 1)), before)
    torch.testing.assert_close(of_last(("last", 1)), of_last("last")[:, 1:2])


def test_another_layer_in_an_old_one_s_place_is_used(small):
    run = partial(ascend, class_logit("dog"), small, steps=3, progress=False)
    before = run(Pixels.uniform(16)).final
    small.core.relu = nn.Identity()
    assert run(Pixels.uniform(16)).final != before


def test_no_normalization_leaves_the_network_s_modes(small):
    small.core.eval()
    small.core.dropout.train()
    small.without_normalization()
    assert small.core.dropout.training and not small.core.first.training
