"""Where students' processes come from, and how they end: the grader's side of `inside/server.py`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from . import sandbox_files

READY = 600.0  # seconds in which a server has to have imported everything, on a machine that is busy with other work
BOOT = "import sys; sys.path[:0] = sys.argv[2:]; import inside.server as s; s.main(int(sys.argv[1]), {forks})"


class Gone(RuntimeError):
    """The student's process has ended, or had to be ended; the message says how."""


class Broken(RuntimeError):
    """The grader could not make a process for students' code: nobody's work can be graded."""


class Server:
    """The process from which students' processes are forked; one for each worker of the grader.

    It works in the folder made by ``sandbox_files.build``. Without ``forks``, where forking is not safe, each notebook
    gets a server of its own.
    """

    def __init__(self, place: Path, forks: bool = sys.platform == "linux"):
        self.place, self.forks = place, forks
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and wait until it has imported everything."""
        mine, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-B", "-c", BOOT.format(forks=self.forks), str(theirs.fileno())]
        command += [str(self.place), *sandbox_files.packages()]
        environment = sandbox_files.environment(self.place, self.place)
        self.process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            cwd=self.place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("GRADING_DEBUG") else subprocess.DEVNULL,
        )
        theirs.close()
        mine.settimeout(READY)
        self.control, self.replies = mine, mine.makefile("rb")
        self._reply()

    def _reply(self) -> dict:
        try:
            line = self.replies.readline()
        except TimeoutError:
            self.stop()  # what it may say yet is nobody's answer; the next one is asked for with a server of its own
            raise
        if not line.endswith(b"\n"):
            raise Gone("the server of students' processes has ended")
        return json.loads(line)

    def fork(self, order: dict) -> tuple[int, socket.socket]:
        """Start a confined process; return its id and the socket to it."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        mine, theirs = socket.socketpair()
        socket.send_fds(self.control, [json.dumps(order).encode()], [theirs.fileno()])
        theirs.close()
        return self._reply()["pid"], mine

    def end(self, pid: int) -> int:
        """Kill a process and all of its group; return its status."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        if not self.forks:
            status, self.process = self.process.wait(), None
            return -status if status < 0 else status << 8
        self.control.sendall(json.dumps({"do": "reap", "pid": pid}).encode())
        return self._reply()["status"]

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.control.close()
            self.process.kill()
            self.process.wait()


def in_words(status: int) -> str:
    """How a process ended."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        names = {signal.SIGXCPU: "it used up its processor time", signal.SIGXFSZ: "it wrote too large a file"}
        return names.get(number, f"it was ended by {signal.Signals(number).name}")
    return f"it ended itself with exit code {os.WEXITSTATUS(status)}"
