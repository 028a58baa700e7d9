"""What a GPU does with this book, in under six minutes: chapters, numbers, precision, VGG16, the explorer, Dask.

    python -m benchmarks.gpu_check                    on a machine with CUDA
    python -m benchmarks.gpu_check --device cpu       every part with tiny steps, to test this program

Every check has a process of its own, so that one that fails, crashes or hangs does not stop the rest, and the table
comes when the seconds are over. The chapters, as they ran, and a picture by VGG16 are left in _build/gpu_check.
Nothing is downloaded but packaged weights: without VGG16's 528 MB in torch's cache SqueezeNet draws the chapters, and
VGG16's classifier is made of random numbers, which take as long.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from torchvision.models import vgg16

from benchmarks.measure.machine import in_words, machine
from benchmarks.measure.store import ROOT
from benchmarks.measure.tables import columns
from helpers import (
    Network,
    class_margin,
    gradient,
    load_network,
    load_photo,
    local_cluster,
    on_dask,
    plan,
    render,
    save_png,
    visualize,
)
from helpers.explorer import Panel
from helpers.networks import load as loading
from tools.notebooks.drawn import artist
from tools.notebooks.run import ThisPython, places

SMALL, DOG = "squeezenet1_1", "Pomeranian"
CHAPTERS = ("02", "03", "04", "05", "07")
BOUND = 1e-3  # of the whole length: float32 sums in another order stay below it, TF32's 10 bits do not
LAST = 5  # seconds of a chapter's share in which its kernel ends


@dataclass(frozen=True)
class Setting:
    """How much is asked of a device; the standard is for a GPU, ``TINY`` for a test of this program."""

    device: str = "cuda"
    size: int = 224
    steps: int = 128
    timed: int = 10  # steps of each of three rounds
    batches: tuple[int, ...] = (1, 32)
    fast: bool = False  # chapters in the mode that tests the code
    out: Path = ROOT / "_build" / "gpu_check"


TINY = Setting("cpu", size=64, steps=2, timed=1, batches=(1, 2), fast=True)


# --- the checks: each says what it found, or raises ---


def same_numbers(setting: Setting) -> str:
    """Logits, the gradient of a margin and a short climb in float32, against the processor's."""
    found = {"logits": [], "gradient": [], "climb": []}
    for device in ("cpu", setting.device):
        network = load_network(SMALL, device=device)
        photo = load_photo("chelsea", setting.size).to(network.device)
        found["logits"].append(network(photo))
        score = class_margin(DOG, 0.5).bind(network)
        found["gradient"].append(gradient(lambda x, score=score, network=network: score.of(network, x), photo))
        climb = visualize(DOG, network, steps=8, size=setting.size, views=[], precision=None, progress=False)
        found["climb"].append(climb.images)
    far = {name: apart(*pair) for name, pair in found.items()}
    words = ", ".join(f"{name} {number:.0e}" for name, number in far.items())
    assert max(far["logits"], far["gradient"]) < BOUND, f"apart, of the whole length: {words}; is TF32 on?"
    return f"apart, of the whole length: {words} (8 steps without views)"


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """The length of the difference of two tensors, in units of the first one's."""
    one, other = one.detach().double().cpu(), other.detach().double().cpu()
    return ((one - other).norm() / one.norm()).item()


def paces(setting: Setting) -> str:
    """Seconds a step and memory, for each network, batch and precision."""
    said = []
    for make in (partial(load_network, SMALL), whole_vgg16):
        network = make(device=setting.device)
        for batch in setting.batches:
            costs = [cost_of_a_step(network, batch, precision, setting) for precision in (None, torch.bfloat16)]
            said.append(f"{network.title}, batch {batch}: {' and '.join(costs)}")
    return "a step in float32 and in bfloat16: " + "; ".join(said)


def cost_of_a_step(network: Network, batch: int, precision: torch.dtype | None, setting: Setting) -> str:
    """The median seconds of a step over three rounds, after one to warm up, and the memory at its highest."""
    on_gpu, taken = network.device.type == "cuda", []
    options = dict(size=setting.size, precision=precision, progress=False)
    for steps in (2, *3 * [setting.timed]):
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        try:
            result = visualize([DOG] * batch, network, steps=steps, seed=list(range(batch)), **options)
        except torch.OutOfMemoryError:
            return "out of memory"
        taken.append((time.perf_counter() - began) / steps)
    assert result.images.isfinite().all(), f"{network.title} in {precision} drew what is no number"
    memory = f", {torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if on_gpu else ""
    return f"{1000 * statistics.median(taken[1:]):.1f} ms{memory}"


