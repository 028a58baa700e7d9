"""A hook on Python's own audit events: the last fence, and the only one where the kernel offers none.

It speaks in words that a student understands. It does not hold against somebody who means it: from C, through a
library's back door, there are ways around it, which only the kernel's fences close.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

NEVER = (
    "os.exec", "os.fork", "os.forkpty", "os.kill", "os.killpg", "os.posix_spawn", "os.spawn", "os.startfile",
    "os.system", "os.chmod", "os.chown", "os.setxattr", "os.removexattr", "os.utime", "os.chflags", "pty.spawn",
    "subprocess.Popen", "signal.pthread_kill", "resource.setrlimit", "resource.prlimit", "syslog.",
)  # fmt: skip
SOCKETS = ("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethost")
PLACES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
KEPT = 20  # attempts that are told


class Watch:
    """Refuses, and remembers what it refused.

    What is in ``read`` may be read, and in the folders of ``write`` everything is allowed. ``ctypes_too`` also refuses
    to open libraries through ctypes, as is wise where nothing else stands in the way.
    """

    def __init__(self, read: Sequence[str], write: Sequence[str], ctypes_too: bool):
        self.read = tuple(os.path.realpath(path) for path in (*read, *write, os.devnull))
        self.write = tuple(os.path.realpath(path) for path in (*write, os.devnull))
        self.never = (*NEVER, *SOCKETS, *(("ctypes.dlopen",) if ctypes_too else ()))
        self.refused: list[str] = []

    def install(self) -> str:
        """From now on, for good; return what is in force, in words."""
        sys.addaudithook(self.hook)
        return "Python audit hook"

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python calls before it does something."""
        if event == "open":
            self.opened(*arguments)
        elif event.startswith(self.never):
            self.refuse(event)
        elif event in ("os.listdir", "os.scandir"):
            self.opened(arguments[0] or ".", "r", 0)
        elif event in PLACES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes, os.PathLike)) and not self.inside(path, self.write):
                    self.refuse(f"{event} of {os.fspath(path)!r}")

    def opened(self, path: Any, mode: Any, flags: Any) -> None:
        """A file is about to be opened, or a descriptor, which somebody else has opened."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        writes = bool(isinstance(flags, int) and flags & WRITING)
        if not self.inside(path, self.write if writes else self.read):
            self.refuse(f"{'writing' if writes else 'reading'} {os.fspath(path)!r}")

    @staticmethod
    def inside(path: Any, places: tuple[str, ...]) -> bool:
        """Whether a path, symbolic links followed, lies in one of the places."""
        real = os.path.realpath(os.fsdecode(path))
        return any(real == place or real.startswith(place.rstrip("/") + "/") for place in places)

    def refuse(self, what: str) -> None:
        """Remember, and raise ``PermissionError``."""
        if len(self.refused) < KEPT and what not in self.refused:
            self.refused.append(what[:200])
        raise PermissionError(f"{what} is not allowed while an assignment is graded")
