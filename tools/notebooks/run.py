"""Run the chapters in full and store what they show, so that a second run changes nothing.

    python -m tools.notebooks.run            all chapters
    python -m tools.notebooks.run 03 05      these
    python -m tools.notebooks.run --check    all, storing nothing: fails if an output differs from the stored one
    python -m tools.notebooks.run --threads 4   for outputs that no stored ones are compared with

A chapter is stored only if every cell of it ran, in one stroke, and only if its source is still the one that ran.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from tools.notebooks.rename import replace_file
from tools.notebooks.stored import (
    changed_cells,
    clean,
    private_places,
    problems,
    same_source,
    serialize,
    stderr_notes,
)

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "notebooks"
PAGES = ROOT / "book"  # the gallery of failures is a notebook, too
THREADS = 2  # the two cores that the book promises to do with


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


@dataclass
class Outcome:
    """What became of one chapter."""

    seconds: float = 0.0
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


def execute(notebook: NotebookNode, folder: Path, bar: tqdm, threads: int = THREADS) -> None:
    """Run a notebook in place, in a fresh kernel, in the full and quiet mode; the bar counts its cells.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        timeout=None,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: bar.update(cell_index - bar.n),
    )
    environment = {name: value for name, value in os.environ.items() if name != "POMERANIAN_FAST"}
    environment |= {"POMERANIAN_QUIET": "1", "PYTHONHASHSEED": "0"}
    # Sums in another order are other pictures.
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    client.execute(env=environment)


def tail(traceback: str, lines: int = 14) -> str:
    """Return the end of a traceback, indented and without its colors."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback).strip().splitlines()
    return "\n".join(f"    {line}" for line in plain[-lines:])


def run_chapter(path: Path, store: bool, threads: int = THREADS) -> Outcome:
    """Run one chapter and store it if all went well."""
    outcome = Outcome()
    before = nbformat.read(path, as_version=4)
    notebook = nbformat.from_dict(dict(before))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    started = time.monotonic()
    pause = 0.1 if sys.stdout.isatty() else 20  # in a log, a line now and then
    shown = dict(desc=path.stem, unit="cell", leave=False, mininterval=pause, file=sys.stdout)
    with tqdm(total=len(notebook.cells), **shown) as bar:
        try:
            execute(notebook, path.parent, bar, threads)
        except CellExecutionError as error:
            outcome.problems.append(f"cell {bar.n + 1} failed:\n{tail(error.traceback)}")
        except DeadKernelError:
            outcome.problems.append(f"cell {bar.n + 1} killed its kernel (out of memory?)")
    outcome.seconds = time.monotonic() - started
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


def places() -> dict[str, Path]:
    """Return every notebook that has its outputs stored, by name: the chapters in order, then the book's pages."""
    return {path.stem: path for folder in (CHAPTERS, PAGES) for path in sorted(folder.glob("*.ipynb"))}


def main(arguments: list[str] | None = None) -> int:
    """Run the chapters that are asked for; return 0 if all ran and were stored (with --check: are the same)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("chapters", nargs="*", help="the first characters of a chapter's file name, such as 03")
    parser.add_argument("--check", action="store_true", help="store nothing; fail if an output differs")
    parser.add_argument("--threads", type=int, default=THREADS, help="others than 2 draw slightly other pictures")
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
        outcome = run_chapter(where[name], not options.check, options.threads)
        size = where[name].stat().st_size / 1e6
        print(f"  {clock(outcome.seconds)}, {outcome.verdict}, {size:.1f} MB stored")
        for line in outcome.notes + outcome.problems:
            print(f"  {line}")
        outcomes.append(outcome)
    if not outcomes:
        print("notebooks: there are no chapters", file=sys.stderr)
        return 2
    print(f"{len(outcomes)} in {clock(sum(outcome.seconds for outcome in outcomes))}")
    return int(any(outcome.problems or (options.check and outcome.changed) for outcome in outcomes))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    print("\nStopped; the chapter that was running is as it was.", file=sys.stderr)
    sys.exit(130)
