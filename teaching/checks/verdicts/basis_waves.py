"""What should come out in assignment c: waves, colors, and the steps that a basis makes."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from ..core import check_tensor, close, compare, partly
from ..probes import basis as asked

# --- waves ---


def pictured(c: Tensor, decay: float, norm: str = "ortho") -> Tensor:
    """The picture of the coefficients, waves of amplitude 1 / f^decay."""
    size = c.shape[2]
    return _transform(c, cycles(size).clamp_min(1) ** -decay, norm)


def cycles(size: int) -> Tensor:
    """Frequencies (H, H // 2 + 1) in cycles per picture."""
    return size * torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None, :])


def _transform(c: Tensor, amplitude: Tensor, norm: str = "ortho") -> Tensor:
    half = torch.view_as_complex(c.contiguous()) * amplitude
    return torch.fft.irfft2(half, s=(c.shape[2], c.shape[2]), norm=norm)


def waves(seed: int, answer: dict) -> str | None:
    even, odd, decay = asked.sizes(seed)
    for name, size in (("even", even), ("odd", odd)):
        got, slope = answer[name]["picture"], answer[name]["slope"]
        c = asked.coefficients(seed, size).requires_grad_()
        if problem := _wave_picture(got, c.detach(), decay, size):
            return f"H = {size}, decay {decay:g}: {problem}"
        if slope is None:
            said = (
                "the picture is right, and no gradient reaches the coefficients: is there a .detach(), a .data, a "
                "torch.tensor(...) or a no_grad on the way? Nothing could be optimized through it"
            )
            return partly(said, 2 / 3)
        (wanted,) = torch.autograd.grad(pictured(c, decay).square().sum(), c)
        if problem := compare(slope, wanted, "the gradient with respect to the coefficients", rtol=1e-3, atol=1e-3):
            return f"H = {size}: {problem}. Does a part of the coefficients go through .detach() or .item()?"
    return None


def _wave_picture(got: Tensor, c: Tensor, decay: float, size: int) -> str | None:
    if isinstance(got, Tensor) and got.is_complex():
        return "the picture is complex. Of half a spectrum, irfft2 makes a real one"
    if size % 2 and isinstance(got, Tensor) and got.shape == (*c.shape[:2], size, size - 1):
        return f"the picture is {size}×{size - 1}: half a spectrum does not know if H was odd. Say s=(H, H)"
    if isinstance(got, Tensor) and got.shape == c.shape[:4]:
        return f"the picture is {size}×{size // 2 + 1}: ifft2 wants a whole spectrum. Of half of one, irfft2 makes it"
    if isinstance(got, Tensor) and got.is_floating_point() and not torch.isfinite(got).all():
        return "some values are not finite: at frequency 0, 1/f is a division by zero. Count the mean as one cycle"
    f = cycles(size)
    steps = size * (torch.fft.fftfreq(size)[:, None].abs() + torch.fft.rfftfreq(size)[None, :])
    right = f.clamp_min(1) ** -decay
    picture, by_power = pictured(c, decay), _transform(c, right**2)
    mistakes = {
        "the waves are not scaled by 1/f^decay (or f is in cycles per pixel, so that clamp_min(1) makes all of it 1: "
        "multiply by H)": _transform(c, torch.ones_like(f)),
        "amplitudes fall as 1/f^(2·decay): that is the power, or the root of fx² + fy² is missing": by_power,
        "fine waves are made larger: the exponent is −decay": _transform(c, 1 / right),
        'the picture is H times too small: norm="ortho"': pictured(c, decay, "backward"),
        'the picture is H times too large: norm="ortho"': pictured(c, decay, "forward"),
        "f counts cycles per pixel here; cycles per picture were asked for: multiply by H": picture * size**decay,
        "f is |fx| + |fy|; it should be the length √(fx² + fy²)": _transform(c, steps.clamp_min(1) ** -decay),
        "the mean is missing: at f = 0 the amplitude is 1, not 0": _transform(c, right * (f > 0)),
        "real and imaginary parts have changed places": pictured(c.flip(-1), decay),
        "the imaginary parts are lost: view_as_complex takes both": pictured(c * torch.tensor([1.0, 0.0]), decay),
        "rows and columns have changed places": picture.transpose(2, 3),
    }
    return compare(got, picture, "the picture", mistakes, rtol=1e-3, atol=1e-4)


# --- colors ---


