"""Plain data as bytes and back: numbers, text, lists, dicts and tensors, and no pickle.

An answer may come from a process that nobody trusts, so reading one can build nothing but these types, and every length
is checked before it is believed.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helpers.basics.files import tensor_bytes

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128)
    + (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
LIMIT = 64 * 2**20  # bytes
WORDS = 8 * 2**20  # bytes of all but the tensors: small things take many times their bytes once they are built
DEPTH = 20
TENSOR, ARRAY, TUPLE, PAIRS, FLOAT = "\0tensor", "\0array", "\0tuple", "\0pairs", "\0float"


class Unreadable(ValueError):
    """What came is not plain data as written by ``pack``."""


def pack(value: Any) -> bytes:
    """Write plain data: None, bool, int, float, str, list, tuple, dict, tensors and arrays.

    Raises ``TypeError`` if something else is in it; the message names its type.
    """
    blobs: list[bytes] = []
    header = json.dumps(_flatten(value, blobs, 0)).encode()
    return struct.pack("<Q", len(header)) + header + b"".join(blobs)


def unpack(data: bytes, limit: int = LIMIT) -> Any:
    """Read what ``pack`` wrote, from anyone. Raises ``Unreadable`` if it is too long, or not what ``pack`` writes."""
    if len(data) > limit:
        raise Unreadable(f"{len(data)} bytes are more than the {limit} that are read")
    try:
        (length,) = struct.unpack_from("<Q", data)
        start = 8 + length
        if start > len(data):
            raise Unreadable("cut short")
        if length > WORDS:
            raise Unreadable(f"{length} bytes of numbers and text are too many; send tensors")
        return _build(json.loads(data[8:start].decode()), _Blobs(memoryview(data)[start:]), 0)
    except Unreadable:
        raise
    except (struct.error, ValueError, KeyError, IndexError, TypeError, ArithmeticError, RuntimeError) as error:
        raise Unreadable(f"not plain data ({type(error).__name__})") from None


def _flatten(value: Any, blobs: list[bytes], depth: int) -> Any:
    if depth > DEPTH:
        raise TypeError(f"plain data nests no deeper than {DEPTH}")
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {FLOAT: repr(float(value))}
    if isinstance(value, np.ndarray):
        return {ARRAY: _tensor(torch.from_numpy(np.array(value)), blobs)}  # numpy's own types: a TypeError says which
    if isinstance(value, Tensor):
        return {TENSOR: _tensor(value, blobs)}
    if isinstance(value, (list, tuple)):
        items = [_flatten(item, blobs, depth + 1) for item in value]
        return items if isinstance(value, list) else {TUPLE: items}
    if isinstance(value, dict):
        return {PAIRS: [[_flatten(k, blobs, depth + 1), _flatten(v, blobs, depth + 1)] for k, v in value.items()]}
    raise TypeError(f"a {type(value).__name__} is not plain data: record numbers, text, lists, dicts or tensors")


def _tensor(value: Tensor, blobs: list[bytes]) -> list:
    if value.dtype not in NAMES:
        raise TypeError(f"a tensor of {value.dtype} is not plain data")
    blob = tensor_bytes(value.resolve_conj().resolve_neg())
    blobs.append(blob)
    return [NAMES[value.dtype], list(value.shape), sum(map(len, blobs[:-1])), len(blob)]


class _Blobs:
    """The bytes of all tensors, each to be taken once and in order: an answer grows no larger by being read."""

    def __init__(self, data: memoryview):
        self.data, self.taken = data, 0

    def take(self, start: int, length: int) -> memoryview:
        if start != self.taken or start + length > len(self.data):
            raise Unreadable("a tensor's bytes are not where they should be")
        self.taken += length
        return self.data[start : start + length]


def _build(node: Any, blobs: _Blobs, depth: int) -> Any:
    if depth > 2 * DEPTH:
        raise Unreadable("nested too deep")
    if isinstance(node, list):
        return [_build(item, blobs, depth + 1) for item in node]
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == FLOAT:
        return float(content)
    if kind == TUPLE:
        return tuple(_build(item, blobs, depth + 1) for item in content)
    if kind == PAIRS:
        return {_build(k, blobs, depth + 1): _build(v, blobs, depth + 1) for k, v in content}
    if kind in (TENSOR, ARRAY):
        tensor = _rebuild(*content, blobs)
        return tensor if kind == TENSOR else tensor.numpy()
    raise Unreadable(f"unknown kind {kind!r}")


def _rebuild(name: str, shape: list[int], start: int, length: int, blobs: _Blobs) -> Tensor:
    dtype = DTYPES[name]
    if len(shape) > 12 or any(type(n) is not int or n < 0 for n in [*shape, start, length]):
        raise Unreadable("a tensor's shape makes no sense")
    if math.prod(shape) * dtype.itemsize != length:
        raise Unreadable("a tensor's shape and its bytes do not agree")
    data = bytearray(blobs.take(start, length))
    if not length:
        return torch.zeros(shape, dtype=dtype)
    raw = torch.frombuffer(data, dtype=torch.uint8)
    return (raw != 0 if dtype is torch.bool else raw.view(dtype)).reshape(shape)
