"""Who sees whom in worlds of up to 256 slots: all pairs, as bits. Larger ones: `crowds`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import Bodies

MOST = 256
"""Slots up to which comparing all pairs is the faster way."""


class Sorted(struct.PyTreeNode):
    """Bodies in raster order of their tiles, by id within a tile; empty slots last."""

    order: jax.Array  # i32[B]; slot at each rank
    rank: jax.Array  # i32[B]; rank of each slot
    crowd: jax.Array  # i32[B]; bodies on the slot's tile, itself included


def sort_agents(config: EnvConfig, bodies: Bodies) -> Sorted:
    """Ranks by counting all pairs: for up to 256 slots faster than a sort."""
    slots = jnp.arange(config.bodies)
    tile = jnp.where(
        bodies.alive, bodies.row * config.width + bodies.col, config.height * config.width
    )
    tie = jnp.where(bodies.alive, bodies.id, slots)
    own_tile, own_tie = tile.reshape(1, 1, -1), tie.reshape(1, 1, -1)
    # counted 32 at a time: longer sums are not fused with what they sum on a CPU
    words = -(-config.bodies // 32)
    padding = (0, words * 32 - config.bodies)
    others = jnp.pad(tile, padding, constant_values=NEVER).reshape(words, 32, 1)
    other_ties = jnp.pad(tie, padding, constant_values=NEVER).reshape(words, 32, 1)
    same = others == own_tile
    before = (others < own_tile) | (same & (other_ties < own_tie))
    # both counts in one sum: neither can reach 2^16 here
    count = jnp.sum(jnp.where(same, 1 << 16, 0) + before.astype(jnp.int32), 1)
    count = jnp.sum(count, 0)
    rank, crowd = count & (2**16 - 1), count >> 16
    order = jnp.zeros_like(slots).at[rank].set(slots, unique_indices=True)
    return Sorted(order=order, rank=rank, crowd=crowd)


def visible_ranks(
    config: EnvConfig, bodies: Bodies, ranked: Sorted, reach: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The first K - 1 other agents in each agent's window, in observation order.

    Who is in view is held as bits, 32 ranks a word, so that raster order is bit order.

    Args:
      reach: i32[], tiles; agents within it come first if the configuration says so.

    Returns:
      i32[P, K - 1] ranks, B where there are fewer; and i32[P], how many are in the window.
    """
    capacity = config.bodies
    words = -(-capacity // 32)
    nowhere = -4 * config.vision - 4

    def in_rank_order(position: jax.Array) -> jax.Array:
        placed = jnp.where(bodies.alive, position, nowhere)[ranked.order]
        placed = jnp.pad(placed, (0, words * 32 - capacity), constant_values=nowhere)
        return placed.reshape(words, 32, 1)

    def mine(column: jax.Array) -> jax.Array:
        """[1, 1, P]: of those who observe, which are the players."""
        return column[: config.capacity].reshape(1, 1, -1)

    away = jnp.maximum(
        jnp.abs(in_rank_order(bodies.row) - mine(bodies.row)),
        jnp.abs(in_rank_order(bodies.col) - mine(bodies.col)),
    )
    bit = jnp.uint32(1) << jnp.arange(32, dtype=jnp.uint32).reshape(1, 32, 1)
    other = jnp.arange(words * 32).reshape(words, 32, 1) != mine(ranked.rank)
    alive = mine(bodies.alive)

    def within(radius: jax.Array | int) -> jax.Array:
        """u32[words, P]: the ranks within a radius of each slot."""
        seen = (away <= radius) & other & alive
        return jnp.sum(jnp.where(seen, bit, 0), 1, dtype=jnp.uint32)

    window = within(config.vision)
    groups = [window]
    if config.reach_first:
        near = within(reach)
        groups = [near, window & ~near]
    total = jnp.sum(jax.lax.population_count(groups[0]), 0)
    for group in groups[1:]:
        total += jnp.sum(jax.lax.population_count(group), 0)
    return nth_set_bit(groups, config.max_visible - 1, capacity), total.astype(jnp.int32)


def nth_set_bit(groups: list[jax.Array], count: int, missing: int) -> jax.Array:
    """Places of the first `count` set bits of each column, group after group.

    Args:
      groups: u32[words, P] each; bit b of word w is place 32 w + b.
      count: how many are asked for.
      missing: the answer where there are fewer.

    Returns:
      i32[P, count].
    """
    slots = groups[0].shape[1]
    wanted = jnp.arange(1, count + 1)[None]
    seen = jnp.zeros((slots, 1), jnp.int32)
    word = jnp.zeros((slots, count), jnp.uint32)
    place = jnp.full((slots, count), -1)
    nth = jnp.zeros((slots, count), jnp.int32)
    for group in groups:
        for i in range(group.shape[0]):
            candidate = group[i][:, None]
            after = seen + jax.lax.population_count(candidate).astype(jnp.int32)
            here = (wanted > seen) & (wanted <= after)
            word = jnp.where(here, candidate, word)
            place = jnp.where(here, 32 * i, place)
            nth = jnp.where(here, wanted - seen, nth)
            seen = after
    found = place >= 0
    for half in (16, 8, 4, 2, 1):
        low = jax.lax.population_count(word & jnp.uint32((1 << half) - 1)).astype(jnp.int32)
        above = nth > low
        nth = jnp.where(above, nth - low, nth)
        word = jnp.where(above, word >> half, word)
        place = place + jnp.where(above, half, 0)
    return jnp.where(found, place, missing)
