"""Seats, bootstrap, cross-table and ratings, on data of known answer."""

from __future__ import annotations

import numpy as np
import pytest

from jaxmmo.evaluation import matches


@pytest.mark.parametrize(("groups", "entrants"), [(8, 4), (4, 4), (8, 3), (2, 5)])
def test_everybody_has_every_population_as_often(groups, entrants):
    owner = matches.seats(groups, 4 * entrants, entrants, 0)
    for group in range(groups):
        assert np.bincount(owner[:, group], minlength=entrants).tolist() == [4] * entrants


def test_a_newcomer_is_in_every_world():
    assert np.all(np.any(matches.seats(2, 20, 6, 0, always=3) == 3, 1))


def test_one_population_is_refused():
    with pytest.raises(ValueError, match="needs 2"):
        matches.seats(1, 4, 2, 0)


def test_the_table_counts_common_worlds_and_halves_ties():
    results = np.array([[2.0, 1.0, np.nan], [2.0, 2.0, 1.0], [1.0, 2.0, 0.0], [3.0, 1.0, 1.0]])
    table = matches.cross_table(["a", "b", "c"], results)
    assert table["a"]["b"]["mean"] == 2.5 / 4
    assert table["b"]["a"]["mean"] == 1.5 / 4
    assert table["a"]["b"]["low"] == pytest.approx(1 - table["b"]["a"]["high"])
    assert table["a"]["c"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "worlds": 3}


def test_the_better_is_rated_above_and_equals_are_even():
    pytest.importorskip("openskill")
    rng = np.random.default_rng(0)
    results = rng.normal([0.0, 0.0, 5.0], 1.0, (64, 3))
    best, *rest = matches.ratings(["a", "b", "c"], results)
    assert best["name"] == "c"
    assert all(best["low"] > other["high"] for other in rest)
    assert rest[0]["low"] < rest[1]["mean"]
