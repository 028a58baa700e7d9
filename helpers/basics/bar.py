"""How far something has come: tqdm's bar in a terminal, in a notebook a line of text that stays when it is saved."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from tqdm import tqdm

from .settings import is_quiet

BREATH = 0.1  # seconds between two updates of a line in a notebook
CELLS = 24  # of a bar in a notebook


class Open(threading.local):
    """The bars of this thread that are under way, the outermost first."""

    def __init__(self) -> None:
        self.bars: list[Bar] = []


OPEN = Open()


class Bar:
    """How far something has come. In a notebook a bar within another shares its line.

    A bar of widgets would come back as an error in a saved notebook, and stand still where a server lacks their
    extension: so the notebook gets a display of text, which is updated in place and ends as one plain line.

    ``what`` is being made, such as ``"film"``; ``units``, in the plural, are counted, ``done`` of them before it
    begins. By default it is shown unless stored outputs are being made.
    """

    def __init__(self, total: int, what: str, units: str = "steps", shown: bool | None = None, done: int = 0):
        self.total, self.what, self.units, self.done, self.note = total, what, units, done, ""
        self.shown = not is_quiet() if shown is None else bool(shown)
        self.began, self.first, self.updated, self.screen, self.terminal = time.monotonic(), done, 0.0, None, None
        if self.shown and not in_notebook():
            self.terminal = tqdm(total=total, initial=done, desc=what, unit=f" {units}", leave=not OPEN.bars)
        if self.shown:
            OPEN.bars.append(self)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def to(self, done: int, note: str = "") -> None:
        """So many are done, and this is to be said beside."""
        self.done, self.note = done, note
        if self.terminal is not None:
            self.terminal.set_postfix_str(note, refresh=False)
            self.terminal.update(done - self.terminal.n)
        elif self.shown and time.monotonic() - self.updated >= BREATH:
            self.updated = time.monotonic()
            outer, *within = OPEN.bars
            outer._show(" · ".join([outer._under_way(), *(f"{bar.what}: {bar._count()}" for bar in within)]))

    def close(self) -> None:
        """Leave what has been done as a line; of a bar within another, nothing."""
        if self not in OPEN.bars:
            return
        outermost = OPEN.bars[0] is self
        OPEN.bars.remove(self)
        if self.terminal is not None:
            self.terminal.close()
        elif outermost:
            self._show(self._finished())

    def _show(self, line: str) -> None:
        from IPython.display import display

        line = {"text/plain": line}
        if self.screen is None:
            self.screen = display(line, raw=True, display_id=True)
        else:
            self.screen.update(line, raw=True)

    def _under_way(self) -> str:
        new, left = self.done - self.first, ""
        if new:
            left = f", {_clock(self._seconds() / new * (self.total - self.done))} left"
        bar = "━" * round(CELLS * self.done / max(self.total, 1))
        return f"{self.what} {bar:╌<{CELLS}} {self._count()}{left}"

    def _finished(self) -> str:
        return f"{self.what}: {self._count()} in {_clock(self._seconds())}"

    def _count(self) -> str:
        count = f"{self.done:,} of {self.total:,}" if self.done < self.total else f"{self.done:,}"
        return f"{count} {self.units}{self.note and ', '}{self.note}"

    def _seconds(self) -> float:
        return time.monotonic() - self.began


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this, so that a display can be updated in place."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02d} min" if minutes else f"{seconds} s"
