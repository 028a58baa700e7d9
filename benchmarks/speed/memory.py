"""The largest memory that a run takes: to be asked in a process of its own, since a process never shrinks."""

from __future__ import annotations

import sys
from pathlib import Path

from helpers import visualize
from helpers.networks.load import load_quietly

SIZE = 128  # pixels: enough to be seen, little enough to be quick


def peak_mb() -> float:
    """The largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage would tell the parent's, if that was larger
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def peak_of_a_run(steps: int) -> float:
    """The same after a run of so many steps."""
    visualize(259, load_quietly("squeezenet1_1"), steps=steps, size=SIZE, progress=False)
    return round(peak_mb(), 1)
