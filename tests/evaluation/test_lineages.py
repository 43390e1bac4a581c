"""Descent on families of known answer."""

from __future__ import annotations

import numpy as np
import pytest

from jaxmmo.evaluation.lineages import ALIVE, Lineages, from_records

# 0 -> 2 -> 4 (alive), 2 -> 5 (alive); 1 -> 3 (dead)
FAMILY = Lineages(
    parent=np.array([-1, -1, 0, 1, 2, 2]),
    born=np.array([0, 0, 1, 2, 3, 5]),
    died=np.array([4, 4, 9, 6, ALIVE, ALIVE]),
    population=np.zeros(6, int),
)


def test_founders_generations_and_ancestors():
    assert FAMILY.living.tolist() == [4, 5]
    assert FAMILY.founder.tolist() == [0, 1, 0, 1, 0, 0]
    assert FAMILY.generation.tolist() == [0, 0, 1, 1, 2, 2]
    assert FAMILY.ancestors(np.array([4])).tolist() == [True, False, True, False, True, False]


def test_clades_and_the_living_by_tick():
    ticks = np.array([0, 3, 7, 10])
    assert FAMILY.alive_at(ticks, np.arange(6)).tolist() == [2, 5, 3, 2]
    founders, counts = FAMILY.clades(ticks, 1)
    assert founders.tolist() == [0]
    assert counts.tolist() == [[1, 3, 3, 2], [1, 2, 0, 0]]


def test_lines_of_descent_meet_looking_back():
    assert FAMILY.lineages_at(np.array([0, 2, 3, 5, 9])).tolist() == [1, 1, 2, 2, 2]


def test_the_tree_puts_the_living_side_by_side():
    nodes, place = FAMILY.tree()
    assert nodes.tolist() == [0, 2, 4, 5]
    assert place.tolist() == [0.5, 0.5, 0, 1]


def test_records_by_id_become_rows():
    found = from_records(
        child=[7, 3, 9], parent=[3, -1, 7], population=[1, 0, 1], born=[2, 0, 4],
        dead=[3], died=[5],
    )  # fmt: skip
    assert found.parent.tolist() == [-1, 0, 1]
    assert found.died.tolist() == [5, ALIVE, ALIVE]
    assert found.born.tolist() == [0, 2, 4]
    with pytest.raises(ValueError, match="never born"):
        from_records([1, 2], [-1, 5], [0, 0], [0, 1], [], [])
    with pytest.raises(ValueError, match="earlier row"):
        Lineages(np.array([1, -1]), np.zeros(2), np.zeros(2), np.zeros(2))
