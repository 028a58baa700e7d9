"""What an ascent leaves behind: pictures, their history, and the call that makes them again."""

from __future__ import annotations

import copy
import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .basics.files import load_state_dict, state_in_words, write_whole
from .basics.numbers import whole
from .show.figures import show_images

WATCHING = {"frames", "callbacks", "preview", "progress", "checkpoint"}  # options that change no picture
PLAIN = {"target", "c", "network"}  # arguments that are written without their names, where they come first
REST = ("options", "watching")  # what the functions here call their ``**`` arguments


class MadeBy:
    """A call as data: the function and its arguments, from which it is made again, written down, and told from others.

    Args:
        function: ``ascend`` or a recipe.
        arguments: all of its arguments by name, as ``locals()`` gives them at its beginning.
    """

    def __init__(self, function: Callable[..., Result], arguments: Mapping[str, Any]):
        self.function = function
        self.arguments = {name: value for name, value in arguments.items() if name not in REST}
        for rest in REST:
            self.arguments |= arguments.get(rest, {})
        if "image" in self.arguments:  # it is about to change
            self.arguments["image"] = copy.deepcopy(self.arguments["image"])

    def again(self) -> Result:
        """Make the same call."""
        fresh = {"image": copy.deepcopy(self.arguments["image"])} if "image" in self.arguments else {}
        return self.function(**self.arguments | fresh)

    @property
    def code(self) -> str:
        """One line of Python that makes the same pictures; empty if an argument cannot be written down."""
        shown = {k: v for k, v in self.arguments.items() if k not in WATCHING and v is not None}
        written = {name: _as_code(value) for name, value in shown.items()}
        if None in written.values():
            return ""
        first = [written.pop(name) for name in list(written)[:2] if name in PLAIN]
        return f"{self.function.__name__}({', '.join([*first, *(f'{name}={code}' for name, code in written.items())])})"

    def identity(self) -> str:
        """The same words in every process for the same call, and others for another."""
        told = {k: v for k, v in self.arguments.items() if k not in WATCHING - {"frames"}}
        return f"{self.function.__name__}({', '.join(f'{name}={in_words(value)}' for name, value in told.items())})"


def _as_code(value: Any) -> str | None:
    """A value as Python that makes it, or ``None``."""
    if hasattr(value, "members") and hasattr(value, "code"):  # a network
        return value.code or None
    if isinstance(value, (list, tuple)):
        inside = [_as_code(one) for one in value]
        return None if None in inside else f"[{', '.join(inside)}]"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return repr(int(value))
    return repr(value) if isinstance(value, float | str | bool) else None


def in_words(value: Any) -> str:
    """What a value is, in words that do not depend on where in memory it lies."""
    if isinstance(value, Tensor):
        return hashlib.sha256(value.detach().cpu().contiguous().numpy().tobytes()).hexdigest()[:12]
    if isinstance(value, nn.Module):
        return f"{getattr(value, 'title', type(value).__name__)} {state_in_words(value)}"
    if isinstance(value, partial):
        given = [*map(in_words, value.args), *(f"{name}={in_words(one)}" for name, one in value.keywords.items())]
        return f"{in_words(value.func)}({', '.join(given)})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(in_words, value))}]"
    if hasattr(value, "bind"):  # an objective
        return in_words(value.bind)
    return getattr(value, "__qualname__", "") or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


