"""Write what students get: the assignments without their solutions and hidden tests.

    python teaching/release.py            writes teaching/release/ from teaching/source/

The source carries nbgrader's marks: `### BEGIN SOLUTION prompt` and `### END SOLUTION` in the cells that students
write, `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS` in tests. No line of either may be left anywhere in what is
written: that is checked on the text before anything is stored. Making the same files twice makes no difference.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from PIL import Image

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.notebooks.rename import current_name, pages_url, replace_file
from tools.notebooks.stored import METADATA, serialize

ROOT = Path(__file__).resolve().parent.parent
SOURCES, TARGETS = ROOT / "teaching" / "source", ROOT / "teaching" / "release"
BEGIN = re.compile(r"^(\s*)### BEGIN (SOLUTION|HIDDEN TESTS)\b[ \t:]*(.*?)\s*$")
END = re.compile(r"^\s*### END (SOLUTION|HIDDEN TESTS)\s*$")
WRITTEN = "YOUR ANSWER HERE"  # as nbgrader has it
DROPPED_TAGS = {"solution", "hide-input"}  # of cells that students write
LINK = re.compile(r"(\]\()([^)\s:#]+)((?:#[^)\s]*)?\))")
SHORT = 12  # characters; a shorter line gives nothing away unless it stands alone
EXEMPT = re.compile(
    r"""(?x)                                # what gives nothing away, even in a solution:
    [\W_]*                                  #   brackets and commas
    | (else|try|finally|pass|break|continue|return)\s*:?
    | return\s+[a-z_]+                      #   a name is returned
    | (import|from)\s.*                     #   an import
    | for\s+_\s+in\s+range\(steps\):        #   a loop over the argument that is called steps
    | with\s+torch\.no_grad\(\):
    | optimizer\.(zero_grad|step)\(\)       #   what any training loop has, and given ones show
    """
)


class Faulty(ValueError):
    """A source from which no student file can be made; the message says which cell and why."""


def marks(cell: NotebookNode) -> dict:
    """What nbgrader's metadata says of a cell."""
    return cell.metadata.get("nbgrader", {})


def cut(source: str, where: str) -> tuple[str, list[tuple[str, str]]]:
    """Take solutions and hidden tests out of a cell's source.

    Returns:
        What is left, with a ``raise NotImplementedError`` in the place of each solution, and what was taken, each piece
        with its kind.

    Raises:
        Faulty: a mark without its partner, or one inside another.
    """
    left, taken, inside = [], [], None
    for line in source.split("\n"):
        begin, end = BEGIN.match(line), END.match(line)
        if begin and inside is None:
            inside = begin.group(2)
            taken.append((inside, ""))
            if inside == "SOLUTION":
                prompt = json.dumps(begin.group(3) or "your code here", ensure_ascii=False)
                left.append(f"{begin.group(1)}raise NotImplementedError({prompt})")
        elif end and inside == end.group(1):
            inside = None
        elif begin or end:
            raise Faulty(f"{where}: the mark {line.strip()!r} has no partner")
        elif inside is not None:
            taken[-1] = (inside, taken[-1][1] + line + "\n")
        else:
            left.append(line)
    if inside is not None:
        raise Faulty(f"{where}: ### BEGIN {inside} has no end")
    return "\n".join(left).rstrip("\n"), taken


