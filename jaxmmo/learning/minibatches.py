"""Which decisions are learned from together: the same sets on one device and on many.

The rows that count are put in random order and cut into equal parts. A row's place in that order
follows from a number that is drawn for its own place in the whole batch. So every device sorts its
own rows alone; where the parts begin among them is found by bisection, which costs a few numbers
of communication where a sort over all devices would cost the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.agents.shards import Shards
from jaxmmo.env.random import threefry

BITS = 31
"""Of the random numbers: the largest one is left to rows that do not count."""

TIES = 8
"""Most rows of a device with the same number that are told apart exactly."""


class Parts(NamedTuple):
    """How many parts there are, and of how many rows each, over all devices."""

    rows: jax.Array  # i32[]; all that count
    parts: jax.Array  # i32[]; at least 1
    each: jax.Array  # i32[]; rows of a part; the last one has what is left


class Order(NamedTuple):
    """This device's rows in random order, and where parts begin in it."""

    rows: jax.Array  # i32[M + width]; those that count come first
    first: jax.Array  # i32[parts + 1]; of each part


def divide(alive: jax.Array, size: int, shards: Shards) -> Parts:
    """Parts of at most `size` rows.

    Args:
      alive: bool[M], the rows of this device that count.
      size: most rows of a part.
      shards: the devices.
    """
    count = shards.over_all(jnp.sum(alive, dtype=jnp.int32))
    parts = jnp.maximum(-(-count // size), 1)
    return Parts(count, parts, -(-count // parts))


def width(size: int, shards: Shards) -> int:
    """Rows of a part that a device works through at once.

    Its share of a part varies; what is more than this (rarely: three deviations) is worked through
    afterwards.
    """
    if shards.devices == 1:
        return size
    share = -(-size // shards.devices)
    return min(size, -(-(share + int(3 * share**0.5)) // 8) * 8)


def places(shape: tuple[int, ...], shards: Shards) -> jax.Array:
    """u32[M]: the places of this device's rows, [N] or [T, N] of slots, in the whole batch."""
    *ticks, slots = shape
    mine = shards.block(jnp.arange(slots * shards.worlds, dtype=jnp.uint32))
    if not ticks:
        return mine
    before = jnp.arange(ticks[0], dtype=jnp.uint32)[:, None] * jnp.uint32(slots * shards.worlds)
    return (before + mine).reshape(-1)


def shuffle(
    key: jax.Array,
    alive: jax.Array,
    places: jax.Array,
    parts: Parts,
    size: int,
    shards: Shards,
) -> Order:
    """A random order of this device's rows, cut as all devices together would be.

    Args:
      key: of the order; consumed.
      alive: bool[M], the rows of this device that count.
      places: u32[M], ascending: where they are in the whole batch, fewer than 2^32 rows.
      parts: see `divide`.
      size: most rows of a part.
      shards: the devices.
    """
    drawn = numbers(key, places) >> 1
    drawn = jnp.where(alive, drawn, jnp.uint32(2**32 - 1))
    rows = jnp.argsort(drawn)
    most = -(-alive.shape[0] * shards.worlds // size)
    wanted = jnp.minimum(jnp.arange(most + 1) * parts.each, parts.rows)
    if shards.devices > 1:
        own = jnp.sum(alive, dtype=jnp.int32)
        wanted = bisect(drawn[rows], places[rows], own, wanted, shards)
    return Order(jnp.pad(rows, (0, width(size, shards))), wanted)


def numbers(key: jax.Array, places: jax.Array) -> jax.Array:
    """u32[M]: what `jax.random.bits` draws at these places, however many others there are."""
    data = jax.random.key_data(key)
    one, other = threefry(data[0], data[1], jnp.zeros_like(places), places)
    return one ^ other


def bisect(
    drawn: jax.Array, places: jax.Array, own: jax.Array, wanted: jax.Array, shards: Shards
) -> jax.Array:
    """i32[C]: how many of this device's rows are among the first `wanted` of all devices.

    Rows with the same number come in the order of their places, as in a stable sort.

    Args:
      drawn: u32[M], ascending.
      places: u32[M], ascending among equal numbers.
      own: i32[], how many of these rows count.
      wanted: i32[C], the same on every device.
      shards: the devices.
    """

    def below(number: jax.Array) -> jax.Array:
        return jnp.minimum(jnp.searchsorted(drawn, number).astype(jnp.int32), own)

    def search(bits: int, count: Callable[[jax.Array], jax.Array]) -> jax.Array:
        """u32[C]: the largest ones below which there are fewer than wanted, or 0."""

        def step(index: jax.Array, low: jax.Array) -> jax.Array:
            bit = jnp.uint32(1) << (bits - 1 - index).astype(jnp.uint32)
            there = shards.over_all(count(low + bit))
            return jnp.where(there < wanted, low + bit, low)

        return jax.lax.fori_loop(0, bits, step, jnp.zeros(wanted.shape, jnp.uint32))

    limit = search(BITS, below)  # all with smaller numbers are in, and some with this one
    before, upto = below(limit), below(limit + 1)

    def tied(place: jax.Array) -> jax.Array:
        at = before[:, None] + jnp.arange(TIES)
        those = places.at[at].get(mode="clip")
        return before + jnp.sum((at < upto[:, None]) & (those < place[:, None]), 1, dtype=jnp.int32)

    def cut() -> jax.Array:
        return jnp.where(wanted > 0, tied(search(32, tied) + 1), 0)

    upto = jnp.where(wanted > 0, upto, 0)
    return jax.lax.cond(jnp.any(shards.over_all(upto) > wanted), cut, lambda: upto)
