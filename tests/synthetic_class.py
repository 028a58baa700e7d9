"""A class that nobody would wish for, to try the grader on: honest, mistaken, broken, endless, greedy and malicious.

    python -m tests.synthetic_class 200 FOLDER       200 submissions of the first assignment

What each should get is written into FOLDER-outside/expected.json; that folder also holds what nobody may touch.

Each student has solved everything but for one cell. Where that cell attacks, it says so if it succeeds: SUCCEEDED then
stands in the notes, and nothing else may differ from an honest submission.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "teaching" / "source" / "a_gradient_ascent.ipynb"
STUDENT = ROOT / "teaching" / "release" / "a_gradient_ascent.ipynb"
ATTEMPT = """
import ctypes, os, pathlib, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def attempt(what, do, succeeded=lambda result: True):
    try:
        result = do()
    except Exception:
        return
    if succeeded(result):
        raise RuntimeError(f"SUCCEEDED: {what}")
def positive(result):
    return result >= 0
"""  # what attacks are written with: whatever is refused is passed over, whatever succeeds is told


@dataclass(frozen=True)
class Kind:
    """One sort of student.

    Attributes:
        name: what they are called.
        cells: by grade id, what stands in their cell: text, or what is made of the reference's.
        lost: the points that each question should give them, where that is not all.
        raw: a file's text, for those who hand in no notebook at all.
    """

    name: str
    cells: dict[str, str | Callable[[str], str]] = field(default_factory=dict)
    lost: dict[str, float] = field(default_factory=dict)
    raw: str | None = None


def before(code: str) -> Callable[[str], str]:
    """An attack in front of the right answer."""
    return lambda right: f"{ATTEMPT}\n{code}\n{right}"


def swap(old: str, new: str) -> Callable[[str], str]:
    """One piece of the right answer replaced."""

    def change(right: str) -> str:
        if old not in right:
            raise ValueError(f"the reference has no {old!r} any more")
        return right.replace(old, new)

    return change


def body(code: str) -> Callable[[str], str]:
    """The function's first line, and this instead of its body."""
    return lambda right: re.search(r"^def .*?:\n(?=    )", right, re.DOTALL | re.MULTILINE).group(0) + f"    {code}\n"


def honest() -> list[Kind]:
    """Those who meant well."""
    none = {"a-ideal-test": 0.0}
    return [
        Kind("correct"),
        Kind("downhill", {"a-step": swap("+ lr * gradient", "- lr * gradient")}, {"a-step-test": 0.0}),
        Kind("forgets-to-zero", {"a-climb": swap("optimizer.zero_grad()", "pass")}, {"a-climb-test": 0.0}),
        Kind("decay-as-penalty", {"a-adamw": swap("x = (1 - lr * decay) * x", "x = x")}, {"a-adamw-test": 0.0}),
        Kind("returns-nothing", {"a-ideal": body("w / (2 * price)")}, none),
        Kind("syntax-error", {"a-ideal": "def ideal_input(w, price, anchor:\n    return w\n"}, none),
        Kind("crashes", {"a-ideal": "1 / 0\n"}, none),
        Kind("no-such-key", {"a-recipe": 'recipe, target, seed = {"stpes": 5}, "tabby", 1'}, {"a-picture": 0.0}),
        Kind(
            "code-for-recipe", {"a-recipe": 'recipe, target, seed = {"edits": [print]}, "tabby", 1'}, {"a-picture": 0.0}
        ),
    ]


def broken() -> list[Kind]:
    """Those whose notebooks do not end well."""
    none = {"a-ideal-test": 0.0}
    blind = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\nwhile True: pass\n"
    hungry = "hoard = []\nwhile True: hoard.append(bytearray(2**29))\n"
    return [
        Kind("endless", {"a-ideal": "while True: pass\n"}, none),
        Kind("endless-function", {"a-ideal": body("while True: pass")}, none),
        Kind("deaf", {"a-ideal": blind}, none),
        Kind("hungry", {"a-ideal": hungry}, none),
        Kind("hungry-tensor", {"a-ideal": body("return torch.ones(2**40)")}, none),
        Kind("leaves", {"a-ideal": "import os\nos._exit(0)\n"}, none),
        Kind("leaves-when-asked", {"a-ideal": body("import os; os._exit(3)")}, none),
        Kind("segfault", {"a-ideal": "import ctypes\nctypes.string_at(0)\n"}, none),
        Kind("talkative", {"a-ideal": lambda right: "for _ in range(2000): print('x' * 10**6)\n" + right}),
        Kind("huge-answer", {"a-ideal": body("return torch.zeros(2**25)")}, none),
        Kind("no-notebook", raw="{this is no notebook"),
        Kind("not-json-cells", raw='{"cells": "none"}'),
    ]


