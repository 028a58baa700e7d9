"""Films of an optimization: a player in the page, and GIF files.

The player is a widget: it moves in Jupyter, on Colab and in a static page alike, and without a script it is its last
frame, with its score and its caption.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .figures import Shown, image_tag
from .pictures import frames_of, picture, webp
from .score_plots import score_axes, score_plot, spectra, spectrum_plot
from .typography import number, typeset
from .widgets import widget

FRAME_WIDTH = 256
ALL_FRAMES = 420_000
SMALLEST_SPECTRUM = 16
WIDTH, VIEW = 640, 420  # pixels of the page, at most: the whole, and its picture


def player(
    result: Any,
    i: int = 0,
    *,
    caption: str | None = None,
    alt: str | None = None,
    predict: str | None = None,
    score: str = "score",
    also: Mapping[str, Sequence[float]] | None = None,
    width: int = FRAME_WIDTH,
) -> Shown:
    """Show how an image came to be: its frames beside its score and its power spectrum, all moved by one slider.

    All chapters play their ascents with it; chapter 4 derives the spectrum.

    Args:
        result: a Result that kept frames (``ascend(..., frames=30)``): uint8 (F, B, 3, H, W).
        i: which image of the batch.
        caption: what the film shows; by default the Result's own caption.
        alt: what a reader who cannot see the picture is told; by default the caption.
        predict: a question to answer before the end is shown. The player then starts at its first frame, with the
            question in the place of the plots, and shows the end at a button, or plays, or is scrubbed. On paper and
            without a script the end stands there as always.
        score: what the score is called.
        also: another quantity to follow, its name and its value at each frame, such as a judge's opinion
            (``{"the judge's probability": [0.001, 0.02, 0.9]}``). Its curve takes the place of the spectrum.
        width: how many pixels wide the frames are stored, at most.

    Returns:
        An object to stand last in a cell.

    Raises:
        ValueError: if the Result kept no frames, or no finite score; if ``also`` has not one finite value a frame.
        IndexError: if it has no image ``i``.
    """
    frames, score, predict = frames_of(result, i), typeset(score), predict and typeset(predict)
    also = also and {typeset(name): values for name, values in also.items()}
    caption = result.caption(i) if caption is None else caption
    steps, scores = list(result.frame_steps), _scores(result, i)
    x, y = score_axes(max(steps[-1], len(scores) - 1), scores)
    budget = min(48_000, ALL_FRAMES // len(frames))
    stored = [webp(picture(frame, width), budget) for frame in frames]
    second = _checked(also, steps)
    total, at = steps[-1], [scores[min(step, len(scores) - 1)] for step in steps]
    film = {
        "frames": [base64.b64encode(data).decode() for data in stored[:-1]],
        "dots": [[x(step), y(score)] for step, score in zip(steps, at, strict=True)],
        "labels": [f"step {step} of {total}, {score} {number(s)}" for step, s in zip(steps, at, strict=True)],
    }
    if getattr(result, "settings", {}).get("views") and steps[-1] == len(scores) - 1:
        film["labels"][-1] += ", without views"  # the last score is that of the bare image, often far higher
    plots = score_plot(scores, x, y, film["dots"][-1], score, second)
    if second:
        film["labels"] = [f"{a}; {second[0]} {number(b)}" for a, b in zip(film["labels"], second[2], strict=True)]
    elif min(frames.shape[2:]) >= SMALLEST_SPECTRUM:
        film["across"], film["spectra"] = spectra(frames)
        plots += spectrum_plot(film["across"], film["spectra"][0], film["spectra"][-1])
    film |= {"plots": plots, "predict": predict} if predict else {"plots": plots}
    height = round(width * frames.shape[2] / frames.shape[3])
    shape = f"aspect-ratio:{width}/{height};width:100%;"
    still = image_tag(stored[-1], alt or caption, width, height, shape)
    view = f'<div class="pom-view" style="max-width:{VIEW}px">{still}</div>'
    return widget("player", view, caption, film, width=WIDTH, status=film["labels"][-1])


def _checked(also: Mapping[str, Sequence[float]] | None, steps: list[int]) -> tuple[str, list[int], list[float]] | None:
    """The second quantity's name, steps and values; or what is wrong with it."""
    if also is None:
        return None
    ((name, values),) = also.items() if len(also) == 1 else ((None, ()),)
    values = [float(value) for value in values]
    if len(values) != len(steps) or not all(map(math.isfinite, values)):
        raise ValueError(f"also: expected a name and {len(steps)} finite values, one for each frame; got {also!r:.90}")
    return name, steps, values


def _scores(result: Any, i: int) -> list[float]:
    """The score before each step and the one after the last, up to the first that is not a number."""
    scores = torch.as_tensor(result.scores)[:, i].tolist()
    final = getattr(result, "final", None)
    scores += [] if final is None else [float(final[i])]
    good = list(itertools.takewhile(math.isfinite, scores))
    if not good:
        raise ValueError("this Result holds no finite score, so there is no curve to play")
    return good
