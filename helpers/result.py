"""What an ascent leaves behind: pictures, their history, and how to make them again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Result:
    """The outcome of an ascent. ``len(result)`` is the number of images.

    Attributes:
        images: (B, 3, H, W), RGB in [0, 1], finished: ready to show.
        raw: (B, 3, H, W), the parameterization's own output, which may leave [0, 1].
        scores: (steps taken, B), what was maximized, as the network saw it at each step, before that step.
        final: (B,), the score of ``raw``, seen without views; if that was stopped, too, the last of ``scores``.
        frames: (F, B, 3, H, W) uint8, the frames kept.
        frame_steps: at which step each frame was kept; after ``steps`` for the last.
        objective: what was maximized, in words; one string, or one an image.
        network_title: the network's name, for captions.
        steps: how many steps were asked for.
        seed: the seed of the run, or one an image.
        settings: what else was chosen: optimizer, views, edits.
        interrupted: whether it was stopped, by Ctrl-C or by a callback.
        code: one line of Python that makes it again; empty if only ``again()`` can.
    """

    images: Tensor
    raw: Tensor
    scores: Tensor
    final: Tensor
    frames: Tensor
    frame_steps: list[int]
    objective: str | tuple[str, ...]
    network_title: str
    steps: int
    seed: int | tuple[int, ...]
    settings: dict = field(default_factory=dict)
    interrupted: bool = False
    code: str = ""
    repeat: Callable[[], Result] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        what = self.caption(0) + (f", and {len(self) - 1} more" if len(self) > 1 else "")
        return f"<Result: {what}>"

    def caption(self, i: int = 0) -> str:
        """What image ``i`` is: objective, network, steps, final score and seed."""
        words = self.objective if isinstance(self.objective, str) else self.objective[i]
        seed = self.seed if isinstance(self.seed, int) else self.seed[i]
        taken = f"{len(self.scores)} of {self.steps} steps" if self.interrupted else _plural(self.steps, "step")
        score = f"{self.final[i]:,.1f}" if abs(self.final[i]) < 1e5 else f"{self.final[i]:.2e}"
        words = words[:1].upper() + words[1:] if re.match("[a-z-]+ ", words) else words  # not the name of a layer
        return f"{words} = {score}, {self.network_title}, {taken}, seed {seed}"

    def again(self) -> Result:
        """Run it once more, from the same start with the same seed."""
        return self.repeat()


class Log:
    """Collects scores and frames while an ascent runs.

    Args:
        steps: how many steps are planned.
        frames: how many frames to keep, evenly spaced, or at which steps.
        finish: from raw images to pictures in [0, 1].
    """

    def __init__(self, steps: int, frames: int | Sequence[int], finish: Callable[[Tensor], Tensor]):
        self.wanted, self.finish = set(frame_steps(steps, frames)), finish
        self.taken, self.history = 0, torch.empty(steps, 0)
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
            self.history = torch.empty(len(self.history), len(scores))
        self.history[self.taken] = scores
        self.taken += 1
        self.last_good = images

    def restore(self, scores: Tensor, frames: dict[int, Tensor]) -> None:
        """Go on from the scores (steps taken, B) and the frames of a run that was stopped."""
        self.taken, self.frames = len(scores), frames
        self.history = torch.cat([scores, torch.empty(len(self.history) - len(scores), *scores.shape[1:])])

    def keep_frame(self, step: int, images: Tensor) -> None:
        """Keep the images as bytes, if this step is wanted."""
        if step in self.wanted:
            self.frames[step] = as_bytes(self.finish(images))

    def keep_last(self, images: Tensor) -> None:
        """Keep the images at the end, if any frames are wanted at all."""
        if self.wanted:
            self.frames[len(self.scores)] = as_bytes(self.finish(images))

    def result(self, raw: Tensor, final: Tensor, **facts) -> Result:
        """The finished ``Result``."""
        raw = raw.detach().float().cpu()
        images = self.finish(raw).clamp(0, 1)
        history = self.scores.clone() if self.taken else torch.empty(0, len(raw))
        frames = torch.stack(list(self.frames.values())) if self.frames else torch.empty(0, *images.shape).byte()
        return Result(images, raw, history, final.float().cpu(), frames, list(self.frames), **facts)


def frame_steps(steps: int, frames: int | Sequence[int]) -> list[int]:
    """The steps at which to keep frames: ``frames`` of them evenly from 0 to ``steps``, or those given.

    Raises:
        ValueError: a negative number of frames, or a step out of [0, ``steps``].
    """
    if isinstance(frames, int):
        if frames < 0:
            raise ValueError(f"frames is a number from 0 on, or a list of steps; got {frames}")
        return [round(step) for step in torch.linspace(0, steps, frames).tolist()] if frames > 1 else [steps] * frames
    outside = [step for step in frames if not 0 <= step <= steps]
    if outside:
        raise ValueError(f"frames at steps {outside} of a run from 0 to {steps}")
    return list(frames)


def as_bytes(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as uint8 on the CPU, a quarter of the memory."""
    return (images.detach().float().clamp(0, 1) * 255).round().byte().cpu()


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