def vgg16_if_here() -> Network | None:
    """VGG16 with the weights in torch's cache; ``None`` if there are none."""
    try:
        return loading._vgg16_whole(fetch=False)[0]
    except loading.WeightsUnavailable:
        return None


def whole_vgg16(device: str) -> Network:
    """VGG16 at its true size: the one that is here, else its true convolutions and a classifier of random numbers."""
    network = vgg16_if_here()
    if network is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            core = vgg16(init_weights=False)
        core.features = load_network("vgg16", classifier=False, device="cpu").core.features
        network = loading._network("vgg16", core)
        network.title = "VGG16 (random classifier)"
    return network.to(device, memory_format=torch.channels_last)


def vgg16_at_true_size(setting: Setting) -> str:
    """A picture by VGG16, whole; without views, through which the first score would be another question's."""
    network = whole_vgg16(setting.device)
    began = time.perf_counter()
    result = visualize(DOG, network, steps=setting.steps, size=setting.size, views=[], progress=False)
    seconds = time.perf_counter() - began
    save_png(result.images, setting.out / "vgg16.png")
    first, last = result.scores[0].item(), result.final[0].item()
    rose = last > first or setting.fast  # two steps may well overshoot
    assert rose, f"{setting.steps} steps took the score of {network.title} from {first:.2f} to {last:.2f}"
    return f"{network.title}: score {first:.2f} to {last:.2f} in {setting.steps} steps, {seconds:.1f} s"


def explorer(setting: Setting) -> str:
    """The explorer draws when it is started, and stops when it is told to."""
    panel = Panel(load_network(SMALL, device=setting.device))
    panel.steps.value, panel.size.value = setting.steps, setting.size
    panel.start.click()
    panel.thread.join()
    assert panel.result is not None, panel.message.value
    drawn = len(panel.result.scores)
    assert drawn == setting.steps, f"it took {drawn} of {setting.steps} steps"
    panel.steps.value = panel.steps.max
    panel.start.click()
    time.sleep(1)
    panel.stop.click()
    panel.thread.join()
    stopped = len(panel.result.scores)
    assert stopped < panel.steps.value, "it was told to stop, and went on"
    return f"drew {drawn} steps, and stopped after {stopped} of {panel.steps.value}"


def dask_worker(setting: Setting) -> str:
    """A worker of a Dask cluster draws what this process draws."""
    from distributed import Client

    pieces, recipe = plan([DOG, "tabby"], SMALL, device=setting.device, steps=setting.steps, size=setting.size)
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder) / "here", Path(folder) / "there"
        with local_cluster(1, device=setting.device) as cluster, Client(cluster) as client:
            report = render(pieces, recipe, there, engine=on_dask(client), progress=False)
            seen = [*client.run(torch.cuda.device_count).values()]
        assert not report.failed, f"not drawn: {report.failed}"
        render(pieces, recipe, here, progress=False)
        same = sum((here / f"{p.name}.png").read_bytes() == (there / f"{p.name}.png").read_bytes() for p in pieces)
    assert seen == [1] or setting.device == "cpu", f"a worker should see one GPU, and sees {seen}"
    return f"{report.drawn} pictures in {report.seconds:.1f} s, {same} of them to the byte as this process draws them"


def chapter(setting: Setting, path: Path, deadline: float) -> str:
    """A chapter from its first cell to its last, on the device, until the clock shows the deadline."""
    notebook = nbformat.read(path, as_version=4)
    environment = {**os.environ, "POMERANIAN_QUIET": "1", "POMERANIAN_FAST": str(int(setting.fast))}
    environment |= {} if vgg16_if_here() else {"POMERANIAN_NETWORK": SMALL}
    ran, count = [], sum(cell.cell_type == "code" for cell in notebook.cells)
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        timeout_func=lambda cell: max(1, deadline - LAST - time.time()),
        on_cell_executed=lambda cell, **_: ran.append(cell),
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(env=environment)
    except CellTimeoutError:
        raise TimeoutError(f"{len(ran)} of {count} cells ran") from None
    except CellExecutionError as error:
        raise AssertionError(f"cell {len(ran)} of {count}: {error.ename}: {error.evalue}") from None
    finally:
        nbformat.write(notebook, setting.out / path.name)
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    device = next((text.strip().rpartition("running on ")[2] for text in texts if "running on" in text), "")
    assert (device == "CPU") == (setting.device == "cpu"), f"it ran on {device or 'a device that it does not name'}"
    return f"{count} cells on {device}" + (f", class pictures by {artist(notebook)}" if artist(notebook) else "")


