"""What should come out in assignment d: the patch of a photograph that drives a map most."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..core import check_tensor, close, partly
from ..probes import inside as asked


def patch(seed: int, answer: dict) -> str | None:
    questions = zip(asked.patch_questions(seed), answer["patches"], strict=True)
    for share, ((photo, answers, side, apart, first), got) in zip((0.0, 1 / 2), questions, strict=True):
        problem = _one_patch(got, photo, answers, side, apart, first)
        if problem:  # the first has its happiest unit within the picture, the second at the border
            return partly(f"units {apart} pixels apart see {side}, unit 0 begins at {first}: {problem}", share)
    return None


def _corner(answers: Tensor, apart: int, first: int) -> tuple[int, int]:
    """The first pixel that the unit with the largest answer sees."""
    row, column = divmod(int(answers.argmax()), answers.shape[1])
    return first + row * apart, first + column * apart


def _one_patch(got: Tensor, photo: Tensor, answers: Tensor, side: int, apart: int, first: int) -> str | None:
    height, width = photo.shape[1:]
    rows, columns = answers.shape

    def whole(n: int, size: int) -> bool:
        return first + n * apart >= 0 and first + n * apart + side <= size

    sees_all = torch.tensor([[whole(r, height) and whole(c, width) for c in range(columns)] for r in range(rows)])
    inner = answers.masked_fill(~sees_all, -torch.inf)
    top, left = _corner(inner, apart, first)
    if isinstance(got, Tensor) and close(got, photo[:, top : top + side, left : left + side]):
        return None
    if isinstance(got, Tensor) and got.shape == (3, side + 1, side + 1):
        return "the patch is one pixel too large: a slice ends before its last number"
    row, column = ((top - first) // apart, (left - first) // apart)
    swapped = divmod(int(inner.argmax()), rows)
    over = _corner(answers, apart, first)
    low = _corner(inner.abs().masked_fill(~sees_all, -torch.inf), apart, first)
    middle = (round((row + 0.5) * height / rows - side / 2), round((column + 0.5) * width / columns - side / 2))
    cases = {
        "row and column have changed places": (first + column * apart, first + row * apart),
        "the place is split by the wrong side of the map: row and column are divmod(place, width of the map)": (
            first + swapped[0] * apart,
            first + swapped[1] * apart,
        ),
        "unit 0 does not begin at pixel 0: its first pixel is missing from your sum": (row * apart, column * apart),
        "the patch begins where the unit's middle is": (
            first + row * apart + side // 2,
            first + column * apart + side // 2,
        ),
        "an answer of −5 is no great joy: take the largest answer, with its sign": low,
        "that unit looks over the border, and the patch was pushed inside. Leave such units out": (
            min(max(over[0], 0), height - side),
            min(max(over[1], 0), width - side),
        ),
        "one unit is as far from the next as the layers say, not as size by size": middle,
        "units are not a pixel apart: multiply by the distance": (row, column),
    }
    for message, (y, x) in cases.items():
        if (y, x) != (top, left) and isinstance(got, Tensor) and close(got, photo[:, y : y + side, x : x + side]):
            return message
    margin = (side, side, side, side)
    y, x = over[0] + side, over[1] + side
    if isinstance(got, Tensor) and close(got, F.pad(photo, margin)[:, y : y + side, x : x + side]):
        return "that unit looks over the border, where you have put black. Leave such units out"
    happiest = sees_all.view(-1)[answers.argmax()]
    if isinstance(got, Tensor) and got.ndim == 3 and got.shape != (3, side, side) and not happiest:
        return f"the patch is {tuple(got.shape)}: that unit looks over the border. Leave such units out"
    if (problem := check_tensor(got, (3, side, side), "the patch")) is not None:
        return problem
    found = (round(got[0, 0, 0].item() * 100), round(got[1, 0, 0].item() * 100))
    return f"the patch begins at pixel {found}; the happiest unit, {(row, column)}, begins to see at {(top, left)}"
