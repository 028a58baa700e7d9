"""Say in one line where the disk has too little room for the install, if it has.

On Linux, PyTorch from the package index brings the libraries of its GPU along, wanted or not; elsewhere it is small,
and nothing is said. What is installed already needs no room again, so the line is a warning, never a refusal.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

KEPT = 7  # GB (10⁹ bytes): what `du` finds in .venv after `make book` on Linux, rounded up
DOWNLOADED = 3  # GB: what pip holds in the temporary folder until all is installed


def free_gb(folder: Path) -> float:
    """The free space, in GB, of the disk that a folder is on."""
    return shutil.disk_usage(folder).free / 1e9


def wanting(folder: Path, temporary: Path, free: Callable[[Path], float] = free_gb) -> list[str]:
    """Where there is too little room: ``"/home (2.1 of 7 GB)"``; two entries if both of two disks are short."""
    if folder.stat().st_dev == temporary.stat().st_dev:
        needs = {folder: KEPT + DOWNLOADED}
    else:
        needs = {folder: KEPT, temporary: DOWNLOADED}
    return [f"{place} ({free(place):.1f} of {gb} GB)" for place, gb in needs.items() if free(place) < gb]


def main(folder: str = ".") -> int:
    """Print the line and return 1, or return 0."""
    short = wanting(Path(folder).resolve(), Path(tempfile.gettempdir())) if sys.platform == "linux" else []
    if short:
        print(
            f"make: too little room on the disk for a first install: {' and '.join(short)}. "
            "Free some, or let pip unpack elsewhere: TMPDIR=/a/larger/disk make book",
            file=sys.stderr,
        )
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
