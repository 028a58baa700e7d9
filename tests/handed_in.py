"""What honest students hand in, in all the shapes in which it arrives, and what a fair teacher would give for it.

All of them have solved assignment A. Each shape says what is odd about its notebook or its files.
"""

from __future__ import annotations

import copy
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

NAME = "a_gradient_ascent.ipynb"
LATER, EARLIER = 1_900_000_000, 1_800_000_000  # seconds since 1970
Right = dict[str, str]  # the reference's cells by grade id
Edit = Callable[[NotebookNode], None]
Pack = Callable[[Path, str, NotebookNode, NotebookNode], None]


@dataclass(frozen=True)
class Shape:
    """One odd submission.

    Attributes:
        name: of the student.
        edit: what they did to their filled notebook.
        pack: how it was handed in; a folder with the notebook in it if None.
        lost: what each question gives, where that is not all.
        not_graded: words of the reason why there is no grade.
        file: the end of the name of the file that should be graded.
        note: words of what is said of it.
    """

    name: str
    edit: Edit | None = None
    pack: Pack | None = None
    lost: dict[str, float] = field(default_factory=dict)
    not_graded: str = ""
    file: str = ""
    note: str = ""


# --- what was done to the notebook ---


def place_of(notebook: NotebookNode, name: str) -> int:
    """The number of the cell with this grade id or id."""
    marks = [(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.get("id")) for cell in notebook.cells]
    return next(number for number, names in enumerate(marks) if name in names)


def change(name: str, edit: Callable[[str], str]) -> Edit:
    """A cell's text changed."""

    def done(notebook: NotebookNode) -> None:
        cell = notebook.cells[place_of(notebook, name)]
        cell.source = edit(cell.source)

    return done


def add(name: str, source: str, after: bool = False, markdown: bool = False) -> Edit:
    """A new cell beside another, or at the end."""

    def done(notebook: NotebookNode) -> None:
        at = place_of(notebook, name) + after if name else len(notebook.cells)
        notebook.cells.insert(at, (new_markdown_cell if markdown else new_code_cell)(source))

    return done


def all_of(*edits: Edit) -> Edit:
    """Several edits, one after the other."""

    def done(notebook: NotebookNode) -> None:
        for edit in edits:
            edit(notebook)

    return done


def drop(*names: str) -> Edit:
    """Cells taken out."""

    def done(notebook: NotebookNode) -> None:
        for name in names:
            del notebook.cells[place_of(notebook, name)]

    return done


def copied(stub: str, before: bool) -> Edit:
    """The empty cell of question A.2 and the filled one, with the same marks."""

    def done(notebook: NotebookNode) -> None:
        at = place_of(notebook, "a-ideal")
        twin = copy.deepcopy(notebook.cells[at])
        twin.id, twin.source = "twin", stub
        notebook.cells.insert(at if before else at + 1, twin)

    return done


def split(marked: bool) -> Edit:
    """A helper and its function cut apart; JupyterLab copies the marks, others do not."""

    def done(notebook: NotebookNode) -> None:
        at = place_of(notebook, "a-ideal")
        second = copy.deepcopy(notebook.cells[at])
        second.id = "second-half"
        if not marked:
            second.metadata = nbformat.from_dict({})
        notebook.cells[at].source = "def shift(w, price):\n    return w / (2 * price)\n"
        second.source = "def ideal_input(w, price, anchor):\n    return anchor + shift(w, price)\n"
        notebook.cells.insert(at + 1, second)

    return done


def bare(ids: bool = False, colab: bool = False) -> Edit:
    """All metadata lost; the cells' ids kept, or put where Colab has them, or lost as well."""

    def done(notebook: NotebookNode) -> None:
        for cell in notebook.cells:
            cell.metadata = nbformat.from_dict({"id": cell.id} if colab else {})
            if not ids:
                del cell["id"]
        if not ids:
            notebook.nbformat_minor = 4

    return done


IDEAL = "def ideal_input(w, price, anchor):\n    return anchor + w / (2 * price)\n"
PARTS = "def ideal_input(w, price, anchor):\n    return anchor + shift(w, price)\n"
SHIFT = "def shift(w, price):\n    return w / (2 * price)\n"


def instead(source: str) -> Edit:
    """Another text in the answer to A.2."""
    return change("a-ideal", lambda _: source)


