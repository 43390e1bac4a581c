"""Reads and writes by index, and work for a few: in a batch the same as in each world."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.state.arrays import add_at, at, get_at, least, max_at, min_at, set_at, summed
from jaxmmo.env.v2.order import sorted_by
from jaxmmo.env.v2.worldwide import for_those, where_any

WRITERS = {
    set_at: lambda old, new: new,
    add_at: lambda old, new: old + new,
    max_at: max,
    min_at: min,
}


def tables(worlds=3, rows=7, entries=11):
    """Tables i32[W, N, 2], indices i32[W, M], some of them beyond the end, values i32[W, M, 2]."""
    draw = np.random.default_rng(0)
    table = draw.integers(-9, 9, (worlds, rows, 2)).astype(np.int32)
    index = draw.integers(0, rows + 3, (worlds, entries)).astype(np.int32)
    return table, index, draw.integers(-9, 9, (worlds, entries, 2)).astype(np.int32)


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("axes", [(0, 0, 0), (None, 0, 0), (0, None, 0), (0, 0, None)])
def test_a_batch_is_written_as_each_world_is(write, axes):
    table, index, value = (x if axis == 0 else x[0] for x, axis in zip(tables(), axes, strict=True))
    if write is set_at:  # which of several is written last is nobody's promise
        index = np.sort(index)
        index[..., 1:][index[..., 1:] == index[..., :-1]] = table.shape[-2]
    batch = np.asarray(jax.vmap(write, axes)(table, index, value))
    for w in range(3):
        mine, where, new = (
            x[w] if axis == 0 else x for x, axis in zip((table, index, value), axes, strict=True)
        )
        wanted = mine.copy()
        for i, row in zip(where, new, strict=True):
            if i < len(wanted):
                wanted[i] = [WRITERS[write](a, b) for a, b in zip(wanted[i], row, strict=True)]
        np.testing.assert_array_equal(batch[w], wanted)


@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_a_batch_is_read_as_each_world_is(axes):
    table, index, _ = tables()
    table, index = (x if axis == 0 else x[0] for x, axis in zip((table, index), axes, strict=True))
    batch = np.asarray(jax.vmap(lambda t, i: get_at(t, i, 77), axes)(table, index))
    inside = np.asarray(jax.vmap(at, axes)(jnp.asarray(table), jnp.minimum(index, 6)))
    for w in range(3):
        mine, where = table[w] if axes[0] == 0 else table, index[w] if axes[1] == 0 else index
        np.testing.assert_array_equal(inside[w], mine[np.minimum(where, 6)])
        wanted = [mine[i] if i < len(mine) else [77, 77] for i in where]
        np.testing.assert_array_equal(batch[w], wanted)


def test_two_indices_are_checked_one_by_one():
    plane = jnp.arange(12).reshape(1, 3, 4)
    row, col = jnp.array([[0, 2, 3, 1]]), jnp.array([[3, 4, 0, 2]])  # the second and third are out
    read = jax.vmap(lambda p, r, c: get_at(p, (r, c), -1))(plane, row, col)
    assert read.tolist() == [[3, -1, -1, 6]]
    write = jax.vmap(lambda p, r, c: set_at(p, (r, c), 99))(plane, row, col)
    assert np.argwhere(np.asarray(write)[0] == 99).tolist() == [[0, 3], [1, 2]]


@pytest.mark.parametrize("size", [1, 32, 45, 200])
def test_sums_and_minima_in_parts(size):
    values = np.random.default_rng(1).integers(0, 99, (size, 3)).astype(np.int32)
    np.testing.assert_array_equal(summed(jnp.asarray(values)), values.sum(0))
    np.testing.assert_array_equal(least(jnp.asarray(values), 1000), values.min(0))


@pytest.mark.parametrize("size", [40, 600])
def test_equal_keys_stay_in_their_order(size):
    key = np.random.default_rng(2).integers(0, 9, size).astype(np.int32)
    np.testing.assert_array_equal(sorted_by(jnp.asarray(key)), np.argsort(key, kind="stable"))


def test_a_few_at_a_time_are_all():
    wanted = np.random.default_rng(3).random((4, 50)) < np.array([[0.0], [0.1], [0.5], [1.0]])

    def mark(mine):
        def some(index, state):
            seen, rounds = state
            return add_at(seen, index, 1 + index), rounds + 1

        return for_those(mine, 8, some, (jnp.zeros(50, jnp.int32), jnp.int32(0)))

    seen, rounds = jax.jit(jax.vmap(mark))(jnp.asarray(wanted))
    np.testing.assert_array_equal(seen, np.where(wanted, 1 + np.arange(50), 0))
    assert rounds.tolist() == [7] * 4  # as many for all as the fullest world needs
    assert mark(jnp.asarray(wanted[0]))[1] == 0


def test_what_nobody_asks_for_is_not_computed():
    calls = []

    def answer(asked, x):
        def compute():
            jax.debug.callback(lambda: calls.append(1))
            return x * 2

        return where_any(asked, compute, jax.ShapeDtypeStruct(x.shape, x.dtype))

    run = jax.jit(jax.vmap(answer))
    x = jnp.arange(6).reshape(3, 2)
    assert run(jnp.zeros((3, 2), bool), x).tolist() == [[0, 0]] * 3
    jax.effects_barrier()
    assert not calls
    one = jnp.zeros((3, 2), bool).at[1, 0].set(True)  # one world asks, and all are answered
    assert run(one, x).tolist() == [[0, 2], [4, 6], [8, 10]]
    jax.effects_barrier()
    assert calls
