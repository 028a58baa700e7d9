"""Show the book's outputs as another machine drew them, where the sources are the same.

    python -m tools.notebooks.drawn FILE.zip     put them into the notebooks here, to build from

The file holds `notebooks/*.ipynb` and `book/*.ipynb` after a run, such as the weekly one that VGG16 draws. In the
repository the stored outputs stay as they are: what is shown here is published, never committed.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.notebooks.rename import replace_file
from tools.notebooks.stored import clean, problems, same_source, serialize

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("notebooks", "book")


def notebooks(root: Path) -> list[Path]:
    """List the notebooks whose outputs the site shows: the chapters in order, then the book's pages."""
    return [path for folder in FOLDERS for path in sorted((root / folder).glob("*.ipynb"))]


def artist(notebook: NotebookNode) -> str:
    """Return the network that drew a notebook's class pictures, as `load_network()` told; nothing if none did."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "load_network()" in cell.source:
            for output in cell.outputs:
                title, told, _ = output.get("text", "").partition(": ")
                if told:
                    return title
    return ""


def listed(words: list[str]) -> str:
    """Join words as a sentence does: ``2, 3 and 5``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def drawn_by(root: Path) -> str:
    """Say in a line who drew the class pictures in the notebooks that are here."""
    chapters: dict[str, list[str]] = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        if title := artist(nbformat.read(path, as_version=4)):
            chapters.setdefault(title, []).append(str(int(path.stem[:2])))
    if len(chapters) < 2:
        return f"Class pictures drawn by {next(iter(chapters), 'nobody yet')}."
    parts = (f"{title} (chapter{'s' * (len(found) > 1)} {listed(found)})" for title, found in chapters.items())
    return f"Class pictures drawn by {listed(list(parts))}."


def reason_against(kept: NotebookNode, here: NotebookNode, network: str) -> str:
    """Say why a kept notebook must not be shown in the place of the one that is here; nothing if it may."""
    if not same_source(kept, here):
        return "its source has changed since"
    if wrong := problems(kept, []):
        return wrong[0]
    if artist(kept) not in ("", network):
        return f"{artist(kept)} drew it"
    return ""


def show(root: Path, file: Path, network: str = "VGG16") -> dict[str, str]:
    """Put the outputs that a network drew into the notebooks that are here, where these are still the same.

    Returns:
        By name, why a notebook was left as it is; nothing for those whose outputs are now the kept ones.
    """
    found = {}
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        for path in notebooks(root):
            name = path.relative_to(root).as_posix()
            if name not in names:
                found[name] = "it was not drawn"
                continue
            kept = nbformat.reads(archive.read(name).decode("utf-8"), as_version=4)
            found[name] = reason_against(kept, nbformat.read(path, as_version=4), network)
            if not found[name]:
                replace_file(path, serialize(clean(kept)))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Show what was kept; return 0, or 1 if there is no such file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--network", default="VGG16", help="who must have drawn what is shown (VGG16)")
    asked = parser.parse_args(arguments)
    try:
        found = show(ROOT, asked.file, asked.network)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"drawn: {asked.file} cannot be read: {error}", file=sys.stderr)
        return 1
    for name, reason in found.items():
        print(f"  {name}: {f'as stored, since {reason}' if reason else f'as {asked.network} drew it'}")
    print(drawn_by(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
