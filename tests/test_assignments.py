"""What students get: nothing that gives an answer away, nothing that breaks, and the points that are due."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import v4
from PIL import Image

from teaching import release
from teaching.grading import __main__ as grading_main
from teaching.grading import classroom, source
from tools.notebooks import rename, stored

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
    first = release.make_all()
    assert release.make_all() == first
    assert sorted(first) == STUDENTS
    stale = [path.name for path, text in first.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, f"`make assignments` writes others: {stale}"


@pytest.mark.parametrize("path", [*SOURCES, *STUDENTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_opened_and_saved_in_jupyter_it_would_be_the_same(path):
    notebook = load(path)
    assert path.read_text(encoding="utf-8") == stored.serialize(notebook), "not as Jupyter writes JSON"
    assert (notebook.metadata, notebook.nbformat_minor) == (stored.METADATA, 5), "not as JupyterLab would have it"
    folded = [cell for cell in notebook.cells if stored.FOLDED & {*cell.metadata.get("tags", [])}]
    assert folded and all(cell.metadata.get("jupyter", {}).get("source_hidden") for cell in folded)


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
    hidden = {line for line in hidden_lines(path) if line and not release.EXEMPT.fullmatch(line)}
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
        with pytest.raises(release.Faulty, match=re.escape("z = 2 * math.pi * radius")):
            release.make_all(folder, tmp_path / "out")
    printed = v4.new_code_cell("1", outputs=figure("red"), metadata={"tags": ["target"]})
    printed.outputs[0].data["text/plain"] = "So z = 2 * math.pi * radius."
    with pytest.raises(release.Faulty):
        release.make_all(assignment(tmp_path / "in", solution(answer), printed), tmp_path / "out")


def test_cutting():
    text = 'def f(x):\n    """Doc."""\n    ### BEGIN SOLUTION say "twice"\n    return 2 * x\n    ### END SOLUTION\n'
    left, taken = release.cut(text, "here")
    assert left == 'def f(x):\n    """Doc."""\n    raise NotImplementedError("say \\"twice\\"")'
    assert taken == [("SOLUTION", "    return 2 * x\n")]
    left, taken = release.cut("check(f)\n### BEGIN HIDDEN TESTS\ncheck(f, 1)\n### END HIDDEN TESTS", "here")
    assert left == "check(f)"
    assert taken == [("HIDDEN TESTS", "check(f, 1)\n")]
    assert "your code here" in release.cut("### BEGIN SOLUTION\n1\n### END SOLUTION", "here")[0]


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
    with pytest.raises(release.Faulty, match=complaint):
        release.cut(text, "here")


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
        with pytest.raises(release.Faulty, match=complaint):
            release.make_all(assignment(tmp_path / "in", *cells), tmp_path / "out")


def figure(*colors, columns=1):
    """A stored figure as `show_images` writes it, one small picture a color."""
    data = []
    for color in colors:
        out = io.BytesIO()
        Image.new("RGB", (6, 4), color).save(out, "PNG")
        data.append(base64.b64encode(out.getvalue()).decode())
    tiles = "".join(f'<img alt="A sky (1 of {len(data)}): x" src="data:image/png;base64,{one}">' for one in data)
    html = f'<div style="grid-template-columns:minmax(calc((100% - 12px)/{columns} - .1px))">{tiles}</div>'
    return [v4.new_output("display_data", {"text/html": html, "text/plain": "The sky.\n  1. red\n  2. blue"})]


def test_a_target_becomes_markdown_that_no_run_takes_away(tmp_path):
    drawn = figure("red", "blue", columns=2)
    kept = v4.new_code_cell("1", outputs=drawn, metadata={"tags": ["show", "target"]})
    dropped = v4.new_code_cell("2", outputs=drawn, execution_count=7)
    folder = assignment(tmp_path / "source", v4.new_markdown_cell("# X"), kept, dropped)
    (text,) = release.make_all(folder, tmp_path / "release").values()
    made = nbformat.reads(text, as_version=4)
    assert [cell.get("outputs", []) for cell in made.cells] == [[], [], [], []]
    pinned = made.cells[2]
    ((name, data),) = pinned.attachments.items()
    assert pinned.source == f"![A sky](attachment:{name})\n\n*The authors':* The sky. **1** red **2** blue"
    sheet = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"])))
    assert sheet.size == (6 + 8 + 6, 4)
    assert sheet.getpixel((1, 1))[0] > 200 and sheet.getpixel((18, 1))[2] > 200
    (tmp_path / "release").mkdir()
    pinned.attachments[name] = {"image/jpeg": "AAAA"}  # as another version of Pillow would have written it
    nbformat.write(made, tmp_path / "release" / "x.ipynb")
    assert '"AAAA"' in next(iter(release.make_all(folder, tmp_path / "release").values()))


def test_links_and_tags(tmp_path):
    folder = ROOT / "teaching" / "source"
    text = (
        "[one](../../notebooks/03_the_ideal_pomeranian.ipynb#here) [next](a_gradient_ascent.ipynb) [far](https://a.b/c)"
    )
    site = rename.pages_url(rename.current_name())
    assert release.relinked(text, folder) == (
        f"[one]({site}notebooks/03_the_ideal_pomeranian.html#here) [next](a_gradient_ascent.ipynb) [far](https://a.b/c)"
    )
    own = solution("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", tags=["solution", "hide-input", "other"])
    setup = v4.new_code_cell("1", metadata={"tags": ["setup", "hide-input"]})
    (text,) = release.make_all(assignment(tmp_path, v4.new_markdown_cell("# X"), setup, own), tmp_path / "out").values()
    made = nbformat.reads(text, as_version=4)
    assert made.cells[1].metadata.jupyter.source_hidden is True
    assert made.cells[2].metadata.tags == ["other"] and "jupyter" not in made.cells[2].metadata
    assert made.cells[2].source == 'raise NotImplementedError("your code here")'


@by_name
def test_every_assignment_is_in_order(path):
    taken_apart = source.read(path)
    assert taken_apart.points == 20
    assert len([question for question in taken_apart.questions if question.test]) >= 5
    assert taken_apart.questions[-1].picture, "the last question is the picture"
    student = load(ROOT / "teaching" / "release" / path.name)
    ours = [cell for cell in student.cells if not cell.id.endswith("-authors")]
    targets = [cell for cell in load(path).cells if "target" in cell.metadata.get("tags", [])]
    assert len(targets) == len(student.cells) - len(ours) >= 3
    for cell, own in zip(load(path).cells, ours, strict=True):
        assert marks(cell) == marks(own) and cell.id == own.id
        if "setup" in cell.metadata.get("tags", []):
            assert cell.source == own.source == rename.setup_cell()
        for target in re.findall(r"\]\(([^)\s#]+)\)", own.source if own.cell_type == "markdown" else ""):
            if not target.startswith("https://"):
                assert (ROOT / "teaching" / "release" / target).exists(), f"{path.name} links to {target}"
    names = [marks(cell)["grade_id"] for cell in student.cells if marks(cell)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_-]+", name) and name.startswith(path.name[0]) for name in names)
    place = f"{rename.current_name()}/blob/main/teaching/release/{path.name}"
    assert f"https://colab.research.google.com/github/{place})" in student.cells[0].source


def test_what_has_no_source_any_more_is_removed(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "TARGETS", tmp_path / "assignments")
    monkeypatch.setattr(release, "make_all", lambda: {tmp_path / "assignments" / "x.ipynb": "{}\n"})
    assert release.main() == 0
    (tmp_path / "assignments" / "old.ipynb").write_text("{}")
    capsys.readouterr()
    assert release.main() == 0
    assert capsys.readouterr().out == "  assignments/old.ipynb (no source: removed)\n1 student files, 0 changed.\n"
    assert [child.name for child in (tmp_path / "assignments").iterdir()] == ["x.ipynb"]


# --- running them ---

RUN = """
import json, sys, nbformat
from nbclient import NotebookClient
anew = [
    "shell = get_ipython()",
    "shell.set_custom_exc((), None)",
    "theirs = [one for one in shell.events.callbacks['post_run_cell'] if 'teaching' in one.__module__]",
    "_ = [shell.events.unregister('post_run_cell', one) for one in theirs]",
    "%reset -f",
]
whole = nbformat.v4.new_notebook()
for path in sys.argv[1:]:  # in one kernel, which takes longer to start than a file to run
    empty = nbformat.v4.new_code_cell(chr(10).join(anew))
    whole.cells += [empty, *nbformat.read(path, as_version=4).cells]
