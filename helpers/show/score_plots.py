"""The two small plots beside a film, as SVG: its score, and how much of its contrast lives at each scale.

Both have something that follows the frame: a dot on the score, and the whole line of the spectrum.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .plots import power_spectrum
from .typography import number

WIDTH, MARGIN = 320, 8
SCORE_HEIGHT, SPECTRUM_HEIGHT = 140, 116
ALSO_TOP, ALSO_FLOOR = 152, 226  # a second curve's place under the score, on the same steps
DECADES = 7  # how far below the largest power a spectrum is drawn
BINS = 24


def score_axes(steps: int, scores: Sequence[float]) -> tuple[Any, Any]:
    """From step and score to places in the plot; x stops short of the ends, as a slider's knob does."""
    low, high = min(scores), max(scores)
    across, up = WIDTH - 2 * MARGIN, SCORE_HEIGHT - 46

    def x(step: float) -> float:
        return round(MARGIN + across * step / max(steps, 1), 1)

    def y(score: float) -> float:
        return round(22 + up * (high - score) / ((high - low) or 1), 1)

    return x, y


def score_plot(
    scores: Sequence[float],
    x: Any,
    y: Any,
    dot: Sequence[float],
    name: str = "score",
    also: tuple[str, Sequence[int], Sequence[float]] | None = None,
) -> str:
    """The curve of the score at each step as SVG, of at most some 200 points, with the dot that the slider moves.

    ``x`` and ``y`` are from ``score_axes``, and ``name`` is what the score is called. ``also`` is a second curve under
    the first, with a scale of its own: its name, steps, and values.
    """
    kept = sorted({*range(0, len(scores), max(1, len(scores) // 200)), len(scores) - 1})
    points = " ".join(f"{x(k)},{y(scores[k])}" for k in kept)
    low, high = min(scores), max(scores)
    top, floor, right = y(high), y(low), WIDTH - MARGIN
    height, end = (SCORE_HEIGHT, floor) if also is None else (ALSO_FLOOR + 24, ALSO_FLOOR)
    label = f"{name[:1].upper()}{name[1:]}: {_ends(scores)}" + (f"; {also[0]}: {_ends(also[2])}" if also else "")
    words = (
        f'<text x="{MARGIN}" y="{top - 6}">{html.escape(name)} {number(high)}</text>'
        f'<text x="{right - 6}" y="{floor - 6}" text-anchor="end">{number(low)}</text>'
        f'<text x="{MARGIN}" y="{end + 16}">step 0</text>'
        f'<text x="{right}" y="{end + 16}" text-anchor="end">{len(scores) - 1}</text>'
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(label)}">'
        f"{_rule(top, 0.3)}{_rule(floor, 0.9)}"
        f'<path d="M{x(0)},{floor} L{points} V{floor}z" fill="#e07b39" fill-opacity=".12"/>'
        f'<polyline points="{points}" fill="none" stroke="#e07b39" stroke-width="2" stroke-linejoin="round"/>'
        f"{_also(x, *also) if also else ''}"
        f'<line class="pom-now" x1="{dot[0]}" x2="{dot[0]}" y1="{top}" y2="{end}" stroke="#777c85"/>{words}'
        f'<circle cx="{dot[0]}" cy="{dot[1]}" r="5.5" fill="#e07b39" stroke="#fff" stroke-width="1.5"/></svg>'
    )


def _also(x: Any, name: str, steps: Sequence[int], values: Sequence[float]) -> str:
    """A second curve, known at some of the steps only; the line that marks the frame runs through both."""
    low, high = min(values), max(values)
    span = (high - low) or 1
    ys = [round(ALSO_FLOOR - (ALSO_FLOOR - ALSO_TOP) * (value - low) / span, 1) for value in values]
    points = " ".join(f"{x(step)},{y}" for step, y in zip(steps, ys, strict=True))
    return (
        f"{_rule(ALSO_TOP, 0.3)}{_rule(ALSO_FLOOR, 0.9)}"
        f'<polyline points="{points}" fill="none" stroke="#2f7f9f" stroke-width="2" stroke-linejoin="round"/>'
        f'<text x="{MARGIN}" y="{ALSO_TOP - 6}">{html.escape(name)} {number(high)}</text>'
        f'<text x="{WIDTH - MARGIN - 6}" y="{ALSO_FLOOR - 6}" text-anchor="end">{number(low)}</text>'
    )


def _ends(values: Sequence[float]) -> str:
    return f"{number(values[0])} at the start, {number(values[-1])} at the end"


def spectra(frames: Tensor) -> tuple[list[float], list[list[float]]]:
    """The power spectrum of each frame, (F, 3, H, W) uint8, in places of the plot (chapter 4 derives it).

    The x of some two dozen spatial frequencies, from one wave a picture to waves of two pixels, evenly spaced on a
    logarithmic scale; and for each frame the y of its power there, on a logarithmic scale that all share.
    """
    powers = []
    for frame in frames:
        freqs, power = power_spectrum(frame[None].float() / 255)
        powers.append(power.clamp_min(1e-12).log10())
    place = (freqs / freqs[0]).log() / (freqs[-1] / freqs[0]).log()  # from 0, coarse, to 1, fine
    ring = (place * (BINS - 1)).round().long()
    count = torch.bincount(ring, minlength=BINS)
    filled = count > 0

    def binned(values: Tensor) -> Tensor:
        return values.new_zeros(BINS).index_add(0, ring, values)[filled] / count[filled]

    heights = torch.stack([binned(power) for power in powers])
    high = heights.max()
    depth = min(DECADES, max(1.0, (high - heights.min()).item()))
    xs = MARGIN + (WIDTH - 2 * MARGIN) * binned(place)
    ys = 8 + (SPECTRUM_HEIGHT - 32) * ((high - heights) / depth).clamp(0, 1)
    return [round(x, 1) for x in xs.tolist()], [[round(y, 1) for y in row] for row in ys.tolist()]


def spectrum_plot(xs: Sequence[float], first: Sequence[float], now: Sequence[float]) -> str:
    """The spectrum of one frame as SVG, with that of the first frame behind it, both axes logarithmic."""
    floor, right = SPECTRUM_HEIGHT - 24, WIDTH - MARGIN
    ghost, line = (" ".join(f"{x},{y}" for x, y in zip(xs, ys, strict=True)) for ys in (first, now))
    words = (
        f'<text x="{MARGIN}" y="{floor + 16}">coarse</text>'
        f'<text x="{right}" y="{floor + 16}" text-anchor="end">fine</text>'
        f'<text x="{WIDTH / 2}" y="{floor + 16}" text-anchor="middle">power (gray: the first frame)</text>'
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {SPECTRUM_HEIGHT}" role="img" aria-label="Power spectrum of the frame, from coarse '
        f'to fine, on logarithmic axes, with that of the first frame behind it">{_rule(floor, 0.9)}'
        f'<polyline points="{ghost}" fill="none" stroke="#777c85" stroke-opacity=".7" stroke-width="1.5"/>'
        f'<polyline class="pom-spectrum" points="{line}" fill="none" stroke="#2f7f9f" stroke-width="2" '
        f'stroke-linejoin="round"/>{words}</svg>'
    )


def _rule(level: float, alpha: float) -> str:
    return f'<path d="M{MARGIN} {level}H{WIDTH - MARGIN}" stroke="#777c85" stroke-opacity="{alpha}"/>'
