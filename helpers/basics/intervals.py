"""How much a few classes can tell: 95% intervals of a share and of a mean (section 8.4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .numbers import whole


def wilson(hits: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of the share behind ``hits`` of ``count``: within [0, 1], and never a single number.

    Args:
        hits: how many of them.
        count: of how many, 1 or more.
        z: how many standard deviations wide; 1.96 for 95%.

    Returns:
        Its two ends.
    """
    share, shrink = hits / count, 1 + z * z / count
    middle = (share + z * z / (2 * count)) / shrink
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / shrink
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def bootstrap(values: Tensor, draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """The 95% bootstrap interval of a mean: of paired comparisons, pass the differences.

    Args:
        values: (n,), one for each class.
        draws: how often n of them are drawn again, with replacement.
        seed: of those draws.

    Returns:
        The 2.5% and the 97.5% point of the means of the draws.
    """
    draws, seed = whole(draws, "the number of draws"), whole(seed, "seed", 0)
    with torch.device("cpu"):  # whatever torch's default is
        drawn = torch.randint(len(values), (draws, len(values)), generator=torch.Generator().manual_seed(seed))
        means = values.double().cpu()[drawn].mean(dim=1)
        low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high