def student_cell(cell: NotebookNode, where: str) -> tuple[NotebookNode, list[tuple[str, str]]]:
    """A cell as students get it, and what was taken out."""
    made = nbformat.from_dict(dict(cell))
    solution, graded = bool(marks(cell).get("solution")), bool(marks(cell).get("grade"))
    tags = [tag for tag in cell.metadata.get("tags", []) if not solution or tag not in DROPPED_TAGS]
    made.metadata = nbformat.from_dict(
        ({"jupyter": {"source_hidden": True}} if "hide-input" in tags else {})
        | ({"tags": tags} if tags else {})
        | ({"nbgrader": marks(cell)} if marks(cell) else {})
    )
    if cell.cell_type != "code":
        taken = [("SOLUTION", cell.source)] if solution else []
        made.source = WRITTEN if solution else cell.source
        return made, taken
    made.source, taken = cut(cell.source, where)
    kinds = {kind for kind, _ in taken}
    if "SOLUTION" in kinds and not solution:
        raise Faulty(f"{where}: a solution in a cell that is not for students to write (nbgrader: solution)")
    if solution and "SOLUTION" not in kinds:
        raise Faulty(f"{where}: a cell for students to write, without ### BEGIN SOLUTION")
    if "HIDDEN TESTS" in kinds and not (graded and marks(cell).get("locked")):
        raise Faulty(f"{where}: hidden tests in a cell that is not a locked test (nbgrader: grade, locked)")
    try:
        ast.parse(re.sub(r"^(\s*)([%!].*)$", r"\1pass", made.source, flags=re.MULTILINE))
    except SyntaxError as error:
        raise Faulty(f"{where}: without its solution it is no Python: {error.msg}") from None
    made.outputs, made.execution_count = [], None
    return made, taken


def relinked(source: str, folder: Path) -> str:
    """A Markdown text's links, as they hold wherever a student opens the file: chapters and pages lie on the site."""

    def moved(match: re.Match) -> str:
        place = (folder / match.group(2)).resolve()
        if place.parent == folder.resolve() or not place.is_relative_to(ROOT) or not place.exists():
            return match.group(0)
        page = place.relative_to(ROOT).with_suffix(".html").as_posix()
        return match.group(1) + pages_url(current_name()) + page + match.group(3)

    return LINK.sub(moved, source)


def colab(path: Path, target: Path) -> str:
    """A line with the link that opens a student's file on Colab."""
    place = (target / path.name).resolve()
    place = place.relative_to(ROOT) if place.is_relative_to(ROOT) else Path(path.name)
    url = f"https://colab.research.google.com/github/{current_name()}/blob/main/{place.as_posix()}"
    return f"[Open this file in Colab]({url}), and save a copy in Drive before the first keystroke."


def pinned(cell: NotebookNode, stored: dict[str, dict]) -> NotebookNode | None:
    """The authors' picture, from a cell's outputs, as Markdown with an attachment: no run of the notebook takes it out.

    An attachment in ``stored``, those of the file as it is, is taken over if it is of the same pictures, since another
    version of Pillow may write other bytes.
    """
    data = next((output.data for output in cell.outputs if "text/html" in output.get("data", {})), {})
    html = data.get("text/html", "")
    shown = BeautifulSoup(html, "html.parser").select('img[src^="data:image/"]')
    if not shown:
        return None
    found = [base64.b64decode(image["src"].partition(",")[2]) for image in shown]
    alt = next((a for image in shown if (a := re.sub(r" \(1 of \d+\):.*", "", image.get("alt", "")))), "")
    name = f"{cell.id}-{hashlib.sha256(b''.join(found)).hexdigest()[:8]}.jpg"
    columns = re.search(r"/(\d+) - \.1px", html)
    caption = re.sub(r"\s*\n\s+(\d+)\. ", r" **\1** ", data.get("text/plain", "")).strip()
    made = nbformat.v4.new_markdown_cell(f"![{alt}](attachment:{name})\n\n*The authors':* {caption}")
    made.id = f"{cell.id}-authors"
    made.attachments = {name: stored.get(name) or side_by_side(found, int(columns.group(1)) if columns else 1)}
    return made


def attachments(path: Path) -> dict[str, dict]:
    """All attachments of a notebook by their names; none if there is no such file."""
    cells = nbformat.read(path, as_version=4).cells if path.exists() else []
    return {name: data for cell in cells for name, data in cell.get("attachments", {}).items()}


