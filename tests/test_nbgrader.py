"""nbgrader takes the source as it is, makes the same student file and gives the same points; skipped without it."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from teaching import release as make_assignments
from teaching.grading import __main__ as grading_main
from teaching.grading import classroom
from tests import synthetic_class

if importlib.util.find_spec("nbgrader") is None:
    pytest.skip("nbgrader is not installed", allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent
NAME = synthetic_class.SOURCE.stem
STUB = re.compile(r'(?:# YOUR CODE HERE\s*)?raise NotImplementedError\((?:"(?:[^"\\]|\\.)*")?\)')


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose student file nbgrader has made, and we have."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    folder = tmp_path_factory.mktemp("course")
    for package in ("helpers", "teaching"):  # what a course folder in a clone of the repository would find
        (folder / package).symlink_to(ROOT / package)
    (folder / "source" / NAME).mkdir(parents=True)
    (folder / "source" / NAME / f"{NAME}.ipynb").write_bytes(synthetic_class.SOURCE.read_bytes())
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.course_id = "pomeranian"
    config.ExecutePreprocessor.timeout = 300
    with pytest.MonkeyPatch.context() as patch:
        path = Path(sys.executable).parent
        patch.setenv("PATH", f"{path}{os.pathsep}{os.environ['PATH']}")  # nbgrader calls alembic by its name
        api = NbGraderAPI(config=config)
        made, _ = make_assignments.make(synthetic_class.SOURCE)
        generated = api.generate_assignment(NAME)
        assert generated["success"], generated
        yield {"folder": folder, "made": made, "api": api}


@pytest.fixture(scope="module")
def grades(course):
    """The same students' grades, nbgrader's and ours; nbgrader starts a kernel for each, which takes its time."""
    folder = course["folder"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POMERANIAN_FAST", "1")
        right = synthetic_class.quick(synthetic_class.reference())
        wanted = {"correct", "downhill"}
        kinds = [kind for kind in synthetic_class.honest() if kind.name in wanted]
        synthetic_class.write(folder / "ours", kinds, right)
        (folder / "ours" / "untouched").mkdir()
        nbformat.write(course["made"], folder / "ours" / "untouched" / f"{NAME}.ipynb")
        students = sorted(place.name for place in (folder / "ours").iterdir())
        for student in students:
            place = folder / "submitted" / student / NAME
            place.mkdir(parents=True)
            (place / f"{NAME}.ipynb").write_bytes((folder / "ours" / student / f"{NAME}.ipynb").read_bytes())
            graded = course["api"].autograde(NAME, student)
            assert graded["success"], graded
    options = [str(folder / "ours"), "--out", str(folder / "out"), "--assignment", NAME, "--jobs", "1"]
    ours, _ = classroom.run(grading_main.parse(options))
    return {"students": students, "ours": {grade.student: grade for grade in ours}}


def words(cell):
    """A cell's text without what the two tools may write differently: stubs, links, white space."""
    text = STUB.sub("raise NotImplementedError", cell.source)
    if cell.cell_type == "markdown":
        text = make_assignments.relinked(text, synthetic_class.SOURCE.parent)
    return " ".join(text.split())


def test_both_make_the_same_student_file(course):
    """But for what only we put in: the authors' pictures, and the link to Colab at the end of the first cell."""
    theirs = nbformat.read(course["folder"] / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    link = "\n\n" + make_assignments.colab(synthetic_class.SOURCE, make_assignments.TARGETS)
    ours = [cell for cell in course["made"].cells if not cell.id.endswith("-authors")]
    assert len(theirs.cells) == len(ours) < len(course["made"].cells)
    assert ours[0].source.endswith(link)
    theirs.cells[0].source += link
    for one, other in zip(theirs.cells, ours, strict=True):
        assert words(one) == words(other)
        marks, own = one.metadata.get("nbgrader", {}), other.metadata.get("nbgrader", {})
        same = ("grade_id", "grade", "solution", "locked", "points")
        assert {key: marks.get(key) for key in same} == {key: own.get(key) for key in same}


@pytest.mark.slow
def test_both_give_the_same_points(course, grades):
    """But for what waits for a person: nbgrader gives all of a picture's points for a recipe that can be drawn."""
    with course["api"].gradebook as gradebook:
        for student in grades["students"]:
            submitted = gradebook.find_submission(NAME, student)
            theirs = {grade.name: grade.auto_score for notebook in submitted.notebooks for grade in notebook.grades}
            scores = grades["ours"][student].scores
            ours = {s.name: None if s.written else s.points + s.waiting * bool(s.picture) for s in scores}
            assert theirs == ours, student
            assert submitted.max_score == 20
