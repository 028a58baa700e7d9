"""A second opinion is what the judge says, and nobody judges their own work."""

from __future__ import annotations

import pytest
import torch

from helpers import Pixels, ascend, class_logit, load_network, load_photo, second_opinion, together
from helpers.judge import look

PHOTOS = torch.cat([load_photo("chelsea", 256), load_photo("coffee", 256)])


def test_photographs_are_named_by_both_judges():
    for judge in ("efficientnet_lite0", "efficientnet_lite1"):
        opinion = second_opinion(PHOTOS, ["Egyptian cat", "espresso"], judge)
        assert opinion.rank[0] <= 3 and opinion.rank[1] == 1 and opinion.top5 == 1.0  # the cat is one of three
        assert opinion.top[1][0][0] == "espresso" and opinion.probability[1] > 0.2
        assert "2 of the 2" in opinion.credentials


def test_ranks_are_places_counted_from_one():
    judge = load_network("efficientnet_lite0")
    order = look(judge, PHOTOS[:1])[0].argsort(descending=True)
    for place in (1, 5, 6, 1000):
        opinion = second_opinion(PHOTOS[:1], int(order[place - 1]), judge)
        assert opinion.rank.item() == place
        assert opinion.top1 == (place == 1) and opinion.top5 == (place <= 5)


def test_the_shares_count_images():
    opinion = second_opinion(PHOTOS, "espresso")
    assert opinion.top1 == 0.5 and opinion.rank[1] == 1 and opinion.rank[0] > 5
    assert "no. " in opinion.caption(0) and "no. " not in opinion.caption(1)
    assert "in 1 of 2" in str(opinion) and "<table" in opinion._repr_html_()


def test_a_wide_picture_is_cropped_not_squeezed():
    judge = load_network("efficientnet_lite0")
    wide = torch.nn.functional.pad(PHOTOS[1:], (64, 64, 0, 0), mode="replicate")
    squeezed = torch.nn.functional.interpolate(wide, size=(256, 256), mode="bilinear")
    plain, cropped, other = (look(judge, images) for images in (PHOTOS[1:], wide, squeezed))
    assert (cropped - plain).abs().max() < 0.1 * (other - plain).abs().max()


def test_nobody_judges_their_own_work(squeezenet):
    judge = load_network("efficientnet_lite0")
    for drawing in (judge, together([squeezenet, judge])):
        drawn = ascend(class_logit(1), drawing, Pixels.uniform(64), steps=1, progress=False)
        with pytest.raises(ValueError, match="no judge of its own work"):
            second_opinion(drawn, 1)


def test_mistakes_are_named():
    with pytest.raises(LookupError, match="Pomeranian"):
        second_opinion(PHOTOS, "pomeranean")
    with pytest.raises(ValueError, match="2 images, but 3 targets"):
        second_opinion(PHOTOS, [1, 2, 3])
    with pytest.raises(ValueError, match="values in"):
        second_opinion(255 * PHOTOS, 1)
    with pytest.raises(TypeError, match="expected a Network, got Flatten"):
        second_opinion(PHOTOS, 1, torch.nn.Flatten())


def test_who_answers_with_nan_has_no_opinion(small):
    small.core.first.weight[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="Small answers some of these images with NaN"):
        second_opinion(PHOTOS, 1, small)


def test_an_ensemble_with_the_artist_in_it_is_no_judge(squeezenet):
    drawn = ascend(class_logit(1), squeezenet, Pixels.uniform(64), steps=1, progress=False)
    with pytest.raises(ValueError, match="no judge of its own work"):
        second_opinion(drawn, 1, together([squeezenet, load_network("efficientnet_lite0")]))


def test_the_first_five_are_in_the_order_of_the_ranks(small):
    small.core.forward = lambda x: torch.tensor([[300.0, 100.0, 50.0, 40.0]]).expand(len(x), 4)
    opinion = second_opinion(PHOTOS, torch.tensor(1), small)
    assert opinion.rank.tolist() == [2, 2] and [name for name, _ in opinion.top[0]] == small.classes
