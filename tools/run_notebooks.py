"""Run the chapters in full and store what they show, so that a second run changes nothing.

    python tools/run_notebooks.py            all chapters
    python tools/run_notebooks.py 03 05      these
    python tools/run_notebooks.py --check    all, storing nothing: fails if an output differs from the stored one

A chapter is stored only if every cell of it ran, in one stroke, and only if its source is still the one that ran.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "notebooks"
PAGES = ROOT / "book"  # the gallery of failures is a notebook, too
METADATA = {
    "accelerator": "GPU",  # Colab's: start on a GPU
    "colab": {"gpuType": "T4", "provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
THREADS = "2"  # the two cores that the book promises to do with
WIDGET = "application/vnd.jupyter.widget"
ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]{6,}>")
SPEED = re.compile(r"\d(it/s|s/it)\b")


# --- what is stored: pure functions of a notebook ---


def last_written(text: str) -> str:
    """Return a text as a terminal leaves it: of a line rewritten with carriage returns, the last version."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


def clean_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return a cell's outputs without stderr and live widgets, neighboring prints joined, metadata dropped."""
    cleaned: list[NotebookNode] = []
    for output in outputs:
        output = nbformat.from_dict(dict(output))
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if cleaned and cleaned[-1].output_type == "stream":
                cleaned[-1].text += output.text
                continue
        elif output.output_type in ("display_data", "execute_result"):
            if any(kind.startswith(WIDGET) for kind in output.data):
                continue
            output.metadata = {}
        cleaned.append(output)
    for output in cleaned:
        if output.output_type == "stream":
            output.text = last_written(output.text)
    return cleaned


def stable_id(index: int, source: str) -> str:
    """Return an id for a cell that has none: the same for the same cell in the same place."""
    return hashlib.sha256(f"{index}\0{source}".encode()).hexdigest()[:8]


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as it is stored: cells' ids and tags kept, whatever differs from run to run dropped."""
    stored = nbformat.from_dict(dict(notebook))
    stored.metadata = nbformat.from_dict(METADATA)
    stored.nbformat, stored.nbformat_minor = 4, 5
    count = 0
    for index, cell in enumerate(stored.cells):
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.tags} if cell.metadata.get("tags") else {})
        cell.id = cell.get("id") or stable_id(index, cell.source)
        if cell.cell_type != "code":
            continue
        cell.outputs = clean_outputs(cell.outputs)
        cell.execution_count = None
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return stored


def serialize(notebook: NotebookNode) -> str:
    """Return a notebook's text: the same for the same notebook."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Yield every text that a code cell shows; images and other binary data are left out."""
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "\n".join([output.ename, output.evalue, *output.traceback])
        else:
            for kind, value in output.data.items():
                if isinstance(value, str) and (not kind.startswith("image/") or kind == "image/svg+xml"):
                    yield re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+", "", value)


def private_places(root: Path = ROOT) -> list[str]:
    """List the folders that must not be named in an output: this checkout and its owner's home."""
    places = {str(root), str(Path.home())}
    return sorted(place for place in places if len(place) > 3)


def problems(notebook: NotebookNode, places: list[str]) -> list[str]:
    """List what a reader or a second run should not find in the outputs, each with its cell."""
    found = []
    for index, cell in enumerate(notebook.cells, start=1):
        for text in output_texts(cell):
            found += [f"cell {index} shows the path {place}" for place in places if place in text]
            if match := ADDRESS.search(text):
                found.append(f"cell {index} shows a memory address, other in every run: {match.group(0)[:80]}")
            if SPEED.search(text):
                found.append(f"cell {index} shows a progress bar's timing")
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            found.append(f"cell {index} stores an error")
    return found


def changed_cells(before: NotebookNode, after: NotebookNode) -> list[int]:
    """List the cells (from 1) whose outputs differ; cells are matched by id."""
    known = {cell.get("id"): cell for cell in before.cells}
    changed = []
    for index, cell in enumerate(after.cells, start=1):
        if cell.cell_type == "code":
            old = known.get(cell.id, {})
            if old.get("outputs", []) != cell.outputs or old.get("execution_count") != cell.execution_count:
                changed.append(index)
    return changed


def same_source(one: NotebookNode, other: NotebookNode) -> bool:
    """Say whether two notebooks have the same cells, outputs aside."""
    return [(c.cell_type, c.source) for c in one.cells] == [(c.cell_type, c.source) for c in other.cells]


def choose(names: list[str], wanted: list[str]) -> list[str]:
    """Return the chapters that begin with what is wanted, all if nothing is.

    Raises:
        ValueError: something wanted begins no chapter's name; the message lists the chapters.
    """
    if not wanted:
        return names
    for prefix in wanted:
        if not any(name.startswith(prefix) for name in names):
            raise ValueError(f"no chapter begins with {prefix!r}; there are: {', '.join(names)}")
    return [name for name in names if any(name.startswith(prefix) for prefix in wanted)]


