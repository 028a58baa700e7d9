"""How fast and how loud to run: the one place that reads the book's environment variables."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in ("", "0", "false", "no")


def is_fast() -> bool:
    """Whether ``POMERANIAN_FAST`` asks for a run that tests the code rather than one that draws good pictures."""
    return _is_set("POMERANIAN_FAST")


def is_quiet() -> bool:
    """Whether outputs are to be stored or compared: no progress bars, no live previews, no widgets."""
    return _is_set("POMERANIAN_QUIET") or is_fast()


def pace(full: T, fast: T) -> T:
    """Choose between a chapter's real setting and the one its tests can afford.

    Args:
        full: the value a reader sees (a step count, a size, a list of layers).
        fast: the value used when ``POMERANIAN_FAST=1``.

    Returns:
        ``full``, or ``fast`` in fast mode.
    """
    return fast if is_fast() else full


def native_precision(device: torch.device) -> torch.dtype | None:
    """``torch.bfloat16`` where the processor multiplies it faster than float32, else ``None`` (chapter 7)."""
    import torch

    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        native = device.type == "cpu" and getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return torch.bfloat16 if native else None


def about() -> None:
    """Print the device and the versions of what the chapters stand on, one line."""
    import torch
    import torchvision

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(
        f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, "
        f"torchvision {torchvision.__version__.split('+')[0]}, running on {device}"
    )
