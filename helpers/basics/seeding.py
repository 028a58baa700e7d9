"""Randomness that is the same every time, and leaves the caller's own untouched."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor

TURNS = threading.RLock()  # torch has one generator a device, and a notebook may have two runs under way


def generators(device: torch.device) -> dict[str, Tensor]:
    """The states of the generators that code on a device draws from: the processor's, and the device's own."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generators(states: dict[str, Tensor], device: torch.device) -> None:
    """Set the generators to states that ``generators`` told."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif "mps" in states:
        torch.mps.set_rng_state(states["mps"])


@contextlib.contextmanager
def untouched(device: torch.device) -> Iterator[None]:
    """A block after which the generators are as they were, unless another thread draws from them meanwhile."""
    alone = TURNS.acquire(blocking=False)
    try:
        before = generators(device) if alone else {}
        try:
            yield
        finally:
            if alone:
                set_generators(before, device)
    finally:
        if alone:
            TURNS.release()


class Seeded:
    """A run's own randomness: ``with`` blocks in which torch's generators, torchvision's transforms included, are its.

    The first block begins at the seed, each other one where the last ended. Between them the caller's generators are
    as they were, and a run in another thread has its turn.

    Args:
        seed: a whole number.
        device: what the run draws on.
    """

    def __init__(self, seed: int, device: torch.device):
        self.seed, self.device = seed, device
        self.own: dict[str, Tensor] | None = None

    def __enter__(self) -> Seeded:
        TURNS.acquire()
        try:
            self.callers = generators(self.device)
            try:
                self._begin()
            except BaseException:  # Ctrl-C, too: no __exit__ will set them back
                set_generators(self.callers, self.device)
                raise
        except BaseException:  # else nobody would ever have a turn
            TURNS.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            try:
                self.own = generators(self.device)
                set_generators(self.callers, self.device)
            except BaseException:  # Ctrl-C on the way
                set_generators(self.callers, self.device)
                raise
        finally:
            TURNS.release()

    def anew(self) -> Seeded:
        """The same randomness from its beginning, for a trial that the run shall not notice."""
        return Seeded(self.seed, self.device)

    def _begin(self) -> None:
        if self.own is not None:
            return set_generators(self.own, self.device)
        torch.default_generator.manual_seed(self.seed)
        if self.device.type == "cuda":
            with torch.cuda.device(self.device):
                torch.cuda.manual_seed(self.seed)
        elif self.device.type == "mps":
            torch.mps.manual_seed(self.seed)
