"""Is one recipe better than another by more than the luck of the classes? A paired bootstrap answers.

Both have drawn the same classes. The classes are drawn again, with replacement, many times; each time both recipes are
counted on what came up, so that a class which is easy for both favors neither. Between the 2.5th and the 97.5th
percentile of the differences lies the 95% interval. Source: Efron and Tibshirani, *An Introduction to the Bootstrap*
(1993). ``helpers.bootstrap`` gives the interval of a mean. A ratio is none, and may be infinite; so both are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """Two recipes on the classes that both have drawn."""

    classes: int  # how many
    first: int  # how many of them the first recipe got right
    second: int  # and the second
    difference_interval: tuple[float, float]  # the 95% interval of first − second, in classes
    ratio_interval: tuple[float, float]  # that of first / second

    @property
    def difference(self) -> int:
        """How many more the first got right."""
        return self.first - self.second

    @property
    def ratio(self) -> float:
        """How many times as many the first got right; infinite if only the second is 0, and 1 if both are."""
        return float(_ratio(self.first, self.second))

    @property
    def verdict(self) -> str:
        """``"better"``, ``"worse"``, or ``"no telling"``: whether the interval of the difference leaves 0 out."""
        low, high = self.difference_interval
        return "better" if low > 0 else "worse" if high < 0 else "no telling"


def compare(first: Mapping[int, bool], second: Mapping[int, bool], draws: int = 10_000, seed: int = 0) -> Comparison:
    """Compare two recipes, from class to whether each got it right; only classes that both have count.

    The classes are drawn again ``draws`` times. Raises ``ValueError`` if the two have no class in common.
    """
    common = sorted(first.keys() & second.keys())
    if not common:
        raise ValueError("no class that both have drawn: there is nothing to compare")
    hits = np.array([[first[k], second[k]] for k in common])
    weights = np.random.default_rng(seed).multinomial(len(common), [1 / len(common)] * len(common), size=draws)
    one, two = (weights @ hits).T  # how many each got right in each draw
    return Comparison(len(common), *hits.sum(axis=0).tolist(), _interval(one - two), _interval(_ratio(one, two)))


def _ratio(first: np.ndarray | int, second: np.ndarray | int) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.divide(first, second), nan=1, posinf=np.inf)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """The two percentiles, taken from the values themselves, since one between a number and infinity is neither."""
    low, high = np.percentile(values, (2.5, 97.5), method="closest_observation")
    return float(low), float(high)
