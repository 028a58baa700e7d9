"""Planted mistakes of assignment c, "Blur, zoom and a better basis", and the solutions that are right."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as TF

from . import Mistake

# --- zoom ---


def zoom(images: Tensor, factor: float) -> Tensor:
    theta = torch.tensor([[1 / factor, 0, 0], [0, 1 / factor, 0]]).expand(len(images), 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def zoom_sampled(
    images: Tensor, factor: float, down=None, right=None, shift=0.0, mode="bilinear", align=False
) -> Tensor:
    """``zoom`` with something of it changed."""
    down, right = (1 / factor if one is None else one for one in (down, right))
    theta = torch.tensor([[right, 0, shift], [0, down, shift]]).expand(len(images), 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=align)
    return F.grid_sample(images, grid, mode=mode, padding_mode="border", align_corners=False)


def zoom_out(images: Tensor, factor: float) -> Tensor:
    return zoom_sampled(images, factor, factor, factor)


def zoom_out_on_black(images: Tensor, factor: float) -> Tensor:
    """The first hint's mistake, with the padding that grid_sample has by itself."""
    return zoom(images, 1 / factor)


def zoom_framed(images: Tensor, factor: float) -> Tensor:
    zoomed = torch.zeros_like(images)
    zoomed[..., 1:-1, 1:-1] = zoom(images, factor)[..., 1:-1, 1:-1]
    return zoomed


def zoom_grows(images: Tensor, factor: float) -> Tensor:
    return F.interpolate(images, scale_factor=factor, mode="bilinear")


def zoom_rounds(images: Tensor, factor: float) -> Tensor:
    height, width = images.shape[2:]
    large = F.interpolate(images, scale_factor=factor, mode="bilinear")
    top, left = (large.shape[2] - height) // 2, (large.shape[3] - width) // 2
    return large[..., top : top + height, left : left + width]


def zoom_corner(images: Tensor, factor: float) -> Tensor:
    height, width = images.shape[2:]
    rows, columns = torch.arange(height) / factor, torch.arange(width) / factor
    x = 2 * columns / (width - 1) - 1
    y = 2 * rows / (height - 1) - 1
    grid = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)
    return F.grid_sample(images, grid.expand(len(images), -1, -1, -1), align_corners=True)


def zoom_half_off(images: Tensor, factor: float) -> Tensor:
    height, width = images.shape[2:]
    rows = height / 2 + (torch.arange(height) - height / 2) / factor
    columns = width / 2 + (torch.arange(width) - width / 2) / factor
    x, y = 2 * columns / (width - 1) - 1, 2 * rows / (height - 1) - 1
    grid = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)
    return F.grid_sample(images, grid.expand(len(images), -1, -1, -1), padding_mode="border", align_corners=True)


# --- blur ---


def bell(sigma: float, reach: float = 3.0) -> Tensor:
    radius = max(1, math.ceil(reach * sigma))
    return torch.exp(-(torch.arange(-radius, radius + 1.0) ** 2) / (2 * sigma**2))


