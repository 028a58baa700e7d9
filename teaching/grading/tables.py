"""Tables as spreadsheets leave them: read whatever they wrote, write what they open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.basics.files import write_whole

BOM = "utf-8-sig"  # by its mark Excel knows UTF-8; Canvas and Moodle read it, too


@dataclass
class Table:
    """A file of comma-separated values."""

    header: list[str]  # the names of its columns
    rows: list[list[str]]  # its cells, filled up to the header's length
    encoding: str = BOM  # of the file, so that what is added looks like what is there
    delimiter: str = ","  # of the file, likewise

    def records(self) -> list[dict[str, str]]:
        """Each row by the header's names; of two columns with one name the first that is not empty."""
        found = []
        for row in self.rows:
            record: dict[str, str] = {}
            for name, cell in zip(self.header, row, strict=False):
                record[name] = record.get(name) or cell
            found.append(record)
        return found


def decode(data: bytes) -> tuple[str, str]:
    """A file's text and its encoding: what a mark at its beginning says, UTF-8 without one, or a Western code page."""
    encoding = json.detect_encoding(data)  # also UTF-16 and UTF-32 without a mark
    if encoding == "utf-8":
        try:
            return data.decode(), encoding
        except UnicodeDecodeError:
            encoding = "cp1252"
    return data.decode(encoding, errors="replace"), encoding


def parse(data: bytes) -> Table:
    """Read a table with commas, semicolons or tabs between its cells. Raises ``LookupError`` if it is none."""
    text, encoding = decode(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count) if any(mark in first for mark in ",;\t") else ","
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise LookupError(f"a table begins with {first[:60]!r} and cannot be read: {error}; save it as CSV") from None
    lines = [row for row in lines if any(map(str.strip, row))]
    header = [cell.strip() for cell in lines[0]] if lines else []
    rows = [row + [""] * (len(header) - len(row)) for row in lines[1:]]
    return Table(header, rows, encoding, delimiter)


def plain(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value).strip()
    is_number = text[:1] in "+-" and text[1:].replace(".", "", 1).isdigit()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and not is_number else text


def written(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Rows as text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def number(value: float) -> str:
    """Points without needless zeros."""
    return f"{round(value, 2):g}"


def write(path: Path, data: str | bytes, encoding: str = "utf-8") -> None:
    """Write a file whole or not at all, or the file to which a link leads."""
    write_whole(path.resolve(), data if isinstance(data, bytes) else data.encode(encoding, "replace"))
