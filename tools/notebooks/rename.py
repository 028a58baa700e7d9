"""Give the book another repository's name: in every cell, badge and link at once.

The name has one source, `repository.url` in _config.yml; all else follows it. With no name, what follows is only
brought into line: the setup cell of every chapter becomes the one in tools/notebooks/setup_cell.py.

    python tools/notebooks/rename.py owner/name
    python tools/notebooks/rename.py
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}")
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
CONFIGURED = re.compile(r"^\s+url:\s*https://github\.com/([\w.-]+/[\w.-]+?)/?\s*$", re.MULTILINE)
UNSEEN = {".git", "_build", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", "node_modules"}


class BadName(ValueError):
    """A repository's name that GitHub would not take, with the nearest one that it would."""


def check_name(text: str) -> str:
    """Return `text` if it is an owner/name that GitHub would take.

    Raises:
        BadName: it is not; the message says what was expected and, if it can be guessed, what was meant.
    """
    owner, _, name = text.partition("/")
    if OWNER.fullmatch(owner) and NAME.fullmatch(name) and name.strip(".") and not name.endswith(".git"):
        return text
    guess = re.sub(r"^(https?://|git@)?(www\.)?github\.com[/:]|\.git$|/+$", "", text.strip())
    hint = ""
    if guess != text and guess.count("/") == 1:
        hint = f" Did you mean {check_name(guess)}?"
    expected = "owner/name as in https://github.com/owner/name: letters, digits, hyphens (in the name also . and _)"
    raise BadName(f"{text!r} is not a repository's name. Expected {expected}.{hint}")


def current_name(root: Path = ROOT) -> str:
    """Return the repository's name, owner/name, from its one source."""
    found = CONFIGURED.search((root / "_config.yml").read_text(encoding="utf-8"))
    if found is None:
        raise BadName("_config.yml has no repository.url of the form https://github.com/owner/name")
    return found.group(1)


def pages_url(repository: str) -> str:
    """Return where GitHub Pages publishes a repository, with a slash at the end."""
    owner, name = repository.split("/")
    own_page = name.lower() == f"{owner}.github.io".lower()
    return f"https://{owner.lower()}.github.io/" + ("" if own_page else f"{name}/")


def renamed(text: str, old: str, new: str) -> str:
    """Replace a repository's name and its Pages address in a text, and nothing that only begins or ends like them."""
    text = text.replace(pages_url(old), pages_url(new))
    before, after = r"(?<![\w.-])", r"(?![\w-]|\.(?!git\b)\w)"
    return re.sub(before + re.escape(old) + after, lambda _: new, text)


def repository_files(root: Path = ROOT) -> list[Path]:
    """List the files that belong to the repository: what git knows or would add, else all but what was built."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [root / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in UNSEEN and not name.startswith(".venv")]
            paths += [Path(folder) / name for name in names]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def read_text(path: Path) -> str | None:
    """Return a file's text, or None for a file that is not text."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(text.encode("utf-8"))
    os.chmod(beside, path.stat().st_mode)
    os.replace(beside, path)


def rename_everywhere(old: str, new: str, root: Path = ROOT) -> list[Path]:
    """Replace the name in all files of the repository but the tests, whose names are examples; return what changed."""
    changed = []
    source = root / "_config.yml"  # says what the name is, so it is last: a rename that was stopped can be run again
    for path in sorted(repository_files(root), key=lambda path: path == source):
        if path.relative_to(root).parts[0] == "tests":
            continue
        text = read_text(path)
        if text is not None and (replaced := renamed(text, old, new)) != text:
            replace_file(path, replaced)
            changed.append(path)
    return changed


def setup_cell(root: Path = ROOT) -> str:
    """Return the canonical setup cell."""
    return (root / "tools" / "notebooks" / "setup_cell.py").read_text(encoding="utf-8").rstrip("\n")


SETUP_CELLS = ("notebooks/*.ipynb", "teaching/source/*.ipynb", "teaching/release/*.ipynb", "book/*.ipynb")


def sync_setup_cells(root: Path = ROOT) -> list[Path]:
    """Write the canonical setup cell into the cell tagged `setup` of every chapter; return the files that changed."""
    changed = []
    for path in sorted(path for pattern in SETUP_CELLS for path in root.glob(pattern)):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if "setup" in cell["metadata"].get("tags", []):
                cell["source"] = setup_cell(root).splitlines(keepends=True)
        text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if json.loads(text) != json.loads(path.read_text(encoding="utf-8")):
            replace_file(path, text)
            changed.append(path)
    return changed


def main(arguments: list[str]) -> int:
    """Rename, or only bring the setup cells into line; return 0, or 1 after an error for people."""
    if len(arguments) > 1:
        print("usage: make rename REPO=owner/name", file=sys.stderr)
        return 1
    try:
        old = current_name()
        new = check_name(arguments[0]) if arguments else old
    except BadName as error:
        print(f"rename: {error}", file=sys.stderr)
        return 1
    changed = rename_everywhere(old, new) if new != old else []
    changed += [path for path in sync_setup_cells() if path not in changed]
    for path in changed:
        print(f"  {path.relative_to(ROOT)}")
    hint = "" if arguments else " (REPO=owner/name renames.)"
    print(f"The repository is {new}; {len(changed)} files changed.{hint}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
