"""The autograder: honest work gets its points, everything else harms nobody."""

from __future__ import annotations

import errno
import functools
import itertools
import json
import math
import os
import pickle
import socket
import struct
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import IPython
import nbformat
import numpy as np
import pytest
import torch

from teaching import checks
from teaching.checks import serialize
from teaching.grading import files, overlay, picture, processes, sandbox_files, source, submission
from teaching.grading import run as grading
from teaching.grading.inside import cells, seccomp
from teaching.grading.inside.watch import Watch
from teaching.grading.processes import Gone, Server
from teaching.grading.roster import Roster
from teaching.grading.session import Session, Settings
from teaching.grading.submission import Step
from tests import synthetic_class

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or macOS")
LINUX = sys.platform == "linux"


class Listener(threading.Thread):
    """Somebody on this machine who would hear a knock."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard = []

    def run(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.heard.append(line.recv(100))


def snapshot(folder):
    """Every file below a folder with its content and mode."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path: (path.read_bytes(), path.stat().st_mode) for path in files}


PROBE = """
from teaching.checks.core import call
import torch
def pair(function, seed):
    return {"x": call(function, torch.ones(2), 0.5, torch.full((2,), float(seed)))}
"""
OVERLAY = """
import torch
from teaching.checks import Check, check_step
from teaching.checks.core import compare
from teaching.grading import hidden
from overlay_probes.mine import pair

right = lambda seed: torch.full((2,), seed + 1.0)
check_pair = Check(pair, lambda seed, answer: compare(answer["x"], right(seed), "a pair"))

@hidden("a-ideal-test")
def with_a_probe(student):
    check_pair(student.ideal_input)

@hidden("a-ideal-test")
def with_plain_data(student):
    got = student.ideal_input(torch.ones(4), 0.5, torch.zeros(4))
    assert got.tolist() == [1.0] * 4, f"four ones give {got}"

@hidden("a-step-test")
def with_other_seeds(student):
    check_step(student.ascent_step, seeds=range(7000, 7002))
"""
LEARNED_BY_HEART = synthetic_class.Kind(  # right wherever the public check looks
    "learned-by-heart",
    {"a-ideal": synthetic_class.body("return anchor + w / (2 * price) if len(w) > 2 else w")},
    {"a-ideal-test": 0.0},
)


