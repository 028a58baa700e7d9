"""The loop of an atlas: draws what is missing, stores each picture whole, loses nothing, and lets any engine draw."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from PIL import Image

from ..basics.bar import Bar
from ..basics.files import write_whole
from ..running.stop import halt
from .plan import RESTARTS, TOOK_OFF, Batch, Outcome, Piece, Recipe, draw_batch

END_OF_PNG = b"IEND\xaeB`\x82"
STALE = 60  # seconds after which a half-written file has no writer any more
Draw = Callable[[Batch], Sequence[Outcome]]
Engine = Callable[[Draw, Iterable[Batch]], Iterator[tuple[Batch, Sequence[Outcome] | None]]]


@dataclass
class Report:
    """What a run of ``render`` did. Printed, it is a sentence, and a line for each piece that could not be drawn.

    Attributes:
        wanted, drawn, kept: how many pieces were asked for, drawn now, and there before.
        failed: the names of those that cannot be drawn, and why not.
        restarted: how many of all that are there now were begun again, once or more often (``visualize``).
        grounded: the names of those that never took off in spite of it.
        interrupted: whether Ctrl-C ended it.
        seconds: how long it took.
    """

    wanted: int
    drawn: int = 0
    kept: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    restarted: int = 0
    grounded: list[str] = field(default_factory=list)
    interrupted: bool = False
    seconds: float = 0.0

    def __repr__(self) -> str:
        words = f"{self.wanted} wanted: {self.kept} were there, {self.drawn} drawn, {len(self.failed)} cannot be drawn"
        words += "; stopped early: the same call does the rest" if self.interrupted else ""
        again = f"Begun again, not having taken off at once: {self.restarted}; never took off: {len(self.grounded)}."
        lines = [f"{words}.", *([again] if self.restarted or self.grounded else [])]
        lines += [f"  {name}: {why}" for name, why in self.failed.items()]
        return "\n".join([*lines, *(f"  {name}: it never took off" for name in self.grounded)])


def one_by_one(draw: Draw, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome] | None]]:
    """The engine that needs no engine: this process, one batch after another (*What larger worlds cost*)."""
    for batch in batches:
        yield batch, draw(batch)


def render(
    pieces: Sequence[Piece],
    recipe: Recipe,
    folder: str | os.PathLike[str],
    *,
    batch: int = 8,
    engine: Engine = one_by_one,
    draw: Draw = draw_batch,
    retry: bool = False,
    progress: bool | None = None,
) -> Report:
    """Draw every piece that is not yet in a folder (*What larger worlds cost*).

    Each picture is written whole or not at all, as soon as its batch is done. So Ctrl-C, a killed worker or a killed
    run lose no more than the batches in flight, and the same call does the rest, in the same batches: in float32 a
    picture depends a little on its company. A piece that cannot be drawn leaves a note, ``NAME.failed``, and is not
    tried again.

    Args:
        pieces, recipe: from ``plan``.
        folder: where the PNG files go; each carries its caption.
        batch: how many pictures are drawn at once.
        engine: who draws: takes a function and batches, and yields each batch with what the function made of it, in
            any order, or with ``None`` where the worker died of it.
        draw: what is done with a batch.
        retry: whether to try again what could not be drawn.
        progress: whether to show a bar; by default unless ``POMERANIAN_QUIET`` is set.

    Returns:
        A ``Report``.

    Raises:
        KeyboardInterrupt: Ctrl-C or the notebook's stop button; its ``result`` is the ``Report``.
        ValueError: a batch of no picture.
        OSError: the folder cannot be written to, or the disk is full; what is stored stays.
    """
    if batch < 1:
        raise ValueError(f"a batch has 1 picture or more, got {batch}")
    pictures = PictureFolder(folder)
    absent = [piece for piece in pieces if not pictures.has(piece.name)]
    before = {} if retry else {piece.name: why for piece in absent if (why := pictures.note(piece.name))}
    missing = {piece for piece in absent if piece.name not in before}
    report = Report(len(pieces), kept=len(pieces) - len(missing) - len(before), failed=before)
    start = time.perf_counter()
    with Bar(len(pieces), "atlas", "pictures", shown=progress, done=len(pieces) - len(missing)) as bar:

        def run(batches: list[Batch]) -> list[Batch]:
            """Draw batches; returns those that their workers died of."""
            deadly = []
            with contextlib.closing(engine(draw, batches)) as results:
                for done, outcomes in results:
                    if outcomes is None:
                        deadly.append(done)
                        continue
                    for piece, outcome in zip(done.pieces, outcomes, strict=True):
                        if piece in missing:
                            pictures.store(piece.name, outcome, report)
                            bar.to(bar.done + 1)
            return deadly

        try:
            suspects = run([Batch(some, recipe) for some in _groups(pieces, batch) if missing.intersection(some)])
            for piece in [piece for batch in suspects for piece in batch.pieces if piece in missing]:
                if run([Batch((piece,), recipe)]):  # nothing else was under way: it was this one
                    pictures.store(piece.name, "the worker died", report)
                    bar.to(bar.done + 1)
        except KeyboardInterrupt:
            report.interrupted = True
    report.seconds = time.perf_counter() - start
    pictures.look_back([piece.name for piece in pieces], report)
    if report.interrupted:
        raise halt(repr(report), report)
    return report


class PictureFolder:
    """A folder of pictures, each there whole or not at all."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder).expanduser()
        try:
            probe = self.folder / f"writable-{uuid.uuid4().hex}"  # no other run's, which may start at the same time
            write_whole(probe, b"")
            probe.unlink()
            for left in self.folder.glob("*.partial"):
                with contextlib.suppress(FileNotFoundError):  # another run was faster
                    if time.time() - left.stat().st_mtime > STALE:
                        left.unlink()
        except OSError as error:
            raise type(error)(f"cannot write to {self.folder}: {error.strerror or error}") from None

    def has(self, name: str) -> bool:
        """Whether a picture is there, to its last byte."""
        return is_whole(self.folder / f"{name}.png")

    def look_back(self, names: Sequence[str], report: Report) -> None:
        """Count what the pictures that are there say of their runs."""
        for name in filter(self.has, names):
            with contextlib.suppress(OSError, SyntaxError):
                restarted, grounded = what_happened(self.folder / f"{name}.png")
                report.restarted += restarted
                report.grounded += [name] if grounded else []

    def note(self, name: str) -> str:
        """Why a picture could not be drawn; empty if nobody knows of any reason."""
        path = self.folder / f"{name}.failed"
        return path.read_text("utf-8") if path.exists() else ""

    def store(self, name: str, outcome: Outcome, report: Report) -> None:
        """Write a picture, or why there is none, and count it."""
        ending, data = ("failed", outcome.encode()) if isinstance(outcome, str) else ("png", outcome)
        try:
            write_whole(self.folder / f"{name}.{ending}", data)
        except OSError as error:
            why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
            stored = f"{report.drawn} pictures of this run are stored, and the same call does the rest"
            raise type(error)(f"{self.folder}: {why}; {stored}") from None
        if ending == "failed":
            report.failed[name] = outcome
        else:
            report.drawn += 1
            (self.folder / f"{name}.failed").unlink(missing_ok=True)


def what_happened(path: Path) -> tuple[bool, bool]:
    """Whether a picture was begun again, and whether it never took off in spite of it, as its file says."""
    with Image.open(path) as image:
        grounded = image.info.get(TOOK_OFF) == "no"  # also if the first try was the best, and was kept
        return grounded or image.info.get(RESTARTS, "0") != "0", grounded


def is_whole(path: Path) -> bool:
    """Whether a PNG file is there, to its last byte."""
    try:
        with path.open("rb") as file:
            file.seek(-len(END_OF_PNG), os.SEEK_END)
            return file.read() == END_OF_PNG
    except OSError:
        return False


def _groups(pieces: Sequence[Piece], batch: int) -> Iterator[tuple[Piece, ...]]:
    """Pieces of one seed each, ``batch`` at a time."""
    for _, alike in groupby(sorted(pieces, key=lambda piece: piece.seed), key=lambda piece: piece.seed):
        some = list(alike)
        yield from (tuple(some[i : i + batch]) for i in range(0, len(some), batch))
