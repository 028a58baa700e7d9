"""What a figure depends on beside the code: the machine, the versions, the day."""

from __future__ import annotations

import datetime
import platform
from pathlib import Path

import psutil
import torch
import torchvision
from dask.system import CPU_COUNT

from helpers.basics.settings import native_precision


def machine() -> dict[str, str | int | float]:
    """The processor, the threads in use, and the versions, for the page to name."""
    return {
        "processor": processor(),
        "instructions": instructions(),
        "cores": CPU_COUNT,
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    }


def in_words(facts: dict) -> str:
    """The machine in one line."""
    able = f" with {facts['instructions']}" if "instructions" in facts else ""  # older files do not say
    return (
        f"{facts['processor']}{able}, {facts['cores']} cores, {facts['memory_gb']} GB, {facts['system']}, "
        f"Python {facts['python']}, torch {facts['torch']}, torchvision {facts['torchvision']}, {facts['date']}"
    )


def instructions() -> str:
    """The widest vectors that torch uses here, and whether they count in bfloat16; of one name there are several."""
    half = " and bfloat16" if native_precision(torch.device("cpu")) == torch.bfloat16 else ""
    return torch.backends.cpu.get_cpu_capability() + half


def processor() -> str:
    """The processor's name, as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    return platform.processor() or platform.machine() or "unknown processor"