@dataclass
class Result:
    """The outcome of an ascent. ``len(result)`` is the number of images. It can be pickled.

    Attributes:
        images: (B, 3, H, W), RGB in [0, 1], finished: ready to show.
        raw: (B, 3, H, W), the parameterization's own output, which may leave [0, 1].
        scores: (steps taken, B), what was maximized, as the network saw it at each step, before that step.
        final: (B,), the score of ``raw``, seen without views; if that was stopped, too, the last of ``scores``.
        frames: (F, B, 3, H, W) uint8, the frames kept.
        frame_steps: at which step each frame was kept; after ``steps`` for the last.
        objective: what was maximized, in words; one string, or one an image.
        network_title: the name of the network, or of all that drew together, for captions.
        steps: how many steps were asked for.
        seed: the seed of the run, or one an image.
        settings: what else was chosen: optimizer, views, edits.
        interrupted: whether it was stopped, by Ctrl-C or by a callback.
        networks: the name of each network that drew.
        made_by: the call that made it; ``None`` after it was pickled.
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
    networks: tuple[str, ...] = ()
    made_by: MadeBy | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        what = self.caption(0) + (f", and {len(self) - 1} more" if len(self) > 1 else "")
        return f"<Result: {what}>"

    def _repr_html_(self) -> str:
        return show_images(self).html

    def __getstate__(self) -> dict:
        return {**self.__dict__, "made_by": None, "_code": self.code}

    @property
    def code(self) -> str:
        """One line of Python that makes it again; empty if only ``again()`` can."""
        return self.made_by.code if self.made_by else self.__dict__.get("_code", "")

    def again(self) -> Result:
        """Run it once more, from the same start with the same seed."""
        if self.made_by is None:
            raise RuntimeError(f"this Result comes from a file: run its code instead, {self.code or 'if it has any'}")
        return self.made_by.again()

    def save(self, path: str | Path) -> Path:
        """Write it to a file ending in ``.pt``, whole or not at all; ``load_result`` reads it, running nothing."""
        path = Path(path).expanduser()
        if path.suffix != ".pt":
            raise ValueError(f"a Result is kept in a file that ends in .pt, got {str(path)!r}")
        buffer = io.BytesIO()
        torch.save({**self.__getstate__(), "kept": "a Result of The Ideal Pomeranian"}, buffer)
        write_whole(path, buffer.getvalue())
        return path

    def caption(self, i: int = 0) -> str:
        """What image ``i`` is: objective, network, steps, final score and seed."""
        words = self.objective if isinstance(self.objective, str) else self.objective[i]
        seed = self.seed if isinstance(self.seed, int) else self.seed[i]
        taken = f"{len(self.scores)} of {self.steps} steps" if self.interrupted else _plural(self.steps, "step")
        score = f"{self.final[i]:,.1f}" if abs(self.final[i]) < 1e5 else f"{self.final[i]:.2e}"
        words = words[:1].upper() + words[1:] if re.match("[a-z-]+ ", words) else words  # not the name of a layer
        return f"{words} = {score}, {self.network_title}, {taken}, seed {seed}"


def load_result(path: str | Path) -> Result:
    """A ``Result`` from the file that its ``save`` wrote. It knows its captions, scores and code, and is not run again.

    Raises:
        FileNotFoundError: no such file.
        WeightsCorrupt: a file that is damaged, or that would run code.
        ValueError: a file of something else.
    """
    kept = load_state_dict(Path(path).expanduser())
    if not isinstance(kept, dict) or "kept" not in kept:
        raise ValueError(f"{path} keeps no Result: Result.save writes one")
    result = Result(**{name: kept[name] for name in Result.__dataclass_fields__})
    result.__dict__["_code"] = kept["_code"]
    return result


class History:
    """Collects scores and frames while an ascent runs.

    Args:
        steps: how many steps are planned.
        frames: how many frames to keep, evenly spaced, or at which steps.
        finish: from raw images to pictures in [0, 1].
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
    if not hasattr(frames, "__len__"):
        count = whole(frames, "how many frames to keep", 0)
        return [round(k * steps / (count - 1)) for k in range(count)] if count > 1 else [steps] * count
    outside = [step for step in frames if not 0 <= step <= steps]
    if outside:
        raise ValueError(f"frames at steps {outside} of a run from 0 to {steps}")
    return [whole(step, "a frame's step", 0) for step in frames]


def as_bytes(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as uint8 on the CPU, a quarter of the memory."""
    return (images.detach().float().clamp(0, 1) * 255).round().byte().cpu()


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
