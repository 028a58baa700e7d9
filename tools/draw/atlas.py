"""Draw every class, or any list of classes or channels, once with each seed, on as many workers as there are.

    python tools/draw/atlas.py                                       all classes, on this machine
    python tools/draw/atlas.py --classes Pomeranian 340 --seeds 0 1 2
    python tools/draw/atlas.py --channels fire3 conv1:0-15            of one network, in the same style and size
    python tools/draw/atlas.py --scheduler tcp://10.0.0.1:8786        on a Dask cluster that is running
    python tools/draw/atlas.py --device cuda                          a worker a GPU

What is drawn is not drawn again: a run that was stopped, by whatever, goes on with the same command.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudpickle import register_pickle_by_value
from distributed import Client
from distributed.diagnostics.plugin import WorkerPlugin

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from distributed import Worker

    from helpers.atlas.plan import Target
    from helpers.atlas.render import Report

PICTURES = ROOT / "_build" / "atlas"
# The atlas in the book, wherever it is drawn: two networks that take turns.
ATLAS = dict(network="squeezenet1_1 + efficientnet_lite2", style="natural", steps=128, size=224)
ALONE = "squeezenet1_1"  # whose channels are drawn if no network is named: several have none in common


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_argument_group("what")
    what.add_argument("--classes", nargs="+", metavar="CLASS", help="by index or name (all, unless channels are named)")
    what.add_argument("--channels", nargs="+", default=[], metavar="LAYER[:A-B]", help="all of a layer, or some")
    what.add_argument("--seeds", nargs="+", type=int, default=[0], help="each target is drawn once with each (0)")
    how = parser.add_argument_group("how")
    how.add_argument("--network", help=f"or several, joined by ' + ' ({ATLAS['network']}; {ALONE} with --channels)")
    how.add_argument("--style", default=ATLAS["style"], help="(%(default)s)")
    how.add_argument("--steps", type=int, default=ATLAS["steps"], help="(%(default)s)")
    how.add_argument("--size", type=int, default=ATLAS["size"], help="pixels a side (%(default)s)")
    how.add_argument("--batch", type=int, default=8, help="pictures drawn at once by a worker (8)")
    where = parser.add_argument_group("where")
    where.add_argument("--folder", type=Path, default=PICTURES, help="of the pictures")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster; without one, one is made here")
    where.add_argument("--workers", type=int, help="of the cluster made here; 0 for none: one picture after another")
    where.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    where.add_argument("--dashboard", action="store_true", help="serve Dask's dashboard (wants the package bokeh)")
    where.add_argument("--retry", action="store_true", help="try again what could not be drawn")
    asked = parser.parse_args(arguments)
    asked.network = asked.network or (ALONE if asked.channels else ATLAS["network"])
    return asked


def targets(asked: argparse.Namespace) -> list[Target] | None:
    """What the command line asks for; ``None`` for all classes."""
    if not asked.classes and not asked.channels:
        return None
    classes = [int(word) if word.isdigit() else word for word in asked.classes or []]
    return classes + [(layer, k) for word in asked.channels for layer, k in channels(word, asked.network)]


def channels(word: str, network: str) -> Iterator[tuple[str, int]]:
    """The channels that ``"fire3"`` or ``"fire3:0-15"`` names.

    Raises:
        ValueError: not two whole numbers behind the colon.
        LookupError: no such layer, or several networks, which have none in common.
    """
    from helpers.atlas.plan import load_all

    layer, _, span = word.partition(":")
    if not span:
        yield from ((layer, k) for k in range(load_all(network).channels(layer)))
        return
    first, _, last = span.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise ValueError(f"channels are written like fire3:0-15 or fire3:7, got {word!r}")
    yield from ((layer, k) for k in range(int(first), int(last or first) + 1))


class Code(WorkerPlugin):
    """Gives `helpers` to a worker elsewhere: the code, some kilobytes, never the weights."""

    name = "the-ideal-pomeranian"

    def __init__(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted((ROOT / "helpers").rglob("*.*")):
                if "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(ROOT))
        self.packed = packed.getvalue()

    def setup(self, worker: Worker) -> None:
        """Called by Dask on each worker, also on those that come later."""
        mark = hashlib.sha256(self.packed).hexdigest()[:12]
        place = Path(worker.local_directory) / f"helpers-{mark}.zip"
        place.write_bytes(self.packed)
        sys.path.insert(0, str(place))
        for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[name]  # an earlier run's, by which the worker would go on drawing
        with contextlib.suppress(OSError, AttributeError):  # no glibc
            for option in (-1, -3):  # trim and mmap thresholds: as `KEEP` of helpers.atlas.cluster does
                ctypes.CDLL(None).mallopt(option, 2**25 if option == -3 else 2**31 - 1)


def draw(asked: argparse.Namespace) -> Report:
    """Draw what is missing, on whatever is asked for."""
    from helpers.atlas.plan import draw_batch, plan

    how = dict(style=asked.style, steps=asked.steps, size=asked.size, device=asked.device)
    pieces, recipe = plan(targets(asked), asked.network, seeds=asked.seeds, **how)
    work = partial(draw_batch, device=asked.device)
    options = dict(batch=asked.batch, draw=work, retry=asked.retry)
    print(f"{len(pieces)} pictures into {asked.folder}")
    if asked.workers == 0:
        return told(pieces, recipe, asked.folder, **options)
    from helpers.atlas.cluster import local_cluster, on_dask

    if asked.scheduler:
        with Client(asked.scheduler, timeout=10) as client:
            register_pickle_by_value(sys.modules[Code.__module__])  # a worker elsewhere cannot import this file
            client.register_plugin(Code())
            return told(pieces, recipe, asked.folder, engine=on_dask(client), **options)
    with local_cluster(asked.workers, asked.device, asked.dashboard) as cluster, Client(cluster) as client:
        if asked.dashboard:
            print(f"Dask's dashboard: {client.dashboard_link}")
        return told(pieces, recipe, asked.folder, engine=on_dask(client), **options)


def told(*wanted: Any, **options: Any) -> Report:
    """Draw, and print what came of it, stopped or not, before a cluster takes its time to close."""
    from helpers.atlas.render import render

    try:
        report = render(*wanted, **options)
    except KeyboardInterrupt as stop:
        report = getattr(stop, "result", None)
        if report is None:  # nothing was begun
            raise
    print(report, flush=True)
    return report


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw; say what came of it."""
    try:
        report = draw(parse(arguments))
    except (LookupError, ValueError, OSError, RuntimeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped; what is stored stays, and the same command does the rest.")
    sys.exit(1 if report.failed or report.interrupted else 0)


if __name__ == "__main__":
    main()