# --- what runs them ---

CHECKS: dict[str, Callable[[Setting], str]] = {
    "float32 as on the processor": same_numbers,
    "seconds and memory": paces,
    "VGG16 at true size": vgg16_at_true_size,
    "the explorer": explorer,
    "a Dask worker": dask_worker,
}


def wanted() -> dict[str, Callable[..., str]]:
    """Every check by its name, the chapters last; those are told when to stop, too."""
    chapters = {name: path for name, path in places().items() if name.startswith(CHAPTERS)}
    return CHECKS | {f"chapter {int(name[:2])}": partial(chapter, path=path) for name, path in chapters.items()}


def say(connection: Connection, check: Callable[..., str], setting: Setting, deadline: float) -> None:
    """In a process of its own: run a check, and send its verdict and what it found."""
    try:
        found = check(setting, deadline=deadline) if isinstance(check, partial) else check(setting)
        connection.send(("passed", found))
    except TimeoutError as error:
        connection.send(("OUT OF TIME", str(error)))
    except Exception as error:
        connection.send(("FAILED", f"{type(error).__name__}: {error}"))


def run_apart(check: Callable[..., str], setting: Setting, seconds: float) -> tuple[str, str]:
    """The verdict of a check, and what it found, after so many seconds at most."""
    if seconds < LAST:
        return "NOT RUN", "the time was over"
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=say, args=(theirs, check, setting, time.time() + seconds))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            return "OUT OF TIME", f"stopped after {seconds:.0f} s"
        said = ours.recv()
        process.join(LAST)
        return said
    except EOFError:
        process.join()
        return "FAILED", f"its process ended with {process.exitcode}"
    finally:
        process.kill()


def run_all(checks: dict[str, Callable[..., str]], setting: Setting, seconds: float) -> list[tuple[str, str, str, str]]:
    """A row a check: its name, its verdict, its seconds, what it found."""
    began, rows = time.monotonic(), []
    setting.out.mkdir(parents=True, exist_ok=True)
    for name, check in checks.items():
        start = time.monotonic()
        verdict, found = run_apart(check, setting, seconds - (start - began))
        rows.append((name, verdict, f"{time.monotonic() - start:.0f}", found))
        print(f"{name}: {verdict}", flush=True)
    return rows


def what_is_missing() -> str:
    """Why there is no GPU to check, in a sentence; nothing if there is one."""
    if torch.cuda.is_available():
        return ""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA: install one that has it"
    return f"torch {torch.__version__} is built for CUDA {torch.version.cuda} and sees no GPU: is its driver there?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every check and print the table; 0 if all passed, 1 if not, 2 if there is nothing to check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--seconds", type=float, default=345, help="after which the table comes (345)")
    parser.add_argument("--only", nargs="*", default=[], help="the first letters of the checks to run")
    asked = parser.parse_args(arguments)
    if asked.device == "cuda" and (missing := what_is_missing()):
        print(f"gpu_check: {missing} (--device cpu tests this program alone)", file=sys.stderr)
        return 2
    if asked.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # for the checks' processes, and theirs
    checks = {name: check for name, check in wanted().items() if not asked.only or name.startswith(tuple(asked.only))}
    rows = run_all(checks, Setting() if asked.device == "cuda" else TINY, asked.seconds)
    device = torch.cuda.get_device_name() if asked.device == "cuda" else "no GPU: tiny steps, which test the program"
    print(f"\n{in_words(machine())}; {device}\n")
    print(columns([("check", "verdict", "s", "found"), *rows]))
    return int(any(verdict != "passed" for _, verdict, *_ in rows))


if __name__ == "__main__":
    sys.exit(main())
