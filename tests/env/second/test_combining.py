"""Tasks of several parts: what combinators make of what they join (section 14)."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxmmo.env.v2 import rewards
from jaxmmo.env.v2.assigning import sample
from jaxmmo.env.v2.combining import fulfilled
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.tasks import JOINS, Parts, Predicate, no_progress, no_tasks
from tests.env.second.worlds import small, world_with

TERMS, GOLD = 6, (0, 10, 50, 90)
CONFIG = small(terms=TERMS, group_tasks=False)
WORLD = world_with(CONFIG, [{"gold": gold} for gold in GOLD])
FULFILLED = jax.jit(lambda world, tasks, counted: fulfilled(CONFIG, world, tasks, counted))
COUNTED = jnp.zeros((4, TERMS), jnp.int32)

Row = tuple[int, int, int, int]
OF_LEAF = {Predicate.SHARE: lambda number: number / 100, Predicate.SUCCESS: lambda number: 1.0}
OF_JOIN = {
    Predicate.AND: min,
    Predicate.OR: max,
    Predicate.NOT: lambda a, b: 1 - a,
    Predicate.SUM: lambda a, b: min(a + b, 1),
    Predicate.DIFFERENCE: lambda a, b: max(a - b, 0),
    Predicate.PRODUCT: lambda a, b: a * b,
}


def tasks_of(rows: Sequence[Row]) -> Any:
    """Everybody's task: these rows, the last of which is the whole."""
    unused = (int(Predicate.UNUSED), 0, 0, 0)
    table = np.array([*rows[:-1], *[unused] * (TERMS - len(rows)), rows[-1]], np.int32)
    names = ("predicate", "number", "first", "second")
    columns: Any = {k: jnp.asarray(np.tile(table[:, i], (4, 1))) for i, k in enumerate(names)}
    parts = Parts(**{k: v[:, :-1] for k, v in columns.items()})
    whole = {k: v[:, -1] for k, v in columns.items()}
    return no_tasks(4, TERMS, groups=False).replace(**whole, parts=parts)


def value_of(rows: list[Row], gold: int) -> float:
    """The same in plain Python."""
    values = []
    for predicate, number, first, second in rows:
        if predicate in OF_JOIN:
            values.append(OF_JOIN[Predicate(predicate)](values[first], values[second]))
        elif predicate == Predicate.HOARD_GOLD:
            values.append(min(gold / max(number, 1), 1))
        else:
            values.append(OF_LEAF[Predicate(predicate)](number))
    return values[-1]


@st.composite
def trees(draw) -> list[Row]:
    """Rows of a task, each leaf or join of rows before it."""
    rows: list[Row] = []
    for place in range(draw(st.integers(1, TERMS))):
        leaf = st.sampled_from([Predicate.HOARD_GOLD, Predicate.SHARE, Predicate.SUCCESS])
        predicate = draw(leaf if place == 0 else leaf | st.sampled_from(JOINS))
        other = st.integers(0, max(place - 1, 0))
        rows.append((int(predicate), draw(st.integers(0, 100)), draw(other), draw(other)))
    return rows


@given(trees())
@settings(max_examples=60, deadline=None)
def test_any_tree_is_worth_what_its_parts_make_of_it(rows):
    wanted = [value_of(rows, gold) for gold in GOLD]
    np.testing.assert_allclose(FULFILLED(WORLD, tasks_of(rows), COUNTED), wanted, atol=1e-6)


@given(st.lists(st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 4), min_size=1, max_size=TERMS))
@settings(max_examples=30, deadline=None)
def test_any_numbers_are_safe_as_tasks(rows):
    values = np.asarray(FULFILLED(WORLD, tasks_of(rows), COUNTED))
    assert ((values >= 0) & (values <= 1)).all()


def test_combinators_are_the_originals():
    half, whole = (Predicate.HOARD_GOLD, 100, 0, 0), (Predicate.HOARD_GOLD, 50, 0, 0)
    wanted = {  # of somebody with 50 gold, and with 10
        Predicate.AND: (0.5, 0.1),
        Predicate.OR: (1, 0.2),
        Predicate.NOT: (0.5, 0.9),
        Predicate.SUM: (1, 0.3),
        Predicate.DIFFERENCE: (0, 0),
        Predicate.PRODUCT: (0.5, 0.02),
    }
    for predicate, values in wanted.items():
        found = np.asarray(FULFILLED(WORLD, tasks_of([half, whole, (predicate, 0, 0, 1)]), COUNTED))
        np.testing.assert_allclose(found[[2, 1]], values, atol=1e-6)
    weighed = [half, whole, (Predicate.SHARE, 25, 0, 0)]
    weighed += [(Predicate.PRODUCT, 0, 0, 2), (Predicate.PRODUCT, 0, 1, 2)]
    found = FULFILLED(WORLD, tasks_of([*weighed, (Predicate.SUM, 0, 3, 4)]), COUNTED)
    np.testing.assert_allclose(found, [0, 0.075, 0.375, 0.475], atol=1e-6)


def test_each_part_counts_its_own_events():
    rows = [
        (Predicate.EARN_GOLD, 10, 0, 0),
        (Predicate.COUNT_EVENT, 2, int(Event.BUY_ITEM), 0),
        (Predicate.AND, 0, 0, 1),
    ]
    log = np.zeros((8, 7), np.int32)
    log[0, [0, 1, 5]] = 1, Event.EARN_GOLD, 8
    log[1, [0, 1, 5]] = 1, Event.BUY_ITEM, 5
    log[2, [0, 1, 5]] = 2, Event.EARN_GOLD, 10
    tasks = tasks_of(rows)
    counted = jax.jit(lambda t, rows: rewards.counts(CONFIG, t, rows))(tasks, jnp.asarray(log))
    assert np.asarray(counted)[:, [0, 1, TERMS - 1]].tolist() == [
        [8, 1, 0],
        [10, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
    ]
    np.testing.assert_allclose(FULFILLED(WORLD, tasks, counted), [0.5, 0, 0, 0])
    assert no_progress(4, TERMS).counted.shape == counted.shape


def test_room_for_parts_changes_nothing_for_single_predicates():
    config = small(tasks="mixture", group_tasks=False)
    wide = small(tasks="mixture", group_tasks=False, terms=3)
    key = jax.random.key(5)
    one, three = (sample(key, c, default_rules(c), WORLD.bodies) for c in (config, wide))
    assert all(bool((getattr(one, k) == getattr(three, k)).all()) for k in ("predicate", "first"))
    log = jnp.asarray(np.array([[1, Event.EAT_FOOD, 0, 0, 0, 0, 0]], np.int32))
    for c, tasks in ((config, one), (wide, three)):
        assert rewards.counts(c, tasks, log).shape == (4, c.terms)
    worth = [
        jax.jit(functools.partial(fulfilled, c))(WORLD, tasks, jnp.full((4, c.terms), 2))
        for c, tasks in ((config, one), (wide, three))
    ]
    np.testing.assert_array_equal(*worth)
