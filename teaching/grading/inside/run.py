"""Running a notebook's cells one after the other, each allowed to fail, and then answering what the grader asks."""

from __future__ import annotations

import contextlib
import importlib
import linecache
import os
import re
import socket
import struct
import sys
import types
from collections.abc import Callable
from typing import Any

from teaching.checks.core import pack, serve, unpack
from teaching.checks.probing import Sink, TookTooLong, in_words, time_limit

MAGIC = re.compile(r"^(\s*)([%!?].*)$", re.MULTILINE)
FULL = "out of memory"
PROBES = ("teaching.checks.probes.", "overlay_probes.")


def send(channel: socket.socket, value: Any) -> None:
    """Send plain data, its length first."""
    data = pack(value)
    channel.sendall(struct.pack("<Q", len(data)) + data)


def receive(channel: socket.socket) -> Any:
    """Receive what ``send`` sent.

    Raises:
        EOFError: nobody is there any more.
    """
    (length,) = struct.unpack("<Q", _exactly(channel, 8))
    return unpack(_exactly(channel, length))


def _exactly(channel: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = channel.recv(min(length - len(data), 2**20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def find_probe(name: str) -> Callable:
    """The probe that is called ``module:function``."""
    module, _, function = name.partition(":")
    if not module.startswith(PROBES):
        raise LookupError(f"no probes in {module}")
    return getattr(importlib.import_module(module), function)


def run_cell(name: str, source: str, names: dict[str, Any], limit: float) -> str | None:
    """Run one cell in a namespace; return what went wrong, in words, or None."""
    source = MAGIC.sub(r"\1pass  # \2", source)  # no IPython here: magics and shell commands are left out
    file = f"<cell {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        with contextlib.redirect_stdout(Sink()), contextlib.redirect_stderr(Sink()), time_limit(limit):
            exec(compile(source, file, "exec"), names)
    except TookTooLong:
        return f"still running after {limit:g} s: is there a loop that never ends?"
    except NotImplementedError as error:
        return f"not written yet: {error}".rstrip(": ")
    except MemoryError:
        return FULL
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return in_words(error)
    return None


def namespace() -> dict[str, Any]:
    """What a notebook begins with."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__["display"] = lambda *_, **__: None
    return module.__dict__


def live(channel: socket.socket, layers: list[str], refused: list[str]) -> None:
    """The whole life of a confined process: get the cells, run them, answer until the grader hangs up."""
    send(channel, {"layers": layers})
    job = receive(channel)
    names = namespace()
    for name, source in job["cells"]:
        send(channel, {"at": name})
        problem = run_cell(name, source, names, job["limit"])
        send(channel, {"ran": name, "problem": problem})
        if problem == FULL:
            os._exit(1)  # what it hoards would be missing to the others: the grader begins again without it
    send(channel, {"done": True})
    while True:
        try:
            asked = receive(channel)
        except (EOFError, OSError):
            os._exit(0)
        if asked["do"] == "refused":
            send(channel, {"answer": list(refused)})
            continue
        try:
            send(channel, serve(asked, names, find_probe))
        except MemoryError:
            send(channel, {"problem": "out of memory"})
