"""Plots in the book's style: score curves, power spectra, and whatever a chapter draws with matplotlib.

They have no background, so they suit a dark page too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from torch import Tensor

from .figures import PAGE_WIDTH, Shown, figure_tag, image_tag
from .pictures import as_images, saved
from .typography import typeset

STYLE = Path(__file__).with_name("style.mplstyle")


def new_figure(columns: int = 1, rows: int = 1, height: float | None = None) -> tuple[Figure, Any]:
    """Return an empty figure and its axes in the book's style, which stays on for the session's later plots.

    Args:
        columns: plots side by side.
        rows: plots one above the other.
        height: of the whole figure, in inches; by default one that suits.

    Returns:
        The figure and its axes, which are one Axes, or an array of them if there are several.
    """
    matplotlib.style.use(STYLE)
    width = 5.6 if columns == 1 else PAGE_WIDTH / 100
    height = height or rows * (3.2 if columns == 1 else 0.82 * width / columns + 0.3)
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, columns)


def show_plot(fig: Figure, *, caption: str, alt: str) -> Shown:
    """Show a matplotlib figure with a caption, without a background, and close it.

    Args:
        fig: from ``new_figure``, or any other.
        caption: what it shows.
        alt: what a reader who cannot see it is told.

    Returns:
        An object to stand last in a cell.
    """
    if not isinstance(fig, Figure):
        raise TypeError(f"expected a matplotlib figure, such as ax.figure, got a {type(fig).__name__}")
    width, height = (round(100 * side) for side in fig.get_size_inches())
    shown = min(width, PAGE_WIDTH)
    for words in fig.findobj(Text):
        words.set_text(typeset(words.get_text()))
    data = _rendered(fig, 200 * shown / width)
    plt.close(fig)
    least = f"min-width:{round(shown * 0.64)}px;" if shown > 600 else ""
    img = image_tag(data, alt, shown, round(height * shown / width), least)
    return Shown(figure_tag(f'<div class="pom-wide" style="overflow-x:auto">{img}</div>', caption, shown), caption)


def _rendered(fig: Figure, dpi: float) -> bytes:
    """The figure as WebP: lossless, unless it is a landscape of so many colors that this takes too much."""
    memory = io.BytesIO()
    fig.savefig(memory, format="png", dpi=dpi, transparent=True)
    image = Image.open(memory).convert("RGBA")
    image.info.clear()
    data = saved(image, format="WEBP", lossless=True)
    return data if len(data) <= 100_000 else saved(image, format="WEBP", quality=88)


def _legend_above(fig: Figure, labels: list[str]) -> None:
    """Name the lines above the plot, where no line can run through a name."""
    lengths = [8 + len(str(label)) for label in labels]
    columns = len(labels) if sum(lengths) <= 58 else max(1, 58 // max(lengths))
    fig.set_figheight(fig.get_figheight() + 0.22 * math.ceil(len(labels) / columns))
    fig.legend(loc="outside upper left", ncols=min(columns, len(labels)), borderpad=0)


def power_spectrum(images: Any) -> tuple[Tensor, Tensor]:
    """Return how much of the images' variation lives at each spatial frequency, averaged around the circle.

    Each image loses its mean and is faded to zero at its borders by a Hann window. Without the window the
    Fourier transform, which takes an image for one tile of an endless wallpaper, would see a jump where the
    left border meets the right one, and a jump has power at all frequencies, falling as 1/f²: the tail, which
    is what we look at, would be that of the borders. Scaled so that white noise of variance v has power v at
    every frequency. Chapter 4.

    Args:
        images: (B, 3, H, W), or what else ``show_images`` takes; all of one size, 8 by 8 or more.

    Returns:
        Frequencies (F,) in cycles per pixel, from one cycle per image up to 0.5, and the power (F,) there,
        a mean over images and colors.

    Raises:
        ValueError: if the images are of different sizes or too small.
    """
    found = as_images(images)
    sizes = {tuple(image.shape[1:]) for image in found}
    if len(sizes) > 1 or min(min(sizes)) < 8:
        raise ValueError(f"expected images of one size, 8 by 8 or more, got sizes {sorted(sizes)}")
    batch = torch.stack(found).cpu().double()
    height, width = batch.shape[2:]
    count = min(height, width) // 2
    with torch.device("cpu"):  # whatever torch's default is
        window = torch.outer(torch.hann_window(height), torch.hann_window(width)).double()
        faded = (batch - batch.mean((2, 3), keepdim=True)) * window
        power = torch.fft.fft2(faded).abs().square().mean((0, 1)) / window.square().sum()
        radius = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None, :])
        ring = (radius * 2 * count).round().long().flatten()
        total = torch.zeros(int(ring.max()) + 1, dtype=torch.float64).index_add(0, ring, power.flatten())
        mean = total / torch.bincount(ring)
        return torch.arange(1, count + 1) / (2 * count), mean[1 : count + 1].float()


def show_spectrum(groups: Mapping[str, Any], *, caption: str, alt: str) -> Shown:
    """Show the power spectra of groups of images, both axes logarithmic (see ``power_spectrum``; chapter 4).

    Args:
        groups: for each label images as ``show_images`` takes them.
        caption: what it shows.
        alt: what a reader who cannot see it is told.

    Returns:
        An object to stand last in a cell.
    """
    if not isinstance(groups, Mapping) or not groups:
        raise TypeError(f"expected a dict such as {{'Adam': result}}, got {groups!r:.60}")
    fig, ax = new_figure(height=3.6)
    for label, images in groups.items():
        freqs, power = power_spectrum(images)
        ax.loglog(freqs.numpy(), power.clamp_min(1e-12).numpy(), label=label)
    ax.set(xlabel="spatial frequency (cycles per pixel)", ylabel="power")
    _legend_above(fig, list(groups))
    return show_plot(fig, caption=caption, alt=alt)
