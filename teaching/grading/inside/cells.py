"""A notebook's cells in one namespace, as IPython runs them: magics understood, each cell allowed to fail.

Cells that only show something are not run for their own sake, since they take long: one of them is run when a student's
cell uses a name that it defines.
"""

from __future__ import annotations

import ast
import codeop
import contextlib
import dis
import importlib.util
import linecache
import sys
import time
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import IPython
from IPython.core.inputtransformer2 import TransformerManager

from teaching.checks.probing import Sink, TookTooLong, in_words, time_limit

FULL = "out of memory"
EXPERIMENTS = 60.0  # seconds for what a student added; afterwards, such a cell is run only if a name of it is used
RUN = ("time", "capture", "prun", "debug")  # magics that run what stands behind or below them
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "PIL", "skimage", "imageio", "tqdm", "yaml", "torch")
LIBRARIES += ("torchvision", "ipywidgets")
DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LOADS, STORES = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"), ("STORE_NAME", "STORE_GLOBAL")


class Nothing:
    """What stands for a notebook's surroundings: it takes whatever is said to it, and answers nothing."""

    def __call__(self, *_: Any, **__: Any) -> Nothing:
        return self

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Nothing:
        return self

    def __iter__(self):
        return iter(())

    def __bool__(self) -> bool:
        return False


