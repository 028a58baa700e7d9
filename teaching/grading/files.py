"""What lies in a folder of submissions, read as data: notebooks in all the shapes in which they arrive.

Nothing is unpacked to the disk, no link is followed, and whatever cannot be read says why in a sentence.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import tables

MIB = 2**20
LARGEST = 64 * MIB  # of a notebook, pictures included
MOST_FILES = 2000  # in a folder or an archive
NO_SUBMISSION = re.compile(r"^\.|^__|^(Thumbs\.db|desktop\.ini)$", re.IGNORECASE)
SCRIPTS = (".py", ".txt", ".ipy")
NOTEBOOKS = (".ipynb", ".json", *SCRIPTS)
KINDS = {
    ".pdf": "a PDF",
    ".html": "a web page",
    ".htm": "a web page",
    ".docx": "a Word document",
    ".doc": "a Word document",
    ".odt": "a text document",
    ".rtf": "a text document",
    ".pages": "a document of Pages",
    ".md": "a Markdown text",
}
KINDS |= dict.fromkeys((".png", ".jpg", ".jpeg", ".heic"), "a picture")
KINDS |= dict.fromkeys((".rar", ".7z", ".gz", ".tar", ".tgz"), "an archive of a kind that is not opened; a .zip is")
ENDINGS = (*NOTEBOOKS, *KINDS, ".zip", ".checkpoint")  # which are no part of a student's name


class Unreadable(ValueError):
    """A file out of which no cells come; the message says why, to a teacher."""


@dataclass(frozen=True)
class Handed:
    """A file that was handed in."""

    name: str  # seen from the folder of submissions; `ada.zip: a.ipynb` for one in an archive
    modified: float = 0.0  # when it was last changed, in seconds since 1970; 0 where nothing says
    data: bytes = b""  # its content
    problem: str = ""  # why there is no content to be looked at; empty if there is


@dataclass(frozen=True)
class Cell:
    """A cell as it was handed in."""

    kind: str  # `code` or `markdown`
    text: str  # its source
    marks: tuple[str, ...] = ()  # the names that it carries: a grade id, an id, and where some programs put one


def printable(text: str) -> str:
    """A text that can be written as UTF-8: of a name in Latin-1 its letters, of half a character its number."""
    letters = re.sub("[\udc80-\udcff]", lambda mark: chr(ord(mark[0]) - 0xDC00), text)  # as Python reads such a name
    return letters.encode("utf-8", "backslashreplace").decode()


# --- finding files ---


def entries(folder: Path) -> list[Path]:
    """What lies in a folder of submissions. Raises ``NotADirectoryError`` if there is none."""
    if not folder.is_dir():
        raise NotADirectoryError(f"no folder {folder}")
    return sorted(place for place in folder.iterdir() if not NO_SUBMISSION.search(place.name))


def handed_in(entry: Path) -> Iterator[Handed]:
    """The files of an entry: its own, or those of a folder or an archive, links never followed."""
    closed: list[OSError] = []
    for path in _files(entry, closed.append):
        found = _open(path, _seen_from(entry.parent, path))
        yield from _unzipped(found) if path.suffix.lower() == ".zip" and not found.problem else [found]
    for error in closed:
        yield Handed(_seen_from(entry.parent, error.filename), problem=_closed(error))


def _seen_from(folder: Path, path: str | Path) -> str:
    return printable(Path(path).relative_to(folder).as_posix())


def _files(entry: Path, closed: Callable[[OSError], None]) -> Iterator[Path]:
    if entry.is_symlink() or not entry.is_dir():
        yield entry
        return
    count = 0
    for place, folders, files in os.walk(entry, onerror=closed):
        links = [name for name in folders if os.path.islink(Path(place, name))]
        folders[:] = sorted(name for name in folders if not NO_SUBMISSION.search(name) and name not in links)
        for name in sorted(files + links):
            if not NO_SUBMISSION.search(name) and (count := count + 1) <= MOST_FILES:
                yield Path(place, name)


def _open(path: Path, name: str) -> Handed:
    """A file with its content, or with the reason why it was not opened."""
    try:
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            return Handed(name, about.st_mtime, problem="a link to a file elsewhere, which is not followed")
        if not stat.S_ISREG(about.st_mode):
            return Handed(name, about.st_mtime, problem="no file")
        if about.st_size > LARGEST:
            return Handed(name, about.st_mtime, problem=_too_large(about.st_size))
        return Handed(name, about.st_mtime, path.read_bytes())
    except OSError as error:
        return Handed(name, problem=_closed(error))


def _closed(error: OSError) -> str:
    return f"cannot be opened ({error.strerror or type(error).__name__})"


def _too_large(size: int) -> str:
    return f"{size // MIB} MiB are more than the {LARGEST // MIB} that are read: clear the outputs"


def _unzipped(archive: Handed) -> Iterator[Handed]:
    """The files in an archive, opened in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
            infos = [info for info in infos if not any(NO_SUBMISSION.search(p) for p in _parts(info.filename))]
            left = 4 * LARGEST
            for info in infos[:MOST_FILES]:
                found = _member(opened, info, f"{archive.name}: {info.filename}", min(left, LARGEST))
                left -= len(found.data)
                yield found
            if not infos:
                yield Handed(archive.name, archive.modified, problem="an empty archive")
    except Exception:  # zipfile and what it unpacks with have a dozen kinds for bytes that are wrong
        yield Handed(archive.name, archive.modified, problem="an archive that cannot be opened; was it cut short?")


