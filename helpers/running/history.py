"""Scores and frames, collected while an ascent runs, and the ``Result`` that they become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..basics.numbers import several, whole
from ..result import Result


class History:
    """Collects scores and frames while an ascent of so many steps runs.

    ``frames`` is how many to keep, evenly spaced, or at which steps; ``finish`` makes pictures in [0, 1] of raw images.
    """

    def __init__(self, steps: int, frames: int | Sequence[int], finish: Callable[[Tensor], Tensor]):
        self.wanted, self.finish = set(frame_steps(steps, frames)), finish
        self.taken, self.history = 0, torch.empty(steps, 0, device="cpu", dtype=torch.float32)
        self.frames: dict[int, Tensor] = {}
        self.last_good: Tensor | None = None

    @property
    def scores(self) -> Tensor:
        """(steps taken, B) so far."""
        return self.history[: self.taken]

    def add(self, step: int, images: Tensor, scores: Tensor) -> None:
        """Note the images (B, 3, H, W) before a step and their scores (B,)."""
        self.keep_frame(step, images)
        if not self.taken:  # one tensor for all steps: a small one a step would scatter the heap
            self.history = self.history.new_empty(len(self.history), len(scores))
        self.history[self.taken] = scores
        self.taken += 1
        self.last_good = images

    def restore(self, scores: Tensor, frames: dict[int, Tensor]) -> None:
        """Go on from the scores (steps taken, B) and the frames of a run that was stopped."""
        self.taken, self.frames = len(scores), frames
        self.history = torch.cat([scores, scores.new_empty(len(self.history) - len(scores), *scores.shape[1:])])

    def keep_frame(self, step: int, images: Tensor) -> None:
        """Keep the images as bytes, if this step is wanted."""
        if step in self.wanted:
            self.frames[step] = as_bytes(self.finish(images))

    def result(self, raw: Tensor, final: Tensor, **facts: Any) -> Result:
        """The finished ``Result``, the last image among its frames if any are wanted."""
        if self.wanted:
            self.frames[self.taken] = as_bytes(self.finish(raw.detach()))
        raw = raw.detach().float().cpu().clone()
        images = self.finish(raw).clamp(0, 1)
        scores = self.scores.clone() if self.taken else self.history.new_empty(0, len(raw))
        frames = torch.stack(list(self.frames.values())) if self.frames else as_bytes(images[None])[:0]
        return Result(images, raw, scores, final.detach().float().cpu(), frames, list(self.frames), **facts)


def frame_steps(steps: int, frames: int | Sequence[int]) -> list[int]:
    """The steps at which to keep frames: ``frames`` of them evenly from 0 to ``steps``, or those given.

    Raises:
        ValueError: a negative number of frames, or a step out of [0, ``steps``].
    """
    if not several(frames):
        count = whole(frames, "how many frames to keep", 0)
        return [round(k * steps / (count - 1)) for k in range(count)] if count > 1 else [steps] * count
    outside = [step for step in frames if not 0 <= step <= steps]
    if outside:
        raise ValueError(f"frames at steps {outside} of a run from 0 to {steps}")
    return [whole(step, "a frame's step", 0) for step in frames]


def as_bytes(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as uint8 on the CPU, a quarter of the memory."""
    return (images.detach().float().clamp(0, 1) * 255).round().byte().cpu()
