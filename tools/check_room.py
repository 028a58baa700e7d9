"""Say in one line where the disk has too little room for the install, if it has.

On Linux, PyTorch from the package index brings the libraries of its GPU along, wanted or not; elsewhere it is small,
and nothing is said. What is installed already needs no room again, so the line is a warning, never a refusal.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

KEPT = 7  # GB (10⁹ bytes): what `du` finds in .venv after `make book` on Linux, rounded up
DOWNLOADED = 3  # GB: what pip holds in the temporary folder until all is installed


def main(folder: str = ".") -> int:
    """Say where there is too little room, and return 1; or return 0. Of two disks each needs room."""
    home, temporary = Path(folder).resolve(), Path(tempfile.gettempdir())
    one_disk = home.stat().st_dev == temporary.stat().st_dev
    needs = {home: KEPT + DOWNLOADED} if one_disk else {home: KEPT, temporary: DOWNLOADED}
    free = {place: shutil.disk_usage(place).free / 1e9 for place in needs}
    short = [f"{place} ({free[place]:.1f} of {gb} GB)" for place, gb in needs.items() if free[place] < gb]
    if not short or sys.platform != "linux":
        return 0
    print(
        f"make: too little room on the disk for a first install: {' and '.join(short)}. "
        "Free some, or let pip unpack elsewhere: TMPDIR=/a/larger/disk make book",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
