"""A student's process as the grader sees it: started from the server, asked, given up on, never trusted."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import struct
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teaching.checks.serialize import Unreadable, pack, unpack

from . import sandbox_files
from .processes import Broken, Gone, Server, in_words
from .submission import Step

LARGEST = 64 * 2**20  # bytes of one answer
SCRATCH = 256 * 2**20  # bytes that a student may leave on the disk
START = 180.0  # seconds in which a process has to come up, before any code of a student's runs in it
OUT_OF_TIME = ("no end after", "still running after", "not done after")  # in messages of what took too long
RESTARTS = 3  # times that a notebook is run again without the cell that ended its process


@dataclass(frozen=True)
class Settings:
    """How a class is graded."""

    timeout: float = 180.0  # seconds for all that one notebook does, restarts included; coming up does not count
    cell_limit: float = 30.0  # seconds for one of its cells
    memory: int = 2048  # MiB that it may use beyond PyTorch's own
    picture_limit: float = 120.0  # seconds for the drawing of a picture
    patience: float = 2.0  # times a check's own limit, since the grader's machine is busy with others
    seed: int = 1  # of this class's random numbers: nobody can have learned by heart what is asked with them


class Session:
    """One student's notebook, run and then asked; started again when its process ends before its time.

    Its processes have a folder of their own in ``scratch``, and may read ``read``, too.
    """

    def __init__(self, server: Server, scratch: Path, read: Sequence[str], settings: Settings):
        self.server, self.read, self.settings = server, list(read), settings
        self.steps: list[Step] = []
        scratch.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(dir=scratch))  # what one notebook leaves behind meets no other
        self.deadline = time.monotonic() + settings.timeout
        self.problems: dict[str, str] = {}
        self.layers: list[str] = []
        self.skipped: set[str] = set()
        self.deaths: list[str] = []
        self.pid: int | None = None
        self.looked = time.monotonic()

    def run(self, steps: Sequence[Step]) -> None:
        """Run some more cells; those that end the process are left out, and their names told in ``problems``."""
        self.steps += steps
        todo = self.steps if self.pid is None else steps
        names = {step.name for step in self.steps}
        while len(self.deaths) <= RESTARTS and time.monotonic() < self.deadline:
            at = ""
            try:
                if self.pid is None:
                    self._start()
                limit = self.settings.cell_limit
                self._send({"do": "run", "cells": self._cells(todo), "limit": limit})
                while not (told := self._receive(limit + 5)).get("done"):
                    at = told["at"] if isinstance(told.get("at"), str) and told["at"] in names else at
                    if isinstance(told.get("problem"), str) and told.get("ran") == at:
                        self.problems[at] = told["problem"][:2000]
                return
            except Gone as error:
                self.deaths.append(f"{at}: {error}")
                self.problems.setdefault(at, f"its process did not survive this cell: {error}")
                if at not in names or at in self.skipped:
                    return
                self.skipped.add(at)
                todo = self.steps

    def _cells(self, steps: Sequence[Step]) -> list[list[str]]:
        return [[step.kind, step.name, step.source, step.ours] for step in steps if step.name not in self.skipped]

    def _start(self) -> None:
        self._clean()
        left, self.deadline = self.deadline - time.monotonic(), float("inf")
        place = self.scratch / f"{time.monotonic_ns()}"  # a new one each time: nothing of another notebook's
        place.mkdir(parents=True)
        limits = {"memory": self.settings.memory, "seconds": int(self.settings.timeout) + 10}
        order = {"do": "fork", "scratch": str(place), "read": self.read, "limits": limits}
        order["environment"] = sandbox_files.environment(self.server.place, place)
        try:
            self.pid, self.channel = self.server.fork(order)
            begun = self._receive(START)
        except TimeoutError:
            raise Broken("a process for students' code did not start in time: is this machine very busy?") from None
        except (Gone, OSError) as error:
            raise Broken(f"a process for students' code did not start: {error}") from None
        if "layers" not in begun:
            self._end("")
            raise Broken(f"a process for students' code did not start: {begun.get('broken')}")
        self.layers = [str(layer)[:100] for layer in begun["layers"]][:10]
        self.deadline = time.monotonic() + left

    def request(self, asked: dict) -> Any:
        """Ask the process, and return what it says, or ``{"problem": ...}``."""
        if self.pid is None and len(self.deaths) <= RESTARTS and time.monotonic() < self.deadline:
            self.run([])
        if self.pid is None:
            return {"problem": f"its process is gone: {self.deaths[-1] if self.deaths else 'no time left'}"}
        limit = self.settings.patience * asked.get("limit", 10.0)
        try:
            self._send({**asked, "limit": limit})
            return self._receive(limit + 10.0)
        except Gone as error:
            self.deaths.append(f"answering: {error}")
            return {"problem": f"its process did not survive the question: {error}"}

    def _send(self, value: Any) -> None:
        data = pack(value)
        self.channel.settimeout(10)
        try:
            self.channel.sendall(struct.pack("<Q", len(data)) + data)
        except OSError:
            raise Gone(self._end()) from None

    def _receive(self, limit: float = float("inf")) -> Any:
        """Read one message. Raises ``Gone`` if it does not come, or is none."""
        until = min(self.deadline, time.monotonic() + limit)
        (length,) = struct.unpack("<Q", self._exactly(8, until))
        if length > LARGEST:
            raise Gone(f"{self._end('')}its answer has {length // 2**20} MiB; {LARGEST // 2**20} are read")
        try:
            told = unpack(self._exactly(length, until))
        except Unreadable as error:
            raise Gone(f"{self._end('')}its answer cannot be read: {error}") from None
        if not isinstance(told, dict):
            raise Gone(f"{self._end('')}its answer makes no sense")
        return told

    def _exactly(self, length: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < length:
            left = until - time.monotonic()
            if left <= 0:
                self._end()
                spent = until == self.deadline
                raise Gone(f"{OUT_OF_TIME[0]} {self.settings.timeout:g} s" if spent else "no answer in time")
            if time.monotonic() - self.looked >= 1.0:
                self._look_at_scratch()
            if not select.select([self.channel], [], [], min(left, 1.0))[0]:
                continue
            try:
                part = self.channel.recv(min(length - len(data), 2**20))
            except OSError:
                part = b""
            if not part:
                raise Gone(self._end())
            data += part
        return bytes(data)

    def _look_at_scratch(self) -> None:
        self.looked, total = time.monotonic(), 0
        for place, _, files in os.walk(self.scratch):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(place, name)).st_blocks * 512
        if total > SCRATCH:
            self._end()
            raise Gone(f"it filled the disk with {total // 2**20} MiB")

    def _end(self, words: str | None = None) -> str:
        """End the process; return how it ended, or these words."""
        if self.pid is None:
            return words or ""
        grace = time.monotonic() + 0.2
        while time.monotonic() < grace and words is None and self._alive():
            time.sleep(0.01)
        pid, self.pid = self.pid, None
        self.channel.close()
        return in_words(self.server.end(pid)) if words is None else (self.server.end(pid), words)[1]

    def _alive(self) -> bool:
        """Whether the process has not ended by itself (as far as this system shows)."""
        with contextlib.suppress(OSError, IndexError):
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        return False

    def close(self) -> None:
        """End the process and remove what it wrote."""
        self._end("")
        self._clean()

    def _clean(self) -> None:
        for place, folders, _ in os.walk(self.scratch):
            for name in folders:
                with contextlib.suppress(OSError):  # such as a path longer than the system takes
                    if not (path := Path(place, name)).is_symlink():
                        path.chmod(0o700)  # a folder without rights could not be emptied
        shutil.rmtree(self.scratch, ignore_errors=True)
