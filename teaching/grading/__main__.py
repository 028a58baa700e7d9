"""Grade a folder of submissions: `make grade SUBMISSIONS=...`, or `python -m teaching.grading SUBMISSIONS --out DIR`.

A submission is a folder named after its student with a notebook in it, or one file, student.ipynb; folders and files as
Canvas and Moodle name them will do. What has been graded is not graded again as long as neither it nor a test changes,
and its row stays when the next run is over another student or assignment: a run that was stopped goes on.

What a teacher types goes into DIR/manual.csv, which is read and never written over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def place(text: str) -> Path:
    """A path, with `~` for one's home."""
    return Path(text).expanduser()


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m teaching.grading", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("submissions", type=place, help="a folder: a folder or a notebook for each student")
    add("--out", type=place, default=Path("grades"), help="where tables and pages go (grades)")
    add("--assignment", help="grade only the assignment that begins like this (a)")
    add("--overlay", type=place, help="a folder of your own tests, outside the repository")
    add(
        "--roster", type=place, help="a CSV file with id, name, e-mail (roster.csv in --out, beside the class, or here)"
    )
    add("--due", action="append", default=[], metavar="[NAME=]DATE", help="mark what is later, 2026-12-01T18:00; of an "
        "assignment (a=...), a student, folder or file (ada=...)")  # fmt: skip
    add("--sources", type=place, default=ROOT / "teaching" / "source", help=argparse.SUPPRESS)
    add("--jobs", type=int, default=cores(), help="how many at a time (as many as there are cores)")
    add("--timeout", type=float, help="seconds for one notebook (180); more of it gives cells and pictures more, too")
    add("--cell-timeout", type=float, help="seconds for one cell (30, or a sixth of --timeout)")
    add("--memory", type=int, help="MiB for one notebook (2048)")
    add("--fresh", action="store_true", help="grade again what has been graded")
    return parser.parse_args(arguments)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Take a request to end for what Ctrl-C is, so that workers and scratch folders go, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def in_words(error: LookupError | OSError) -> str:
    """What went wrong, for people: our own sentence, or the system's with the file that it is about."""
    if not isinstance(error, OSError) or error.strerror is None:
        return f"{error.args[0] if error.args else error}"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}; is it a file where a folder should be, read-only, or open in another program?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 0, or 1 after an error for people."""
    chosen = parse(arguments)
    if not hasattr(os, "fork"):
        print("grading: this needs Linux or macOS; on Windows, the Windows Subsystem for Linux", file=sys.stderr)
        return 1
    try:
        from .classroom import run
    except ModuleNotFoundError as error:
        print(
            f"grading: there is no {error.name} in {sys.executable}. `make grade SUBMISSIONS=...` uses the book's own "
            "Python, which is .venv/bin/python once `make book` has run",
            file=sys.stderr,
        )
        return 1
    try:
        with stoppable():
            _, lines = run(chosen)
    except (LookupError, OSError) as error:
        print(f"grading: {in_words(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ngrading: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
