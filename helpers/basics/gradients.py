"""The gradient of a score with respect to its input, which chapter 1 derives and every later chapter looks at."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of ``score(x).sum()`` with respect to x, of x's shape (section 1.1).

    Where each row's score depends on that row alone, row i is the gradient of the score of row i.

    Args:
        score: from (B, ...) to (B,) or to one number, such as ``lambda x: network(x)[:, c]``.
        x: (B, ...); it is not changed.
    """
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        return torch.autograd.grad(score(x).sum(), x)[0]
