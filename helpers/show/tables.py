"""Tables: rows of numbers and words, aligned and typeset, as a page draws them and as a terminal prints them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .figures import CAPTION_STYLE, Shown
from .typography import as_html, typeset

CODE = re.compile(r"`([^`]+)`")
LIKE_A_NUMBER = re.compile(r"(?:[<≤~±+−-]?\d|-?inf$|nan$)")


def show_table(
    rows: Sequence[Mapping[str, Any]] | Sequence[Sequence[Any]],
    header: Sequence[str] | None = None,
    *,
    formats: str | Mapping[str, str] | None = None,
    caption: str = "",
) -> Shown:
    """Show rows as a table: columns of numbers aligned at the right, columns of words at the left.

    Args:
        rows: a list of dicts, whose keys name the columns, or of sequences, with a ``header``. A cell is a number (a
            0-d tensor is one), a bool, None for an empty cell, or words, in which `backticks` mark code.
        header: the names of the columns; by default the keys of the dicts, in the order in which they come up.
        formats: how numbers are printed, as ``format()`` takes it, such as ``".2f"`` or ``".1%"``: one for all numbers
            that are no integers, or a dict with one for each column that wants its own.
        caption: plain text under the table.

    Returns:
        An object to stand last in a cell.

    Raises:
        ValueError: if there are no rows, a row does not have one cell for each column, or a format names no column.
    """
    rows = list(rows)
    if not rows:
        raise ValueError("there are no rows to show")
    if isinstance(rows[0], Mapping):
        header = list(header or dict.fromkeys(key for row in rows for key in row))
        rows = [[row.get(name) for name in header] for row in rows]
    elif header is None:
        raise ValueError('rows that are no dicts want a header, such as header=["class", "rank"]')
    for row in rows:
        if isinstance(row, str) or len(row) != len(header):
            raise ValueError(f"expected one cell for each of {len(header)} columns {list(header)}, got {row!r:.80}")
    own = formats if isinstance(formats, Mapping) else {}
    if set(own) - set(header):
        raise ValueError(f"formats: no column {sorted(set(own) - set(header))}; there are {list(header)}")
    specs = [own.get(name, formats if isinstance(formats, str) else None) for name in header]
    words = [
        [_words(cell, spec, name in own) for cell, spec, name in zip(row, specs, header, strict=True)] for row in rows
    ]
    numeric = [all(map(_is_numeric, column)) and any(column) for column in zip(*words, strict=True)]
    lines = [[typeset(str(name)) for name in header], *words]
    return Shown(_html(lines, numeric, caption), _text(lines, numeric, caption))


def _words(cell: Any, spec: str | None, own: bool) -> str:
    """One cell as it is printed: numbers by their format, integers with commas unless the column has its own."""
    cell = cell.item() if hasattr(cell, "item") else cell
    if cell is None or isinstance(cell, str):
        return typeset(cell or "")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int) and not own:
        return typeset(f"{cell:,}")
    return typeset(format(cell, ".3g" if spec is None else spec))


def _is_numeric(words: str) -> bool:
    return not words or LIKE_A_NUMBER.match(words) is not None


def _html(lines: list[list[str]], numeric: list[bool], caption: str) -> str:
    """A table in a figure. Its look is inline: Jupyter strips styles and scripts from a notebook it does not trust."""

    def row(cells: list[str], tag: str) -> str:
        inside = (CODE.sub(r"<code>\1</code>", html.escape(cell)) for cell in cells)
        styles = (f"text-align:{'right' if number else 'left'};vertical-align:top" for number in numeric)
        made = (f'<{tag} style="{style}">{cell}</{tag}>' for cell, style in zip(inside, styles, strict=True))
        return f"<tr>{''.join(made)}</tr>"

    head, *body = (row(cells, "td" if i else "th") for i, cells in enumerate(lines))
    table = f'<table class="table" style="margin:0"><thead>{head}</thead><tbody>{"".join(body)}</tbody></table>'
    under = f'<figcaption style="{CAPTION_STYLE}">{as_html(caption)}</figcaption>' if caption else ""
    wide = f'<div class="pom-wide" style="overflow-x:auto">{table}</div>'
    return f'<figure class="pom-figure" style="margin:1em 0">{wide}{under}</figure>'


def _text(lines: list[list[str]], numeric: list[bool], caption: str) -> str:
    columns = [
        [cell.rjust(width) if number else cell.ljust(width) for cell in cells]
        for cells, number in zip(zip(*lines, strict=True), numeric, strict=True)
        for width in [max(map(len, cells))]
    ]
    printed = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    return "\n".join([*printed, *([typeset(caption)] if caption else [])])
