"""What a stored result depends on, in a few letters: if they change, the result is drawn anew.

Code counts by what it does: comments, docstrings and layout do not change a fingerprint.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
# What a picture of `recipes` depends on. The network is named in the results; the rest of `helpers` watches or shows.
PICTURES_DEPEND_ON = (
    "recipes",
    "restarts",
    "styles",
    "ascent",
    "objectives/algebra",
    "objectives/catalog",
    "parameterizations",
    "transforms",
    "basics/seeding",
    "networks/ensemble",
    "networks/tried",
)


def digest(*parts: object) -> str:
    """Twelve letters that stand for these things."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:12]


def of_source(source: str) -> str:
    """The fingerprint of Python code, whatever its comments, docstrings and layout."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:  # a lambda in the middle of a line
        return digest(" ".join(source.split()))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if documented and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]
    return digest(ast.dump(tree))


def of_function(function: Callable) -> str:
    """The fingerprint of one function's code."""
    return of_source(inspect.getsource(function))


@lru_cache(maxsize=1)
def of_helpers() -> str:
    """The fingerprint of all in ``helpers`` on which a picture of ``recipes`` depends."""
    sources = {name: (HELPERS / f"{name}.py").read_text(encoding="utf-8") for name in PICTURES_DEPEND_ON}
    return digest(*(f"{name} {of_source(source)}" for name, source in sources.items()))
