"""Intervals by bootstrap over seeds and worlds: what several runs show together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

DRAWS = 2000
"""Resamples of an interval, unless said otherwise."""


def resample(
    top: Sequence[Any], bottom: Sequence[Any] | None = None, *, draws: int = DRAWS, seed: int = 0
) -> np.ndarray:
    """What the mean over seeds might have come to, had other seeds and worlds been drawn.

    Seeds are drawn with replacement, then the worlds of each drawn seed. Lives within a world, and
    worlds played by one trained policy, are correlated: neither counts as a sample of its own. With
    few seeds the intervals are somewhat too narrow, as those of every bootstrap are.

    Args:
      top: for each seed f64[B], a number for each of its worlds (B may differ between seeds).
      bottom: for each seed f64[B]: a seed then counts as the ratio of its sums; its mean if
        omitted.
      draws: how many resamples (D).
      seed: of the resampling.

    Returns:
      f64[D]; nan where nothing was in the denominator.

    Raises:
      ValueError: for no seeds, a seed without worlds, or two shapes that differ.
    """
    tops = [np.atleast_1d(np.asarray(x, float)) for x in top]
    bottoms = [np.ones_like(x) for x in tops] if bottom is None else _like(tops, bottom)
    if not tops or any(x.ndim != 1 or not x.size for x in tops):
        raise ValueError("an interval needs at least one seed, and of each at least one world")
    rng = np.random.default_rng(seed)
    within = []
    for above, below in zip(tops, bottoms, strict=True):
        # a resample of the seed for every place in which it may be drawn
        worlds = rng.integers(len(above), size=(draws, len(tops), len(above)))
        within.append(_ratio(above[worlds].sum(-1), below[worlds].sum(-1)))
    chosen = rng.integers(len(tops), size=(draws, len(tops)))
    stacked = np.stack(within)  # seeds x draws x places
    return stacked[chosen, np.arange(draws)[:, None], np.arange(len(tops))].mean(1)


def interval(
    top: Sequence[Any], bottom: Sequence[Any] | None = None, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float | None]:
    """Mean over seeds with a 95 % interval; see `resample` for the arguments.

    Returns:
      mean, low and high; None where they are not defined.
    """
    tops = [np.atleast_1d(np.asarray(x, float)) for x in top]
    bottoms = [np.ones_like(x) for x in tops] if bottom is None else _like(tops, bottom)
    drawn = resample(tops, bottoms, draws=draws, seed=seed)
    mean = np.mean([_ratio(a.sum(), b.sum()) for a, b in zip(tops, bottoms, strict=True)])
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(mean) or not drawn.size:
        return {"mean": None, "low": None, "high": None}
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"mean": float(mean), "low": float(low), "high": float(high)}


def ordered(samples: Sequence[np.ndarray]) -> float:
    """The share of resamples in which each of the given quantities is larger than the one before.

    Args:
      samples: f64[D] for each quantity, in the order in which they should rise.
    """
    stacked = np.stack([np.asarray(x, float) for x in samples])
    return float(np.mean(np.all(np.diff(stacked, axis=0) > 0, axis=0)))


def _like(tops: list[np.ndarray], bottom: Sequence[Any]) -> list[np.ndarray]:
    """The denominators; ValueError unless they have the shapes of the numerators."""
    bottoms = [np.atleast_1d(np.asarray(x, float)) for x in bottom]
    if [x.shape for x in tops] != [x.shape for x in bottoms]:
        raise ValueError(
            f"shapes {[x.shape for x in tops]} over {[x.shape for x in bottoms]}: must be the same"
        )
    return bottoms


def _ratio(top: Any, bottom: Any) -> np.ndarray:
    """A quotient, nan where there is nothing to divide by."""
    bottom = np.asarray(bottom, float)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)