def cells(stubs: Right) -> list[Shape]:
    """What stands in the notebook, and where."""
    stub = stubs["a-ideal"]
    numpy = IDEAL.replace("    return", "    np.zeros(1)\n    return")
    np = "\nimport numpy as np"
    reused = all_of(
        add("a-ideal", "def helper(x):\n    return 2 * x\n"),
        instead("def ideal_input(w, price, anchor):\n    return anchor + w / helper(price)\n"),
        add("a-bound", "def helper(x):\n    return abs(x)\n"),
        change("a-bound", lambda right: right.replace("abs(start)", "helper(start)")),
    )
    unasked = ("a-step-test", "a-ideal-test", "a-climb-test", "a-rise-test", "a-adamw-test", "a-bound-test")
    wrong = IDEAL.replace("anchor + w", "anchor - w")
    return [
        Shape("imports-in-the-imports", all_of(change("a-imports", lambda s: s + np), instead(numpy))),
        Shape("imports-in-the-first-cell", all_of(change("a-001", lambda s: s + np), instead(numpy))),
        Shape("imports-in-a-cell", all_of(add("a-step", "import numpy as np"), instead(numpy))),
        Shape("helper-above", all_of(add("a-ideal", SHIFT), instead(PARTS))),
        Shape("helper-at-the-end", all_of(add("", SHIFT), instead(PARTS))),
        Shape("helper-in-a-shown-cell", all_of(change("a-011", lambda s: SHIFT + s), instead(PARTS))),
        Shape("helper-in-a-check", all_of(change("a-step-test", lambda s: s + "\n" + SHIFT), instead(PARTS))),
        Shape("helpers-of-one-name", reused),
        Shape("answer-below-the-stub", instead(f"{stub}\n\n{IDEAL}")),
        Shape("answer-in-a-cell-below", all_of(instead(stub), add("a-ideal-test", IDEAL))),
        Shape("answer-at-the-end", all_of(instead(stub), add("", IDEAL))),
        Shape("answer-in-the-check", all_of(instead(stub), change("a-ideal-test", lambda s: IDEAL + s))),
        Shape("answer-in-a-shown-cell", all_of(instead(stub), change("a-016", lambda s: IDEAL + s))),
        Shape("improved-below", all_of(instead(wrong), add("", IDEAL))),
        Shape("split", split(marked=False)),
        Shape("split-by-jupyterlab", split(marked=True)),
        Shape("copied-and-filled-first", copied(stub, before=False)),
        Shape("copied-and-filled-second", copied(stub, before=True)),
        Shape("retyped", all_of(add("a-ideal", IDEAL), drop("a-ideal"))),
        Shape("checks-deleted", drop(*unasked)),
        Shape("checks-that-pass-anything", all_of(instead(wrong), change("a-ideal-test", lambda _: "print('Right')")),
              lost={"a-ideal-test": 0.0}),
        Shape("checks-that-fail", change("a-ideal-test", lambda _: "raise SystemExit")),
        Shape("experiments-that-fail", all_of(add("a-ideal", "1 / 0"), add("a-ideal", "carpet.mean(")))  ,
        Shape("shown-cells-broken", all_of(change("a-010", lambda _: "1 / 0"), change("a-022", lambda _: "while:"))),
        Shape("names-of-shown-cells", change("a-recipe", lambda s: s + "\ntarget = network.class_name(CLASS)\n")),
        Shape("a-seed-in-a-loop", add("", "for seed in range(40):\n    pass")),
        Shape("another-recipe-below", add("", "recipe = {**recipe, 'size': 72}\ntarget = 'tabby'")),
        Shape("words-below", all_of(change("a-carpet", lambda _: "YOUR ANSWER HERE"),
                                    add("a-carpet", "It fools one network.", after=True, markdown=True))),
        Shape("words-under-the-question", all_of(change("a-carpet", lambda _: "YOUR ANSWER HERE"),
                                                 change("a-024", lambda s: s + "\n\nIt fools one network."))),
        Shape("no-words", change("a-carpet", lambda _: "YOUR ANSWER HERE"), lost={"a-carpet": 0.0}),
    ]  # fmt: skip


