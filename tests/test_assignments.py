"""What students get: nothing that gives an answer away, nothing that breaks, and the points that are due."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from teaching import release as make_assignments
from teaching.grading import __main__ as grading_main
from teaching.grading import source
from tools.notebooks import rename

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "teaching" / "source").glob("*.ipynb"))
STUDENTS = sorted((ROOT / "teaching" / "release").glob("*.ipynb"))
REGION = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)[^\n]*\n(.*?)\n?[ ]*### END", re.DOTALL)
by_name = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def load(path):
    return nbformat.read(path, as_version=4)


def marks(cell):
    return cell.metadata.get("nbgrader", {})


def solution(text, name="x-f", **more):
    marked = {"grade": False, "solution": True, "locked": False, "grade_id": name, "schema_version": 3, "task": False}
    return v4.new_code_cell(text, metadata={"nbgrader": {**marked, "cell_type": "code"}, **more})


def assignment(folder, *cells):
    """A folder with one small source notebook, whose cells have fixed ids."""
    folder.mkdir(exist_ok=True)
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
    nbformat.write(v4.new_notebook(cells=list(cells)), folder / "x.ipynb")
    return folder


# --- one source ---


def test_what_is_stored_is_what_is_made_and_making_it_again_changes_nothing():
    first = make_assignments.make_all()
    assert make_assignments.make_all() == first
    assert sorted(first) == STUDENTS
    stale = [path.name for path, text in first.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, f"`make assignments` writes others: {stale}"


def hidden_lines(path):
    """The lines of solutions and hidden tests, found here without the tool's help."""
    for cell in load(path).cells:
        pieces = REGION.findall(cell.source)
        if cell.cell_type == "markdown" and marks(cell).get("solution"):
            pieces = [cell.source]
        yield from (line.split("  #")[0].strip() for piece in pieces for line in piece.split("\n"))


