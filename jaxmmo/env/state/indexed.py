"""Reads and writes by index, which a batch of worlds does as if it were one.

Under `vmap` a compiler puts the number of the world beside each index, and the pairs together in
memory. On a CPU that costs more than the read or write itself: there the tables of a batch are read
and written as one table, in which a world's rows follow those of the world before.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

INDICES = 2**31 - 1
"""So many rows can be told apart; a batch that has more is left to the compiler."""


def _plain_take(array: jax.Array, index: jax.Array) -> jax.Array:
    return array.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)


take = custom_vmap(_plain_take)
"""The rows at an index i32[...], which the caller knows to be in range."""


@take.def_vmap
def _take_of_worlds(size: int, batched: Any, array: jax.Array, index: jax.Array) -> Any:
    if not batched[0]:
        return take(array, index), True
    if not batched[1]:
        return jax.vmap(_plain_take, (0, None))(array, index), True
    if not _joins(size * array.shape[1]):
        return jax.vmap(_plain_take)(array, index), True
    found = take(_joined(array), _of_worlds(size, array.shape[1], index).reshape(-1))
    return found.reshape(index.shape + array.shape[2:]), True


def _written(name: str, array: jax.Array, index: jax.Array, value: jax.Array) -> jax.Array:
    how = getattr(array.at[index], name)
    return how(value, mode="drop", wrap_negative_indices=False)


@functools.cache
def writer(name: str) -> Any:
    """A function (array, index, value) that writes rows: those beyond the last one are dropped.

    Args:
      name: "set", "add", "max" or "min".
    """
    plain = functools.partial(_written, name)

    @custom_vmap
    def write(array: jax.Array, index: jax.Array, value: jax.Array) -> jax.Array:
        return plain(array, index, value)

    @write.def_vmap
    def _of_batch(
        size: int, batched: Any, array: jax.Array, index: jax.Array, value: jax.Array
    ) -> Any:
        if not _joins(size * array.shape[1 if batched[0] else 0]):
            axes = tuple(0 if each else None for each in batched)
            return jax.vmap(plain, axes)(array, index, value), True
        array, index, value = (
            x if each else jnp.broadcast_to(x, (size, *x.shape))
            for x, each in zip((array, index, value), batched, strict=True)
        )
        rows = _of_worlds(size, array.shape[1], index).reshape(-1)
        values = value.reshape(-1, *array.shape[2:])
        return write(_joined(array), rows, values).reshape(array.shape), True

    return write


def _joins(rows: int) -> bool:
    """Whether the tables of a batch are joined, which have so many rows in all."""
    return rows <= INDICES and jax.default_backend() == "cpu"


def _joined(array: jax.Array) -> jax.Array:
    """[W * N, ...]: the rows of all worlds, one world after the other."""
    return array.reshape(-1, *array.shape[2:])


def _of_worlds(worlds: int, rows: int, index: jax.Array) -> jax.Array:
    """Where rows of each world are among the rows of all; beyond the last stays beyond the last."""
    before = (jnp.arange(worlds, dtype=index.dtype) * rows).reshape(-1, *(1,) * (index.ndim - 1))
    return jnp.where(index < rows, index + before, worlds * rows)


def single(array: jax.Array, index: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    """The array with its leading axes joined, and one index for several, its end for beyond."""
    shape = array.shape[: len(index)]
    joined = array.reshape(-1, *array.shape[len(index) :])
    inside = functools.reduce(jnp.logical_and, (i < n for i, n in zip(index, shape, strict=True)))
    place = jnp.int32(0)
    for i, n in zip(index, shape, strict=True):
        place = place * n + i
    return joined, jnp.where(inside, place, joined.shape[0])
