"""Assignment b, the darkroom and the volume: what should have come out, and what mistakes would give."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.transforms.v2.functional import adjust_sharpness

from ..core import close, compare, partly
from ..probes.pomeranian import negatives, speakers


def clamp_first(x: Tensor, **turn) -> Tensor:
    """The recipe's darkroom: enlarge, soften, stretch; with a turn, a wrong one."""
    dims = turn.get("dims", (1, 2, 3))
    mode = turn.get("mode", "bilinear")

    def enlarge(x: Tensor) -> Tensor:
        aligned = {"align_corners": turn.get("aligned", False)} if mode != "nearest" else {}
        return interpolate(x, scale_factor=2, mode=mode, **aligned)

    def soften(x: Tensor) -> Tensor:
        return adjust_sharpness(x, turn.get("factor", 0.0))

    def stretch(x: Tensor) -> Tensor:
        low, high = x.amin(dim=dims, keepdim=True), x.amax(dim=dims, keepdim=True)
        return (x - low) / (high - low).clamp_min(1e-8)

    for work in turn.get("order", "enlarge soften stretch").split():
        x = {"enlarge": enlarge, "soften": soften, "stretch": stretch}[work](x)
    return x


WRONG_DARKROOMS = {
    "it was stretched before it was softened: a better picture, perhaps, but not the recipe's. Keep its "
    "order here; the next cells exchange it": {"order": "enlarge stretch soften"},
    "it was softened before it was enlarged: enlarge first": {"order": "soften enlarge stretch"},
    "the stretch is missing: (y - min) / (max - min) comes last": {"order": "enlarge soften"},
    "the softening is missing: adjust_sharpness(y, 0.0), which also clamps": {"order": "enlarge stretch"},
    "one minimum and maximum for the whole batch: an image then changes with its neighbors, so take them for "
    "each image, "
    "over dim=(1, 2, 3)": {"dims": (0, 1, 2, 3)},
    "each color channel was stretched by itself, which turns every picture gray: one minimum and maximum for an image, "
    "over dim=(1, 2, 3)": {"dims": (2, 3)},
    "it was not softened but left as it is: factor 1.0 means no change, 0.0 means soft": {"factor": 1.0},
    "it was sharpened: factor 2.0 sharpens, 0.0 softens": {"factor": 2.0},
    "it was enlarged by repeating pixels: mode='bilinear'": {"mode": "nearest"},
    "it was enlarged with mode 'bicubic': the recipe says bilinear": {"mode": "bicubic"},
    "the corners were aligned: align_corners stays False, so that all pixels are enlarged alike": {"aligned": True},
}


def develop(seed: int, answer: dict) -> str | None:
    """Bilinear times two, adjust_sharpness 0, min-max of each image."""
    x, got = negatives(seed), answer["batch"]
    wrong = {said: clamp_first(x, **turn) for said, turn in WRONG_DARKROOMS.items()}
    if isinstance(got, Tensor) and got.shape == x.shape:
        return (
            "the picture is not larger than x: enlarge it twofold with interpolate(x, scale_factor=2, mode='bilinear')"
        )
    flat = answer["flat"]
    shown = isinstance(flat, Tensor) and bool(torch.isfinite(flat).all()) and flat.min() >= 0 and flat.max() <= 1
    problem = compare(got, clamp_first(x), "the developed batch", wrong, rtol=1e-3, atol=1e-4)
    if problem is not None and problem.startswith("one minimum and maximum for the whole batch"):
        return partly(problem, 2 / 3 if shown else 1 / 3)
    problem = problem or compare(answer["alone"], clamp_first(x[:1]), "the first image, developed alone")
    if problem is None and not shown:
        said = "a picture that is one color everywhere comes out as NaN or off the screen: max - min is 0 there, so "
        return partly(f"{said}divide by (max - min).clamp_min(1e-8)", 2 / 3)
    return problem


def volume(seed: int, answer: dict) -> str | None:
    """Each image multiplied so that its values have the given standard deviation, then scored."""
    given = speakers(seed)
    x, spread = given.x, given.spread
    own = x.std(dim=(1, 2, 3), keepdim=True)
    right = given.score(x * spread / own)
    centered = x - x.mean(dim=(1, 2, 3), keepdim=True)
    mistakes = {
        "one standard deviation for the whole batch: the loud pictures stay loud, so take it for each image, over "
        "dim=(1, 2, 3)": given.score(x * spread / x.std()),
        "the score was scaled, and not the picture: a network with biases hears the difference": given.score(x)
        * (spread / own).flatten(),
        "the pictures were moved as well as scaled: f(a x), without taking the mean off": given.score(
            centered * spread / own
        ),
        "the volume was turned the wrong way: multiply by spread / std": given.score(x * own / spread),
        "all pictures were multiplied by spread: divide each by its own standard deviation first": given.score(
            x * spread
        ),
        "the pictures were scored as they are, each at its own volume": given.score(x),
        "the pictures were divided by their variance: it is the standard deviation that scales like the "
        "values": given.score(x * spread / own**2),
        "the pictures have standard deviation 1: multiply by spread as well": given.score(x / own),
        "each channel was scaled by itself, which changes the colors: over dim=(1, 2, 3)": given.score(
            x * spread / x.std(dim=(2, 3), keepdim=True)
        ),
        "the pictures were cut off at 0 and 1: at another volume they are off the screen, and may be": given.score(
            (x * spread / own).clamp(0, 1)
        ),
    }
    biased = given.score(x * spread / x.std(dim=(1, 2, 3), keepdim=True, unbiased=False))
    if isinstance(answer["scores"], Tensor) and close(answer["scores"], biased, rtol=1e-3):
        return None
    return compare(answer["scores"], right, "the score at one volume", mistakes, rtol=1e-3)