def side_by_side(found: list[bytes], columns: int, width: int = 720, gap: int = 8) -> dict[str, str]:
    """Pictures in rows on white as one, at most so many pixels wide and none enlarged; an attachment's data."""
    pictures = [Image.open(io.BytesIO(data)).convert("RGBA") for data in found]
    side = min((width - (columns - 1) * gap) // columns, max(picture.width for picture in pictures))
    shown = [picture.resize((side, round(picture.height * side / picture.width))) for picture in pictures]
    height = max(picture.height for picture in shown)
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * (side + gap) - gap, rows * (height + gap) - gap), "white")
    for place, picture in enumerate(shown):
        sheet.paste(picture, (place % columns * (side + gap), place // columns * (height + gap)), picture)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85)
    return {"image/jpeg": base64.b64encode(out.getvalue()).decode()}


def make(path: Path, target: Path = TARGETS) -> tuple[NotebookNode, list[tuple[str, str]]]:
    """A student's notebook from its source, and all that was taken out. Raises ``Faulty``."""
    notebook = nbformat.read(path, as_version=4)
    made, taken, seen, stored = [], [], set(), attachments(target / path.name)
    for index, cell in enumerate(notebook.cells, start=1):
        name = marks(cell).get("grade_id") or cell.get("id", f"{path.stem}-{index}")
        if name in seen:
            raise Faulty(f"{path.name}: two cells are called {name}")
        seen.add(name)
        one, pieces = student_cell(cell, f"{path.name}, cell {index} ({name})")
        if one.cell_type == "markdown":
            one.source = relinked(one.source, path.parent)
        made.append(one)
        if "target" in cell.metadata.get("tags", []) and (picture := pinned(cell, stored)):
            made.append(picture)
        taken += pieces
    made[0].source += f"\n\n{colab(path, target)}"
    notebook.cells, notebook.metadata = made, nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook, taken


# --- nothing leaks ---


def bare(line: str) -> str:
    """A line without its comment and with single spaces."""
    return " ".join(re.sub(r"(^|\s)#.*$", "", line).split())


def telling(piece: str) -> list[str]:
    """The lines of a piece that must not be seen."""
    lines = [bare(line) for line in piece.split("\n")]
    return [line for line in lines if line and not EXEMPT.fullmatch(line)]


def texts(notebook: NotebookNode) -> Iterator[str]:
    """Every text in a notebook: sources, outputs, attachments' names, prompts."""
    for cell in notebook.cells:
        yield cell.source
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            yield from (str(v) for k, v in output.get("data", {}).items() if k.startswith("text/"))
            yield from output.get("traceback", [])


def leaks(notebook: NotebookNode, taken: list[tuple[str, str]]) -> list[str]:
    """The lines of solutions and hidden tests that are still to be seen: whole lines, and longer ones within others."""
    seen = [bare(line) for text in texts(notebook) for line in text.split("\n")]
    whole, all_of_it = set(seen), "\n".join(seen)
    found = [line for _, piece in taken for line in telling(piece)]
    return [line for line in dict.fromkeys(found) if line in whole or (len(line) > SHORT and line in all_of_it)]


# --- all of them ---


def make_all(sources: Path = SOURCES, target: Path = TARGETS) -> dict[Path, str]:
    """The text of every student file by its path. Raises ``Faulty`` if one cannot be made, or would tell something."""
    texts_by_path = {}
    made = {path: make(path, target) for path in sorted(sources.glob("*.ipynb"))}
    everything = [piece for _, taken in made.values() for piece in taken]
    for path, (notebook, _) in made.items():
        if found := leaks(notebook, everything):
            raise Faulty(
                f"{path.name} would show students {found[0]!r}" + f" and {len(found) - 1} more" * (len(found) > 1)
            )
        nbformat.validate(notebook)
        texts_by_path[target / path.name] = serialize(notebook)
    return texts_by_path


def main() -> int:
    """Write the files that changed; return 0, or 1 after an error for people."""
    try:
        files = make_all()
    except Faulty as error:
        print(f"assignments: {error}", file=sys.stderr)
        return 1
    stale = [path for path in TARGETS.glob("*.ipynb") if path not in files]
    changed = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in [*changed, *stale]:
        print(f"  {path.relative_to(ROOT)}{' (no source: removed)' if path in stale else ''}")
    TARGETS.mkdir(exist_ok=True)
    for path in stale:
        path.unlink()
    for path in changed:
        if not path.exists():
            path.touch()  # replace_file keeps the mode of what was there
        replace_file(path, files[path])
    print(f"{len(files)} student files, {len(changed)} changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
