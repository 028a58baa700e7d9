"""A run on disk, so that a killed ascent goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..basics.files import load_state_dict, torch_file, write_whole
from ..basics.seeding import generators, set_generators

EVERY = 25  # steps between two writes


class Checkpoint:
    """The state of one ascent in one file: of the image, the optimizer and the scheduler, with the history so far.

    ``facts`` are what the run is; a file of another run is refused.
    """

    def __init__(self, path: str | Path, facts: str, image: nn.Module, optimizer, scheduler, history: Any):
        self.path, self.facts, self.history = Path(path).expanduser(), facts, history
        self.device = next(image.parameters()).device
        self.parts = {"image": image, "optimizer": optimizer}
        if scheduler:
            self.parts["scheduler"] = scheduler

    def resume(self) -> int:
        """Restore the run from its file, if there is one, and return the step to go on with.

        Raises:
            ValueError: the file belongs to another run.
            WeightsCorrupt: the file is damaged.
        """
        if not self.path.exists():
            return 0
        saved = load_state_dict(self.path)
        found = saved.get("facts", "nothing of ascend's") if isinstance(saved, dict) else type(saved).__name__
        if found != self.facts:
            raise ValueError(
                f"{self.path} keeps another run ({found}), not this one ({self.facts}); "
                "delete it, name another file, or begin from the image that it began from"
            )
        for name, part in self.parts.items():
            part.load_state_dict(saved[name])
        self.history.restore(saved["scores"], saved["frames"])
        with torch.no_grad():
            self.history.last_good = self.parts["image"]().detach().clone()
        set_generators(saved["generators"], self.device)
        return saved["step"]

    def save(self, step: int) -> None:
        """Write the run whole, every ``EVERY`` steps."""
        if step % EVERY:
            return
        state = {name: part.state_dict() for name, part in self.parts.items()}
        state |= dict(facts=self.facts, step=step, generators=generators(self.device))
        state |= dict(scores=self.history.scores.clone(), frames=self.history.frames)
        write_whole(self.path, torch_file(state))

    def remove(self) -> None:
        """Delete the file: the run is done."""
        self.path.unlink(missing_ok=True)
