"""Build the site with warnings as errors, or say at once that nothing has changed since it was built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("_config.yml", "_toc.yml", "constraints.txt", "book", "notebooks", "helpers", "tools")
STRUCTURE = (
    "_config.yml",
    "_toc.yml",
    "constraints.txt",
    "book/_static",
    "book/glossary.md",
    "tools/draw/reference_lines.yml",
    "tools/site",  # what the extension does to every page: a change here changes them all
)
JUPYTER_BOOK = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"


def files_under(root: Path, names: tuple[str, ...]) -> list[Path]:
    """List the files that these names mean, folders searched through, caches and checkpoints left out."""
    found = []
    for name in names:
        place = root / name
        found += [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return sorted(path for path in found if not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts))


def fingerprint(root: Path, names: tuple[str, ...]) -> str:
    """Return a hash of the names and contents of these files: equal if and only if nothing has changed."""
    digest = hashlib.sha256()
    for path in files_under(root, names):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def titles(root: Path) -> str:
    """Return the first heading of every page: each stands in the sidebar of all the others."""
    found = []
    for path in files_under(root, ("book", "notebooks")):
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        elif path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
        else:
            continue
        heading = re.search(r"^# .+", text, re.MULTILINE)
        found.append(f"{path.relative_to(root).as_posix()} {heading[0] if heading else ''}")
    return "\n".join(found)


def read(path: Path) -> str:
    """Return a file's text, or nothing if there is no file."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def forget_pages(build: Path) -> None:
    """Remove what Sphinx remembers: it warns only of the pages it reads, and -W would pass the second time."""
    shutil.rmtree(build / ".doctrees", ignore_errors=True)


def main() -> int:
    """Build, if there is anything to build; return 0 if the site stands."""
    build = ROOT / "_build"
    whole, structure = build / ".sources", build / ".structure"
    index = build / "html" / "index.html"
    now = fingerprint(ROOT, SOURCES)
    if index.is_file() and read(whole) == now:
        print(f"Nothing has changed. The book is at file://{index}")
        return 0

    started = time.monotonic()
    whole.unlink(missing_ok=True)
    shape = f"{fingerprint(ROOT, STRUCTURE)}\n{titles(ROOT)}"
    if read(structure) != shape:  # a title stands in every sidebar, a term is linked, and no style is copied alone
        forget_pages(build)
        shutil.rmtree(build / "html", ignore_errors=True)
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ".", "-W", "-n", "--keep-going", "-q"]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if result.returncode or not index.is_file():
        forget_pages(build)
        print("The book was not built: every warning above counts as an error.", file=sys.stderr)
        return result.returncode or 1
    structure.write_text(shape, encoding="utf-8")
    whole.write_text(now)
    print(f"Built in {time.monotonic() - started:.0f} s. The book is at file://{index}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