class Missing(Nothing):
    """What stands for a library that is not there: nothing happens while cells run; a check is told."""

    asked = False

    def __init__(self, said: str):
        self.__dict__["said"] = said

    def __call__(self, *_: Any, **__: Any) -> Missing:
        if Missing.asked:
            raise ModuleNotFoundError(self.said)
        return self

    def __getattr__(self, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self()


def missing(error: ImportError) -> Missing:
    """A stand-in for what could not be imported, which knows why."""
    library = (error.name or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and importlib.util.find_spec(library or "?") is None:
        there = ", ".join(name for name in LIBRARIES if importlib.util.find_spec(name))
        return Missing(f"there is no library {library!r} where notebooks are graded; there are {there}")
    return Missing(str(error))


class Shell(Nothing):
    """What ``get_ipython()`` gives: magics that run code do, all others do nothing."""

    def __init__(self, notebook: Notebook):
        self.__dict__.update(notebook=notebook, user_ns=notebook.names)

    def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> None:
        if name in RUN:
            self.notebook.execute("magic", line)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        if name in RUN:
            self.notebook.execute("magic", cell)
        elif name in ("writefile", "file") and line.strip():
            with Path(line.split()[-1]).open("a" if "-a" in line.split() else "w", encoding="utf-8") as file:
                file.write(cell)

    def magic(self, line: str) -> None:
        self.run_line_magic(*line.lstrip("%").split(maxsplit=1))

    def run_cell(self, cell: str, *_: Any, **__: Any) -> None:
        self.notebook.execute("magic", cell)

    def getoutput(self, *_: Any, **__: Any) -> list[str]:
        return []


class Notebook:
    """A namespace, and the cells that have been and may be run in it."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        sys.path.insert(0, "")  # the folder that is this process's own: %%writefile
        self.names: dict[str, Any] = module.__dict__
        self.compile = codeop.Compile()  # remembers what was imported from __future__
        self.transform = TransformerManager().transform_cell
        self.shell = Shell(self)
        self.names |= {"display": Nothing(), "get_ipython": lambda: self.shell, "In": [""], "Out": {}, "_": ""}
        IPython.get_ipython = IPython.core.getipython.get_ipython = lambda: self.shell
        self.shown: list[tuple[str, str, set[str]]] = []  # not run so far: name, source, what it binds
        self.wanted: set[str] = set()
        self.unwritten: set[str] = set()
        self.spent = 0.0

    def step(self, kind: str, name: str, source: str, ours: str, limit: float) -> str | None:
        """Run one cell, within ``limit`` seconds, if it is to be run; return what went wrong, in words, or None.

        ``kind`` is ``given``, ours; ``answer`` or ``added``, the student's; or ``shown``, for when a name of it is
        used. Of ``ours``, what the cell said before the student changed it, nothing is run again.
        """
        if kind == "shown" or kind == "added" and self.spent > EXPERIMENTS:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                self.shown.append((name, source, used_and_bound(self.transform(source))[1]))
            self._limited(name, "", "", limit)
            return None
        started = time.monotonic()
        problem = self._limited(name, source, ours, limit)
        self.spent += time.monotonic() - started if kind == "added" else 0.0
        return problem

    def _limited(self, name: str, source: str, ours: str, limit: float) -> str | None:
        try:
            with contextlib.redirect_stdout(Sink()), contextlib.redirect_stderr(Sink()), time_limit(limit):
                self.execute(name, source, ours)
        except TookTooLong:
            return f"still running after {limit:g} s: is there a loop that never ends?"
        except NotImplementedError as error:
            return f"not written yet: {error}".rstrip(": ")
        except MemoryError:
            return FULL
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return in_words(error)
        return None

    def execute(self, name: str, source: str, ours: str = "") -> None:
        """Run one cell; where a statement fails, what else it imports and defines is there all the same."""
        python, file = self.transform(source), f"<cell {name}>"
        linecache.cache[file] = (len(python), None, python.splitlines(keepends=True), file)
        body = ast.parse(python, file).body
        if ours:
            known = {ast.dump(node) for node in ast.parse(self.transform(ours)).body}
            body = [node for node in body if ast.dump(node) not in known]
        uses, binds = used_and_bound(python)
        self.wanted |= uses - binds
        self._run_shown()
        before = {name: self.names[name] for name in binds if name in self.names and name not in self.unwritten}
        failed: Exception | None = None
        for node in singly(body):
            if failed is None or isinstance(node, DEFINING):
                try:
                    self._run(node, file)
                except Exception as error:
                    failed = failed or error
        if isinstance(failed, NotImplementedError) and any(isinstance(node, ast.Raise) for node in body):
            self.names |= before  # a copy of the empty cell takes nothing away
            self.unwritten |= binds - before.keys()
            raise failed
        functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}  # the last of each name
        stubs = {name for name, node in functions.items() if empty(node)}
        self.names |= {name: value for name, value in before.items() if name in stubs}
        written = binds if failed is None else functions.keys()
        self.unwritten = self.unwritten - written | (stubs - before.keys())
        if failed is not None:
            raise failed

    def _run(self, node: ast.stmt, file: str) -> None:
        code = self.compile(ast.Module([node], []), file, "exec")
        try:
            exec(code, self.names)
        except ImportError as error:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                raise
            for alias in node.names:  # where `import torch.nothing` fails, torch stays what it is
                self.names.setdefault(alias.asname or alias.name.split(".")[0], missing(error))

    def _run_shown(self) -> None:
        """Run the cells that define what has been used so far, and is not there."""
        while found := next((one for one in self.shown if one[2] & self.wanted - self.names.keys()), None):
            self.shown.remove(found)
            name, source, _ = found
            with contextlib.suppress(Exception, SystemExit):
                self.execute(name, source)


def singly(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a cell, an import of several names as one import each."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (ast.copy_location(ast.Import([alias]), node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            each = (ast.ImportFrom(node.module, [alias], node.level) for alias in node.names)
            yield from (ast.copy_location(one, node) for one in each)
        else:
            yield node


def used_and_bound(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell uses, also within its functions, and those that it binds at top level.

    By its bytecode: from Python 3.12 on, ``symtable`` counts the variables of comprehensions among both.
    """
    top = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    uses, binds, todo = set(), set(), [top]
    while todo:
        code = todo.pop()
        todo += [one for one in code.co_consts if isinstance(one, types.CodeType)]
        steps = list(dis.get_instructions(code))
        stored = {step.argval for step in steps if step.opname in STORES}
        loaded = {step.argval for step in steps if step.opname in LOADS}
        uses |= loaded if code is top else loaded - stored
        binds |= stored if code is top else set()
    return uses, binds


def empty(function: ast.FunctionDef) -> bool:
    """Whether a function says no more than that it is not written."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    raised = body[0].exc if body and isinstance(body[0], ast.Raise) else None
    return getattr(raised.func if isinstance(raised, ast.Call) else raised, "id", "") == "NotImplementedError"
