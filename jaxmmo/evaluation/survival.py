"""Lifetimes of agents that came and went, from counts per world: estimates with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

Z = 1.96
"""Normal quantile of a two-sided interval of 95 %."""


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> dict[str, float | None]:
    """A ratio of sums over worlds, with a 95 % interval by the jackknife over worlds.

    Worlds are the unit: lives within one are correlated.

    Args:
      numerator: f64[B].
      denominator: f64[B].

    Returns:
      mean, low and high; None where they are not defined (nothing in the denominator, or a single
      world, which has no spread).
    """
    top, bottom = numerator.sum(), denominator.sum()
    if bottom <= 0:
        return {"mean": None, "low": None, "high": None}
    mean = top / bottom
    rest = bottom - denominator
    if len(numerator) < 2 or np.any(rest <= 0):
        return {"mean": float(mean), "low": None, "high": None}
    without = (top - numerator) / rest
    count = len(without)
    error = np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2))
    low, high = mean - Z * error, mean + Z * error
    return {"mean": float(mean), "low": float(max(low, 0.0)), "high": float(high)}


def restricted_mean(histogram: np.ndarray) -> dict[str, float | None]:
    """Mean lifetime, capped.

    Args:
      histogram: f64[B, H + 1]: lives of each length, the last holding those of H or longer.
    """
    length = np.arange(histogram.shape[1])
    return ratio(histogram @ length, histogram.sum(1))


def curve(histogram: np.ndarray) -> np.ndarray:
    """f64[H + 1]: share of lives that lasted at least that many ticks."""
    total = histogram.sum(0)
    return total[::-1].cumsum()[::-1] / max(total.sum(), 1)


def thin(values: np.ndarray, count: int = 100) -> dict[str, Any]:
    """At most about `count` points of a series, for reports: x and y."""
    stride = max(1, -(-len(values) // count))
    index = np.arange(0, len(values), stride)
    return {"tick": index.tolist(), "value": [round(float(v), 4) for v in values[index]]}