def colors(seed: int, answer: dict) -> str | None:
    photos = asked.photographs(seed)
    basis = answer["basis"]
    if problem := check_tensor(basis, (3, 3), "the basis"):
        return problem
    if not basis.is_floating_point():
        return f"the basis is of {basis.dtype}; its numbers are real: eigh is for symmetric matrices, and eig is not"
    covariance = partial(torch.cov, correction=0)
    raw = photos.double().movedim(1, 0).flatten(1)
    count, whole = raw.shape[1], covariance(raw)
    centered = (photos - photos.mean(dim=(2, 3), keepdim=True)).double()
    sigma, basis = covariance(centered.movedim(1, 0).flatten(1)), basis.double()
    values, vectors = torch.linalg.eigh(sigma)
    tolerance = {"rtol": 0.01, "atol": 0.01 * sigma.abs().max().item()}
    if close(basis, sigma, **tolerance) or close(basis, whole, **tolerance):
        return "this is the covariance itself; its root was asked for, a matrix A with A Aᵀ = Σ"
    spread = sigma.diagonal().sqrt()
    mistakes = {
        "the axes have length 1: each has to be as long as the colors spread along it, the root of its "
        "eigenvalue": torch.eye(3),
        "the axes are as long as the variance; the spread is its root": sigma @ sigma,
        "the axes are longest where the colors vary least: that whitens. Multiply by the root, do not divide": (
            vectors / values @ vectors.T
        ),
        "the mean is taken out of all pictures together. Each picture has a mean color of its own": whole,
        "no mean is taken out: this is the spread about black": raw @ raw.T / count,
        "a sum over all pixels is not divided by their number": sigma * count,
        "A Aᵀ is diagonal: an axis is a column, as eigh gives them, and gets its length as a column, vectors * "
        "values.sqrt()": values.diag(),
        "red, green and blue are mixed up: reshape(3, -1) of a batch (B, 3, H, W) does not collect channels. Move "
        "the channels to the front first (movedim)": covariance(centered.reshape(3, -1)),
        "this is the correlation: each channel was divided by its own spread": sigma / torch.outer(spread, spread),
    }
    if problem := compare(basis @ basis.T, sigma, "A Aᵀ", mistakes, **tolerance):
        return problem
    across = basis.T @ basis
    if (across - across.diagonal().diag()).abs().max() > 0.01 * across.max():
        said = "A Aᵀ is right, but the axes are not orthogonal: take the columns √λ v of eigenvectors, and stop there"
        return partly(said, 1 / 2)
    return None


# --- preconditioner ---


def precondition(seed: int, answer: dict) -> str | None:
    matrix, c, gradient = asked.linear_map(seed)
    g, shape, got = gradient.flatten(), gradient.shape, answer["step"]
    back = matrix.T @ g
    right = matrix @ back
    if isinstance(got, Tensor) and got.shape == c.shape:
        if close(got, back):
            return "this is Aᵀ g, a step of the coefficients. In the picture it is A times that"
        return f"the step has the shape {tuple(c.shape)} of the coefficients: A takes it to the picture"
    mistakes = {
        "this is g: the step that pixels would have taken. The coefficients' is another one": g,
        "the step goes down: A Aᵀ g, without a minus": -right,
        "the picture itself is in it: the change was asked for, not where it leads": matrix @ (c + back),
        "this is A c, the picture; the step does not depend on it": matrix @ c,
        "A is in it once too often": matrix @ (matrix.T @ right),
    }
    if matrix.shape[0] == matrix.shape[1]:
        mistakes |= {
            "this is Aᵀ g, a step of the coefficients. In the picture it is A times that": back,
            "this is A g. The gradient goes back to the coefficients by Aᵀ first": matrix @ g,
            "this is A A g: on the way back it is Aᵀ": matrix @ (matrix @ g),
            "this is Aᵀ A g: the transposed one comes first, so it stands on the right": matrix.T @ (matrix @ g),
            "this divides by A Aᵀ: that is the ruler. The step is A Aᵀ g": torch.linalg.solve(matrix @ matrix.T, g),
        }
    pictures = {said: step.reshape(shape) for said, step in mistakes.items()}
    problem = compare(got, right.reshape(shape), "the step", pictures, rtol=1e-3, atol=1e-4)
    if problem is None and answer["graph"]:
        return partly("the step still hangs on the graph: detach it, it is a number to add", 1 / 2)
    return problem
