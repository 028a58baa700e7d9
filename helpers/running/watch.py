"""What watches an ascent: it is handed each step, keeps what is wanted of it, and says when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..basics.files import state_in_words
from ..basics.seeding import Seeded
from ..made_by import MadeBy, in_words
from ..networks.network import Network
from ..result import Result
from .checkpoint import Checkpoint
from .history import History
from .progress import Progress
from .stop import CALL

Callback = Callable[[int, Tensor, Tensor], "bool | None"]

# Of the objective in words, the step, and the optimizer.
NO_LONGER = (
    "the score ({0}) is no longer a finite number at step {1}. The usual cause is a step that is too large (here {2}): "
    "try a tenth of the learning rate, or an edit such as clip()."
)
NEVER = (
    "the score ({0}) is no finite number at step {1}, before anything moved: look for NaN among the network's weights, "
    "for a logarithm or a division of 0, or for numbers too large for half of the bits."
)


class NotFinite(ArithmeticError):
    """The score turned NaN or infinite; ``result`` holds the last good images."""

    def __init__(self, message: str, result: Result):
        super().__init__(message)
        self.result = result


class Watch:
    """Keeps scores and frames, shows a bar, writes checkpoints, calls back, and hears Ctrl-C (``stop``).

    ``with watch:`` ends an ascent where Ctrl-C is pressed; ``with watch.chance:`` gives torch's generators to the run.

    Args:
        objective, network, steps, seed, settings, made_by: what the ``Result`` says of the run.
        finish: from the final (B, 3, H, W), of any values, to pictures in [0, 1]; by default they are clipped.
        frames: how many frames to keep, evenly spaced from start to end, or at which steps and at the end.
        callbacks: called as ``callback(step, images, scores)`` at every step, with the images before it; ``False`` ends
            the run.
        preview: in a notebook, show the image every so many steps.
        progress: whether to show a bar with the score; by default unless ``is_quiet()``.
        checkpoint: a file that keeps the run every 25 steps, and from which it goes on if it was killed.
    """

    def __init__(
        self,
        objective: str | tuple[str, ...],
        network: Network,
        steps: int,
        seed: int,
        settings: dict[str, Any],
        made_by: MadeBy,
        finish: Callable[[Tensor], Tensor] | None = None,
        frames: int | Sequence[int] = 0,
        callbacks: Sequence[Callback] = (),
        preview: int | None = None,
        progress: bool | None = None,
        checkpoint: str | Path | None = None,
    ):
        finish = finish or (lambda images: images.clamp(0, 1))
        self.facts = dict(objective=objective, network_title=network.title, steps=steps, seed=seed, settings=settings)
        self.facts["networks"] = tuple(member.title for member in network.members)
        self.made_by, self.callbacks, self.interrupted = made_by, callbacks, False
        self.history = History(steps, frames, finish)
        self.progress = Progress(steps, objective, progress, preview, finish)
        self.chance = Seeded(seed, network.device)
        self.path, self.checkpoint = checkpoint, None
        self.images: Tensor | None = None
        self.scores: dict[object, Tensor] = {}
        self.final: Tensor | None = None
        CALL.so_far = self.so_far

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.progress.close()
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            return False
        self.interrupted = CALL.pressed = True
        return True

    def resume(self, image: nn.Module, optimizer: Any, schedule: Any, score: Callable[[Tensor], Tensor]) -> int:
        """Go on with a run that was killed, if its checkpoint is there. Returns the step to begin with."""
        if self.path is None:
            return 0
        with self.chance.anew(), torch.no_grad():  # what an objective does not say of itself, its scores tell
            scores = [f"{s:.4g}" for s in score(image()).tolist()]
        settings = in_words(self.facts["settings"])
        identity = f"{self.made_by.identity()} from {state_in_words(image)}, {scores}, {settings}"
        self.checkpoint = Checkpoint(self.path, identity, image, optimizer, schedule, self.history)
        with self.chance:
            return self.checkpoint.resume()

    def look(self, turn: object, images: Tensor, scores: Tensor) -> None:
        """Note the images (B, 3, H, W) with which a step begins, and the scores (B,) of each turn's first look."""
        if self.images is None:
            self.images = images.detach().clone()
        self.scores.setdefault(turn, scores.detach())

    def goes_on(self, step: int) -> bool:
        """Hand on the step that was taken. Returns whether there shall be another.

        Raises:
            NotFinite: its score is NaN or infinite.
        """
        images, scores = self.images, torch.stack([*self.scores.values()]).mean(dim=0)
        self.images, self.scores = None, {}
        self.check(step, scores, images)
        self.history.add(step, images, scores)
        if self.checkpoint:
            self.checkpoint.save(step + 1)
        self.progress.show(step, images, scores)
        self.interrupted |= any([_is_false(callback(step, images, scores)) for callback in self.callbacks])
        self.interrupted |= CALL.pressed  # in a callback that draws, too
        return not self.interrupted

    def check(self, step: int, scores: Tensor, images: Tensor) -> None:
        """Raise ``NotFinite`` if a score is NaN or infinite."""
        if torch.isfinite(scores).all():
            return
        last = images if self.history.last_good is None else self.history.last_good
        self.interrupted = self.history.taken < self.facts["steps"]
        told = (self.facts["objective"], step, self.facts["settings"]["optimizer"])
        raise NotFinite(
            (NO_LONGER if step else NEVER).format(*told) + " The last good images are in this error's .result.",
            self._result(last, self.history.scores[-1] if self.history.taken else scores),
        )

    def result(self, raw: Tensor) -> Result:
        """The ``Result`` of the run, from its last images (B, 3, H, W) and their score, ``self.final``.

        Raises:
            NotFinite: that score is NaN or infinite.
            KeyboardInterrupt: it was stopped before its first step was taken, so that there is nothing to hand over.
        """
        if self.final is None and not self.history.taken:
            raise KeyboardInterrupt
        final = self.history.scores[-1] if self.final is None else self.final
        self.check(self.history.taken, final, raw)
        if self.checkpoint and self.history.taken == self.facts["steps"]:
            self.checkpoint.remove()
        return self._result(raw, final)

    def so_far(self) -> Result | None:
        """What there is at this moment: the last images that were scored; ``None`` before the first step was taken."""
        if not self.history.taken:
            return None
        self.interrupted = True
        return self._result(self.history.last_good, self.history.scores[-1])

    def _result(self, raw: Tensor, final: Tensor) -> Result:
        return self.history.result(raw, final, interrupted=self.interrupted, made_by=self.made_by, **self.facts)


def _is_false(answer: Any) -> bool:
    """Whether it is ``False``: Python's, NumPy's, or a tensor of nothing else."""
    return answer is False or (getattr(answer, "dtype", None) in (bool, torch.bool) and not answer.any())
