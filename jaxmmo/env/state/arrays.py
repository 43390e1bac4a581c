"""What tables are written and searched with: masked writes, counts, compaction, references.

A reference to nothing is the number of entries of what it refers to. Only the functions that end in
`_at` are ever given such an index: nothing else in the game reads or writes out of range.
"""

from __future__ import annotations

from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jaxmmo.env.state.indexed import single, take, writer


def select(mask: jax.Array, new: jax.Array | int, old: jax.Array) -> jax.Array:
    """The one masked write: `new` where `mask`, else `old`, in the dtype of `old`.

    `mask` covers the leading axes of `old`.
    """
    mask = mask.reshape(mask.shape + (1,) * (old.ndim - mask.ndim))
    return jnp.where(mask, jnp.broadcast_to(jnp.asarray(new, old.dtype), old.shape), old)


T = TypeVar("T")


def varying_like(tree: T, *others: jax.Array) -> T:
    """The same arrays, which `shard_map` takes to differ between devices where the others do.

    What is made from constants is the same on every device as far as it knows, and could not be the
    start of a loop that writes numbers of each device's own into it. The compiler removes the
    zeros that are added.

    Args:
      tree: integers and truth values.
      others: integers.
    """
    zero = sum((0 * other.reshape(-1)[0].astype(jnp.int32) for other in others), jnp.int32(0))

    def vary(leaf: jax.Array) -> jax.Array:
        same = zero.astype(leaf.dtype)
        return leaf | same if leaf.dtype == jnp.bool_ else leaf + same

    return jax.tree.map(vary, tree)


Index = jax.Array | tuple[jax.Array, ...]
"""Integers from 0 on, or a tuple of them, one for each of the leading axes."""


def at(array: jax.Array, index: jax.Array) -> jax.Array:
    """The entries at an index that is in range."""
    return take(array, index.astype(jnp.int32))


def get_at(array: jax.Array, index: Index, missing: Any) -> jax.Array:
    """The entries at an index, `missing` where that is beyond the last one."""
    array, place = _single(array, index)
    length = array.shape[0]
    found = take(array, jnp.minimum(place, length - 1))
    inside = (place < length).reshape(place.shape + (1,) * (array.ndim - 1))
    return jnp.where(inside, found, jnp.asarray(missing, array.dtype))


def set_at(array: jax.Array, index: Index, value: Any) -> jax.Array:
    """The array with the entries at an index replaced; one beyond the last writes nothing."""
    return _write("set", array, index, value)


def add_at(array: jax.Array, index: Index, value: Any) -> jax.Array:
    """As `set_at`, adding to what is there, once for every time that an index is named."""
    return _write("add", array, index, value)


def max_at(array: jax.Array, index: Index, value: Any) -> jax.Array:
    """As `set_at`, keeping the largest of what is there and all values for it."""
    return _write("max", array, index, value)


def min_at(array: jax.Array, index: Index, value: Any) -> jax.Array:
    """As `set_at`, keeping the smallest of what is there and all values for it."""
    return _write("min", array, index, value)


def _write(how: str, array: jax.Array, index: Index, value: Any) -> jax.Array:
    table, place = _single(array, index)
    shape = place.shape + table.shape[1:]
    value = jnp.broadcast_to(jnp.asarray(value, array.dtype), shape)
    return writer(how)(table, place, value).reshape(array.shape)


def _single(array: jax.Array, index: Index) -> tuple[jax.Array, jax.Array]:
    if not isinstance(index, tuple):
        return array, index.astype(jnp.int32)
    return single(array, tuple(i.astype(jnp.int32) for i in index))


def summed(values: jax.Array) -> jax.Array:
    """The sum over the first axis.

    It is taken 32 at a time, as in `least`: on a CPU longer sums are not fused with what they sum.
    """
    return _parts(values, 0).sum(1).sum(0)


def least(values: jax.Array, empty: int) -> jax.Array:
    """The least over the first axis, `empty` where that has no entry; none may be greater."""
    return _parts(values, empty).min(1, initial=empty).min(0, initial=empty)


def _parts(values: jax.Array, empty: int) -> jax.Array:
    size = values.shape[0]
    rest = [(0, 0)] * (values.ndim - 1)
    padded = jnp.pad(values, [(0, -size % 32), *rest], constant_values=empty)
    return padded.reshape(-1, 32, *values.shape[1:])


def pack_bits(mask: jax.Array) -> jax.Array:
    """u32[..., W]: a mask bool[..., N], 32 elements a word, the first in the lowest bit.

    Four truth values of a byte each are read as one number, and a product moves their bits to its
    highest four: a third of the time of adding up 32 numbers.
    """
    size = mask.shape[-1]
    words = -(-size // 32)
    padded = jnp.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, 32 * words - size)])
    quarters = padded.astype(jnp.uint8).reshape(*mask.shape[:-1], words, 8, 4)
    four = jax.lax.bitcast_convert_type(quarters, jnp.uint32) * jnp.uint32(0x10204080) >> 28
    shift = jnp.broadcast_to(4 * jnp.arange(8, dtype=jnp.uint32), four.shape)
    return jnp.sum(four << shift, -1, dtype=jnp.uint32)


def count_before(mask: jax.Array) -> jax.Array:
    """i32[N]: how many of a mask bool[N] are set before each index.

    By the bits of 32 indices at a time: on a CPU a running sum costs many times more.
    """
    size, word = mask.shape[0], pack_bits(mask)
    words, lane = word.shape[0], jnp.arange(32, dtype=jnp.uint32)[None]
    ones = jax.lax.population_count(word).astype(jnp.int32)
    if words <= 64:
        earlier = jnp.arange(words)[:, None] < jnp.arange(words)[None]
        start = jnp.sum(jnp.where(earlier, ones[:, None], 0), 0)
    else:
        start = jnp.cumsum(ones) - ones
    below = word[:, None] & ((jnp.uint32(1) << lane) - 1)
    count = start[:, None] + jax.lax.population_count(below).astype(jnp.int32)
    return count.reshape(-1)[:size]


def compact(mask: jax.Array, place: jax.Array, size: int) -> jax.Array:
    """i32[size]: indices of a mask's set elements in order, the mask's length where there is none.

    Args:
      mask: bool[N].
      place: i32[N], how many are set before each index.
      size: how many are kept.
    """
    length = mask.shape[0]
    found = jnp.full(size, length, jnp.int32)
    return set_at(found, jnp.where(mask, place, size), jnp.arange(length))