def magics() -> list[Shape]:
    """What IPython understands and Python does not."""

    def above(line: str) -> Edit:
        return change("a-ideal", lambda s: f"{line}\n{s}")

    continued = "def ideal_input(w, price, anchor):\n    odd = (5\n% 3)\n    return anchor + w / (odd * price)\n"
    written = "%%writefile mine.py\n" + SHIFT
    missing = "import seaborn as sns\nsns.set_theme()\n"
    return [
        Shape("percent-that-is-python", instead(continued)),
        Shape("help", above("torch.lerp?")),
        Shape("timeit-assigned", above("t = %timeit -o sum(range(9))")),
        Shape("pip", above("!pip install torch\n%pip install torch")),
        Shape("shell-assigned", above("files = !ls")),
        Shape("get-ipython", above("get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().config.x = 1")),
        Shape("ipython-imported", above("from IPython import get_ipython\nget_ipython().magic('matplotlib inline')")),
        Shape("cell-magic", instead("%%time\n" + IDEAL)),
        Shape("written-to-a-file", all_of(add("a-ideal", written), instead("from mine import shift\n" + PARTS))),
        Shape("colab", above("from google.colab import drive\ndrive.mount('/content/drive')")),
        Shape("pandas", above("import pandas as pd\ntable = pd.DataFrame({'a': [1]})")),
        Shape("missing-library-for-show", above(missing)),
        Shape("missing-library", instead("import kornia\n\n" + IDEAL.replace("anchor + w", "kornia.add(anchor, w)")),
              lost={"a-ideal-test": 0.0}, note="no library 'kornia'"),
        Shape("await", above("async def three():\n    return 3\n")),
    ]  # fmt: skip


# --- how it was handed in ---


def text_of(notebook: NotebookNode) -> str:
    return json.dumps(notebook)


def write(path: Path, data: str | bytes, modified: int = EARLIER) -> None:
    """A file with its date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    os.utime(path, (modified, modified))


def as_file(suffix: str, convert: Callable[[NotebookNode], str | bytes] = text_of) -> Pack:
    """One file beside the other students' folders."""
    return lambda folder, name, notebook, _: write(folder / f"{name}{suffix}", convert(notebook))


def untouched_beside(kept: str, untouched: str, newer: bool = True) -> Pack:
    """The work under one name, the empty file under another, in one folder."""

    def done(folder: Path, name: str, notebook: NotebookNode, student: NotebookNode) -> None:
        write(folder / name / kept, text_of(notebook))
        write(folder / name / untouched, text_of(student), LATER if newer else EARLIER - 9)

    return done


def two_versions(first: str, second: str) -> Pack:
    """Two files with as many answers, the second newer and right, the first wrong."""

    def done(folder: Path, name: str, notebook: NotebookNode, _: NotebookNode) -> None:
        wrong = copy.deepcopy(notebook)
        instead(IDEAL.replace("anchor + w", "anchor - w"))(wrong)
        write(folder / name / first, text_of(wrong), EARLIER)
        write(folder / name / second, text_of(notebook), LATER)

    return done


def folder_and_file(folder: Path, name: str, notebook: NotebookNode, student: NotebookNode) -> None:
    """An empty one in the folder, the work beside it."""
    write(folder / name / NAME, text_of(student))
    write(folder / f"{name}.ipynb", text_of(notebook))


def final_beside(folder: Path, name: str, notebook: NotebookNode, student: NotebookNode) -> None:
    """Two files of one student at the top."""
    write(folder / f"{name}.ipynb", text_of(student), LATER)
    write(folder / f"{name}_final.ipynb", text_of(notebook))


def zipped(*names: str, password: bool = False) -> Callable[[NotebookNode], bytes]:
    """An archive with the notebook under the first name and rubbish under the others."""

    def made(notebook: NotebookNode) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, name in enumerate(names):
                archive.writestr(name, "rubbish" if number else text_of(notebook))
        data = out.getvalue()
        return data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01") if password else data

    return made


def script(kind: str) -> Callable[[NotebookNode], str]:
    """A notebook as a program, as Jupyter, VS Code or Colab writes it."""

    def commented(text: str) -> str:
        return re.sub(r"^", "# ", text, flags=re.MULTILINE)

    def made(notebook: NotebookNode) -> str:
        parts = []
        for cell in notebook.cells:
            code, text = cell.cell_type == "code", cell.source
            if kind == "jupyter":
                parts.append(f"# In[ ]:\n\n\n{text}\n\n" if code else f"{commented(text)}\n")
            elif kind == "vscode":
                parts.append(f"# %%\n{text}\n" if code else f"# %% [markdown]\n{commented(text)}\n")
            else:
                parts.append(f"{text}\n" if code else f'"""{text}"""\n')
        return "#!/usr/bin/env python\n# coding: utf-8\n\n" + "\n".join(parts)

    return made


def link(folder: Path, name: str, notebook: NotebookNode, _: NotebookNode) -> None:
    (folder / f"{name}.ipynb").symlink_to("/etc/passwd")


