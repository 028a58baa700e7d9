"""Views, which the network looks through, and edits, which are done to the image between two steps.

Both are functions from a batch of images to a batch of images, so a list of them is a pipeline. Views are random and
differentiable (chapter 4; Mordvintsev et al. 2015, Olah et al. 2017); ``ascend`` seeds them. Edits are neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from .basics.numbers import whole

Transform = Callable[[Tensor], Tensor]
MIDDLE = 0.5  # what lies beyond the border of an image in [0, 1]


def through(transforms: Iterable[Transform], images: Tensor, step: float = math.inf) -> Tensor:
    """Send images (B, 3, H, W) through the transforms, first to last, but those that come in after this step.

    Raises:
        ValueError: they come out as more images, or as fewer.
    """
    seen = images
    for transform in transforms:
        if step >= getattr(transform, "after", 0):
            seen = transform(seen)
    if len(seen) != len(images):
        raise ValueError(f"the views make {len(seen)} images of {len(images)}: a view gives one for each")
    return seen


class Named:
    """A transform that can say what it does: its ``repr`` goes into a result's settings.

    Args:
        words: what it does.
        transform: from images (B, 3, H, W) to images.
        every: ``ascend`` applies it, as an edit, after steps ``every``, 2·``every``, …
        after: ``ascend`` looks through it, as a view, once so many steps are done.
    """

    def __init__(self, words: str, transform: Transform, every: int = 1, after: int = 0):
        self.every = whole(every, "every, the steps from one edit to the next,")
        self.after = whole(after, "after, the steps before a view comes in,", 0)
        self.words = words + (f" every {every} steps" if every > 1 else "") + (f" after {after} steps" if after else "")
        self.transform = transform

    def __call__(self, images: Tensor) -> Tensor:
        return self.transform(images)

    def __repr__(self) -> str:
        return self.words


def jitter(pixels: int) -> Transform:
    """View: shift by up to ``pixels`` in each direction, what leaves on one side entering on the other."""
    return Named(f"jitter({pixels})", partial(_shift, pixels=whole(pixels, "the largest shift in pixels", 0)))


def _shift(images: Tensor, pixels: int) -> Tensor:
    down, right = torch.randint(-pixels, pixels + 1, (2,), device="cpu").tolist()
    return torch.roll(images, (down, right), dims=(2, 3))


def rotate(degrees: float) -> Transform:
    """View: turn about the middle by up to ``degrees`` either way; gray comes in at the corners."""
    _check_range(degrees, "the largest angle in degrees")
    return Named(f"rotate({degrees:g})", partial(_turn, degrees=degrees))


def _turn(images: Tensor, degrees: float) -> Tensor:
    return _affine(images, angle=_uniform(-degrees, degrees))


def scale(low: float, high: float) -> Transform:
    """View: enlarge about the middle by a factor from ``low`` to ``high``; gray surrounds what shrinks."""
    _check_factors(low, high)
    return Named(f"scale({low:g}, {high:g})", partial(_enlarge, low=low, high=high))


def _enlarge(images: Tensor, low: float, high: float) -> Tensor:
    return _affine(images, factor=_uniform(low, high))


def random_affine(degrees: float = 20, scale: tuple[float, float] = (0.5, 1.4), pixels: float = 8) -> Transform:
    """View: turn, enlarge and shift at once, in one resampling; gray comes in from outside (chapter 7).

    It costs less than half of ``rotate``, ``scale`` and ``jitter`` one after another, and blurs once instead of twice.

    Args:
        degrees: the angle is drawn from ``-degrees`` to ``degrees``.
        scale: the factor is drawn from the first to the second.
        pixels: the shift in each direction is drawn from ``-pixels`` to ``pixels``.
    """
    low, high = scale
    _check_factors(low, high)
    _check_range(degrees, "the largest angle in degrees")
    _check_range(pixels, "the largest shift in pixels")
    words = f"random_affine({degrees:g}, ({low:g}, {high:g}), {pixels:g})"
    return Named(words, partial(_move, degrees=degrees, low=low, high=high, pixels=pixels))


def _move(images: Tensor, degrees: float, low: float, high: float, pixels: float) -> Tensor:
    angle, factor = math.radians(_uniform(-degrees, degrees)), _uniform(low, high)
    right, down = (2 * _uniform(-pixels, pixels) / side for side in images.shape[:1:-1])
    return _look_from(images, _inverse(angle, factor, right, down, images.shape[2] / images.shape[3]))


def flip() -> Transform:
    """View: left and right exchanged half of the time (a view as in chapter 4)."""
    return Named("flip()", v2.RandomHorizontalFlip())


def pad(pixels: int) -> Transform:
    """View: a gray margin of ``pixels``, so that nothing is at the border of what is seen (a view as in chapter 4)."""
    return Named(f"pad({pixels})", v2.Pad(whole(pixels, "the margin in pixels", 0), fill=MIDDLE))


def random_blur(sigma: float, after: int = 0) -> Transform:
    """View: a Gaussian blur, its sigma drawn from 0 to ``sigma`` pixels; fine detail then counts less (chapter 8)."""
    _check_sigma(sigma)
    return Named(f"random_blur({sigma:g})", partial(_soften_by_chance, sigma=sigma), after=after)


def _soften_by_chance(images: Tensor, sigma: float) -> Tensor:
    drawn = max(_uniform(0, sigma), 0.1)  # below that there is nothing to see, and torchvision allows no 0
    return _soften(images, drawn, 2 * max(1, round(2 * sigma)) + 1)


def noise(std: float, after: int = 0) -> Transform:
    """View: normal noise, its standard deviation drawn from 0 to ``std``; one draw for the whole batch (chapter 8).

    Source: Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017), for gradients alone.
    """
    if not std > 0:
        raise ValueError(f"noise has a positive standard deviation, got {std}")
    return Named(f"noise({std:g})", partial(_add_noise, std=std), after=after)


def _add_noise(images: Tensor, std: float) -> Tensor:
    return images + _uniform(0, std) * torch.randn_like(images[:1])


def blur(sigma: float, every: int = 1) -> Transform:
    """Edit: a Gaussian blur of ``sigma`` pixels, at every ``every``-th step (chapter 4)."""
    _check_sigma(sigma)
    return Named(f"blur({sigma:g})", partial(_soften, sigma=sigma, width=2 * max(1, round(3 * sigma)) + 1), every)


def zoom(factor: float, every: int = 1) -> Transform:
    """Edit: enlarge about the middle by ``factor`` and crop, at every ``every``-th step (chapter 4)."""
    if not factor > 0:
        raise ValueError(f"a zoom has a positive factor, 1.01 for one percent; got {factor}")
    return Named(f"zoom({factor:g})", partial(_affine, factor=factor), every)


def normalize(every: int = 1) -> Transform:
    """Edit: move and stretch the values of each image to fill [0, 1] (chapter 3), at every ``every``-th step."""
    return Named("normalize()", min_max, every)


def clip(low: float = 0.0, high: float = 1.0, every: int = 1) -> Transform:
    """Edit: cut off what leaves [``low``, ``high``], at every ``every``-th step (chapter 4)."""
    return Named(f"clip({low:g}, {high:g})", partial(torch.clamp, min=low, max=high), every)


def min_max(images: Tensor) -> Tensor:
    """Each image (B, 3, H, W) moved and stretched to [0, 1]; a flat one becomes middle gray."""
    low, high = images.amin(dim=(1, 2, 3), keepdim=True), images.amax(dim=(1, 2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low).clamp_min(1e-12), MIDDLE)


def _check_range(most: float, what: str) -> None:
    if not most >= 0:
        raise ValueError(f"{what} is 0 or more, got {most}")


def _check_factors(low: float, high: float) -> None:
    if not 0 < low <= high:
        raise ValueError(f"a scale runs from a smaller to a larger positive factor, got {low} to {high}")


def _check_sigma(sigma: float) -> None:
    if not sigma > 0:
        raise ValueError(f"a blur has a positive sigma, in pixels; got {sigma}")


def _uniform(low: float, high: float) -> float:
    return torch.empty((), device="cpu", dtype=torch.float32).uniform_(low, high).item()


def _soften(images: Tensor, sigma: float, width: int) -> Tensor:
    return F.gaussian_blur(images, [width, width], [sigma, sigma])


def _affine(images: Tensor, angle: float = 0.0, factor: float = 1.0) -> Tensor:
    """Turn and enlarge about the middle. Shifted by gray, since torchvision's own fill cannot be differentiated."""
    moved = F.affine(images - MIDDLE, angle, [0, 0], factor, [0.0, 0.0], v2.InterpolationMode.BILINEAR)
    return moved + MIDDLE


def _inverse(angle: float, factor: float, right: float, down: float, height_by_width: float) -> Tensor:
    """Where each pixel of a moved image comes from: (2, 3), in coordinates from −1 to 1."""
    cos, sin = math.cos(angle) / factor, math.sin(angle) / factor
    rows = [[cos, sin * height_by_width, right], [-sin / height_by_width, cos, down]]
    return torch.tensor(rows, dtype=torch.float32, device="cpu")


def _look_from(images: Tensor, inverse: Tensor) -> Tensor:
    """Images (B, 3, H, W) as seen through one affine map (2, 3), gray outside."""
    places = torch.nn.functional.affine_grid(inverse[None].to(images), (1, *images.shape[1:]), align_corners=False)
    places = places.expand(len(images), -1, -1, -1)
    return torch.nn.functional.grid_sample(images - MIDDLE, places, align_corners=False) + MIDDLE