def grade(folder, **changed):
    """Grade the class that lies in a folder."""
    assignments = source.every(only="a")
    settings = Settings(timeout=60, cell_limit=6, memory=1024, patience=1, **changed)
    who = Roster(stems=[assignment.name for assignment in assignments]).who
    overlay_folder = folder / "overlay"
    return grading.grade_folder(
        folder / "submissions", assignments, folder / "out", overlay_folder, settings, 2, False, who
    )[0]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of every kind, graded once."""
    folder = tmp_path_factory.mktemp("class")
    outside = folder / "outside"
    outside.mkdir()
    (outside / "treasure").write_text("still here")
    listener = Listener()
    listener.start()
    right = synthetic_class.quick(synthetic_class.reference())
    kinds = [*synthetic_class.honest(), *synthetic_class.broken(), LEARNED_BY_HEART]
    kinds += synthetic_class.malicious(outside / "treasure", outside, listener.port)
    expected = synthetic_class.write(folder / "submissions", kinds, right)
    (folder / "submissions" / "left-empty").mkdir()
    student = folder / "submissions" / "untouched.ipynb"
    student.write_bytes(synthetic_class.STUDENT.read_bytes())
    expected |= {"left-empty": {"all": 0.0}, "untouched": {"all": 0.0}}
    before = {**snapshot(outside), **snapshot(folder / "submissions")}
    (folder / "overlay" / "probes").mkdir(parents=True)
    (folder / "overlay" / "probes" / "mine.py").write_text(PROBE)
    (folder / "overlay" / f"{synthetic_class.SOURCE.stem}.py").write_text(OVERLAY)
    rows = grade(folder)
    listener.socket.close()
    return {
        "folder": folder,
        "expected": expected,
        "grades": {row.student: row for row in rows},
        "before": before,
        "after": {**snapshot(outside), **snapshot(folder / "submissions")},
        "heard": listener.heard,
    }


def test_everybody_gets_what_is_due(graded):
    wrong = {}
    for student, due in graded["expected"].items():
        row = graded["grades"][student]
        for score in row.scores:
            should = due.get(score.name, due["all"] if due["all"] is not None else score.of)
            should = min(should, 1.0) if score.name == "a-picture" else should  # the rest is for somebody who looks
            if not score.written and score.points != should:
                wrong[student, score.name] = (score.points, should, score.message, row.notes)
    assert not wrong, "\n".join(f"{key}: {value}" for key, value in wrong.items())
    assert len(graded["grades"]) == len(graded["expected"])


@pytest.mark.skipif(not LINUX, reason="the kernel's fences are Linux's")
def test_no_attack_succeeds(graded):
    notes = {student: " ".join(row.notes) for student, row in graded["grades"].items()}
    assert not [text for text in notes.values() if "SUCCEEDED" in text]
    assert "refused: " in notes["reads"] and "/etc/passwd" in notes["reads"]
    assert "a change of the checks, which was undone" in notes["forges"]
    assert graded["heard"] == []
    assert graded["before"] == graded["after"]


def test_what_is_said(graded):
    said = {student: {score.name: score.message for score in row.scores} for student, row in graded["grades"].items()}
    assert "not written yet: " in said["untouched"]["a-step-test"]
    assert "return" in said["returns-nothing"]["a-ideal-test"]
    assert "ZeroDivisionError" in said["crashes"]["a-ideal-test"]
    assert "SyntaxError" in said["syntax-error"]["a-ideal-test"]
    assert "still running after 6 s" in said["endless"]["a-ideal-test"]
    assert "still running after" in said["endless-function"]["a-ideal-test"]
    assert "a pair" in said["learned-by-heart"]["a-ideal-test"]
    assert "out of memory" in said["hungry"]["a-ideal-test"]
    assert "exit code 3" in said["leaves-when-asked"]["a-ideal-test"]
    assert "stpes" in said["no-such-key"]["a-picture"] and "steps" in said["no-such-key"]["a-picture"]
    assert "cannot be read" in graded["grades"]["no-notebook"].not_graded
    assert "an empty folder" in graded["grades"]["left-empty"].not_graded


def test_a_second_run_goes_on_where_the_first_stopped(graded, monkeypatch):
    folder, cache = graded["folder"], graded["folder"] / "out" / ".results" / "cache"
    one = next(path for path in cache.glob("*.json") if json.loads(path.read_text())["student"] == "crashes")
    one.unlink()
    done = []

    def grade_all(work, place, jobs):
        for one, _ in work:
            done.append(one.student)
            yield one, graded["grades"][one.student]

    monkeypatch.setattr(grading, "grade_all", grade_all)
    assert {row.student: row for row in grade(folder)} == graded["grades"]
    assert done == ["crashes"]
    monkeypatch.setattr(grading, "rules", lambda *_: "other rules")
    grade(folder)
    assert sorted(done[1:]) == sorted(student for student, row in graded["grades"].items() if not row.not_graded)


def test_a_class_keeps_its_seed_and_others_have_others(tmp_path):
    first = grading.class_seed(tmp_path / "seed")
    assert grading.class_seed(tmp_path / "seed") == first >= 1000
    assert len({grading.class_seed(tmp_path / str(number)) for number in range(20)}) > 10


def test_a_new_test_or_limit_makes_old_grades_stale(tmp_path):
    usual = grading.rules(None, Settings())
    assert grading.rules(None, Settings()) == usual
    assert grading.rules(None, Settings(memory=1)) != usual
    assert grading.rules(None, Settings(seed=2)) != usual
    (tmp_path / "a.py").write_text("x = 1")
    assert grading.rules(tmp_path, Settings()) != usual


# --- the parts ---


def test_the_sandbox_holds_no_answer(tmp_path):
    built = sandbox_files.build(tmp_path, None)
    names = {path.relative_to(built).as_posix() for path in built.rglob("*")}
    assert "teaching/checks/probes/gradient_ascent.py" in names and "teaching/checks/core.py" in names
    assert not [name for name in names if any(part in name for part in ("verdict", "mistakes", "teaching/grading"))]
    assert "verdict" not in (built / "teaching" / "checks" / "__init__.py").read_text(encoding="utf-8")
    assert sandbox_files.exposed(built) == []


def test_probes_know_no_verdicts():
    """A probe that imported a verdict would carry it to where students' code runs."""
    for path in (ROOT / "teaching" / "checks" / "probes").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "verdict" not in "\n".join(line for line in text.splitlines() if "import" in line), path.name


