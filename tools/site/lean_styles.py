"""Cut styles down to what the pages can use: rules for classes that no page and no script names are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

WORD = re.compile(r"[A-Za-z_][\w-]*")
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
QUOTED = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)
NESTED = ("@media", "@supports", "@layer", "@container")
LEAF = re.compile(r'<span class="(\w+)">([^<]*)</span>')


def pieces(style: str) -> Iterator[tuple[str, str | None]]:
    """Split a style into pairs of a head and the text between its braces, or None for a bare ``@import ...;``."""
    hidden = QUOTED.sub(lambda match: " " * len(match[0]), style)  # of the same length: no brace of a string counts
    at = 0
    while at < len(style):
        brace, end = hidden.find("{", at), hidden.find(";", at)
        if brace < 0 and end < 0:
            yield style[at:], None
            return
        if brace < 0 or 0 <= end < brace:
            yield style[at : end + 1], None
            at = end + 1
            continue
        depth, close = 1, brace + 1
        while depth and close < len(style):
            depth += {"{": 1, "}": -1}.get(hidden[close], 0)
            close += 1
        yield style[at:brace], style[brace + 1 : close - 1]
        at = close


def selectors(head: str) -> list[str]:
    """Split ``a, b:is(c, d)`` at the commas that stand in no brackets."""
    found, depth, start = [], 0, 0
    for at, sign in enumerate(head):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            found.append(head[start:at])
            start = at + 1
    return [*found, head[start:]]


def reachable(selector: str, words: set[str]) -> bool:
    """Say whether a selector can match: each class outside of ``:is()`` and the like must be a known word."""
    bare = QUOTED.sub(" ", selector)
    while (shorter := re.sub(r"\([^()]*\)", " ", bare)) != bare:
        bare = shorter
    return all(name in words for name in CLASS.findall(bare))


def keep(style: str, words: set[str]) -> str:
    """Return a style without the rules that match nothing."""
    kept = []
    for head, body in pieces(style):
        if body is None:
            kept.append(head)
        elif head.strip().startswith(NESTED):
            inside = keep(body, words)
            kept.append(f"{head}{{{inside}}}" if inside.strip() else "")
        elif head.lstrip().startswith("@") or "{" in body:
            kept.append(f"{head}{{{body}}}")
        else:
            good = [one for one in selectors(head) if reachable(one, words)]
            kept.append(f"{','.join(good)}{{{body}}}" if good else "")
    return "".join(kept)


def make_styles_lean(site: Path, pages: list[str]) -> None:
    """Cut all styles of a built site. Sphinx copies them whole at each build, so new pages find what they need."""
    scripts = (path for path in (site / "_static").glob("**/*.js") if "mathjax" not in path.parts)
    texts = pages + [path.read_text(encoding="utf-8") for path in scripts]
    words = {word for text in texts for word in WORD.findall(text)}
    for path in (site / "_static").rglob("*.css"):
        style = path.read_text(encoding="utf-8")
        if (cut := keep(style, words)) != style:
            path.write_text(cut, encoding="utf-8")


def plain_code(page: str, style: str) -> str:
    """Take off a page the spans of code that the style gives no color: a third of a chapter's text is such spans."""
    colored = set(re.findall(r"\.highlight \.(\w+)", style))
    return LEAF.sub(lambda match: match[0] if match[1] in colored or len(match[1]) > 2 else match[2], page)
