"""A picture that never took off is noticed, begun again, and says so; whatever took off is left as it was."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from helpers import channel, last_result, load_result, plan, render, visualize
from helpers.transforms import Named

CLASSES = ["zebra", "Pomeranian", "goldfish"]
RUN = dict(steps=32, size=96, lr=0.2, progress=False, precision=None)


class Drowning(Named):
    """A view that drowns one image of a batch in noise, in the first so many runs."""

    def __init__(self, where: int, runs: int):
        super().__init__("drowning", self.drown)
        self.where, self.runs, self.looks = where, runs, 0

    def drown(self, images):
        run, self.looks = self.looks // RUN["steps"], self.looks + 1
        if run >= self.runs:
            return images
        mask = torch.zeros(len(images), 1, 1, 1)
        mask[self.where if run == 0 else 0] = 1
        return images * (1 - mask) + mask * torch.rand_like(images)


def test_only_what_never_took_off_is_drawn_again(squeezenet):
    plain = visualize(CLASSES, squeezenet, views=[], **RUN)
    assert plain.restarts == (0, 0, 0) and plain.grounded == (False,) * 3 and plain.seed == 0
    drawn = visualize(CLASSES, squeezenet, views=[Drowning(1, 1)], frames=3, **RUN)
    alone = visualize("Pomeranian", squeezenet, views=[], seed=1000, **RUN)
    assert drawn.restarts == (0, 1, 0) and drawn.grounded == (False,) * 3 and drawn.seed == (0, 1000, 0)
    torch.testing.assert_close(drawn.images[1], alone.images[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(drawn.scores[:, 1], alone.scores[:, 0], atol=1e-3, rtol=1e-3)
    assert drawn.final[1] == pytest.approx(alone.final[0].item(), rel=1e-3)
    assert (drawn.frames[-1, 1].float() / 255 - alone.images[0]).abs().max() < 0.01
    beside = visualize(CLASSES, squeezenet, views=[Drowning(1, 1)], restarts=0, **RUN)
    assert torch.equal(drawn.images[[0, 2]], beside.images[[0, 2]])
    assert drawn.caption(1).endswith("seed 1000, 1 restart") and drawn.caption(0).endswith("seed 0")


def test_it_gives_up_after_a_stated_number_and_says_so(squeezenet, tmp_path):
    drawn = visualize(CLASSES, squeezenet, views=[Drowning(2, 99)], **RUN)
    assert drawn.grounded == (False, False, True) and drawn.restarts[2] <= 2
    assert drawn.caption(2).endswith("it never took off") and "never" not in drawn.caption(1)
    never = visualize(CLASSES, squeezenet, views=[Drowning(2, 99)], restarts=0, **RUN)
    assert never.seed == 0 and never.restarts == (0, 0, 0) and never.grounded == (False, False, True)
    kept = load_result(drawn.save(tmp_path / "kept.pt"))
    assert kept.grounded == drawn.grounded and kept.caption(2) == drawn.caption(2)
    with pytest.raises(ValueError, match="restarts is a whole number from 0 on, got -1"):
        visualize("zebra", squeezenet, restarts=-1, **RUN)


def test_the_best_of_several_that_stayed_on_the_ground_is_kept(squeezenet):
    def drawn(seed, **options):
        return visualize("zebra", squeezenet, views=[Drowning(0, 99)], seed=[seed], **RUN | options)

    kept = drawn(0)
    best = max((drawn(seed, restarts=0) for seed in (0, 1000, 2000)), key=lambda one: one.final.item())
    assert kept.grounded == (True,) and kept.seed == best.seed and kept.final == pytest.approx(best.final, rel=1e-4)


def test_a_run_too_short_to_tell_is_not_begun_again(squeezenet):
    short = visualize("zebra", squeezenet, views=[Drowning(0, 99)], **RUN | dict(steps=31))
    assert short.restarts == (0,) and short.grounded == (False,)


def test_an_objective_took_off_if_its_score_rose(squeezenet):
    dead = visualize([channel("fire3", 5) * 0, channel("fire3", 5)], squeezenet, restarts=1, **RUN)
    assert dead.grounded == (True, False)


def test_stopped_in_a_restart_what_the_first_run_drew_is_kept(squeezenet):
    def press(stop, step, images, scores):
        if len(images) == 1 and step == stop:
            raise KeyboardInterrupt

    whole = visualize(CLASSES, squeezenet, views=[Drowning(1, 99)], restarts=0, **RUN)
    for stop in (0, 5):
        with pytest.raises(KeyboardInterrupt):
            visualize(CLASSES, squeezenet, views=[Drowning(1, 99)], callbacks=[partial(press, stop)], **RUN)
        assert torch.equal(last_result().images, whole.images) and len(last_result().scores) == RUN["steps"]


def test_an_atlas_counts_what_was_begun_again_and_names_what_never_took_off(tmp_path, monkeypatch, squeezenet):
    def stubborn(*arguments, **options):
        drawn = visualize(*arguments, **options)
        return replace(drawn, restarts=(0, 1, 2), grounded=(False, False, True))

    monkeypatch.setattr("helpers.atlas.plan.visualize", stubborn)
    pieces, recipe = plan(CLASSES, "squeezenet1_1", steps=2, size=64)
    for report in (render(pieces, recipe, tmp_path, progress=False), render(pieces, recipe, tmp_path, progress=False)):
        assert report.restarted == 2 and report.grounded == [
            pieces[2].name
        ]  # the second run only looks at what is there
        assert "Begun again, not having taken off at once: 2; never took off: 1." in repr(report)
        assert repr(report).endswith(f"{pieces[2].name}: it never took off")