def collected(tmp_path, notebook):
    """The submission of one notebook."""
    nbformat.write(notebook, tmp_path / "x.ipynb")
    (one,) = submission.collect(tmp_path, [source.read(synthetic_class.SOURCE)])
    return one


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"views": ["flip"] * 4000}, "has 32.* characters; some 500 are usual"),
        ({"edits": [print]}, "should be a dict of words"),
        ([{"steps": 5}], "should be a dict of words"),
        ({"views": functools.reduce(lambda inner, _: [inner], range(10**5))}, "should be a dict of words"),
    ],
)
def test_a_recipe_is_plain_data_of_a_reasonable_size(recipe, words):
    with pytest.raises(checks.Wrong, match=words):
        picture.checked(recipe, 1)


def test_two_workers_that_draw_the_same_picture_both_get_it(tmp_path, monkeypatch):
    """Each has written its file before either puts it in its place."""
    recipe = {"parameterization": "pixels", "optimizer": {"Adam": {"lr": 0.05}}, "steps": 1, "size": 66}
    alone = picture.draw(recipe, "monarch", 7, tmp_path / "alone", 60)
    both, replace = threading.Barrier(2, timeout=60), os.replace

    def at_once(written, place):
        both.wait()
        replace(written, place)

    monkeypatch.setattr(os, "replace", at_once)
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # of two threads that redirect it, the last may not put it back
    with ThreadPoolExecutor(2) as pool:
        drawn = [pool.submit(picture.draw, recipe, "monarch", 7, tmp_path / "both", 60) for _ in range(2)]
        assert [one.result()["file"] for one in drawn] == [alone["file"], alone["file"]]
    assert sorted(path.suffix for path in (tmp_path / "both").iterdir()) == [".json", ".png"]


def test_a_comprehension_s_variable_does_not_make_a_cell_an_answer(tmp_path):
    """``k = 3`` of a student's own is none, though our answer counts with a ``k``."""
    ours = nbformat.read(synthetic_class.SOURCE, as_version=4)
    answer = next(cell for cell in ours.cells if source.identity(cell) == "a-ideal")
    counted = "table = {k: [k + j for j in range(3)] for k in {i for i in range(3)}}\nsize = sum(m for m in table)"
    answer.source = f"### BEGIN SOLUTION\n{counted}\n### END SOLUTION"
    nbformat.write(ours, tmp_path / "a.ipynb")
    assignment = source.read(tmp_path / "a.ipynb")
    assert {name for name, cell in assignment.names.items() if cell == "a-ideal"} == {"size", "table"}
    assert submission.answered(files.Cell("code", "k = 3"), None, assignment) == set()
    assert submission.answered(files.Cell("code", "size = 3"), None, assignment) == {"a-ideal"}