def malicious(secret: Path, outside: Path, port: int) -> list[Kind]:
    """Those who try to get out.

    Args:
        secret: a file of the teacher's.
        outside: a folder that is not theirs, with a file `treasure` in it.
        port: a port of this machine at which somebody listens.
    """
    verdicts = ROOT / "teaching" / "checks" / "verdicts" / "gradient_ascent.py"
    reads = "\n".join(
        f"attempt('read {path}', lambda: open({str(path)!r}).read())\n"
        f"attempt('read {path} through C', lambda: libc.open({str(path)!r}.encode(), 0), positive)"
        for path in ("/etc/passwd", secret, verdicts, SOURCE, "/proc/1/environ")
    )
    reads += f"\nattempt('list a folder', lambda: os.listdir({str(ROOT / 'tests')!r}))"
    reads += "\nattempt('a reference', lambda: __import__('teaching.checks.verdicts.gradient_ascent'))"
    network = f"""
def knock():
    with socket.create_connection(('127.0.0.1', {port}), timeout=2) as line: line.sendall(b'hello')
attempt('loopback', knock)
attempt('a socket through C', lambda: libc.socket(2, 1, 0), positive)
attempt('a local socket through C', lambda: libc.socket(1, 1, 0), positive)
"""
    forks = """
attempt('fork', os.fork)
attempt('fork through C', lambda: libc.fork(), positive)
attempt('a program', lambda: subprocess.run(['true']))
attempt('a shell', lambda: libc.system(b'exit 0'), lambda status: status == 0)
attempt('another program in its place', lambda: libc.execl(b'/bin/true', b'true', None), positive)
"""
    treasure = str(outside / "treasure")
    writes = f"""
attempt('write', lambda: pathlib.Path({str(outside / "mine")!r}).write_text('here I was'))
attempt('write through C', lambda: libc.open({str(outside / "mine2")!r}.encode(), 0o101, 0o644), positive)
attempt('remove', lambda: os.remove({treasure!r}))
attempt('remove through C', lambda: libc.unlink({treasure!r}.encode()), positive)
attempt('change a mode', lambda: libc.chmod({treasure!r}.encode(), 0o777), positive)
attempt('rename', lambda: libc.rename({treasure!r}.encode(), b'loot'), positive)
attempt('link', lambda: libc.link({treasure!r}.encode(), b'loot'), positive)
attempt('truncate', lambda: libc.truncate({treasure!r}.encode(), 0), positive)
open('mine', 'w').write('my own folder')
libc.symlink(b'/etc/passwd', b'link')
attempt('read through a link and C', lambda: libc.open(b'link', 0), positive)
attempt('read through a link', lambda: open('link').read())
attempt('shared memory', lambda: libc.shm_open(b'/mine', 0o102, 0o600), positive)
"""
    kills = """
attempt('kill the parent', lambda: os.kill(os.getppid(), 9))
attempt('kill the parent through C', lambda: libc.kill(os.getppid(), 9), positive)
attempt('signal to everybody', lambda: libc.kill(-1, 0), positive)  # signal 0 asks whether one would be allowed to
attempt('trace the parent', lambda: libc.ptrace(16, os.getppid(), 0, 0), positive)
attempt('lift the limits', lambda: __import__('resource').setrlimit(__import__('resource').RLIMIT_CPU, (-1, -1)))
attempt('outlive the grader', lambda: libc.prctl(1, 0), positive)
"""
    forges = """
import gc, teaching.checks as checks, teaching.checks.core
teaching.checks.core.serve = lambda asked, names, find: {'answer': {'x': torch.zeros(3)}}
teaching.checks.probing.run_probe = lambda *_: {'answer': {}}
import inside.run
inside.run.serve = lambda asked, names, find: {'answer': True, 'points': 99, 'problem': ''}
"""
    garbage = """
dead = socket.socket.__new__(socket.socket)  # as one that is closed: whoever stops at it never comes to the grader's
for line in [dead] + [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
    try: line.sendall(b'\\xff' * 64)
    except OSError: pass
"""
    return [
        Kind("reads", {"a-ideal": before(reads)}),
        Kind("knocks", {"a-ideal": before(network)}),
        Kind("forks", {"a-ideal": before(forks)}),
        Kind("writes", {"a-ideal": before(writes)}),
        Kind("kills", {"a-ideal": before(kills)}),
        Kind("forges", {"a-ideal": before(forges)}),  # undone and told; the answers are right, and count
        Kind("babbles", {"a-ideal": before("import gc\n" + garbage)}, {"a-ideal-test": 0.0}),
        Kind("fills-the-disk", {"a-ideal": FILLS}, {"a-ideal-test": 0.0}),
    ]