def clock(seconds: float) -> str:
    """Write a duration as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.chmod(beside, path.stat().st_mode)
    os.replace(beside, path)


# --- running ---


class Progress:
    """One line on a terminal, rewritten each second; in a log, a line now and then."""

    def __init__(self, name: str, cells: int) -> None:
        self.name, self.cells, self.cell, self.started = name, cells, 0, time.monotonic()
        self.live = sys.stdout.isatty()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopped.set()
        self.thread.join()
        if self.live:
            print("\r\033[K", end="", flush=True)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def at(self, cell: int) -> None:
        self.cell = cell

    def _tick(self) -> None:
        while not self.stopped.wait(1 if self.live else 20):
            line = f"  {self.name}: cell {self.cell}/{self.cells}, {clock(self.elapsed)}"
            print(f"\r\033[K{line}" if self.live else line, end="" if self.live else "\n", flush=True)


@dataclass
class Outcome:
    """What became of one chapter."""

    name: str
    seconds: float = 0.0
    cells: int = 0
    changed: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.problems:
            return "NOT STORED"
        if not self.changed:
            return "the same"
        shown = ", ".join(map(str, self.changed[:8])) + (", …" if len(self.changed) > 8 else "")
        return f"changed in {'cell' if len(self.changed) == 1 else 'cells'} {shown}"


class ThisPython(AsyncKernelManager):
    """Starts this very Python, not a kernel of the same name that another environment installed for this user."""

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(notebook: NotebookNode, folder: Path, progress: Progress) -> None:
    """Run a notebook in place, in a fresh kernel, in the full and quiet mode.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        timeout=None,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: progress.at(cell_index + 1),
    )
    environment = {name: value for name, value in os.environ.items() if name != "POMERANIAN_FAST"}
    environment |= {"POMERANIAN_QUIET": "1", "PYTHONHASHSEED": "0"}
    environment |= {"OMP_NUM_THREADS": THREADS, "MKL_NUM_THREADS": THREADS}  # sums in another order are other pictures
    client.execute(env=environment)


def stderr_notes(notebook: NotebookNode) -> list[str]:
    """List what went to stderr, which is not stored: the author should still see it."""
    notes = []
    for index, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr" and output.text.strip():
                last = last_written(output.text).strip().splitlines()[-1]
                notes.append(f"cell {index} wrote to stderr: {last[:100]}")
    return notes


def tail(traceback: str, lines: int = 14) -> str:
    """Return the end of a traceback, indented and without its colors."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback).strip().splitlines()
    return "\n".join(f"    {line}" for line in plain[-lines:])


def run_chapter(path: Path, store: bool) -> Outcome:
    """Run one chapter and store it if all went well."""
    outcome = Outcome(path.stem)
    before = nbformat.read(path, as_version=4)
    notebook = nbformat.from_dict(dict(before))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    outcome.cells = len(notebook.cells)
    with Progress(path.stem, outcome.cells) as progress:
        try:
            execute(notebook, path.parent, progress)
        except CellExecutionError as error:
            outcome.problems.append(f"cell {progress.cell} failed:\n{tail(error.traceback)}")
        except DeadKernelError:
            outcome.problems.append(f"cell {progress.cell} killed its kernel (out of memory?)")
        outcome.seconds = progress.elapsed
    outcome.notes = stderr_notes(notebook)
    if outcome.problems:
        return outcome
    after = clean(notebook)
    outcome.changed = changed_cells(before, after)
    outcome.problems = problems(after, private_places())
    if not same_source(nbformat.read(path, as_version=4), before):
        outcome.problems.append("it was edited while it ran; run it again")
    if store and not outcome.problems and (text := serialize(after)) != path.read_text(encoding="utf-8"):
        replace_file(path, text)
    return outcome


def image_bytes(notebook: NotebookNode) -> int:
    """Return how many bytes of pictures a notebook's outputs hold, as PNG, WebP and the like, before base64."""
    found = re.findall(r"data:image/[\w+.-]+;base64,([A-Za-z0-9+/=]+)", serialize(notebook))
    plain = [
        value if isinstance(value, str) else ""
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind, value in output.get("data", {}).items()
        if kind.startswith("image/") and kind != "image/svg+xml"
    ]
    return sum(len(base64.b64decode(text)) for text in found + plain)


def report(outcomes: list[Outcome]) -> None:
    """Print a table of the chapters: time, and whether the outputs are those that were stored."""
    width = max(len(outcome.name) for outcome in outcomes)
    print(f"\n{'chapter':<{width}}  cells   time  outputs")
    for outcome in outcomes:
        print(f"{outcome.name:<{width}}  {outcome.cells:5d}  {clock(outcome.seconds):>5}  {outcome.verdict}")
    print(f"{'all':<{width}}  {'':5}  {clock(sum(outcome.seconds for outcome in outcomes)):>5}")


def places() -> dict[str, Path]:
    """Return every notebook that has its outputs stored, by name: the chapters in order, then the book's pages."""
    return {path.stem: path for folder in (CHAPTERS, PAGES) for path in sorted(folder.glob("*.ipynb"))}


def main(arguments: list[str] | None = None) -> int:
    """Run the chapters that are asked for; return 0 if all ran and were stored (with --check: are the same)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", help="the first characters of a chapter's file name, such as 03")
    parser.add_argument("--check", action="store_true", help="store nothing; fail if an output differs")
    options = parser.parse_args(arguments)
    try:
        where = places()
        names = choose(list(where), options.chapters)
    except ValueError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 2
    outcomes = []
    for name in names:
        print(f"{name} …", flush=True)
        outcome = run_chapter(where[name], store=not options.check)
        size = image_bytes(nbformat.read(where[name], as_version=4)) / 1e6
        print(f"  {clock(outcome.seconds)}, {outcome.verdict}, {size:.1f} MB of pictures stored")
        for line in outcome.notes + outcome.problems:
            print(f"  {line}")
        outcomes.append(outcome)
    if not outcomes:
        print("notebooks: there are no chapters", file=sys.stderr)
        return 2
    report(outcomes)
    return int(any(outcome.problems or (options.check and outcome.changed) for outcome in outcomes))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    print("\nStopped; the chapter that was running is as it was.", file=sys.stderr)
    sys.exit(130)