def test_an_edited_test_is_not_the_one_that_counts(tmp_path):
    """Locked cells come from the source; what a student makes of them runs beside them, if at all."""
    notebook = nbformat.read(synthetic_class.STUDENT, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("locked"):
            cell.source = "raise SystemExit"
    steps = collected(tmp_path, notebook).steps
    assert all("SystemExit" not in step.source for step in steps if step.kind in ("given", "shown", "answer"))
    assert [step.name for step in steps if step.kind == "check"] == [
        question.name for question in source.read(synthetic_class.SOURCE).questions if question.test
    ]


def test_missing_cells_are_told(tmp_path):
    notebook = nbformat.read(synthetic_class.STUDENT, as_version=4)
    assert collected(tmp_path, notebook).notes == []
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "a-step"]
    assert collected(tmp_path, notebook).notes == ["missing: a-step"]


def test_overlay(tmp_path):
    (tmp_path / "a_gradient_ascent.py").write_text(
        "from teaching.grading import hidden\n@hidden('a-step-test')\ndef extra(student):\n    student.ascent_step(1)\n"
    )
    tests = overlay.load(tmp_path, "a_gradient_ascent")
    assert [(test.question, test.name) for test in tests] == [("a-step-test", "extra")]
    asked = []
    student = overlay.Student(lambda request: asked.append(request) or {"answer": 2})
    tests[0].test(student)
    assert asked[0]["subjects"] == ["ascent_step"] and asked[0]["inputs"] == [1]
    assert overlay.load(tmp_path, "b_other") == []
    with pytest.raises(NotADirectoryError):
        overlay.load(tmp_path / "none", "a")


# --- a notebook's cells ---


@pytest.fixture
def run_cell(monkeypatch, tmp_path):
    """Run a cell of a new notebook in this process; return its names and what went wrong."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(IPython, "get_ipython", IPython.get_ipython)
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", IPython.core.getipython.get_ipython)
    notebook = cells.Notebook()

    def run(text):
        problem = notebook.step("added", "cell", textwrap.dedent(text), "", 60)
        return notebook.names, problem

    return run


def test_a_missing_library_takes_nothing_else_of_its_line(run_cell):
    names, problem = run_cell("import torch, seaborn_ as sns, numpy as np\nfrom os import path, nothing as none")
    assert problem is None and names["torch"] is torch and names["np"] is np and names["path"] is os.path
    assert isinstance(names["sns"], cells.Missing) and isinstance(names["none"], cells.Missing)
    names, _ = run_cell("import torch.nothing")
    assert names["torch"] is torch


def test_what_is_defined_below_a_failure_is_there(run_cell):
    """As where a path is Colab's: the notebook ran there."""
    names, problem = run_cell(
        """
        import os
        os.chdir("/content/drive")
        import numpy as np
        later = 3
        def f():
            return np.zeros(1)
        class C:
            pass
        """
    )
    assert "/content/drive" in problem and names["f"]().shape == (1,) and "C" in names and "later" not in names


def test_a_call_of_what_is_not_written_brings_no_draft_back(run_cell):
    run_cell("def g():\n    return 'wrong'")
    run_cell("def later():\n    raise NotImplementedError('later')")
    names, problem = run_cell("def g():\n    return 'right'\nlater()")
    assert names["g"]() == "right" and problem == "not written yet: later"


def test_a_copy_of_the_empty_cell_takes_nothing_away(run_cell):
    run_cell("recipe = {1: 2}\ndef g():\n    return 'right'")
    run_cell("recipe = {}\nraise NotImplementedError")
    names, _ = run_cell("1 / 0\ndef g():\n    raise NotImplementedError")
    assert names["recipe"] == {1: 2} and names["g"]() == "right"


def test_a_cell_is_written_to_a_file_under_either_name(run_cell):
    for magic in ("file", "writefile"):
        run_cell(f"%%{magic} mine_{magic}.py\nz = 3\n")
        assert Path(f"mine_{magic}.py").read_text() == "z = 3\n"


