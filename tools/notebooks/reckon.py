"""How long would VGG16 draw the chapters? Their steps are counted with a thin stand-in, and one of its steps is timed.

    python tools/notebooks/reckon.py                 the chapters whose network `load_network()` chooses
    python tools/notebooks/reckon.py 02 --cores 4    one of them

The stand-in has VGG16's layers with a sixteenth of the channels and random weights, and so takes every step of a
chapter in a small part of the time. Some of a chapter's checks fail on it, as they should; their cells are named, and
counted as far as they come. Nothing is stored. The step that is timed is of VGG16 at its true size; its weights are
random, which take as long as others. What the passes of other networks and all the rest take is in the run itself.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from torch import Tensor, nn
from torchvision.models import vgg, vgg16

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers.networks import load as loading  # noqa: E402
from helpers.networks.network import Network  # noqa: E402
from tools.notebooks.run import THREADS, ThisPython, choose, clock, places  # noqa: E402

COUNTED = "POMERANIAN_COUNTED"  # the file into which a chapter's kernel writes what it has counted
HEAD = "import sys; sys.path.insert(0, {root!r}); from tools.notebooks.reckon import count_here; count_here()"
SIDE = 224
SHARED = 0.8  # how much of each core's work is left where several share a step; an assumption


def thin_vgg16(divisor: int = 16) -> nn.Module:
    """VGG16 with a part of its channels, random weights and a small classifier of a thousand classes."""
    widths = [width if width == "M" else width // divisor for width in vgg.cfgs["D"]]
    with torch.device("meta"):
        core = vgg16()
    core.features = vgg.make_layers(widths)
    parts = [nn.Linear(49 * widths[-2], 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout()]
    core.classifier = nn.Sequential(*parts, nn.Linear(64, 1000))
    for module in core.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return core


def count_here() -> None:
    """In a chapter's kernel: let a thin stand-in be VGG16, and write at the end how many pixels passed through it."""
    pixels: Counter[str] = Counter()

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        batch, _, height, width = inputs[0].shape
        climbed = torch.is_grad_enabled() and inputs[0].requires_grad
        pixels["steps" if climbed else "looks"] += batch * height * width

    def load(fetch: bool) -> tuple[Network, str]:
        core = thin_vgg16()
        core.register_forward_pre_hook(note)
        return loading._network("vgg16", core), "a thin stand-in, to count its steps"

    loading._vgg16_whole = load
    atexit.register(lambda: Path(os.environ[COUNTED]).write_text(json.dumps(pixels)))


def count(path: Path) -> tuple[dict[str, float], float, list[int]]:
    """Run a chapter on the stand-in: its looks and steps, at 224 by 224; its seconds; which cells (from 1) failed."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, new_code_cell(HEAD.format(root=str(ROOT))))
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted.json"
        environment = {**os.environ, "POMERANIAN_QUIET": "1", "POMERANIAN_NETWORK": "vgg16", COUNTED: str(counted)}
        environment |= {"OMP_NUM_THREADS": str(THREADS)}
        options = {"kernel_manager_class": ThisPython, "timeout": None, "allow_errors": True}
        began = time.monotonic()
        NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}, **options).execute(env=environment)
        seconds = time.monotonic() - began
        pixels = json.loads(counted.read_text())
    failed = [
        number
        for number, cell in enumerate(notebook.cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return {name: pixels.get(name, 0) / SIDE**2 for name in ("looks", "steps")}, seconds, failed


def seconds_of_vgg16(rounds: int = 5) -> dict[str, float]:
    """The processor's seconds, on one thread in float32, for a look at one picture, and for a step, there and back."""
    torch.set_num_threads(1)
    core = vgg16(init_weights=False).eval().requires_grad_(False).to(memory_format=torch.channels_last)
    taken: dict[str, list[float]] = {"looks": [], "steps": []}
    for name in taken:
        for _ in range(rounds):
            image = torch.rand(1, 3, SIDE, SIDE, requires_grad=name == "steps")
            began = time.process_time()
            logits = core(image)
            if name == "steps":
                logits[0, 0].backward()
            taken[name].append(time.process_time() - began)
    return {name: statistics.median(every) for name, every in taken.items()}


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if the whole would take longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="the first characters of a chapter's file name, such as 03")
    parser.add_argument("--cores", type=int, default=4, help="that the runner has (4)")
    parser.add_argument("--hours", type=float, default=3.0, help="that it may take (3)")
    asked = parser.parse_args(arguments)
    where = {name: path for name, path in places().items() if "load_network()" in path.read_text(encoding="utf-8")}
    each = seconds_of_vgg16()
    print(f"VGG16, {SIDE} by {SIDE}, one thread: a look {each['looks']:.2f} s, a step {each['steps']:.2f} s")
    print(f"assumed: of {asked.cores} cores that share a step, each does {SHARED:.0%} of what it does alone")
    print(f"{'chapter':<34} {'looks':>7} {'steps':>7}  the rest  on {asked.cores} cores  cells that failed")
    whole = 0.0
    for name in choose(list(where), asked.chapters):
        passes, rest, failed = count(where[name])
        seconds = rest + sum(passes[what] * each[what] for what in each) / (asked.cores * SHARED)
        whole += seconds
        numbers = f"{passes['looks']:7.0f} {passes['steps']:7.0f}  {clock(rest):>8}  {clock(seconds):>10}"
        print(f"{name:<34} {numbers}  {', '.join(map(str, failed))}", flush=True)
    enough = whole <= 3600 * asked.hours
    print(f"{'all':<34} {clock(whole):>37}  {'within' if enough else 'MORE THAN'} {asked.hours:g} h")
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main())