def _parts(name: str) -> list[str]:
    """The folders and the file of a name in an archive, without the steps up: nothing is written, so none is taken."""
    return [part for part in name.split("/") if part not in ("", ".", "..")]


def _member(opened: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, most: int) -> Handed:
    modified = time.mktime((*info.date_time, 0, 0, -1))
    if stat.S_ISLNK(info.external_attr >> 16):
        return Handed(name, modified, problem="a link to a file elsewhere, which is not followed")
    if info.flag_bits & 1:
        return Handed(name, modified, problem="behind a password")
    if info.file_size > most:
        return Handed(name, modified, problem=_too_large(info.file_size))
    try:
        with opened.open(info) as member:
            data = member.read(most + 1)  # whatever the archive says of its size
    except Exception:  # as above: zlib.error, lzma.LZMAError, RuntimeError, ...
        return Handed(name, modified, problem="damaged in its archive")
    return Handed(name, modified, data) if len(data) <= most else Handed(name, modified, problem=_too_large(len(data)))


# --- reading cells ---


def cells_of(handed: Handed) -> list[Cell]:
    """The cells of a file. Raises ``Unreadable`` if there are none, which says why."""
    name = handed.name.lower()
    if handed.problem:
        raise Unreadable(handed.problem)
    if handed.data.startswith(b"%PDF"):
        raise Unreadable("a PDF, and no notebook")
    if not name.endswith(NOTEBOOKS):
        kind = next((words for suffix, words in KINDS.items() if name.endswith(suffix)), "a file of another kind")
        raise Unreadable(f"{kind}, and no notebook" if "archive" not in kind else kind)
    text, _ = tables.decode(handed.data)
    if text.lstrip()[:1] == "{":
        return _of_notebook(text)
    if not text.strip():
        raise Unreadable("an empty file")
    if text.lstrip()[:1] == "<":
        raise Unreadable("a web page under a notebook's name: the page was saved, and not the file")
    if name.endswith(SCRIPTS):
        return _of_script(text)
    raise Unreadable("no notebook: its text is not that of one")


def _of_notebook(text: str) -> list[Cell]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number with more digits than Python reads
        where = f" after line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        conflict = re.search(r"^(<{7} |={7}$|>{7} )", text, re.MULTILINE)
        why = "the marks of a merge that git could not do are in it" if conflict else "was it cut short?"
        raise Unreadable(f"a notebook that cannot be read{where}: {why}") from None
    cells = data.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unreadable("no notebook: there are no cells in it")
    return [_cell(cell) for cell in cells]


def _cell(cell: dict[str, Any]) -> Cell:
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    graded = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    marks = (graded.get("grade_id"), cell.get("id"), metadata.get("id"))
    source = printable(source).replace("\r\n", "\n") if isinstance(source, str) else ""
    return Cell(kind, source, tuple(m for m in marks if m and isinstance(m, str)))


HEAD = re.compile(r"^# (?:In ?\[[ \d]*\]:|%%.*)$", re.MULTILINE)  # of a cell, as Jupyter or VS Code writes it
GRADE_ID = re.compile(r'"grade_id": "([\w-]+)"')
SAID = re.compile(r'^(?:"""|\'\'\')', re.MULTILINE)  # where a text begins, as Colab writes it, and where it ends
SAID_SO_FAR = re.compile(r'(?:"""|\'\'\')\s*$', re.MULTILINE)


def _of_script(text: str) -> list[Cell]:
    """The cells of a notebook that was exported as a program, by Jupyter, VS Code or Colab."""
    text = text.replace("\r\n", "\n")
    heads = list(HEAD.finditer(text))
    if not heads:
        cells = [Cell("markdown" if i % 2 else "code", part) for i, part in enumerate(_code_and_texts(text))]
    else:
        cells = [Cell("markdown", _uncommented(part)) for part in _paragraphs(text[: heads[0].start()])]
        for head, end in zip(heads, [*(head.start() for head in heads[1:]), len(text)], strict=True):
            body, marks = text[head.end() : end], tuple(GRADE_ID.findall(head.group()))
            if "[markdown]" in head.group():
                cells.append(Cell("markdown", _uncommented(body), marks))
                continue
            code = _paragraphs(body)
            words = []
            while "%%" not in head.group() and code and all(line.startswith("#") for line in code[-1].split("\n")):
                words.append(Cell("markdown", _uncommented(code.pop())))
            cells += [Cell("code", "\n\n".join(code), marks), *reversed(words)]
    return [cell for cell in cells if cell.text.strip()]


def _code_and_texts(text: str) -> list[str]:
    """Code and texts in turn, code first. One expression for both ends would look for each end through all the rest."""
    parts, at = [], 0
    while (start := SAID.search(text, at)) and (end := SAID_SO_FAR.search(text, start.end())):
        parts += [text[at : start.start()], text[start.end() : end.start()]]
        at = end.end()
    return [*parts, text[at:]]


def _paragraphs(text: str) -> list[str]:
    return [part for part in re.split(r"\n\s*?\n+", text.strip("\n")) if part.strip()]


def _uncommented(text: str) -> str:
    return re.sub(r"^# ?", "", text.strip("\n"), flags=re.MULTILINE)