@pytest.mark.parametrize(
    ("text", "uses", "binds"),
    [
        ("a = [k for k in range(3)]", {"range"}, {"a"}),
        ("nets = [n for n in range(3)]\ndef f():\n    return n", {"range", "n"}, {"nets", "f"}),
        ("import os.path, numpy as np\nfor i, (j, *k) in z:\n    pass", {"z"}, {"os", "np", "i", "j", "k"}),
        ("def f():\n    global g\n    g = h\n    return g", {"h"}, {"f"}),
        ("s += 1\nawait t", {"s", "t"}, {"s"}),
    ],
)
def test_what_a_cell_uses_and_binds(text, uses, binds):
    """Comprehensions' variables are neither; Python 3.12's ``symtable`` says both."""
    assert cells.used_and_bound(text) == (uses, binds)


# --- what comes from a student is read as data ---


@pytest.mark.parametrize(
    "value",
    [None, True, -3, 2.5, "text", [1, [2]], (1, "a"), {"a": 1, 2: None}, {"\0tensor": "not one"}, float("inf"), 10**30],
)
def test_plain_data_survives(value):
    assert serialize.unpack(serialize.pack(value)) == value


def test_tensors_survive():
    for tensor in (
        torch.randn(2, 3),
        torch.zeros(0, 4),
        torch.tensor(True),
        torch.tensor([1j]),
        torch.ones(3).bfloat16(),
    ):
        got = serialize.unpack(serialize.pack([tensor]))[0]
        assert got.dtype == tensor.dtype and torch.equal(got, tensor)
    assert isinstance(serialize.unpack(serialize.pack(np.ones(2))), np.ndarray)
    assert math.isnan(serialize.unpack(serialize.pack(float("nan"))))


def test_what_is_no_plain_data_is_refused():
    for value in (object(), print, {1, 2}, torch.nn.Linear(1, 1)):
        with pytest.raises(TypeError):
            serialize.pack(value)
    endless = []
    endless.append(endless)
    with pytest.raises(TypeError, match="nests no deeper"):
        serialize.pack(endless)


def framed(header, blobs=b""):
    data = json.dumps(header).encode()
    return struct.pack("<Q", len(data)) + data + blobs


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 40,
        pickle.dumps({"answer": 1}),
        struct.pack("<Q", 2**60) + b"{}",
        framed({"\0tensor": ["float32", [2**40], 0, 4]}, b"0000"),
        framed({"\0tensor": ["float32", [-1], 0, -4]}, b"0000"),
        framed({"\0tensor": ["float32", [1], 2, 4]}, b"0000"),
        framed({"\0tensor": ["object", [1], 0, 4]}, b"0000"),
        framed({"\0tensor": ["float32", [True], 0, 4]}, b"0000"),
        framed({"\0pairs": [[[1], 2]]}),
        framed({"a": 1, "b": 2}),
        framed({"\0code": "1"}),
        struct.pack("<Q", 10**5) + b"[" * 10**5,
    ],
)
def test_what_is_not_from_pack_is_unreadable(data):
    with pytest.raises(serialize.Unreadable):
        serialize.unpack(data)


def test_no_forged_answer_passes_for_right():
    """Whatever comes back that is not an answer a verdict accepts is wrong, not an error and not a success."""
    check = checks.Check(print, lambda seed, answer: None if answer["y"] == 2 else "not 2")
    forged = (None, True, [], {}, {"problem": ""}, {"problem": None}, {"answer": None}, {"answer": {}}, {"points": 9})
    for seen in forged:
        with pytest.raises(checks.Wrong):
            check(checks.Remote("f", lambda _, seen=seen: seen))
    check(checks.Remote("f", lambda _: {"answer": {"y": 2}}))


# --- the fences ---