FILLS = """
import os
for number in range(10**6):
    with open(f"file{number}", "wb") as file:
        file.write(bytes(2**24))
"""


def reference(source: Path = SOURCE) -> dict[str, str]:
    """The reference's cells by grade id."""
    cells = [cell for cell in nbformat.read(source, as_version=4).cells if cell.metadata.get("nbgrader")]
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in cells if cell.metadata.nbgrader.solution}


def fill(student: NotebookNode, kind: Kind, right: dict[str, str]) -> NotebookNode:
    """A student's notebook: the reference's cells, changed as this kind changes them."""
    filled = copy.deepcopy(student)
    for cell in filled.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in right:
            change = kind.cells.get(name, right[name])
            cell.source = change(right[name]) if callable(change) else change
    return filled


def quick(right: dict[str, str]) -> dict[str, str]:
    """The reference with a recipe of two small steps, for tests."""
    small = {"parameterization": "pixels", "optimizer": {"Adam": {"lr": 0.05}}, "steps": 2, "size": 64}
    return {**right, "a-recipe": f"recipe, target, seed = {small!r}, 'monarch', 4\n"}


def write(folder: Path, kinds: list[Kind], right: dict[str, str], names: list[str] | None = None) -> dict[str, dict]:
    """Write submissions; return what each should get: by student, the points of the questions that differ from all."""
    student = nbformat.read(STUDENT, as_version=4)
    expected = {}
    for index, kind in enumerate(kinds):
        place = folder / (names[index] if names else kind.name)
        place.mkdir(parents=True)
        text = kind.raw if kind.raw is not None else nbformat.writes(fill(student, kind, right))
        (place / STUDENT.name).write_text(text, encoding="utf-8")
        expected[place.name] = {"all": None if kind.raw is None else 0.0, **kind.lost}
    return expected


def main(arguments: list[str]) -> int:
    """Write a class of so many."""
    if len(arguments) != 2 or not arguments[0].isdigit():
        print("usage: python -m tests.synthetic_class 200 FOLDER", file=sys.stderr)
        return 1
    count, folder = int(arguments[0]), Path(arguments[1]).resolve()
    folder.mkdir(parents=True)
    outside = folder.parent / f"{folder.name}-outside"
    outside.mkdir()
    (outside / "treasure").write_text("still here")
    rare = [*broken(), *malicious(outside / "treasure", outside, 9)]
    usual = honest()
    kinds = [rare[i // 4 % len(rare)] if i % 4 == 3 else usual[i % len(usual)] for i in range(count)]
    expected, right = {}, reference()
    for number, kind in enumerate(kinds):
        own = {**right, "a-recipe": f"{right['a-recipe']}\nseed = {number}\n"}
        expected |= write(folder, [kind], own, [f"{number:03d}-{kind.name}"])
    (outside / "expected.json").write_text(json.dumps(expected, indent=1))
    print(f"{count} submissions in {folder}; what each should get is in {outside / 'expected.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
