"""What should come out in assignment c, "Blur, zoom and a better basis", and what the usual mistakes give instead."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..core import check_tensor, close, compare, partly
from ..probes import basis as asked

# --- zoom ---


def zoom(seed: int, answer: dict) -> str | None:
    pictures, large, small = asked.maps(seed)
    for name in ("large", "small"):
        got = answer[name]
        if isinstance(got, Tensor) and got.shape[:2] == pictures.shape[:2] and got.shape != pictures.shape:
            return f"{tuple(pictures.shape[2:])} pixels become {tuple(got.shape[2:])}. Where is the crop?"
        if problem := check_tensor(got, tuple(pictures.shape), "the zoomed picture"):
            return problem
    still = [all(_near(_line(answer[name], axis)[0], 1) for axis in (0, 1)) for name in ("large", "small")]
    if all(still):
        return "nothing moves: the picture comes back as it was"
    if max(_line(answer["large"], axis)[2] for axis in (0, 1)) > 0.1:
        return "places are rounded to whole pixels, which gives blocks: use bilinear interpolation"
    if still[1]:
        said = (
            f"a zoom by {small:.3f} moves nothing: it is less than a pixel here, and a size rounded to whole pixels "
            "loses it. Sample at fractional places, with affine_grid and grid_sample"
        )
        return partly(said, 0.0 if _zoomed(answer["large"], pictures, large) else 1 / 2)
    for name, factor in (("small", small), ("large", large)):
        if problem := _zoomed(answer[name], pictures, factor):
            said = f"zoomed by {factor:.3f}, {tuple(pictures.shape[2:])} pixels: {problem}"
            return partly(said, getattr(problem, "share", 0.0))
    return None


def _zoomed(got: Tensor, pictures: Tensor, factor: float) -> str | None:
    places = [_line(got, axis) for axis in (0, 1)]
    speeds, fixed = [place[0] for place in places], [place[1] for place in places]
    wanted, sides = 1 / factor, pictures.shape[2:]
    if all(_near(speed, factor) for speed in speeds):
        return "it shrinks. Pixel u looks up the old picture nearer to the middle than u, at m + (u − m) / factor"
    moved = [_near(speed, wanted) for speed in speeds]
    for axis, name in ((0, "height"), (1, "width")):
        if not moved[axis] and moved[1 - axis] and _near(speeds[axis], 1):
            return f"only one direction is enlarged; the {name} is not"
    ratios = [(n - 1) / n for n in sides]
    if not all(moved) and any(
        all(_near(s, wanted * r**power, 1e-3) for s, r in zip(speeds, ratios, strict=True)) for power in (1, -1)
    ):
        return "the factor is a little off: affine_grid and grid_sample must agree on align_corners"
    if not all(moved):
        return (
            f"it enlarges by {1 / speeds[0]:.3f} vertically and {1 / speeds[1]:.3f} horizontally. "
            "A grid in coordinates from −1 to 1 is divided by the factor, and not rounded to whole pixels"
        )
    for axis, n in enumerate(sides):
        middle = (n - 1) / 2
        if abs(fixed[axis] - middle) * (1 - wanted) < 0.03:
            continue
        if abs(fixed[axis]) < 0.6:
            return "the top left corner stays where it is, and the middle does not: crop about the middle"
        if abs(abs(fixed[axis] - middle) - 0.5) < 0.1:
            return "the middle is off by half a pixel: the middle of the pixels 0 … n − 1 is (n − 1) / 2, not n / 2"
        return f"the point that stays is at {fixed[axis]:.1f}, and the middle at {middle:.1f}"
    expected = pictures / factor + (1 - 1 / factor) * pictures.mean(dim=(2, 3), keepdim=True)  # exact: it is linear
    inner = (..., slice(2, -2), slice(2, -2))
    problem = compare(got[inner], expected[inner], "the zoomed batch", rtol=1e-3, atol=2e-3)
    if problem is None and not close(got, expected, rtol=1e-3, atol=2e-3):
        said = "all is right but the outermost pixels: a zoom in looks up places inside, and needs no border"
        return partly(said, 1 / 2)
    return problem


def _line(got: Tensor, axis: int) -> tuple[float, float, float]:
    """Where the rows or columns came from: the slope, the fixed point, and how far they are off a straight line."""
    where = 40 * got[0, axis]
    n = where.shape[axis]
    side = where.shape[1 - axis]
    middle = where.double().narrow(1 - axis, side // 4, side - 2 * (side // 4))  # what shrinks has a black margin
    some = middle.mean(dim=1 - axis)[n // 4 : n - n // 4]
    u = torch.arange(n, dtype=torch.float64)[n // 4 : n - n // 4]
    slope = ((u - u.mean()) * (some - some.mean())).sum() / (u - u.mean()).square().sum()
    start = some.mean() - slope * u.mean()
    residual = (some - start - slope * u).abs().max().item()
    return slope.item(), (start / (1 - slope)).item() if slope != 1 else math.inf, residual


def _near(one: float, other: float, within: float = 2e-3) -> bool:
    return abs(one / other - 1) < within


# --- blur ---


def blurred(pictures: Tensor, sigma: float, mode: str = "reflect") -> Tensor:
    """Pictures (B, 3, H, W) through a Gaussian; beyond their border they go on as ``F.pad`` calls it."""
    radius = math.ceil(4 * sigma)
    line = torch.exp(-(torch.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel = torch.outer(line, line).expand(3, 1, -1, -1) / line.sum() ** 2
    return F.conv2d(F.pad(pictures, (radius,) * 4, mode=mode), kernel, groups=3)


def blur(seed: int, answer: dict) -> str | None:
    pictures, flat, sigma = asked.dots(seed)
    for name in ("dots", "flat"):
        got = answer[name]
        if isinstance(got, Tensor) and got.shape[:2] == pictures.shape[:2] and got.shape != pictures.shape:
            smaller = got.shape[2] < pictures.shape[2]
            why = "pad before you convolve" if smaller else "a kernel of width 2 r + 1 wants a margin of r"
            return f"{tuple(pictures.shape[2:])} pixels become {tuple(got.shape[2:])}: {why}"
        if problem := check_tensor(got, tuple(pictures.shape), "the blurred picture"):
            return problem
    _, channel, row, column = pictures.nonzero()[0].tolist()
    seen, right = answer["dots"][0], blurred(pictures, sigma)
    others = torch.cat([seen[:channel], seen[channel + 1 :]])
    if others.abs().max() > 1e-5:
        return "a dot in one channel bleeds into the others: blur each channel by itself (groups=3 in conv2d)"
    spot, total = seen[channel], seen[channel].sum().item()
    if abs(total - 1) > 0.03:
        return f"the weights add up to {total:.3f}: divide the kernel by its sum, or the picture's brightness changes"
    if (answer["flat"] - flat).abs().max() > 1e-3:
        where = (answer["flat"] - flat).abs()
        if where[..., where.shape[2] // 2, where.shape[3] // 2].max() < 1e-3:
            return "a flat color becomes darker at the border: padding with zeros is padding with black. Use reflect"
        return "a flat color does not stay what it is"
    peak = spot.max().item()
    reach = [int((spot.abs().amax(dim=1 - axis) > 1e-6 * peak).sum()) // 2 for axis in (0, 1)]
    if close(spot, right[0, channel], rtol=0, atol=0.01 * right[0].max().item()):
        rest = compare(answer["dots"][1], right[1], "the second picture of the batch", rtol=0, atol=0.01)
        return rest or partly(_at_the_border(answer["noise"], asked.static(seed), sigma), 1 / 2)
    for axis, name in ((0, "rows"), (1, "columns")):
        if reach[axis] == 0:
            return f"each of the {name} is left alone: blur along both directions"
    off = [
        (spot.sum(dim=1) * torch.arange(spot.shape[0])).sum().item() - row,
        (spot.sum(dim=0) * torch.arange(spot.shape[1])).sum().item() - column,
    ]
    if max(map(abs, off)) > 0.2:
        return f"the picture moves by ({off[0]:.1f}, {off[1]:.1f}) pixels: a kernel has an odd width, its middle at 0"
    inside = spot[row - reach[0] : row + reach[0] + 1, column - reach[1] : column + reach[1] + 1]
    if inside.std() < 0.02 * inside.mean():
        return "all weights are equal, which is a box and no Gaussian"
    cases = {
        sigma / math.sqrt(2): "exp(−u²/σ²) is a Gaussian of σ/√2; the exponent is −u² / (2 σ²)",
        math.sqrt(sigma): "exp(−u²/(2σ)) is a Gaussian of √σ: square σ in the exponent",
        sigma * math.sqrt(2): "the Gaussian is wider by √2: blurred twice, or 4σ² in place of 2σ² in the exponent",
    }
    for other, message in cases.items():
        if close(spot, blurred(pictures, other)[0, channel], rtol=0, atol=0.02 * peak):
            return f"σ = {sigma}, and a dot becomes a spot of σ = {other:.2f}: {message}"
    if min(reach) < 2.5 * sigma - 0.5:
        return (
            f"σ = {sigma}, and the kernel reaches {min(reach)} px to each side, which cuts the bell: reach 3 σ or more"
        )
    width = (spot.sum(dim=1) * (torch.arange(spot.shape[0]) - row) ** 2).sum().clamp_min(0).sqrt().item()
    return f"σ = {sigma}, and a dot becomes a spot of standard deviation {width:.2f}, and no Gaussian of that σ"


def _at_the_border(got: Tensor, pictures: Tensor, sigma: float) -> str | None:
    """What is wrong with how a blurred picture goes on beyond its border."""
    if problem := check_tensor(got, tuple(pictures.shape), "the blurred picture"):
        return problem
    if close(got, blurred(pictures, sigma), rtol=0, atol=0.01):
        return None
    padded, weights = (blurred(x, sigma, "constant") for x in (pictures, torch.ones_like(pictures)))
    wrong = {
        "padding with zeros, and the weights divided by their sum": padded / weights,
        "repeating the outermost pixels": blurred(pictures, sigma, "replicate"),
        "going on at the other side": blurred(pictures, sigma, "circular"),
    }
    how = next((f" This is {name}." for name, value in wrong.items() if close(got, value, rtol=0, atol=0.01)), "")
    return f"the middle is right, and the border is not: beyond it, the picture is its own mirror image.{how}"


def transfer(seed: int, answer: dict) -> str | None:
    f, sigma = asked.frequencies(seed)
    x, cycles = (2 * math.pi * sigma * f).square(), (sigma * f).square()
    mistakes = {
        "this is what is left of the amplitude; the power is its square": (-x / 2).exp(),
        "f counts cycles per pixel, and the formula wants radians: 2π f in place of f": (-cycles).exp(),
        "f counts cycles per pixel, and the formula wants radians (and of the amplitude this would be): 2π f": (
            (-cycles / 2).exp()
        ),
        "this grows with f, and a blur adds nothing: mind the sign": x.exp(),
        "σ stands in the exponent as a square": (-sigma * (2 * math.pi * f) ** 2).exp(),
        "f stands in the exponent as a square": (-((2 * math.pi * sigma) ** 2) * f).exp(),
        "this is the power of the power: squared once too often": (-2 * x).exp(),
        "this is what the blur takes; what it leaves was asked for": 1 - (-x).exp(),
    }
    return compare(answer["left"], (-x).exp(), "what is left of the power", mistakes, atol=1e-6)
