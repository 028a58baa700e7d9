"""A class of odd but honest hand-ins, graded once: everybody gets what a fair teacher would give.

`pytest -m slow tests/test_class.py -s` prints the table, and the time against executing the same notebooks without
grading them.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from teaching.grading import run, source
from teaching.grading.roster import Roster
from teaching.grading.session import Settings
from tests import handed_in, synthetic_class

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or macOS")]
RIGHT = synthetic_class.quick(synthetic_class.reference())
STUDENT = nbformat.read(synthetic_class.STUDENT, as_version=4)
STUBS = {
    cell.metadata.nbgrader.grade_id: cell.source
    for cell in STUDENT.cells
    if cell.metadata.get("nbgrader", {}).get("solution")
}
SHAPES = handed_in.everyone(RIGHT, STUBS)
JOBS = 2
NOT_ALL = {"a-picture": 1.0}  # given by the machine; the rest waits for somebody who looks


def filled() -> nbformat.NotebookNode:
    """The student's file with everything solved."""
    notebook = synthetic_class.fill(STUDENT, synthetic_class.Kind("x"), RIGHT)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in ("a-carpet", "a-two-pixels"):
            cell.source = "Some words."
    return notebook


def grade(folder: Path, out: Path, shapes: list[handed_in.Shape], seed: int | None = None) -> dict[str, run.Row]:
    """Have them hand in, and grade them all."""
    submissions = folder / "submissions"
    submissions.mkdir()
    handed_in.hand_in(submissions, shapes, filled(), STUDENT)
    assignments = source.every(only="a")
    who = Roster(stems=[assignment.name for assignment in assignments]).who
    settings = Settings(timeout=400, cell_limit=70, memory=1024, picture_limit=400, patience=6)  # on a busy machine
    rows, _ = run.grade_folder(submissions, assignments, out, None, settings, JOBS, False, who)
    assert len(rows) == len(shapes), "every entry gets a row"
    return {row.student: row for row in rows}


def judged(shape: handed_in.Shape, row: run.Row) -> list[str]:
    """Where a row is not what it should be."""
    if shape.not_graded or row.not_graded:
        fits = shape.not_graded and shape.not_graded in row.not_graded
        return [] if fits else [f"not graded: {row.not_graded!r}, for {shape.not_graded!r}"]
    wrong = []
    for score in row.scores:
        due = shape.lost.get(score.name, NOT_ALL.get(score.name, score.of))
        waits = score.name in ("a-carpet", "a-two-pixels") and score.waiting == due
        if not waits and score.points != due:
            wrong.append(f"{score.name}: {score.points:g} and not {due:g}: {score.message}")
    said = " ".join([*row.notes, *(score.message for score in row.scores)])
    wrong += [f"not said: {shape.note}; {said}"] if shape.note not in said else []
    wrong += [f"graded {row.file}"] if not row.file.endswith(shape.file) else []
    own = [note for note in row.notes if not note.startswith("the same recipe as")]  # which names the others
    wrong += [f"said: {own}"] if "missing" in str(own) or "added" in str(own) else []
    return wrong


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    return grade(folder, folder / "out", SHAPES)


def execute(shape: handed_in.Shape) -> None:
    """Run a student's notebook as Jupyter would, in a kernel of its own, past the cells that fail."""
    notebook = filled()
    shape.edit(notebook)
    resources = {"metadata": {"path": str(synthetic_class.STUDENT.parent)}}
    NotebookClient(notebook, timeout=60, interrupt_on_timeout=True, allow_errors=True, resources=resources).execute()


def test_everybody_gets_what_a_fair_teacher_would_give(rows):
    print(f"\n{len(SHAPES)} students\n")
    wrong = {}
    for shape in SHAPES:
        row = rows[shape.name]
        waiting = sum(score.waiting for score in row.scores)
        given = row.not_graded or f"{row.points:g} + {waiting:g} of {row.of:g}"
        lost = [f"{s.name} {s.points:g}/{s.of:g}: {s.message}" for s in row.scores if s.name in shape.lost]
        print(f"{shape.name}: {given}  {row.file}  {row.choice}  {'; '.join([*row.others, *lost])[:200]}")
        if found := judged(shape, row):
            wrong[shape.name] = found
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())
    assert len(SHAPES) >= 60


def test_the_choice_and_the_others_are_in_the_row(rows):
    assert "untouched" in rows["copy-one"].others[0] and "most cells answered" in rows["copy-one"].choice
    assert "the newest" in rows["two-and-one"].choice and "older" in rows["two-and-one"].others[0]
    assert rows["folder-and-file"].entries == ["folder-and-file", "folder-and-file.ipynb"]


def test_what_is_shown_of_an_answer_has_what_was_added(rows):
    assert "def shift" in rows["helper-above"].answers["a-ideal"] or "def shift" in str(rows["helper-above"].answers)
    assert rows["words-below"].answers["a-carpet"] == "It fools one network."


def test_grading_takes_hardly_longer_than_executing(tmp_path, monkeypatch):
    """Every eighth notebook, both in one run: as many at a time, with a thread each, in fast mode as the grader's."""
    some = [shape for shape in SHAPES if shape.edit is not None and shape.pack is None][::8]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("POMERANIAN_FAST", "1")
    begun = time.monotonic()
    grade(tmp_path, tmp_path / "out", some)
    between = time.monotonic()
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(execute, some))
    grading, executing = between - begun, time.monotonic() - between
    ratio = grading / executing
    print(f"\n{len(some)} notebooks graded in {grading:.0f} s, executed in {executing:.0f} s: {ratio:.2f} times")
    assert ratio <= 1.3