def test_the_hook_refuses_and_remembers(tmp_path):
    inside = tmp_path / "scratch"
    inside.mkdir()
    (inside / "link").symlink_to("/etc/passwd")
    watch = Watch([sys.base_prefix], [str(inside)], ctypes_too=True)
    for event, arguments in (
        ("open", (str(inside / "mine"), "w", os.O_WRONLY | os.O_CREAT)),
        ("open", (os.path.join(sys.base_prefix, "x"), "r", 0)),
        ("open", (3, "r", 0)),
        ("os.mkdir", (str(inside / "folder"), 0o777, -1)),
        ("import", ("x", None, None, None, None)),
    ):
        watch.hook(event, arguments)
    assert watch.refused == []
    for event, arguments in (
        ("open", ("/etc/passwd", "r", 0)),
        ("open", (str(inside / "link"), "r", 0)),
        ("open", (str(inside / ".." / "other"), "w", os.O_WRONLY)),
        ("open", (os.path.join(sys.base_prefix, "x"), "w", os.O_WRONLY)),
        ("os.rename", (str(inside / "a"), str(tmp_path / "b"), -1, -1)),
        ("os.fork", ()),
        ("os.kill", (1, 9)),
        ("subprocess.Popen", ("ls", ["ls"], None, None)),
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("os.listdir", ("/",)),
        ("ctypes.dlopen", ("libc.so.6",)),
    ):
        with pytest.raises(PermissionError, match="is not allowed while an assignment is graded"):
            watch.hook(event, arguments)
    assert len(watch.refused) == 11


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_of_system_calls(machine):
    """The program is run here by a small machine of our own, so that both architectures are tried on either."""
    architecture, _, looked_at = seccomp.MACHINES[machine]
    program = seccomp.program(machine, pid=77)

    def verdict(number, argument=0, arch=architecture):
        place, register = 0, 0
        while True:
            code, yes, no, value = struct.unpack_from("=HBBI", program, 8 * place)
            place += 1
            if code == seccomp.LOAD:
                register = {0: number, 4: arch, 16: argument}[value]
            elif code == seccomp.RETURN:
                return value
            else:
                hit = {seccomp.EQUAL: register == value, seccomp.AT_LEAST: register >= value}
                place += yes if hit.get(code, bool(register & value)) else no

    allowed, refused = seccomp.ALLOW, seccomp.ERROR | errno.EPERM
    every = {**seccomp.MACHINES[machine][1], **seccomp.EVERYWHERE}
    assert all(verdict(number) == refused for number in every.values())
    assert not set(every.values()) & set(looked_at.values())
    assert verdict(0 if machine == "x86_64" else 63) == allowed  # read
    assert verdict(looked_at["clone"], 0x3D0F00) == allowed and verdict(looked_at["clone"], 0x1200011) == refused
    assert verdict(looked_at["tgkill"], 77) == allowed and verdict(looked_at["tgkill"], 78) == refused
    assert verdict(looked_at["prlimit64"], 0) == allowed and verdict(looked_at["prlimit64"], 1) == refused
    assert verdict(looked_at["prctl"], 1) == refused and verdict(looked_at["prctl"], 15) == allowed
    assert verdict(seccomp.CLONE3) == seccomp.ERROR | errno.ENOSYS
    assert verdict(0, arch=1) == seccomp.KILL


