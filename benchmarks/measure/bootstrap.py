"""Is one recipe better than another by more than the luck of the classes? A paired bootstrap answers.

Both have drawn the same classes. The classes are drawn again, with replacement, many times; each time both recipes are
counted on what came up, so that a class which is easy for both favors neither. Between the 2.5th and the 97.5th
percentile of the differences lies the 95% interval. Source: Efron and Tibshirani, *An Introduction to the Bootstrap*
(1993). (The module is not called ``statistics``: Python has one of that name, and a script beside it would find ours.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Comparison:
    """Two recipes on the classes that both have drawn."""

    classes: int  # how many
    first: int  # how many of them the first recipe got right
    second: int  # and the second
    difference: int  # first − second, in classes
    difference_interval: tuple[float, float]  # its 95% interval
    ratio: float  # first / second; infinite if only the second is 0, and 1 if both are
    ratio_interval: tuple[float, float]  # its 95% interval

    @property
    def verdict(self) -> str:
        """``"better"``, ``"worse"``, or ``"no telling"``: whether the interval of the difference leaves 0 out."""
        low, high = self.difference_interval
        return "better" if low > 0 else "worse" if high < 0 else "no telling"


def compare(first: Mapping[int, bool], second: Mapping[int, bool], draws: int = DRAWS, seed: int = 0) -> Comparison:
    """Compare two recipes, from class to whether each got it right; only classes that both have count.

    The classes are drawn again ``draws`` times. Raises ``ValueError`` if the two have no class in common.
    """
    common = sorted(first.keys() & second.keys())
    if not common:
        raise ValueError("no class that both have drawn: there is nothing to compare")
    hits = np.array([[bool(first[k]), bool(second[k])] for k in common])
    weights = np.random.default_rng(seed).multinomial(len(common), [1 / len(common)] * len(common), size=draws)
    counts = weights @ hits  # (draws, 2): how many each got right in each draw
    one, two = hits.sum(axis=0)
    return Comparison(
        classes=len(common),
        first=int(one),
        second=int(two),
        difference=int(one - two),
        difference_interval=_interval(counts[:, 0] - counts[:, 1]),
        ratio=float(_ratio(one, two)),
        ratio_interval=_interval(_ratio(counts[:, 0], counts[:, 1])),
    )


def _ratio(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((first == 0) & (second == 0), 1.0, first / second)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """The two percentiles, taken from the values themselves, since one between a number and infinity is neither."""
    low, high = np.percentile(values, PERCENTILES, method="closest_observation")
    return float(low), float(high)