NotebookClient(whole, timeout=300, kernel_name="python3").execute()  # stops at an error
print(json.dumps([
    [cell.id, line]
    for cell in whole.cells
    for output in cell.get("outputs", [])
    for line in output.get("text", "").splitlines()
    if "not written yet" in line.lower()
]))
"""


def test_run_all_on_untouched_files_waits_in_words_and_ends():
    environment = {**os.environ, "POMERANIAN_FAST": "1"}
    command = [sys.executable, "-c", RUN, *map(str, STUDENTS)]
    ran = subprocess.run(command, cwd=STUDENTS[0].parent, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = json.loads(ran.stdout)
    for path in STUDENTS:
        assert len([cell for cell, _ in said if cell.startswith(f"{path.stem[0]}-")]) > 10, path.name
    others = [line for _, line in said if line.lower().count("not written yet") != 1 or "Not yet" in line]
    assert not others


WAITING = """
import torch
from teaching.checks import wait_for_answers, check_step
wait_for_answers()
wait_for_answers()  # twice does no harm
---
def step(score, x=None, lr=0.1):
    raise NotImplementedError("one step uphill")
---
step(1)
---
check_step(step)
---
raise NotImplementedError("a recipe")
---
class Layer(torch.nn.Module):
    pass
Layer()(torch.ones(1))
---
print("after")
"""


def test_only_what_is_not_written_waits(tmp_path):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(text.strip()) for text in WAITING.split("---")])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        client.execute()
    texts = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    assert texts[2] == "Not written yet: `step`: one step uphill\n"
    assert texts[3] == "Not written yet: one step uphill\n"
    assert texts[4] == "Not written yet: a recipe\n"
    assert [len([o for o in cell.outputs if o.output_type == "error"]) for cell in notebook.cells] == [0] * 5 + [1, 0]
    assert texts[6] == "after\n"


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
    chosen = grading_main.parse([str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--jobs", "1"])
    rows, _ = classroom.run(chosen)
    assert len(rows) == 2 * len(SOURCES)
    for row in rows:
        for score in row.scores:
            if row.student == "reference":
                rises = score.points == 1 or "does not rise" in score.message  # in three steps, a picture may not
                given = rises if score.picture else score.points + score.waiting == score.of
                assert given, (row.assignment, score.name, score.message, row.notes)
            else:
                assert score.points + score.waiting == 0, (row.assignment, score.name)
