"""What an ascent leaves behind: pictures, their scores and frames, and the call that makes them again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from .basics.files import load_state_dict, save_whole, torch_file
from .made_by import MadeBy
from .show.figures import show_images


@dataclass
class Result:
    """The outcome of an ascent. ``len(result)`` is the number of images. It can be pickled.

    Attributes:
        images: (B, 3, H, W), RGB in [0, 1], finished: ready to show.
        raw: (B, 3, H, W), the parameterization's own output, which may leave [0, 1].
        scores: (steps taken, B), what was maximized, as the network saw it at each step, before that step; of several
            that take turns, the mean, each before its own move.
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
        restarts: how often each image was begun again, because it had not taken off (``visualize``; chapter 8).
        grounded: whether each image never took off, in spite of that.
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
    restarts: tuple[int, ...] = ()
    grounded: tuple[bool, ...] = ()
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

    def __copy__(self) -> Result:  # unlike a pickled one, it can be made again
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    @property
    def code(self) -> str:
        """One line of Python that makes it again; empty if only ``again()`` can."""
        return self.made_by.code if self.made_by else self.__dict__.get("_code", "")

    def again(self) -> Result:
        """Run it once more, from the same start with the same seed.

        The pictures are the same unless a view of one's own draws from NumPy's or Python's generators: torch's are
        seeded, those are not.
        """
        if self.made_by is None:
            raise RuntimeError(f"this Result comes from a file: run its code instead, {self.code or 'if it has any'}")
        return self.made_by.again()

    def save(self, path: str | Path) -> Path:
        """Write it to a file ending in ``.pt``, whole or not at all; ``load_result`` reads it, running nothing."""
        data = torch_file({**self.__getstate__(), "kept": "a Result of The Ideal Pomeranian"})
        return save_whole(path, ".pt", data)

    def with_images(self, places: Sequence[int], other: Result, theirs: Sequence[int]) -> Result:
        """The same result with some images, and all that belongs to them, from another run of as many steps.

        Those at ``places`` become ``theirs`` of ``other``, as many; both have a ``seed``, ``restarts`` and ``grounded``
        an image.
        """
        new = {}
        for name, dim in dict(images=0, raw=0, final=0, scores=1, frames=1).items():
            at, those = torch.tensor([*places], dtype=torch.long), torch.tensor([*theirs], dtype=torch.long)
            tensor = getattr(self, name)
            new[name] = tensor.index_copy(dim, at, getattr(other, name).index_select(dim, those))
        for name in ("seed", "restarts", "grounded"):
            entries = [*getattr(self, name)]
            for place, k in zip(places, theirs, strict=True):
                entries[place] = getattr(other, name)[k]
            new[name] = tuple(entries)
        return replace(self, **new)

    def caption(self, i: int = 0) -> str:
        """What image ``i`` is: objective, network, steps, final score and seed, and whether it took off at once."""
        words = self.objective if isinstance(self.objective, str) else self.objective[i]
        seed = self.seed if isinstance(self.seed, int) else self.seed[i]
        taken = f"{len(self.scores)} of {self.steps} steps" if self.interrupted else _plural(self.steps, "step")
        score = f"{self.final[i]:,.1f}" if abs(self.final[i]) < 1e5 else f"{self.final[i]:.2e}"
        words = words[:1].upper() + words[1:] if re.match("[a-z-]+ ", words) else words  # not the name of a layer
        begun = f", {_plural(self.restarts[i], 'restart')}" if self.restarts and self.restarts[i] else ""
        ground = "; it never took off" if self.grounded and self.grounded[i] else ""
        return f"{words} = {score}, {self.network_title}, {taken}, seed {seed}{begun}{ground}"


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
    result = Result(**{name: kept[name] for name in Result.__dataclass_fields__ if name in kept})
    result.__dict__["_code"] = kept["_code"]
    return result


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
