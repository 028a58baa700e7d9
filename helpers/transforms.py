"""Views, which the network looks through, and edits, which are done to the image between two steps.

Both are functions from a batch of images to a batch of images, so a list of them is a pipeline. Views are random and
differentiable (chapter 4; Mordvintsev et al. 2015, Olah et al. 2017); ``ascend`` seeds them. Edits are neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

Transform = Callable[[Tensor], Tensor]
MIDDLE = 0.5  # what lies beyond the border of an image in [0, 1]


def through(transforms: Iterable[Transform], images: Tensor) -> Tensor:
    """Send images (B, 3, H, W) through the transforms, first to last."""
    for transform in transforms:
        images = transform(images)
    return images


def named(words: str, transform: Transform) -> Transform:
    """A transform that can say what it does: its ``repr`` goes into captions and settings."""

    class Named:
        def __call__(self, images: Tensor) -> Tensor:
            return transform(images)

        def __repr__(self) -> str:
            return words

    return Named()


def jitter(pixels: int) -> Transform:
    """View: shift by up to ``pixels`` in each direction, what leaves on one side entering on the other."""

    def shift(images: Tensor) -> Tensor:
        down, right = torch.randint(-pixels, pixels + 1, (2,)).tolist()
        return torch.roll(images, (down, right), dims=(2, 3))

    return named(f"jitter({pixels})", shift)


def rotate(degrees: float) -> Transform:
    """View: turn about the middle by up to ``degrees`` either way; gray comes in at the corners."""
    return named(f"rotate({degrees:g})", lambda images: _affine(images, angle=_uniform(-degrees, degrees)))


def scale(low: float, high: float) -> Transform:
    """View: enlarge about the middle by a factor from ``low`` to ``high``; gray surrounds what shrinks."""
    if not 0 < low <= high:
        raise ValueError(f"a scale runs from a smaller to a larger positive factor, got {low} to {high}")
    return named(f"scale({low:g}, {high:g})", lambda images: _affine(images, factor=_uniform(low, high)))


def random_affine(degrees: float = 20, scale: tuple[float, float] = (0.5, 1.4), pixels: float = 8) -> Transform:
    """View: turn, enlarge and shift at once, in one resampling; gray comes in from outside (chapter 7).

    It costs less than half of ``rotate``, ``scale`` and ``jitter`` one after another, and blurs once instead of twice.

    Args:
        degrees: the angle is drawn from ``-degrees`` to ``degrees``.
        scale: the factor is drawn from the first to the second.
        pixels: the shift in each direction is drawn from ``-pixels`` to ``pixels``.
    """
    low, high = scale
    if not 0 < low <= high:
        raise ValueError(f"a scale runs from a smaller to a larger positive factor, got {low} to {high}")

    def move(images: Tensor) -> Tensor:
        angle, factor = math.radians(_uniform(-degrees, degrees)), _uniform(low, high)
        right, down = (2 * _uniform(-pixels, pixels) / side for side in images.shape[:1:-1])
        return _look_from(images, _inverse(angle, factor, right, down, images.shape[2] / images.shape[3]))

    return named(f"random_affine({degrees:g}, ({low:g}, {high:g}), {pixels:g})", move)


def flip() -> Transform:
    """View: left and right exchanged half of the time (a view as in chapter 4)."""
    return named("flip()", v2.RandomHorizontalFlip())


def pad(pixels: int) -> Transform:
    """View: a gray margin of ``pixels``, so that nothing is at the border of what is seen (a view as in chapter 4)."""
    return named(f"pad({pixels})", v2.Pad(pixels, fill=MIDDLE))


def random_blur(sigma: float) -> Transform:
    """View: a Gaussian blur, its sigma drawn from 0 to ``sigma`` pixels; fine detail then counts less (chapter 8)."""
    if not sigma > 0:
        raise ValueError(f"a blur has a positive sigma, in pixels; got {sigma}")
    width = 2 * max(1, round(2 * sigma)) + 1

    def soften(images: Tensor) -> Tensor:
        drawn = max(_uniform(0, sigma), 0.1)  # below that there is nothing to see, and torchvision allows no 0
        return F.gaussian_blur(images, [width, width], [drawn, drawn])

    return named(f"random_blur({sigma:g})", soften)


def noise(std: float) -> Transform:
    """View: normal noise, its standard deviation drawn from 0 to ``std``; one draw for the whole batch (chapter 8).

    Source: Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017), for gradients alone.
    """
    if not std > 0:
        raise ValueError(f"noise has a positive standard deviation, got {std}")
    return named(f"noise({std:g})", lambda images: images + _uniform(0, std) * torch.randn_like(images[:1]))


def blur(sigma: float, every: int = 1) -> Transform:
    """Edit: a Gaussian blur of ``sigma`` pixels, at every ``every``-th step (chapter 4)."""
    if not sigma > 0:
        raise ValueError(f"a blur has a positive sigma, in pixels; got {sigma}")
    width = 2 * max(1, round(3 * sigma)) + 1
    soften = named(f"blur({sigma:g})", lambda images: F.gaussian_blur(images, [width, width], [sigma, sigma]))
    return _now_and_then(every, soften)


def zoom(factor: float, every: int = 1) -> Transform:
    """Edit: enlarge about the middle by ``factor`` and crop, at every ``every``-th step (chapter 4)."""
    if not factor > 0:
        raise ValueError(f"a zoom has a positive factor, 1.01 for one percent; got {factor}")

    return _now_and_then(every, named(f"zoom({factor:g})", lambda images: _affine(images, factor=factor)))


def normalize(every: int = 1) -> Transform:
    """Edit: move and stretch the values of each image to fill [0, 1] (chapter 3), at every ``every``-th step."""
    return _now_and_then(every, named("normalize()", min_max))


def clip(low: float = 0.0, high: float = 1.0, every: int = 1) -> Transform:
    """Edit: cut off what leaves [``low``, ``high``], at every ``every``-th step (chapter 4)."""
    return _now_and_then(every, named(f"clip({low:g}, {high:g})", lambda images: images.clamp(low, high)))


def min_max(images: Tensor) -> Tensor:
    """Each image (B, 3, H, W) moved and stretched to [0, 1]; a flat one becomes middle gray."""
    low, high = images.amin(dim=(1, 2, 3), keepdim=True), images.amax(dim=(1, 2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low).clamp_min(1e-12), MIDDLE)


def _uniform(low: float, high: float) -> float:
    return torch.empty(()).uniform_(low, high).item()


def _affine(images: Tensor, angle: float = 0.0, factor: float = 1.0) -> Tensor:
    """Turn and enlarge about the middle. Shifted by gray, since torchvision's own fill cannot be differentiated."""
    moved = F.affine(images - MIDDLE, angle, [0, 0], factor, [0.0, 0.0], v2.InterpolationMode.BILINEAR)
    return moved + MIDDLE


def _inverse(angle: float, factor: float, right: float, down: float, height_by_width: float) -> Tensor:
    """Where each pixel of a moved image comes from: (2, 3), in coordinates from −1 to 1."""
    cos, sin = math.cos(angle) / factor, math.sin(angle) / factor
    return torch.tensor([[cos, sin * height_by_width, right], [-sin / height_by_width, cos, down]])


def _look_from(images: Tensor, inverse: Tensor) -> Tensor:
    """Images (B, 3, H, W) as seen through one affine map (2, 3), gray outside."""
    places = torch.nn.functional.affine_grid(inverse[None].to(images), (1, *images.shape[1:]), align_corners=False)
    places = places.expand(len(images), -1, -1, -1)
    return torch.nn.functional.grid_sample(images - MIDDLE, places, align_corners=False) + MIDDLE


def _now_and_then(every: int, edit: Transform) -> Transform:
    """An edit that ``ascend`` applies after steps ``every``, 2·``every``, …"""
    if every < 1:
        raise ValueError(f"an edit happens every 1, 2, … steps; got every={every}")
    if every > 1:
        edit = named(f"{edit!r} every {every} steps", edit)
    edit.every = every
    return edit