def strings(data):
    """Every text in a JSON file, wherever it stands."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, (list, dict)):
        for item in data if isinstance(data, list) else data.values():
            yield from strings(item)


@by_name
def test_no_line_of_a_solution_or_hidden_test_is_in_any_student_file(path):
    hidden = {line for line in hidden_lines(path) if line and not make_assignments.EXEMPT.fullmatch(line)}
    assert len(hidden) > 30
    for student in STUDENTS:
        text = student.read_text(encoding="utf-8")
        shown = {line.strip() for one in strings(json.loads(text)) for line in one.split("\n")}
        found = {line for line in hidden if line in shown or (len(line) > 12 and json.dumps(line)[1:-1] in text)}
        assert not found, f"{student.name} shows {sorted(found)}"
        assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", text)


def test_a_leak_is_found(tmp_path):
    answer = "### BEGIN SOLUTION\nz = 2 * math.pi * radius\n### END SOLUTION"
    for leak in ("z = 2 * math.pi * radius  # so it is", "Try `z = 2 * math.pi * radius` first."):
        folder = assignment(tmp_path / "in", solution(answer), v4.new_markdown_cell(leak))
        with pytest.raises(make_assignments.Faulty, match=re.escape("z = 2 * math.pi * radius")):
            make_assignments.make_all(folder, tmp_path / "out")
    printed = v4.new_code_cell("1", outputs=[v4.new_output("stream", text="z = 2 * math.pi * radius\n")])
    printed.metadata["tags"] = ["target"]
    with pytest.raises(make_assignments.Faulty):
        make_assignments.make_all(assignment(tmp_path / "in", solution(answer), printed), tmp_path / "out")


def test_cutting():
    text = 'def f(x):\n    """Doc."""\n    ### BEGIN SOLUTION say "twice"\n    return 2 * x\n    ### END SOLUTION\n'
    left, taken = make_assignments.cut(text, "here")
    assert left == 'def f(x):\n    """Doc."""\n    raise NotImplementedError("say \\"twice\\"")'
    assert taken == [("SOLUTION", "    return 2 * x\n")]
    left, taken = make_assignments.cut("check(f)\n### BEGIN HIDDEN TESTS\ncheck(f, 1)\n### END HIDDEN TESTS", "here")
    assert left == "check(f)"
    assert taken == [("HIDDEN TESTS", "check(f, 1)\n")]
    assert "your code here" in make_assignments.cut("### BEGIN SOLUTION\n1\n### END SOLUTION", "here")[0]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("### BEGIN SOLUTION\n1", "has no end"),
        ("1\n### END SOLUTION", "has no partner"),
        ("### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n### END SOLUTION", "has no partner"),
        ("### BEGIN SOLUTION\n1\n### END HIDDEN TESTS", "has no partner"),
    ],
)
def test_marks_without_partners(text, complaint):
    with pytest.raises(make_assignments.Faulty, match=complaint):
        make_assignments.cut(text, "here")


def test_faulty_sources(tmp_path):
    answer = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    twice = [solution(answer), solution(answer)]
    plain = v4.new_code_cell(answer)
    for cells, complaint in (
        (twice, "two cells are called x-f"),
        ([plain], "not for students to write"),
        ([solution("x = 1")], "without ### BEGIN SOLUTION"),
        ([solution("### BEGIN HIDDEN TESTS\n1\n### END HIDDEN TESTS\n" + answer)], "not a locked test"),
        ([solution("if True:\n" + answer + "\n  else:")], "no Python"),
    ):
        with pytest.raises(make_assignments.Faulty, match=complaint):
            make_assignments.make_all(assignment(tmp_path / "in", *cells), tmp_path / "out")


def test_outputs_links_and_tags(tmp_path):
    shown = [v4.new_output("stream", text="a picture\n")]
    kept = v4.new_code_cell("1", outputs=shown, metadata={"tags": ["show", "target"]})
    dropped = v4.new_code_cell("2", outputs=shown, execution_count=7)
    book = tmp_path / "notebooks"
    (book / "assignments").mkdir(parents=True)
    (book / "01.ipynb").touch()
    prose = v4.new_markdown_cell(
        "[one](../01.ipynb#here) [next](x.ipynb) [far](https://a.b/c) "
        "[Colab](https://colab.research.google.com/github/o/r/blob/main/teaching/source/x.ipynb)"
    )
    own = solution("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", tags=["solution", "hide-input", "other"])
    folder = assignment(book / "assignments", prose, kept, dropped, own)
    (text,) = make_assignments.make_all(folder, tmp_path / "assignments").values()
    made = nbformat.reads(text, as_version=4)
    assert "(../notebooks/01.ipynb#here) [next](x.ipynb) [far](https://a.b/c)" in made.cells[0].source
    assert "blob/main/teaching/release/x.ipynb" in made.cells[0].source
    assert made.cells[1].outputs == shown and made.cells[2].outputs == []
    assert made.cells[2].execution_count is None
    assert made.cells[3].metadata.tags == ["other"]
    assert made.cells[3].source == 'raise NotImplementedError("your code here")'


@by_name
def test_every_assignment_is_in_order(path):
    taken_apart = source.read(path)
    assert taken_apart.points == 20
    assert len([question for question in taken_apart.questions if question.test]) >= 5
    assert taken_apart.questions[-1].picture, "the last question is the picture"
    student = load(ROOT / "teaching" / "release" / path.name)
    for cell, own in zip(load(path).cells, student.cells, strict=True):
        assert marks(cell) == marks(own) and cell.id == own.id
        if "setup" in cell.metadata.get("tags", []):
            assert cell.source == own.source == rename.setup_cell()
        for target in re.findall(r"\]\(([^)\s#:]+\.ipynb)", own.source if own.cell_type == "markdown" else ""):
            assert (ROOT / "teaching" / "release" / target).exists(), f"{path.name} links to {target}"
    names = [marks(cell)["grade_id"] for cell in student.cells if marks(cell)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_-]+", name) and name.startswith(path.name[0]) for name in names)
    colab = re.findall(r"colab\.research\.google\.com/github/\S+?\.ipynb", "".join(c.source for c in student.cells))
    assert all(f"/teaching/release/{path.name}" in link and "/source/" not in link for link in colab)


def test_check_says_what_is_stale(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(make_assignments, "ROOT", tmp_path)
    monkeypatch.setattr(make_assignments, "TARGETS", tmp_path / "assignments")
    monkeypatch.setattr(make_assignments, "make_all", lambda: {tmp_path / "assignments" / "x.ipynb": "{}\n"})
    assert make_assignments.main(["--check"]) == 1
    assert make_assignments.main([]) == 0
    assert make_assignments.main(["--check"]) == 0
    (tmp_path / "assignments" / "old.ipynb").write_text("{}")
    assert make_assignments.main(["--check"]) == 1
    assert make_assignments.main([]) == 0
    assert [child.name for child in (tmp_path / "assignments").iterdir()] == ["x.ipynb"]


# --- running them ---

RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, allow_errors=True, timeout=300, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            print(cell.id, output.ename, output.evalue[:200].replace(chr(10), " "))
"""


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.stem)
def test_a_student_file_runs_top_to_bottom_raising_only_not_implemented(path):
    environment = {**os.environ, "POMERANIAN_FAST": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(path)], cwd=path.parent, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    raised = [line.split(" ", 2) for line in ran.stdout.splitlines()]
    assert len(raised) > 5
    others = [line for line in raised if line[1] not in ("NotImplementedError", "Unwritten")]
    assert not others, others


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or macOS")
def test_the_reference_gets_full_points_and_the_student_file_none(tmp_path):
    for name, paths in (("reference", SOURCES), ("untouched", STUDENTS)):
        (tmp_path / "class" / name).mkdir(parents=True)
        for path in paths:
            shutil.copyfile(path, tmp_path / "class" / name / path.name)
    for path in (tmp_path / "class" / "reference").glob("*.ipynb"):
        notebook = load(path)  # the recipe, cut down to what a test can afford
        cell = next(cell for cell in notebook.cells if marks(cell).get("grade_id", "").endswith("-recipe"))
        cell.source += "\nrecipe.update(steps=3, size=64)\n"
        nbformat.write(notebook, path)
    chosen = grading_main.parse([str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--jobs", "2"])
    grades = grading_main.run(chosen)
    assert len(grades) == 2 * len(SOURCES)
    for grade in grades:
        for score in grade.scores:
            if grade.student == "reference":
                assert score.points in (score.of, None), (grade.assignment, score.name, score.message, grade.notes)
            else:
                assert score.points == 0, (grade.assignment, score.name)
