"""The whole life of a confined process: cells are run and questions answered, in the order in which the grader asks."""

from __future__ import annotations

import importlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from teaching.checks.core import pack, serve, unpack

from .cells import FULL, Missing, Notebook

PROBES = ("teaching.checks.probes.", "overlay_probes.")
OURS = ("teaching.", "overlay_probes", "inside.")
TAMPERED = "the checks themselves were changed while they looked on"
UNDONE = "a change of the checks, which was undone"


def send(channel: socket.socket, value: Any) -> None:
    """Send plain data, its length first."""
    data = pack(value)
    channel.sendall(struct.pack("<Q", len(data)) + data)


def receive(channel: socket.socket) -> Any:
    """Receive what ``send`` sent. Raises ``EOFError`` if nobody is there any more."""
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


def seal() -> Callable[[], bool]:
    """Remember what probes and checks are by now; what is returned puts it back, and says whether anything was changed.

    A student's code shares this process with the probes and could put others in their place. It does not hold against
    somebody who rewrites memory; nothing but what a function answers does.
    """
    modules = [module for name, module in sys.modules.items() if name.startswith(OURS)]
    classes = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    places = [*modules, *(one for one in dict.fromkeys(classes) if one.__module__.startswith(OURS))]
    was = [(place, {k: value for k, value in vars(place).items() if not k.startswith("__")}) for place in places]
    codes = [(value, value.__code__) for _, names in was for value in names.values() if hasattr(value, "__code__")]

    def put_back() -> bool:
        changed = False
        for place, names in was:
            for name, value in names.items():
                if vars(place).get(name) is not value:
                    changed = True
                    setattr(place, name, value)
        for function, code in codes:
            if function.__code__ is not code:
                changed, function.__code__ = True, code
        return changed

    return put_back


def live(channel: socket.socket, layers: list[str], refused: list[str]) -> None:
    """Run cells and answer questions until the grader hangs up."""
    answer, put_back = serve, seal()
    send(channel, {"layers": layers})
    notebook = Notebook()
    while True:
        try:
            asked = receive(channel)
        except (EOFError, OSError):
            os._exit(0)
        if asked["do"] == "run":
            run(channel, notebook, asked["cells"], asked["limit"])
            continue
        if asked["do"] == "refused":
            send(channel, {"answer": list(refused)})
            continue
        if put_back() and UNDONE not in refused:
            refused.append(UNDONE)
        Missing.asked = True
        try:
            told = answer(asked, notebook.names, find_probe)
        except MemoryError:
            told = {"problem": FULL}
        Missing.asked = False
        send(channel, {"problem": TAMPERED} if put_back() else told)


def run(channel: socket.socket, notebook: Notebook, cells: list[list[str]], limit: float) -> None:
    """Run cells, and tell of each when it begins and how it ended."""
    for kind, name, source, ours in cells:
        send(channel, {"at": name})
        problem = notebook.step(kind, name, source, ours, limit)
        send(channel, {"ran": name, "problem": problem})
        if problem == FULL:
            os._exit(1)  # what it hoards would be missing to the others: the grader begins again without it
    send(channel, {"done": True})
