"""Intervals on data of known answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jaxmmo.evaluation import bootstrap


def test_the_mean_is_over_seeds_of_ratios_of_sums():
    found: Any = bootstrap.interval([[2.0, 4.0], [30.0, 30.0]], [[1.0, 1.0], [2.0, 4.0]])
    assert found["mean"] == pytest.approx((3 + 10) / 2)
    assert found["low"] <= found["mean"] <= found["high"]


def test_equal_numbers_have_no_spread():
    assert bootstrap.interval([[5.0] * 4] * 3) == {"mean": 5.0, "low": 5.0, "high": 5.0}


def test_worlds_of_one_seed_spread_as_the_normal_law_says():
    rng = np.random.default_rng(0)
    values = rng.normal(10, 2, 400)
    found: Any = bootstrap.interval([values])
    half = (found["high"] - found["low"]) / 2
    assert half == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = 0
    for trial in range(100):
        # seeds differ by 1 and worlds within them by 2: worlds alone would say far too little
        seeds = rng.normal(0, 1, 12)
        found: Any = bootstrap.interval(
            [rng.normal(seed, 2, 8) for seed in seeds], draws=300, seed=trial
        )
        held += found["low"] <= 0 <= found["high"]
    assert 88 <= held <= 100


def test_seeds_count_and_not_only_worlds():
    apart: Any = bootstrap.interval([np.zeros(50), np.full(50, 10.0), np.full(50, 20.0)])
    assert apart["low"] < 4 and apart["high"] > 16


def test_an_ordering_is_as_sure_as_its_gaps_are_wide():
    low, high = (
        bootstrap.resample([np.random.default_rng(i).normal(i * 9, 1, 20)]) for i in (0, 1)
    )
    assert bootstrap.ordered([low, high]) == 1.0
    assert bootstrap.ordered([high, low]) == 0.0
    same = [bootstrap.resample([np.random.default_rng(2).normal(0, 1, 20)], seed=s) for s in (0, 1)]
    assert 0.4 < bootstrap.ordered(same) < 0.6


def test_what_is_not_defined_is_none_and_bad_shapes_are_refused():
    assert bootstrap.interval([[1.0]], [[0.0]])["mean"] is None
    with pytest.raises(ValueError, match="at least one seed"):
        bootstrap.interval([])
    with pytest.raises(ValueError, match="must be the same"):
        bootstrap.interval([[1.0, 2.0]], [[1.0]])
