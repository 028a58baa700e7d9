"""What assignment c, "Blur, zoom and a better basis", asks of a student's functions. No answers here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..core import call, random_tensor, slope, without
from .toys import explained

SIGMAS = (0.8, 1.4, 2.2, 1.7, 0.6)
DECAYS = (0.8, 1.2, 1.5)
CALLS, MORE = 40, 600  # of a jittered step, so that every shift has its chance, and its share


def whole(seed: int, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, (1,), generator=torch.Generator().manual_seed(seed)))


# --- zoom ---


def maps(seed: int) -> tuple[Tensor, float, float]:
    """Pictures of their own coordinates (B, 3, H, W), a large factor and a small one.

    Channel 0 is the row and channel 1 the column, so that a zoomed picture says where each of its pixels came from.
    """
    batch, height, width = whole(seed, 1, 2) + 1, whole(seed + 1, 25, 40), whole(seed + 2, 25, 40)
    row = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    column = torch.arange(width, dtype=torch.float32)[None, :].expand(height, width)
    one = torch.stack([row, column, row - 2 * column]) / 40
    brightness = 1 + torch.arange(batch)[:, None, None, None]
    large = 1.2 + 0.3 * torch.rand(1, generator=torch.Generator().manual_seed(seed)).item()
    return one / brightness, large, 1.008 + 0.003 * whole(seed, 0, 2)


def zoom(zoom_and_crop: Callable, seed: int) -> dict:
    """Zoom pictures of coordinates by a large and by a small factor."""
    pictures, large, small = maps(seed)
    return {"large": call(zoom_and_crop, pictures, large), "small": call(zoom_and_crop, pictures, small)}


# --- blur ---


def dots(seed: int) -> tuple[Tensor, Tensor, float]:
    """Two black pictures (2, 3, H, W) with one bright value each, flat colored ones of that shape, and a sigma."""
    height, width = 2 * whole(seed, 16, 20) + seed % 2, 2 * whole(seed + 5, 16, 20) + 1
    pictures = torch.zeros(2, 3, height, width)
    pictures[0, seed % 3, height // 2 - 2, width // 2 + 1] = 1
    pictures[1, (seed + 1) % 3, height // 2 + 1, width // 2 - 3] = 0.5
    flat = random_tensor(seed, 2, 3, 1, 1, low=0.2).expand(2, 3, height, width).clone()
    return pictures, flat, SIGMAS[seed % len(SIGMAS)]


def static(seed: int) -> Tensor:
    """Noise (1, 3, H, W), which looks different beyond each border."""
    return random_tensor(seed + 7, 1, 3, whole(seed, 24, 28), whole(seed + 1, 24, 28), low=0.0)


OWN = {("torchvision/", "gaussian"): "this is torchvision's blur, and the question is for one without it"}


def blur(gaussian_blur: Callable, seed: int) -> dict:
    """Blur two dots, two flat colors and noise."""
    pictures, flat, sigma = dots(seed)
    given = {"dots": pictures, "flat": flat, "noise": static(seed)}
    with without(OWN):
        return {name: call(gaussian_blur, x, sigma) for name, x in given.items()}


def frequencies(seed: int) -> tuple[Tensor, float]:
    """Frequencies (F,) in cycles per pixel and a sigma."""
    return random_tensor(seed, whole(seed, 5, 9), low=0.05, high=0.45), SIGMAS[seed % len(SIGMAS)]


def transfer(blur_transfer: Callable, seed: int) -> dict:
    """What a blur leaves of the power at some frequencies."""
    f, sigma = frequencies(seed)
    return {"left": call(blur_transfer, f, sigma)}


# --- jitter ---


def pictures_and_weights(seed: int) -> tuple[Tensor, Tensor, int, float]:
    """Pictures (2, 3, H, W), the weights (3, H, W) of a linear score, a reach in pixels and a rate."""
    height, width = whole(seed, 11, 14), whole(seed + 3, 11, 14)
    pictures, weights = random_tensor(seed, 2, 3, height, width, low=0.0), random_tensor(seed + 1, 3, height, width)
    return pictures, weights, 2 + seed % 2, 0.05 + 0.01 * (seed % 4)


def jitter(jitter_step: Callable, seed: int) -> dict:
    """Many jittered steps, each from the same pictures, with one generator; and the first ones again."""
    pictures, weights, reach, rate = pictures_and_weights(seed)
    seen: list[Tensor] = []

    def score(images: Tensor) -> Tensor:
        """A linear score (B,) of images (B, 3, H, W)."""
        seen.append(images.detach().clone())
        return (images * weights).sum(dim=(1, 2, 3))

    def steps(count: int, seed: int) -> tuple[list[Any], list[Any]]:
        generator = torch.Generator().manual_seed(seed)
        after, looks = [], []
        for _ in range(count):
            seen.clear()
            with explained():
                after.append(call(jitter_step, score, pictures, reach, rate, generator))
            looks.append(seen[-1] if seen else None)
        return after, looks

    after, looks = steps(CALLS, seed)
    many = [look if look is None else look[:1, :1] for look in steps(MORE, seed + 1)[1]]
    torch.manual_seed(seed + 77)  # a step that draws from torch's own generator will now draw something else
    _, again = steps(6, seed)
    graph = isinstance(after[0], Tensor) and after[0].requires_grad
    return {"after": after, "seen": looks, "many": many, "again": again, "graph": graph}


# --- waves ---


def coefficients(seed: int, size: int) -> Tensor:
    """Real and imaginary parts (2, 3, H, H // 2 + 1, 2) of half a spectrum."""
    return random_tensor(seed, 2, 3, size, size // 2 + 1, 2)


def sizes(seed: int) -> tuple[int, int, float]:
    """An even size, an odd one, and a decay."""
    return 2 * whole(seed, 5, 8), 2 * whole(seed + 1, 5, 8) + 1, DECAYS[seed % len(DECAYS)]


def waves(picture_from_waves: Callable, seed: int) -> dict:
    """Pictures of random spectra of an even and an odd size, and how a weighted sum of them depends on the spectra."""
    even, odd, decay = sizes(seed)
    answer: dict[str, Any] = {}
    for name, size in (("even", even), ("odd", odd)):
        c = coefficients(seed, size).requires_grad_()
        picture = call(picture_from_waves, c, decay)
        real = isinstance(picture, Tensor) and not picture.is_complex()
        answer[name] = {"picture": picture, "slope": slope(picture.square(), c) if real else None}
    return answer


# --- colors ---


def photographs(seed: int) -> Tensor:
    """Pictures (B, 3, H, W) whose colors vary together, each around a mean color of its own."""
    batch, height, width = 2 + seed % 2, whole(seed, 18, 26), whole(seed + 1, 18, 26)
    mix = 0.12 * torch.eye(3) + 0.1 * random_tensor(seed + 2, 3, 3)
    colors = torch.einsum("rc,bchw->brhw", mix, random_tensor(seed, batch, 3, height, width))
    return colors + random_tensor(seed + 3, batch, 3, 1, 1, low=0.1, high=0.9)


def colors(color_basis: Callable, seed: int) -> dict:
    """The color basis of some pictures."""
    return {"basis": call(color_basis, photographs(seed))}


# --- preconditioner ---


def linear_map(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """A matrix (P, C), coefficients (C,) and a gradient in pixels (3, h, w) with 3·h·w = P; square for even seeds."""
    height, width = 2 + seed % 2, 3
    pixels = 3 * height * width
    count = pixels if seed % 2 == 0 else pixels - 4
    matrix = torch.eye(pixels, count) + 0.3 * random_tensor(seed, pixels, count)
    return matrix, random_tensor(seed + 1, count), random_tensor(seed + 2, 3, height, width)


def precondition(step_in_pixels: Callable, seed: int) -> dict:
    """The step in pixels that belongs to a step on the coefficients of a random linear map."""
    matrix, c, gradient = linear_map(seed)

    def to_picture(coefficients: Tensor) -> Tensor:
        """A linear map from coefficients (C,) to a picture (3, h, w)."""
        return (matrix @ coefficients).reshape(gradient.shape)

    with explained():
        step = call(step_in_pixels, to_picture, c, gradient)
    return {"step": step, "graph": isinstance(step, Tensor) and step.requires_grad}
