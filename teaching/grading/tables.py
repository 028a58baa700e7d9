"""Tables as spreadsheets leave them: read whatever they wrote, write what they open."""

from __future__ import annotations

import csv
import io
import unicodedata
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
    """A file's text, and the encoding that it has: UTF-8, UTF-16, or what old spreadsheets write."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), "utf-16"
    for encoding in (BOM if data.startswith(b"\xef\xbb\xbf") else "utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1"), "latin-1"


def parse(data: bytes) -> Table:
    """Read a table with commas, semicolons or tabs between its cells.

    Raises:
        LookupError: it is none; a message for people.
    """
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


def plain_letters(text: str) -> str:
    """A text without its accents."""
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))


def write(path: Path, data: str | bytes, encoding: str = "utf-8") -> None:
    """Write a file whole or not at all, or the file to which a link leads."""
    write_whole(path.resolve(), data if isinstance(data, bytes) else data.encode(encoding, "replace"))
