"""Files: written whole or not at all, checked by hash, opened without running anything that is in them.

Nothing is unpickled but arrays and tensors.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


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
            f"{sha256[:12]} ({len(data):,} bytes here). Delete it, and it is fetched again."
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
    """Open a pickle of numpy arrays, after its hash or the beginning of it, without running any code that it may hold.

    Raises ``WeightsCorrupt`` for another hash, a truncated file, or a pickle that names anything but numpy's arrays.
    """
    data = Path(path).read_bytes()
    verify(data, sha256, str(path))
    try:
        return _ArraysOnly(io.BytesIO(data)).load()
    except (EOFError, pickle.UnpicklingError, AttributeError, IndexError) as error:
        raise WeightsCorrupt(f"{path} is damaged: {error}. Delete it, and it is fetched again.") from error


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
            f"{path} is not a whole file of torch's ({type(error).__name__}). None of it has run. "
            "Delete it, and make it or load it again."
        ) from error


def load_and_verify(path: Path) -> tuple[dict[str, torch.Tensor], bool]:
    """Open a torchvision checkpoint from the cache, and say whether it is torchvision's own.

    A file of another hash may have been placed there on purpose (fine-tuned, say). It is opened just as safely, but
    the network's title says so, and with it every caption.

    Raises:
        WeightsCorrupt: not a whole state dict.
    """
    data = Path(path).read_bytes()
    genuine = hashlib.sha256(data).hexdigest().startswith(published_hash(path))
    return _state_dict(data, path), genuine


def torch_file(value: Any) -> bytes:
    """The bytes of a file that ``load_state_dict`` opens; NumPy's numbers, strings and arrays become Python's."""
    buffer = io.BytesIO()
    torch.save(_as_python(value), buffer)
    return buffer.getvalue()


def _as_python(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if type(value) in (dict, Counter):  # a schedule counts its milestones
        return type(value)({_as_python(name): _as_python(one) for name, one in value.items()})
    return type(value)(map(_as_python, value)) if type(value) in (list, tuple) else value


def write_whole(path: Path, data: bytes) -> None:
    """Write a file entirely or not at all: a killed run leaves the old one, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")  # a name that no other machine will choose
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def state_in_words(module: nn.Module) -> str:
    """A hash of a module's tensors, 12 hexadecimal digits: of a parameterization, where it begins and what it keeps."""
    state = hashlib.sha256()
    for name, one in sorted(module.state_dict().items()):
        if isinstance(one, Tensor):  # not a module's extra state
            state.update(name.encode())
            state.update(tensor_bytes(one))
    return state.hexdigest()[:12]


def tensor_bytes(tensor: Tensor) -> bytes:
    """The numbers of a tensor of any type, in order, as they lie in memory."""
    return tensor.detach().cpu().to_dense().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def save_whole(path: str | os.PathLike[str], suffix: str, data: bytes) -> Path:
    """Check the path and write the file, whole or not at all; missing folders are made."""
    path = Path(path).expanduser()
    if path.suffix.lower() != suffix:
        raise ValueError(f"expected a path that ends in {suffix}, such as 'dog{suffix}', got {str(path)!r}")
    if path.is_dir():
        raise ValueError(f"expected the path of a file, got the folder {str(path)!r}")
    write_whole(path, data)
    return path