def convolved(images: Tensor, kernel: Tensor, mode: str = "reflect") -> Tensor:
    """Images convolved with a kernel (h, w), each channel by itself."""
    height, width = kernel.shape
    padded = F.pad(images, (width // 2, (width - 1) // 2, height // 2, (height - 1) // 2), mode=mode)
    return F.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)


def blur(images: Tensor, sigma: float) -> Tensor:
    weights = bell(sigma)
    weights = weights / weights.sum()
    return convolved(images, torch.outer(weights, weights))


def blur_weights(images: Tensor, sigma: float, weights: Callable[[float], Tensor], mode: str = "reflect") -> Tensor:
    """A blur with other weights, normalized."""
    line = weights(sigma) / weights(sigma).sum()
    return convolved(images, torch.outer(line, line), mode)


def blur_of_what_is_there(images: Tensor, sigma: float) -> Tensor:
    """Zeros beyond the border, and the weights that lie within divided by their sum."""
    weights = blur_weights(torch.ones_like(images), sigma, bell, mode="constant")
    return blur_weights(images, sigma, bell, mode="constant") / weights


def blur_unnormalized(images: Tensor, sigma: float) -> Tensor:
    return convolved(images, torch.outer(bell(sigma), bell(sigma)))


def blur_across(images: Tensor, sigma: float) -> Tensor:
    return blur(images, sigma).mean(dim=1, keepdim=True).expand_as(images)


def blur_shrinks(images: Tensor, sigma: float) -> Tensor:
    radius = len(bell(sigma)) // 2
    return blur(images, sigma)[..., radius:-radius, radius:-radius]


def blur_one_way(images: Tensor, sigma: float) -> Tensor:
    return convolved(images, (bell(sigma) / bell(sigma).sum())[None, :])


def blur_even(images: Tensor, sigma: float) -> Tensor:
    weights = torch.exp(-((torch.arange(2.0 * math.ceil(4 * sigma)) - math.ceil(4 * sigma)) ** 2) / (2 * sigma**2))
    weights = weights / weights.sum()
    kernel = torch.outer(weights, weights)
    padded = F.pad(images, (len(weights) // 2 - 1, len(weights) // 2) * 2, mode="reflect")
    return F.conv2d(padded, kernel.expand(3, 1, -1, -1), groups=3)


# --- jitter ---


def draw(reach: int, generator: torch.Generator) -> list[int]:
    return torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()


def draw_rounded(reach: int, generator: torch.Generator) -> list[int]:
    return ((2 * torch.rand(2, generator=generator) - 1) * reach).round().int().tolist()


def draw_cut(reach: int, generator: torch.Generator) -> list[int]:
    return ((2 * torch.rand(2, generator=generator) - 1) * (reach + 1)).int().tolist()


def slope_seen(score: Callable, x: Tensor, shift: list[int]) -> Tensor:
    """The gradient at the picture of the score of the shifted picture."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(score(torch.roll(x, shift, dims=(2, 3))).sum(), x)[0]


def jitter(score: Callable, picture: Tensor, reach: int, rate: float, generator: torch.Generator) -> Tensor:
    return picture + rate * slope_seen(score, picture, draw(reach, generator))


def jitter_shifted(score, picture, reach, rate, generator, shift=None, sign=1.0):
    """``jitter`` with other shifts, or the other way."""
    return picture + sign * rate * slope_seen(
        score, picture, shift(reach, generator) if shift else draw(reach, generator)
    )


def jitter_moves_picture(score, picture, reach, rate, generator):
    seen = torch.roll(picture, draw(reach, generator), dims=(2, 3)).requires_grad_()
    return seen.detach() + rate * torch.autograd.grad(score(seen).sum(), seen)[0]


def jitter_not_back(score, picture, reach, rate, generator):
    seen = torch.roll(picture, draw(reach, generator), dims=(2, 3)).requires_grad_()
    return picture + rate * torch.autograd.grad(score(seen).sum(), seen)[0]


def jitter_twice_back(score, picture, reach, rate, generator):
    shift = draw(reach, generator)
    return picture + rate * torch.roll(slope_seen(score, picture, shift), [-n for n in shift], dims=(2, 3))


def jitter_mean(score, picture, reach, rate, generator):
    return picture + rate * slope_seen(lambda x: score(x).mean(), picture, draw(reach, generator))


def jitter_padded(score, picture, reach, rate, generator):
    down, right = draw(reach, generator)
    x = picture.detach().clone().requires_grad_()
    return picture + rate * torch.autograd.grad(score(F.pad(x, (right, -right, down, -down))).sum(), x)[0]


def jitter_seeds(score, picture, reach, rate, generator):
    return picture + rate * slope_seen(score, picture, draw(reach, torch.Generator().manual_seed(1)))


def jitter_keeps_graph(score, picture, reach, rate, generator):
    x = picture.detach().clone().requires_grad_()
    seen = torch.roll(x, draw(reach, generator), dims=(2, 3))
    return x + rate * torch.autograd.grad(score(seen).sum(), x)[0]


def jitter_piles_up(score, picture, reach, rate, generator):
    picture.requires_grad_()
    score(torch.roll(picture, draw(reach, generator), dims=(2, 3))).sum().backward()
    return picture + rate * picture.grad


def jitter_of_a_batch(score, picture, reach, rate, generator):
    x = picture.detach().clone().requires_grad_()
    score(torch.roll(x, draw(reach, generator), dims=(2, 3))).backward()
    return picture + rate * x.grad


def jitter_no_gradient(score, picture, reach, rate, generator):
    x = picture.detach().clone().requires_grad_()
    score(torch.roll(x.detach(), draw(reach, generator), dims=(2, 3)))
    return picture.clone()


# --- waves ---


def frequency(size: int) -> Tensor:
    return size * torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None, :])


def waves(c: Tensor, decay: float) -> Tensor:
    size = c.shape[2]
    half = torch.view_as_complex(c) * frequency(size).clamp_min(1) ** -decay
    return torch.fft.irfft2(half, s=(size, size), norm="ortho")


def waves_scaled(c: Tensor, decay: float, scale: Callable[[Tensor, float], Tensor], norm: str = "ortho") -> Tensor:
    """``waves`` with other amplitudes, from the frequencies in cycles per picture and the decay, or another norm."""
    size = c.shape[2]
    half = torch.view_as_complex(c.contiguous()) * scale(frequency(size), decay)
    return torch.fft.irfft2(half, s=(size, size), norm=norm)


def falling(f: Tensor, decay: float) -> Tensor:
    return f.clamp_min(1) ** -decay


def waves_no_size(c: Tensor, decay: float) -> Tensor:
    half = torch.view_as_complex(c) * falling(frequency(c.shape[2]), decay)
    return torch.fft.irfft2(half, norm="ortho")


def waves_complex(c: Tensor, decay: float) -> Tensor:
    half = torch.view_as_complex(c) * falling(frequency(c.shape[2]), decay)
    return torch.fft.ifft2(half, s=(c.shape[2], c.shape[2]), norm="ortho")


def waves_half(c: Tensor, decay: float) -> Tensor:
    return torch.fft.ifft2(torch.view_as_complex(c) * falling(frequency(c.shape[2]), decay), norm="ortho").real


def waves_sum_of_parts(c: Tensor, decay: float) -> Tensor:
    size = c.shape[2]
    f = size * (torch.fft.fftfreq(size)[:, None].abs() + torch.fft.rfftfreq(size)[None, :])
    half = torch.view_as_complex(c) * falling(f, decay)
    return torch.fft.irfft2(half, s=(size, size), norm="ortho")


def waves_swapped(c: Tensor, decay: float) -> Tensor:
    return waves(c.flip(-1).contiguous(), decay)


def waves_real_only(c: Tensor, decay: float) -> Tensor:
    return waves_scaled(c * torch.tensor([1.0, 0.0]), decay, falling)


# --- colors ---


def centered(photos: Tensor) -> Tensor:
    return (photos - photos.mean(dim=(2, 3), keepdim=True)).movedim(1, 0).flatten(1)


def colors(photos: Tensor) -> Tensor:
    x = centered(photos)
    values, vectors = torch.linalg.eigh(x @ x.T / x.shape[1])
    return vectors * values.sqrt()


def colors_of(photos: Tensor, x: Callable[[Tensor], Tensor], lengths=torch.sqrt, count=None) -> Tensor:
    """``colors`` of other columns of colors, with other lengths, or divided by another count."""
    x = x(photos)
    values, vectors = torch.linalg.eigh(x @ x.T / (count or x.shape[1]))
    return vectors * lengths(values)


def colors_cholesky(photos: Tensor) -> Tensor:
    x = centered(photos)
    return torch.linalg.cholesky(x @ x.T / x.shape[1])


def colors_one_mean(photos: Tensor) -> Tensor:
    x = photos.movedim(1, 0).flatten(1)
    return x - x.mean(dim=1, keepdim=True)


def colors_correlated(photos: Tensor) -> Tensor:
    x = centered(photos)
    return x / x.square().mean(dim=1, keepdim=True).sqrt()


# --- preconditioner ---


def precondition(to_picture: Callable, c: Tensor, gradient: Tensor) -> Tensor:
    return to_picture(back(to_picture, c, gradient)).detach()


def back(to_picture: Callable, c: Tensor, gradient: Tensor) -> Tensor:
    """Aᵀ g, by autograd."""
    c = c.detach().requires_grad_()
    return torch.autograd.grad(to_picture(c), c, gradient)[0]


def matrix_of(to_picture: Callable, c: Tensor) -> Tensor:
    return torch.stack([to_picture(one).flatten() for one in torch.eye(len(c))], dim=1)


def precondition_by(to_picture: Callable, c: Tensor, gradient: Tensor, how: Callable) -> Tensor:
    """A step made from the matrix A, c and g by another formula; square ones only, where it matters."""
    A = matrix_of(to_picture, c)
    return how(A, c, gradient.flatten()).reshape(gradient.shape if A.shape[0] == A.shape[1] else -1)


def precondition_keeps_graph(to_picture, c, gradient):
    c = c.detach().requires_grad_()
    return to_picture(torch.autograd.grad(to_picture(c), c, gradient, create_graph=True)[0] + 0 * c)


REFERENCES = {
    "check_zoom": zoom,
    "check_blur": blur,
    "check_transfer": lambda f, sigma: torch.exp(-((2 * math.pi * sigma * f) ** 2)),
    "check_jitter": jitter,
    "check_waves": waves,
    "check_colors": colors,
    "check_precondition": precondition,
}

MISTAKES = [
    Mistake("check_zoom", "zooms out", zoom_out, "it shrinks"),
    Mistake("check_zoom", "zooms out, default padding", zoom_out_on_black, "it shrinks"),
    Mistake("check_zoom", "a black frame", zoom_framed, "but the outermost pixels"),
    Mistake("check_zoom", "the size grows", zoom_grows, "Where is the crop"),
    Mistake("check_zoom", "a small zoom is rounded away", zoom_rounds, "it is less than a pixel"),
    Mistake("check_zoom", "crop not centered", zoom_corner, "top left corner stays"),
    Mistake("check_zoom", "middle at n / 2", zoom_half_off, "off by half a pixel"),
    Mistake("check_zoom", "rows only", lambda x, z: zoom_sampled(x, z, right=1.0), "the width is not"),
    Mistake("check_zoom", "align_corners mixed", lambda x, z: zoom_sampled(x, z, align=True), "agree on align_corners"),
    Mistake("check_zoom", "nearest pixel", lambda x, z: zoom_sampled(x, z, mode="nearest"), "use bilinear"),
    Mistake("check_zoom", "not moved at all", lambda x, z: x.clone(), "nothing moves"),
    Mistake("check_blur", "not normalized", blur_unnormalized, "divide the kernel by its sum"),
    Mistake("check_blur", "blurs across channels", blur_across, "bleeds into the others"),
    Mistake(
        "check_blur", "padded with black", partial(blur_weights, weights=bell, mode="constant"), "padding with black"
    ),
    Mistake("check_blur", "border normalized", blur_of_what_is_there, "the weights divided by their sum"),
    Mistake(
        "check_blur",
        "border repeated",
        partial(blur_weights, weights=bell, mode="replicate"),
        "This is repeating the outermost pixels",
    ),
    Mistake(
        "check_blur", "wraps around", partial(blur_weights, weights=bell, mode="circular"), "going on at the other side"
    ),
    Mistake(
        "check_blur",
        "torchvision's",
        lambda x, s: TF.gaussian_blur(x, [2 * math.ceil(3 * s) + 1] * 2, [s, s]),
        "torchvision's blur",
    ),
    Mistake("check_blur", "σ/√2", partial(blur_weights, weights=lambda s: bell(s) ** 2), "Gaussian of σ/√2"),
    Mistake("check_blur", "√σ", partial(blur_weights, weights=lambda s: bell(s) ** s), "square σ in the exponent"),
    Mistake(
        "check_blur",
        "a box",
        partial(blur_weights, weights=lambda s: torch.ones(2 * round(2 * s) + 1)),
        "which is a box",
    ),
    Mistake(
        "check_blur", "cut too early", partial(blur_weights, weights=lambda s: bell(s, 1.0)), "which cuts the bell"
    ),
    Mistake("check_blur", "no padding", blur_shrinks, "pad before you convolve"),
    Mistake("check_blur", "one direction only", blur_one_way, "blur along both directions"),
    Mistake("check_blur", "even kernel", blur_even, "a kernel has an odd width"),
    Mistake(
        "check_transfer", "amplitude", lambda f, s: torch.exp(-2 * (math.pi * s * f) ** 2), "left of the amplitude"
    ),
    Mistake("check_transfer", "no 2π", lambda f, s: torch.exp(-((s * f) ** 2)), "2π f in place of f"),
    Mistake("check_transfer", "wrong sign", lambda f, s: torch.exp((2 * math.pi * s * f) ** 2), "mind the sign"),
    Mistake(
        "check_transfer", "σ not squared", lambda f, s: torch.exp(-s * (2 * math.pi * f) ** 2), "σ stands in the exp"
    ),
    Mistake(
        "check_transfer", "f not squared", lambda f, s: torch.exp(-f * (2 * math.pi * s) ** 2), "f stands in the exp"
    ),
    Mistake(
        "check_transfer",
        "what is taken",
        lambda f, s: 1 - torch.exp(-((2 * math.pi * s * f) ** 2)),
        "what the blur takes",
    ),
    Mistake("check_jitter", "the picture moves", jitter_moves_picture, "the picture itself is shifted."),
    Mistake("check_jitter", "gradient not rolled back", jitter_not_back, "it has to be rolled back"),
    Mistake("check_jitter", "gradient rolled back twice", jitter_twice_back, "rolled twice"),
    Mistake("check_jitter", "sign", partial(jitter_shifted, sign=-1.0), "the score falls"),
    Mistake("check_jitter", "mean over the batch", jitter_mean, "sum the scores"),
    Mistake(
        "check_jitter",
        "right and down",
        partial(jitter_shifted, shift=lambda reach, g: draw(reach, g)[::-1]),
        "down and right have changed places",
    ),
    Mistake("check_jitter", "rounded", partial(jitter_shifted, shift=draw_rounded), "rounding leaves half"),
    Mistake("check_jitter", "cut off", partial(jitter_shifted, shift=draw_cut), "goes to 0 from both sides"),
    Mistake("check_jitter", "padded, not rolled", jitter_padded, "no rolled picture"),
    Mistake("check_jitter", "seeds inside the step", jitter_seeds, "do not seed the generator inside"),
    Mistake(
        "check_jitter",
        "generator ignored",
        partial(jitter_shifted, shift=lambda reach, _: torch.randint(-reach, reach + 1, (2,)).tolist()),
        "draw with generator=generator",
    ),
    Mistake(
        "check_jitter",
        "upper end excluded",
        partial(jitter_shifted, shift=lambda reach, g: torch.randint(-reach, reach, (2,), generator=g).tolist()),
        "randint excludes",
    ),
    Mistake(
        "check_jitter",
        "one way only",
        partial(jitter_shifted, shift=lambda reach, g: torch.randint(0, reach + 1, (2,), generator=g).tolist()),
        "all shifts go the same way",
    ),
    Mistake(
        "check_jitter",
        "one number for both",
        partial(
            jitter_shifted, shift=lambda reach, g: 2 * torch.randint(-reach, reach + 1, (1,), generator=g).tolist()
        ),
        "draw two numbers",
    ),
    Mistake("check_jitter", "backward of a batch", jitter_of_a_batch, "take its sum"),
    Mistake("check_jitter", "gradients pile up", jitter_piles_up, ".grad adds up"),
    Mistake("check_jitter", "graph kept", jitter_keeps_graph, "detach it, or memory grows"),
    Mistake("check_jitter", "detached before the score", jitter_no_gradient, "does not change at all"),
    Mistake("check_waves", "missing 1/f", lambda c, d: waves_scaled(c, 0.0, falling), "not scaled by 1/f"),
    Mistake("check_waves", "power, not amplitude", lambda c, d: waves_scaled(c, 2 * d, falling), "that is the power"),
    Mistake("check_waves", "exponent's sign", lambda c, d: waves_scaled(c, -d, falling), "the exponent is −decay"),
    Mistake("check_waves", "wrong norm", lambda c, d: waves_scaled(c, d, falling, "backward"), "H times too small"),
    Mistake(
        "check_waves", "other wrong norm", lambda c, d: waves_scaled(c, d, falling, "forward"), "H times too large"
    ),
    Mistake("check_waves", "1/0 at the mean", lambda c, d: waves_scaled(c, d, lambda f, p: f**-p), "division by zero"),
    Mistake(
        "check_waves",
        "mean left out",
        lambda c, d: waves_scaled(c, d, lambda f, p: falling(f, p) * (f > 0)),
        "mean is miss",
    ),
    Mistake(
        "check_waves",
        "cycles per pixel",
        lambda c, d: waves_scaled(c, d, lambda f, p: (f / c.shape[2]).clamp_min(1 / c.shape[2]) ** -p),
        "f counts cycles per pixel here",
    ),
    Mistake("check_waves", "half a picture", waves_half, "ifft2 wants a whole spectrum"),
    Mistake("check_waves", "size not said", waves_no_size, "Say s=(H, H)"),
    Mistake("check_waves", "complex image", waves_complex, "the picture is complex"),
    Mistake("check_waves", "detached", lambda c, d: waves(c.detach(), d), "no gradient reaches the coefficients"),
    Mistake("check_waves", "|fx| + |fy|", waves_sum_of_parts, "it should be the length"),
    Mistake("check_waves", "parts swapped", waves_swapped, "real and imaginary parts have changed"),
    Mistake("check_waves", "imaginary parts lost", waves_real_only, "the imaginary parts are lost"),
    Mistake("check_colors", "unit axes", partial(colors_of, x=centered, lengths=torch.ones_like), "axes have length 1"),
    Mistake(
        "check_colors", "variance as length", partial(colors_of, x=centered, lengths=lambda v: v), "spread is its root"
    ),
    Mistake("check_colors", "whitening", partial(colors_of, x=centered, lengths=torch.rsqrt), "that whitens"),
    Mistake("check_colors", "one mean for all", partial(colors_of, x=colors_one_mean), "mean color of its own"),
    Mistake(
        "check_colors", "no mean", partial(colors_of, x=lambda p: p.movedim(1, 0).flatten(1)), "spread about black"
    ),
    Mistake("check_colors", "a sum", partial(colors_of, x=centered, count=1), "not divided by their number"),
    Mistake(
        "check_colors",
        "channels scrambled",
        partial(colors_of, x=lambda p: (p - p.mean(dim=(2, 3), keepdim=True)).reshape(3, -1)),
        "does not collect channels",
    ),
    Mistake("check_colors", "transposed", lambda photos: colors(photos).T, "A Aᵀ is diagonal"),
    Mistake("check_colors", "correlation", partial(colors_of, x=colors_correlated), "this is the correlation"),
    Mistake("check_colors", "covariance", lambda p: torch.cov(p.movedim(1, 0).flatten(1)), "the covariance itself"),
    Mistake("check_colors", "Cholesky", colors_cholesky, "not orthogonal"),
    Mistake("check_precondition", "stops at Aᵀ g", back, "this is Aᵀ g"),
    Mistake("check_precondition", "g itself", lambda to, c, g: g.clone(), "pixels would have taken"),
    Mistake("check_precondition", "sign", lambda to, c, g: -precondition(to, c, g), "without a minus"),
    Mistake(
        "check_precondition",
        "A g",
        partial(precondition_by, how=lambda A, c, g: A @ g[: len(c)]),
        "Aᵀ first",
    ),
    Mistake(
        "check_precondition",
        "Aᵀ A",
        partial(precondition_by, how=lambda A, c, g: A.T @ A @ g[: len(c)]),
        "stands on the right",
    ),
    Mistake(
        "check_precondition",
        "inverse",
        partial(precondition_by, how=lambda A, c, g: torch.linalg.lstsq(A @ A.T, g[:, None]).solution[:, 0]),
        "that is the ruler",
    ),
    Mistake(
        "check_precondition", "adds the picture", lambda to, c, g: to(c + back(to, c, g)), "the picture itself is in it"
    ),
    Mistake("check_precondition", "graph kept", precondition_keeps_graph, "hangs on the graph"),
]
