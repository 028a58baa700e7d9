"""Drawing on many workers: an engine for ``render`` that stands on Dask distributed (*What larger worlds cost*)."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import pickle
import sys
import time
from asyncio import CancelledError
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .plan import Batch, Outcome
from .render import Draw, Engine

if TYPE_CHECKING:
    from distributed import Client, SpecCluster

NEEDED = 1.1e9  # bytes that a worker takes for batches of 8 pictures of 224², as benchmarks/results/atlas.json has it
MEMORY = 2 * 2**30  # bytes that a worker gets where it is not said how many there are
KEEP = {  # Dask lets a worker give memory back at once, and it asks for it again at the next layer; these keep it
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_ARENA_MAX": "1",
}
IGNORE_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # Ctrl-C is the program's, not theirs
STORED = "what is stored stays, and the same call does the rest"
AHEAD = 2  # batches a thread: one that it draws, one that waits for it


def on_dask(client: Client, ahead: int = AHEAD) -> Engine:
    """An engine that draws on the workers of a Dask cluster (*What larger worlds cost*).

    Only so many batches are handed out as keep every worker busy, so memory stays flat however many there are.

    Args:
        client: of any cluster; the workers need this package, and its weights within reach.
        ahead: how many batches a thread has handed out at once: the one that it draws, and others that wait.

    Returns:
        An engine for ``render``. It raises ``ConnectionError`` when the scheduler is lost.
    """
    import cloudpickle
    from distributed import KilledWorker, as_completed
    from distributed.comm import CommClosedError

    def work(packed: bytes) -> Sequence[Outcome]:  # travels as code, and its argument as bytes: a scheduler
        draw, batch = pickle.loads(packed)  # elsewhere opens neither, and need not know this package
        return draw(batch)

    def engine(draw: Draw, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome] | None]]:
        waiting, flying, room = iter(batches), {}, _Room(client, ahead)
        pool = as_completed()

        def fill() -> None:
            while len(flying) < room() and (batch := next(waiting, None)) is not None:
                future = client.submit(work, cloudpickle.dumps((draw, batch)), pure=False)
                flying[future] = batch
                pool.add(future)

        def next_done() -> tuple[Batch, Sequence[Outcome] | None]:
            future = next(pool)
            batch = flying.pop(future)
            fill()
            if future.status in ("cancelled", "lost"):
                raise CommClosedError(future.status)
            error = future.exception()
            if error is not None and not isinstance(error, KilledWorker):
                raise error
            return batch, None if error else future.result()

        try:
            fill()
            if flying and not client.nthreads():
                print("The cluster has no workers yet: waiting for some.", file=sys.stderr, flush=True)
            while flying:
                yield next_done()
        except (CommClosedError, CancelledError) as error:
            raise ConnectionError(f"the scheduler is gone; {STORED}") from error
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone cancels nothing
                client.cancel(list(flying))

    return engine


class _Room:
    """How many batches may be under way: asked of the scheduler now and then, since workers come and go."""

    def __init__(self, client: Client, ahead: int):
        self.client, self.ahead, self.asked, self.count = client, ahead, -math.inf, ahead

    def __call__(self) -> int:
        if time.monotonic() - self.asked > 5:
            self.count = self.ahead * max(1, sum(self.client.nthreads().values()))
            self.asked = time.monotonic()
        return self.count


def local_cluster(workers: int | None = None, device: str = "cpu", dashboard: bool = False) -> SpecCluster:
    """A Dask cluster on this machine: a worker a core with one thread each, or one a GPU (*What larger worlds cost*).

    Args:
        workers: how many; by default as many as there are cores and memory for, or GPUs.
        device: ``"cpu"`` or ``"cuda"``.
        dashboard: whether to serve Dask's dashboard, which wants the package ``bokeh``.

    Raises:
        ValueError: no worker, fewer GPUs than workers, or no ``bokeh`` for the dashboard.
    """
    import dask
    from distributed import Nanny, Scheduler, SpecCluster
    from distributed.system import MEMORY_LIMIT

    if dashboard and find_spec("bokeh") is None:
        raise ValueError("Dask's dashboard wants the package bokeh: pip install bokeh")
    count = room_for(device) if workers is None else workers
    if count < 1:
        raise ValueError(f"no worker to draw with: {'no GPU is seen here' if device == 'cuda' else f'got {workers}'}")
    if device == "cuda" and count > room_for(device):
        raise ValueError(f"{count} workers want a GPU each, and {room_for(device)} are seen here")
    if device == "cpu" and count * NEEDED > MEMORY_LIMIT:
        print(_too_little(count, MEMORY_LIMIT), file=sys.stderr, flush=True)
    common = {"nthreads": 1, "dashboard": False, "silence_logs": logging.CRITICAL}
    common |= {"memory_limit": MEMORY_LIMIT // count if device == "cpu" else 0}
    common |= {"preload": [IGNORE_SIGINT], "config": {"distributed.worker.memory.pause": False}}
    members = {i: {"cls": Nanny, "options": {**common, "env": _environment(i, device)}} for i in range(count)}
    port = {"dashboard": dashboard, "dashboard_address": ":8787" if dashboard else "127.0.0.1:0"}  # 0: any that is free
    roomy = {f"distributed.nanny.pre-spawn-environ.{key}": value for key, value in KEEP.items()}
    scheduler = {"cls": Scheduler, "options": {"host": "127.0.0.1", "allowed_failures": 1, **port}}
    dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"})  # or it gives up a worker that comes back
    with dask.config.set(roomy):
        return SpecCluster(members, scheduler, name="atlas", silence_logs=logging.CRITICAL)


def _too_little(count: int, memory: int) -> str:
    """What is said where Dask might have to kill workers for what they take."""
    enough = max(1, int(memory // NEEDED))
    share = f"{count} workers have {memory / count / 1e9:.1f} GB each" if count > 1 else f"{memory / 1e9:.1f} GB here"
    less = f"local_cluster({enough}), or " if enough < count else ""
    return f"{share}, and batches of 8 want {NEEDED / 1e9:.1f} GB a worker: {less}render(..., batch=2)"


def _environment(i: int, device: str) -> dict[str, str]:
    """What makes a worker keep to its own core, or to its own GPU of those that we were given."""
    if device == "cpu":
        return {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return {"CUDA_VISIBLE_DEVICES": given.split(",")[i].strip() if given else str(i)}


def room_for(device: str) -> int:
    """How many workers this machine has room for: cores and memory, or GPUs."""
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    if device == "cuda":
        import torch

        return torch.cuda.device_count()
    return max(1, min(CPU_COUNT, MEMORY_LIMIT // MEMORY))