@pytest.mark.parametrize("forks", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_process_answers_dies_and_comes_back(forks, tmp_path):
    """Also where forking is not safe, and each notebook gets a server of its own."""
    built = sandbox_files.build(tmp_path / "sandbox", None)
    server = Server(built, forks=forks)
    cells = {"a": "def f(x):\n    return 2 * x\n", "b": "import os\nos._exit(4)\n", "c": "later = f(4)\n"}
    settings = Settings(memory=1024, timeout=120, cell_limit=20)
    session = Session(server, tmp_path / "scratch", sandbox_files.readable(built), settings)
    try:
        session.run([Step("answer", *cell) for cell in cells.items()])
        assert "exit code 4" in session.problems["b"]
        assert checks.Remote("f", session.request)(torch.ones(2)).tolist() == [2, 2]
        assert checks.Remote("later", session.request).value() == 8
        with pytest.raises(checks.Wrong, match="there is no `none`"):
            checks.Remote("none", session.request).value()
        assert session.layers
    finally:
        session.close()
        server.stop()
    assert not list((tmp_path / "scratch").iterdir())


def test_what_a_notebook_leaves_on_the_disk_meets_no_other(tmp_path):
    """Folders within folders until no system call takes their path; the next notebook is harmless."""
    built = sandbox_files.build(tmp_path / "sandbox", None)
    server = Server(built)
    deep = """
        import os
        os.chdir(os.environ["TMPDIR"])
        for _ in range(20):
            os.mkdir("a" * 250)
            os.chdir("a" * 250)
    """
    try:
        for cell in (textwrap.dedent(deep), "x = 1"):
            settings = Settings(memory=1024, timeout=120, cell_limit=20)
            session = Session(server, tmp_path / "scratch", sandbox_files.readable(built), settings)
            session.run([Step("answer", "a", cell)])
            session.close()
            assert not session.deaths
        assert not session.problems
    finally:
        server.stop()
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize(
    "data",
    [
        framed([{serialize.TENSOR: ["uint8", [8], 0, 8]}] * 2, bytes(8)),
        framed({serialize.TENSOR: ["uint8", [0, 2**62, 2**62], 0, 0]}),
        framed([[]] * (serialize.WORDS // 3)),
    ],
    ids=["the same bytes twice", "nothing, in a shape that overflows", "many small lists"],
)
def test_an_answer_grows_no_larger_by_being_read(data):
    with pytest.raises(serialize.Unreadable):
        serialize.unpack(data)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or macOS")
def test_after_a_server_that_did_not_come_up_in_time_there_is_another(tmp_path, monkeypatch):
    """One busy minute costs one notebook, and not all that follow."""
    (tmp_path / "inside").mkdir()
    slow = """
        import os, socket, time
        def main(descriptor, forks):
            if not os.path.exists("once"):
                open("once", "w").close()
                time.sleep(60)
            control = socket.socket(fileno=descriptor)
            control.sendall(b"{}\\n")
            control.recv(2**16)
            control.sendall(b'{"pid": 5}\\n')
    """
    (tmp_path / "inside" / "server.py").write_text(textwrap.dedent(slow))
    monkeypatch.setattr(processes, "READY", 3.0)
    server = Server(tmp_path)
    try:
        with pytest.raises(TimeoutError):
            server.fork({})
        assert server.fork({})[0] == 5
    finally:
        server.stop()


def test_a_process_that_talks_without_end_is_given_up_on(tmp_path, monkeypatch):
    """And its made-up cells are not remembered."""
    session = Session(None, tmp_path, [], Settings(timeout=1.0, cell_limit=1.0))
    monkeypatch.setattr(session, "_start", lambda: None)
    monkeypatch.setattr(session, "_end", lambda *_: "")
    monkeypatch.setattr(session, "_send", lambda *_: None)
    count = itertools.count()

    def receive(limit):
        if time.monotonic() > session.deadline:
            raise Gone("no end")
        name = f"cell {next(count)}"
        return {"at": name, "ran": name, "problem": "x"}

    monkeypatch.setattr(session, "_receive", receive)
    session.run([Step("answer", "a")])
    assert set(session.problems) <= {""} and next(count) > 1000


def test_the_time_in_which_a_process_comes_up_is_nobodys(tmp_path, monkeypatch):
    class Slow:
        place = tmp_path

        def fork(self, order):
            time.sleep(0.3)
            return 0, None

    session = Session(Slow(), tmp_path, [], Settings(timeout=1.0, cell_limit=1.0))
    monkeypatch.setattr(session, "_receive", lambda limit: {"layers": []})
    before = session.deadline
    session._start()
    assert before + 0.3 <= session.deadline < before + 0.9
