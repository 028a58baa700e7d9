"""What should come out in assignment d about ranks, opinions and intervals, and what the usual mistakes give."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import compare, partly
from ..probes import inside_judge as asked


def places(logits: Tensor, targets: Tensor) -> Tensor:
    """The rank (B,) of each image's class, 1 for the first."""
    mine = logits.gather(1, targets[:, None])
    return 1 + (logits > mine).sum(dim=1)


# --- ranks ---


def rank(seed: int, answer: dict) -> str | None:
    logits, targets = asked.rank_question(seed)
    right, last = places(logits, targets), logits.shape[1]
    mine = logits.gather(1, targets[:, None])
    at_place = logits.argsort(dim=1, descending=True).gather(1, targets[:, None])[:, 0]
    among_images = (mine < logits[:, targets].T).sum(dim=1)
    p = logits.softmax(dim=1)
    sure = p.gather(1, targets[:, None])
    mistakes = {
        "ranks begin with 0; the first place is number 1": right - 1,
        "ranks begin with 2: the class itself is counted among those that are ahead of it": right + 1,
        "the ranks are counted from the bottom": last + 1 - right,
        "the ranks are counted from the bottom, and begin with 0": last - right,
        "argsort says which class is at a place, and not at which place a class is": at_place,
        "argsort says which class is at a place, and not at which place a class is (and 1 was added to it)": (
            1 + at_place
        ),
        "all images are asked for the class of the first one": places(logits, targets[:1].expand(len(targets))),
        "this compares images with each other, and not the classes of one image": 1 + among_images,
        "these are ranks by probability: far down, float32 rounds them all to 0, and ties look like first places. "
        "Rank by the logits": 1 + (p > sure).sum(dim=1),
        "these are ranks by probability, and far down float32 rounds them all to 0. Rank by the logits": (
            (p >= sure).sum(dim=1)
        ),
    }
    return compare(answer["ranks"], right, "the rank", mistakes)


# --- a second opinion ---


@torch.no_grad()
def opinion(seed: int, answer: dict) -> str | None:
    mean, std, images, targets = asked.opinion_question(seed)
    m, s = mean[:, None, None], std[:, None, None]

    def by(x: Tensor, training: bool = False) -> Tensor:
        return places(asked.judge_network(seed).train(training)(x), targets)

    good = (images - m) / s
    right = by(good)
    by_artist = places(asked.judge_network(seed + 1).eval()(good), targets)
    mistakes = {
        "the judge is in training mode, as it was built: it normalizes by this batch, so that a picture's rank depends "
        "on its neighbors. Call eval() first": by(good, training=True),
        "the judge is in training mode, and has not been given normalized images either": by(images, training=True),
        "the images go in without normalization: this judge has only ever seen (x − mean) / std": by(images),
        "normalized the wrong way around: subtract the mean, then divide": by(images * s + m),
        "the mean is subtracted, and the division by std is missing": by(images - m),
        "divided by std, and the mean is still in": by(images / s),
        "mean and std have changed places": by((images - s) / m),
        "the images are bytes from 0 to 255 here, and they came in [0, 1]": by((255 * images - m) / s),
        "ranks begin with 0; the first place is number 1": right - 1,
        "these are ranks by the artist, who drew the images": by_artist,
    }
    if problem := compare(answer["ranks"], right, "the rank by the judge", mistakes):
        return problem
    if answer["refusal"] == "nothing":
        said = "the artist judges its own pictures, and nobody objects: raise ValueError if judge is artist"
        return partly(said, 1 / 2)
    if answer["refusal"] != "ValueError":
        said = f"where the artist is asked to judge, a ValueError is wanted, and a {answer['refusal']} came"
        return partly(said, 1 / 2)
    if answer["graph"]:
        return partly("the judge builds a graph, for a gradient that nobody wants: ask within torch.no_grad()", 1 / 2)
    return None


# --- pairs ---


def interval(seed: int, answer: dict) -> str | None:
    first, second = (x.double() for x in asked.pairs(seed))
    found = [torch.tensor(one, dtype=torch.float64) for one in answer["intervals"]]
    if any(one.shape != (2,) for one in found):
        return f"an interval has two ends, low and high; got {answer['intervals'][0]}"
    got, other, again = found
    if not torch.isfinite(got).all():
        return "the interval is not finite"
    difference = first - second
    count, middle = len(first), difference.mean()
    generator = torch.Generator().manual_seed(12345)

    def ends(means: Tensor, low: float = 0.025) -> Tensor:
        return means.quantile(torch.tensor([low, 1 - low], dtype=torch.float64))

    drawn = torch.randint(count, (asked.DRAWS, count), generator=generator)
    apart = torch.randint(count, (asked.DRAWS, count), generator=generator)
    means = difference[drawn].mean(dim=1)
    error = means.std()
    right = ends(means)
    within = 0.12 * error.item()  # some five times what 20,000 draws leave to chance

    def like(wrong: Tensor, tolerance: float = within) -> bool:
        return bool(((got - wrong).abs() < tolerance).all())

    if (got[1] - got[0]).abs() < 1e-6 * error:
        return (
            "the interval is a single number: drawing all classes without replacement is a shuffle, which changes no "
            "mean. torch.randint, not randperm"
        )
    if got[0] > got[1]:
        return "the lower end is above the upper one: have low and high, or their signs, changed places?"
    if like(right):
        if not torch.equal(got, again):
            return partly("the same seed gives another interval: draw with a generator, seeded with it", 1 / 2)
        if torch.equal(got, other):
            said = (
                "another seed gives the very same interval: seed the generator with the seed that is given. (Or was "
                "nothing drawn at all? The formula for a bell curve is another interval)"
            )
            return partly(said, 1 / 2)
        return None
    unpaired = ends(first[drawn].mean(dim=1) - second[apart].mean(dim=1))
    one_error = torch.stack([middle - error, middle + error])
    cases = {
        "the two recipes are drawn apart, which forgets that they drew the same classes, and makes the interval far "
        "too wide. Draw the classes, and take both scores of each": unpaired,
        "this is second − first": -right.flip(0),
        "these are 90%: cut off 2.5% on each side": ends(means, 0.05),
        "these are 80%: cut off 2.5% on each side": ends(means, 0.1),
        "this is one standard deviation to each side, which is 68%: cut off 2.5% on each side": one_error,
        "this is where single classes lie; the interval is for their mean": ends(difference),
        "this is the interval of the first recipe alone": ends(first[drawn].mean(dim=1)),
        "the interval is about zero: take the quantiles of the means themselves": right - middle,
    }
    for message, wrong in cases.items():
        wide = max(within, 0.04 * (wrong[1] - wrong[0]).item())
        if like(wrong, wide):
            return message
    ratio = ((got[1] - got[0]) / (right[1] - right[0])).item()
    if abs((got.mean() - right.mean()).item()) < 0.5 * error.item():
        return (
            f"the interval is {ratio:.2f} times as wide as it should be: is each draw as large as the number of "
            "classes, and are 2.5% cut off on each side?"
        )
    return f"from {got[0]:.3f} to {got[1]:.3f}, and it should be near {right[0]:.3f} to {right[1]:.3f}"