def pipe(folder: Path, name: str, notebook: NotebookNode, _: NotebookNode) -> None:
    os.mkfifo(folder / f"{name}.ipynb")


def empty_folder(folder: Path, name: str, notebook: NotebookNode, _: NotebookNode) -> None:
    (folder / name).mkdir()


def files() -> list[Shape]:
    """How it was handed in."""
    conflict = lambda n: json.dumps(n, indent=1).replace("\n", "\n<<<<<<< HEAD\n", 3)  # noqa: E731
    return [
        Shape("final", pack=untouched_beside("a_gradient_ascent_final.ipynb", NAME), file="_final.ipynb"),
        Shape("copy-one", pack=untouched_beside(NAME, "a_gradient_ascent-Copy1.ipynb"), file=f"/{NAME}"),
        Shape("copy-one-worked", pack=untouched_beside("a_gradient_ascent-Copy1.ipynb", NAME), file="Copy1.ipynb"),
        Shape("one-and-two", pack=two_versions("a (1).ipynb", "a (2).ipynb"), file="(2).ipynb"),
        Shape("two-and-one", pack=two_versions("z.ipynb", "a.ipynb"), file="/a.ipynb"),
        Shape("folder-and-file", pack=folder_and_file, file="folder-and-file.ipynb"),
        Shape("final-beside", pack=final_beside, file="_final.ipynb"),
        Shape("zip", pack=as_file(".zip", zipped(NAME)), file=NAME),
        Shape("zip-of-a-folder", pack=as_file(".zip", zipped(f"work/{NAME}", f"__MACOSX/._{NAME}", "work/notes.txt"))),
        Shape("zip-that-climbs", pack=as_file(".zip", zipped(f"../../{NAME}", "/etc/cron.d/mine"))),
        Shape("zip-behind-a-password", pack=as_file(".zip", zipped(NAME, password=True)), not_graded="password"),
        Shape("zip-cut-short", pack=as_file(".zip", lambda n: zipped(NAME)(n)[:900]), not_graded="cannot be opened"),
        Shape("program-of-jupyter", pack=as_file(".py", script("jupyter"))),
        Shape("program-of-vscode", pack=as_file(".py", script("vscode"))),
        Shape("program-of-colab", pack=as_file(".py", script("colab"))),
        Shape("program-as-text", pack=as_file(".txt", script("jupyter"))),
        Shape("notebook-as-text", pack=as_file(".ipynb.txt")),
        Shape("notebook-as-json", pack=as_file(".ipynb.json")),
        Shape("capitals", pack=as_file(".IPYNB")),
        Shape("pdf", pack=as_file(".pdf", lambda _: b"%PDF-1.7 ..."), not_graded="a PDF"),
        Shape("pdf-in-disguise", pack=as_file(".ipynb", lambda _: b"%PDF-1.7 ..."), not_graded="a PDF"),
        Shape("word", pack=as_file(".docx", lambda _: b"PK..."), not_graded="a Word document"),
        Shape("web-page", pack=as_file(".ipynb", lambda _: "<!doctype html><html>"), not_graded="a web page"),
        Shape("a-link", pack=link, not_graded="a link"),
        Shape("a-pipe", pack=pipe, not_graded="no file"),
        Shape("nothing-in-it", pack=as_file(".ipynb", lambda _: b""), not_graded="an empty file"),
        Shape("empty-folder", pack=empty_folder, not_graded="an empty folder"),
        Shape("cut-short", pack=as_file(".ipynb", lambda n: text_of(n)[:5000]), not_graded="cut short"),
        Shape("in-conflict", pack=as_file(".ipynb", conflict), not_graded="merge"),
        Shape("another-course", pack=as_file(".ipynb", lambda _: '{"cells": []}'), not_graded="nothing of"),
        Shape("of-2013", pack=as_file(".ipynb", lambda _: '{"worksheets": []}'), not_graded="there are no cells in it"),
        Shape("byte-order-mark", pack=as_file(".ipynb", lambda n: b"\xef\xbb\xbf" + text_of(n).encode())),
        Shape("utf-16", pack=as_file(".ipynb", lambda n: text_of(n).encode("utf-16"))),
        Shape("marks-lost", bare(ids=True)),
        Shape("marks-lost-on-colab", bare(colab=True)),
        Shape("ids-lost", bare()),
    ]


# --- what is worth a part, and what is forbidden ---


