"""Opening a checkpoint: that it is the right file, and what is in it, without running any of it.

Nothing is unpickled but arrays and tensors.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from pathlib import Path

import torch


class WeightsCorrupt(ValueError):
    """A checkpoint is not the file it should be: truncated, altered, or not made of arrays."""


def published_hash(path: Path) -> str:
    """The start of the SHA-256 that torchvision writes into its file names, as in ``vgg16-397923af.pth``."""
    found = re.search(r"-([0-9a-f]{8,})\.pth$", path.name)
    return found.group(1) if found else ""


def verify(data: bytes, sha256: str, name: str) -> None:
    """Raise ``WeightsCorrupt`` unless the SHA-256 of ``data`` starts with ``sha256``."""
    found = hashlib.sha256(data).hexdigest()
    if not found.startswith(sha256):
        raise WeightsCorrupt(
            f"{name} is not the file it should be: its SHA-256 starts with {found[:12]}, expected "
            f"{sha256[:12]} ({len(data):,} bytes here). Delete it and load the network again."
        )


class _ArraysOnly(pickle.Unpickler):
    """Opens pickles of numpy arrays in dicts, lists and tuples, and refuses to look up anything else."""

    ALLOWED = {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")} | {
        (f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")
    }

    def find_class(self, module: str, name: str):
        if (module, name) not in self.ALLOWED:
            raise WeightsCorrupt(
                f"refused to open a checkpoint that asks for {module}.{name}: only numpy arrays are admitted, "
                "since a pickle can run any code it names. None of it has run."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def load_arrays(path: Path, sha256: str) -> dict:
    """Open a pickle of numpy arrays, after its hash, without running any code that it may hold.

    Args:
        path: the file.
        sha256: the hash (or its beginning) that the file must have.

    Returns:
        The nested dict of float32 arrays that was pickled.

    Raises:
        WeightsCorrupt: another hash, a truncated file, or a pickle that names anything but numpy's arrays.
    """
    data = Path(path).read_bytes()
    verify(data, sha256, str(path))
    try:
        return _ArraysOnly(io.BytesIO(data)).load()
    except (EOFError, pickle.UnpicklingError, AttributeError, IndexError) as error:
        raise WeightsCorrupt(f"{path} is damaged: {error}. Delete it and load the network again.") from error


def load_state_dict(path: Path, sha256: str = "") -> dict[str, torch.Tensor]:
    """Open a torch state dict with ``weights_only``, after its hash if one is given. Raises ``WeightsCorrupt``."""
    data = Path(path).read_bytes()
    verify(data, sha256, str(path))
    return _state_dict(data, path)


def _state_dict(data: bytes, path: Path) -> dict[str, torch.Tensor]:
    """Open the bytes of a torch state dict, running nothing of it."""
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise WeightsCorrupt(
            f"{path} is not a whole torch state dict ({str(error).splitlines()[0][:120]}). None of it has run. "
            "Delete it and load the network again."
        ) from error


def load_placed(path: Path) -> tuple[dict[str, torch.Tensor], bool]:
    """Open a torchvision checkpoint from the cache, and say whether it is torchvision's own.

    A file of another hash may have been placed there on purpose (fine-tuned, say). It is opened just as safely, but
    the network's title says so, and with it every caption.

    Raises:
        WeightsCorrupt: not a whole state dict.
    """
    data = Path(path).read_bytes()
    genuine = hashlib.sha256(data).hexdigest().startswith(published_hash(path))
    return _state_dict(data, path), genuine
