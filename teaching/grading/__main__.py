"""Grade a folder of submissions: `python -m grading SUBMISSIONS --out DIR`.

A submission is a folder named after its student with a notebook in it, or one file, student.ipynb. What has been graded
stands in DIR/.results and is not graded again as long as neither it nor a test changes: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from . import overlay, report, sandbox_files, source, submission
from .grade import Grade, Settings
from .source import ROOT, Assignment
from .submission import Submission
from .worker import Workplace, grade_all

RULES = ("teaching/grading/**/*.py", "teaching/checks/**/*.py", "helpers/**/*.py")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="grading", description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=Path, help="a folder: a folder or a notebook for each student")
    parser.add_argument("--out", type=Path, default=Path("grades"), help="where grades.csv and grades.html go (grades)")
    parser.add_argument("--overlay", type=Path, help="a folder of your own tests, outside the repository")
    parser.add_argument("--assignment", help="grade only the assignment that begins like this (a)")
    parser.add_argument("--sources", type=Path, default=source.SOURCES, help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=cores(), help="how many at a time (as many as there are cores)")
    parser.add_argument("--timeout", type=float, default=Settings.timeout, help="seconds for one notebook (180)")
    parser.add_argument("--cell-timeout", type=float, default=Settings.cell_limit, help="seconds for one cell (30)")
    parser.add_argument("--memory", type=int, default=Settings.memory, help="MiB for one notebook (2048)")
    parser.add_argument("--fresh", action="store_true", help="grade again what has been graded")
    return parser.parse_args(arguments)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rules(overlay_folder: Path | None, settings: Settings) -> str:
    """Whatever a grade depends on besides the submission and the assignment, as a hash."""
    digest = hashlib.sha256(json.dumps(asdict(settings)).encode() + overlay.fingerprint(overlay_folder).encode())
    for pattern in RULES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def mark(one: Submission, assignment: Assignment, common: str) -> str:
    """The name under which a submission's result is kept."""
    data = one.path.read_bytes() if one.path and one.path.stat().st_size <= submission.LARGEST else b""
    notes = json.dumps([one.student, one.assignment, str(one.path), one.notes])
    digest = hashlib.sha256(common.encode() + assignment.path.read_bytes() + notes.encode() + data)
    return digest.hexdigest()[:32]


def known(path: Path) -> Grade | None:
    """A result that is kept, if it is there and whole."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return Grade.from_data(json.loads(path.read_text(encoding="utf-8")))
    return None


def run(chosen: argparse.Namespace) -> list[Grade]:
    """Grade all, write both tables, and return the grades."""
    assignments = source.every(chosen.sources, chosen.assignment)
    found = submission.collect(chosen.submissions, assignments)
    if not found:
        raise LookupError(f"no submissions in {chosen.submissions}: expected a folder or a notebook for each student")
    by_name = {assignment.name: assignment for assignment in assignments}
    for assignment in assignments:
        _check_overlay(overlay.load(chosen.overlay, assignment.name), assignment)
    settings = Settings(chosen.timeout, min(chosen.cell_timeout, chosen.timeout), chosen.memory)
    results = chosen.out / ".results"
    results.mkdir(parents=True, exist_ok=True)
    common = rules(chosen.overlay, settings)
    files = [results / f"{mark(one, by_name[one.assignment], common)}.json" for one in found]
    done = {path: grade for path in files if not chosen.fresh and (grade := known(path)) is not None}
    todo = {path: one for path, one in zip(files, found, strict=True) if path not in done}
    with tqdm(total=len(files), initial=len(done), unit="notebook") as bar, tempfile.TemporaryDirectory() as folder:
        place = _workplace(Path(folder).resolve(), chosen, settings)
        paths = {(one.student, one.assignment): path for path, one in todo.items()}

        def keep(one: Submission, _: Assignment, grade: Grade) -> None:
            path = paths[one.student, one.assignment]
            done[path] = grade
            if not any(note.startswith("NOT GRADED") for note in grade.notes):
                report.write(path, json.dumps(grade.as_data(), indent=1))
            bar.update()

        if todo:
            grade_all([(one, by_name[one.assignment]) for one in todo.values()], place, max(1, chosen.jobs), keep)
    grades = [done[path] for path in files]
    layers = sorted({layer for grade in grades for layer in grade.layers})
    about = said(layers, sandbox_files.exposed(place.sandbox))
    report.write(chosen.out / "grades.csv", report.as_csv(grades, assignments))
    report.write(chosen.out / "grades.html", report.as_html(grades, assignments, place.pictures, about))
    print("\n".join(about))
    return grades


def _workplace(folder: Path, chosen: argparse.Namespace, settings: Settings) -> Workplace:
    for name in ("sandbox", "scratch"):
        (folder / name).mkdir()
    built = sandbox_files.build(folder / "sandbox", chosen.overlay)
    pictures = chosen.out / ".results" / "pictures"
    return Workplace(
        built, folder / "scratch", pictures, chosen.overlay, tuple(sandbox_files.readable(built)), settings
    )


def _check_overlay(tests: list[overlay.Hidden], assignment: Assignment) -> None:
    known_names = [question.name for question in assignment.questions]
    for test in tests:
        if test.question not in known_names:
            raise LookupError(f"the overlay's {test.name} is for {test.question!r}; there are {', '.join(known_names)}")


def said(layers: Sequence[str], exposed: Sequence[str]) -> list[str]:
    """What stood between the students' code and this machine, in words."""
    lines = [f"Students' code ran behind: {', '.join(layers) or 'nothing, as no notebook was run'}."]
    if layers and not any(layer.startswith("Landlock") for layer in layers):
        lines.append(
            "There is no Landlock here, so only Python's own audit hook kept files from being read, and somebody who "
            "means it gets around that: grade in a container or a virtual machine."
        )
    lines.append(
        "A picture's points are for a recipe that could be run again. How good it is, a person says; the opinion of a "
        "second network, and the place that it gives the target, stand beside it."
    )
    if exposed:
        lines.append(f"The repository lies in {exposed[0]}, which Python needs: students' code could read it.")
    return lines


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Take a request to end for what Ctrl-C is, so that workers and scratch folders go, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 0, or 1 after an error for people."""
    if not hasattr(os, "fork"):
        print("grading: this needs Linux or macOS; on Windows, the Windows Subsystem for Linux", file=sys.stderr)
        return 1
    chosen = parse(arguments)
    try:
        with stoppable():
            grades = run(chosen)
    except (LookupError, NotADirectoryError) as error:
        print(f"grading: {error.args[0] if error.args else error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ngrading: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{len(grades)} submissions: {chosen.out / 'grades.csv'}, {chosen.out / 'grades.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