def points(right: Right) -> list[Shape]:
    """Answers that are right in part, or in a way that the text forbids."""
    by_torch = """
def adamw_step(x, g, m, v, t, lr, decay, beta1=0.9, beta2=0.999, eps=1e-8):
    p = nn.Parameter(x.clone())
    optimizer = torch.optim.AdamW([p], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay)
    optimizer.state[p] = {"step": torch.tensor(t - 1.0), "exp_avg": -m.clone(), "exp_avg_sq": v.clone()}
    p.grad = -g.clone()
    optimizer.step()
    return p.detach(), -optimizer.state[p]["exp_avg"], optimizer.state[p]["exp_avg_sq"]
"""
    still = "\nrecipe = {**recipe, 'optimizer': {'SGD': {'lr': 1e-6}}, 'steps': 1}\n"
    same = "recipe = {'parameterization': 'pixels', 'optimizer': {'Adam': {'lr': 0.05}}, 'steps': 2, 'size': 66}\n"
    same += "target, seed = 'monarch', 7\n"
    lost_score = "    with torch.no_grad():\n        scores.append(network(x)[:, c])\n"
    return [
        Shape("scores-wrong", change("a-climb", lambda s: s.replace(lost_score, "")), lost={"a-climb-test": 3.0}),
        Shape("bad-guest", change("a-climb", lambda s: s.replace("network.train(was_training)", "pass")),
              lost={"a-climb-test": 3.0}),
        Shape("own-right", change("a-rise", lambda s: s.replace("others.item()", "-others.item()")),
              lost={"a-rise-test": 1.0}),
        Shape("still-tracked", change("a-step", lambda s: s.replace("x.detach() + lr", "x + lr")),
              lost={"a-step-test": 1.0}),
        Shape("adamw-of-torch", change("a-adamw", lambda _: by_torch), lost={"a-adamw-test": 0.0}, note="by hand"),
        Shape("does-not-rise", change("a-recipe", lambda s: s + still), lost={"a-picture": 0.0}, note="not rise"),
        Shape("recipe-of-a-friend", change("a-recipe", lambda _: same), note="the same recipe as friend"),
        Shape("friend", change("a-recipe", lambda _: same), note="the same recipe as recipe-of-a-friend"),
    ]  # fmt: skip


def cheats() -> list[Shape]:
    """Who would rather not take a gradient."""
    coefficients = """
def ascent_step(score, x, lr):
    given = score.__self__
    return x + lr * (given.slope - given.bend * x)
"""
    found = """
import sys
def ascent_step(score, x, lr):
    frame = sys._getframe()
    while frame and "given" not in frame.f_locals:
        frame = frame.f_back
    given = frame.f_locals["given"]
    return x + lr * (given.slope - given.bend * x)
"""
    clean = "lambda network, before, modes: {'state': before, 'piles': [], 'training': modes, 'was_training': modes}"
    patch = f"""
import teaching.checks.probes.toys as toys, teaching.checks.probes.gradient_ascent as probes
toys.left = probes.left = {clean}
"""
    table = """
import teaching.checks.probes.gradient_ascent as probes
known = {tuple(probes.linear(seed)[0].tolist()): probes.linear(seed) for seed in [*range(300), *range(7000, 7010)]}
def ideal_input(w, price, anchor):
    w, price, anchor = known[tuple(w.tolist())]
    return anchor + w / (2 * price)
"""
    left = "network.train(was_training)"
    return [
        Shape("reads-coefficients", change("a-step", lambda _: coefficients), lost={"a-step-test": 0.0}),
        Shape("reads-frames", change("a-step", lambda _: found), lost={"a-step-test": 0.0}),
        Shape("patches-before", all_of(add("a-step", patch), change("a-climb", lambda s: s.replace(left, "pass"))),
              lost={"a-climb-test": 3.0}),
        Shape("patches-while-asked", change("a-climb", lambda s: s.replace(left, patch.strip().replace("\n", "; "))),
              lost={"a-climb-test": 0.0}),
        Shape("knows-public-seeds", instead(table), lost={"a-ideal-test": 0.0}),
    ]  # fmt: skip


def everyone(right: Right, stubs: Right) -> list[Shape]:
    """The whole class."""
    return [*cells(stubs), *magics(), *files(), *points(right), *cheats()]


def hand_in(folder: Path, shapes: list[Shape], filled: NotebookNode, student: NotebookNode) -> None:
    """Write what all of them hand in."""
    for shape in shapes:
        notebook = copy.deepcopy(filled)
        if shape.edit is not None:
            shape.edit(notebook)
        pack = shape.pack or (lambda place, name, made, _: write(place / name / NAME, text_of(made)))
        pack(folder, shape.name, notebook, student)
