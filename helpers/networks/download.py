"""Downloads that never hang and never leave half a file."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import queue
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import torch

from ..basics.bar import Bar
from ..basics.files import write_whole

PATIENCE = 4  # seconds without an answer before a host counts as unreachable
MB = 10**6
REMEMBER = 600  # seconds for which an unreachable host is not asked again


class WeightsUnavailable(RuntimeError):
    """A checkpoint is neither in the cache nor to be had from where it is published."""


def cache() -> Path:
    """The folder of checkpoints: torch's own, so that ``TORCH_HOME`` moves it."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def download(url: str, title: str) -> bytes:
    """The bytes at ``url``, with a progress bar. Raises ``WeightsUnavailable`` instead of hanging."""
    with ask_for(url) as answer:
        size = int(answer.headers.get("Content-Length", 0)) or None
        received = io.BytesIO()
        with Bar((size or 0) // MB, title, "MB") as bar:
            try:
                while chunk := answer.read(MB):
                    received.write(chunk)
                    bar.to(received.tell() // MB)
            except (OSError, http.client.HTTPException) as error:
                raise WeightsUnavailable(f"the download of {title} broke off: {error}") from error
    if size and received.tell() < size:
        raise WeightsUnavailable(f"the download of {title} broke off after {received.tell():,} of {size:,} bytes")
    return received.getvalue()


def ask_for(url: str):
    """``urlopen`` that gives up after ``PATIENCE`` seconds even where the name look-up itself hangs."""
    parts = urllib.parse.urlsplit(url)
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    url = parts._replace(netloc=host).geturl()  # a private index carries its password here: not for messages
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.pypi.simple.v1+json, */*;q=0.1"})
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        secret = "Basic " + base64.b64encode(pair.encode()).decode()
        request.add_unredirected_header("Authorization", secret)  # not for a host that the index sends us on to
    memory = cache() / f".unreachable-{re.sub(r'[^a-z0-9.]', '_', host)}"
    if memory.exists() and time.time() - memory.stat().st_mtime < REMEMBER:
        raise WeightsUnavailable(f"{host} cannot be reached")
    answers: queue.Queue = queue.Queue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=PATIENCE))
        except Exception as error:  # handed to the thread that waits
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=PATIENCE)
    except queue.Empty:
        answer = TimeoutError(f"no answer in {PATIENCE} s")
    if isinstance(answer, urllib.error.HTTPError):
        raise WeightsUnavailable(f"{url} answered {answer.code} {answer.reason}")
    if isinstance(answer, Exception):
        with contextlib.suppress(OSError):
            write_whole(memory, b"")
        raise WeightsUnavailable(f"{host} cannot be reached") from answer
    with contextlib.suppress(OSError):  # where nothing can be written, nothing was remembered
        memory.unlink(missing_ok=True)
    return answer
