"""What a stored result depends on, in a few letters: if they change, the result is drawn anew.

Code counts by what it does: comments, docstrings and layout do not change a fingerprint.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
NO_PICTURE_DEPENDS_ON = {  # modules that `recipes` needs, and that could be written anew without changing a picture
    *("checkpoint", "display", "download", "images", "judge", "layers", "names", "pictures"),
    *("player", "plots", "progress", "result", "runtime", "tiles", "dream", "films", "posters"),
    *("lite", "network", "networks", "weights"),  # the network is the same for all, and named in the results
}


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
def of_helpers(start: str = "recipes") -> str:
    """The fingerprint of all in ``helpers`` on which a picture of ``recipes`` depends."""
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        path = HELPERS / f"{name}.py"
        if name in found or name in NO_PICTURE_DEPENDS_ON or not path.exists():
            continue
        source = path.read_text(encoding="utf-8")
        found[name] = of_source(source)
        waiting += re.findall(r"^\s*from \.(\w+) import", source, re.MULTILINE)
        for names in re.findall(r"^\s*from \. import (.+)$", source, re.MULTILINE):
            waiting += names.split(", ")
    return digest(*(f"{name} {found[name]}" for name in sorted(found)))
