"""Overlap and spread of visits on maps of known answer."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.evaluation import visits
from jaxmmo.records import Record


def test_overlap_is_one_for_the_same_habits_and_zero_for_places_apart():
    one, other = np.zeros((2, 4, 4))
    one[:2], other[2:] = 3, 1
    assert visits.overlap(one, one * 7) == pytest.approx(1)
    assert visits.overlap(one, other) == 0
    half = one + 3 * other
    assert visits.overlap(one, half) == pytest.approx(0.5)
    assert np.isnan(visits.overlap(one, np.zeros((4, 4))))


def test_spread_counts_tiles_that_are_visited_alike():
    maps = np.zeros((2, 4, 4))
    maps[0, 0, :3], maps[1] = 5, 2
    np.testing.assert_allclose(visits.spread(maps), [3, 16])


def test_pairs_compare_different_groups_of_a_world():
    maps = np.zeros((2, 3, 2, 2))
    maps[:, 0, 0, 0] = maps[:, 1, 0, 0] = maps[:, 2, 1, 1] = 1
    np.testing.assert_allclose(visits.pairs(maps), [1 / 3, 1 / 3])
    np.testing.assert_allclose(visits.pairs(maps[:, :1], maps[:, 2:]), [0, 0])
    assert np.isnan(visits.pairs(maps[:, :1])).all()
    np.testing.assert_allclose(visits.pairs(maps, maps), [5 / 9, 5 / 9])
    np.testing.assert_allclose(visits.pairs(maps, maps, same=False), [1 / 3, 1 / 3])
    maps[1, 2] = 0  # nowhere
    np.testing.assert_allclose(visits.pairs(maps), [1 / 3, 1])


def test_the_mean_of_what_is_known_leaves_out_the_rest():
    np.testing.assert_array_equal(
        visits.known([[1, np.nan], [3, np.nan], [np.nan, np.nan]], 0), [2, np.nan]
    )


def test_the_living_are_counted_where_they_stand():
    players = Record(
        alive=jnp.array([[True, True, False]]),
        population=jnp.array([[0, 1, 1]]),
        row=jnp.array([[2, 2, 3]]),
        col=jnp.array([[1, 1, 1]]),
    )
    maps = visits.add(jnp.zeros((1, 2, 4, 4), jnp.int32), players)
    assert maps.sum() == 2 and maps[0, 0, 2, 1] == 1 and maps[0, 1, 2, 1] == 1
