"""The process that a notebook's process is forked from: PyTorch is imported once, with one thread, and nothing secret.

It takes orders from one grader over a socket: to fork a confined child and hand it one end of another socket, and to
collect a child that has ended. Where forking is not safe (macOS) it becomes the child itself, and serves one notebook.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import socket

from . import run
from .confine import confine


def preload() -> None:
    """Import what every notebook imports."""
    for name in ("torchvision", "matplotlib.pyplot", "helpers", "helpers.judge", "skimage.data"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for package in ("teaching.checks.probes", "overlay_probes"):
        with contextlib.suppress(ImportError):
            folder = importlib.import_module(package).__path__
            for found in pkgutil.iter_modules(folder):
                importlib.import_module(f"{package}.{found.name}")
    import torch

    torch.set_num_threads(1)


def become(order: dict, descriptor: int) -> None:
    """Be the confined process that runs one notebook; never return."""
    channel = socket.socket(fileno=descriptor)
    try:
        only(descriptor)
        with contextlib.suppress(PermissionError):
            os.setsid()
        os.environ.clear()
        os.environ.update(order["environment"])
        layers, watch = confine(order["scratch"], order["read"], **order["limits"])
        run.live(channel, layers, watch.refused)
    except BaseException as error:  # nothing of this process may go on as the server
        with contextlib.suppress(BaseException):
            run.send(channel, {"broken": f"{type(error).__name__}: {error}"[:500]})
    finally:
        os._exit(1)


def only(descriptor: int) -> None:
    """Close every descriptor but this one and the three standard ones, which lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 4096)


def main(descriptor: int, forks: bool) -> None:
    """Serve until the grader hangs up."""
    control = socket.socket(fileno=descriptor)
    preload()
    control.sendall(b'{"ready": true}\n')
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 2**16, 1)
        if not message:
            os._exit(0)  # at once: whoever runs a notebook from here ends with it
        order = json.loads(message)
        if order["do"] == "reap":
            reply = {"status": os.waitpid(order["pid"], 0)[1]}
        else:
            pid = os.fork() if forks else 0
            if not forks:
                control.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
            if pid == 0:
                become(order, descriptors[0])
            reply = {"pid": pid}
            for one in descriptors:
                os.close(one)
        control.sendall(json.dumps(reply).encode() + b"\n")
