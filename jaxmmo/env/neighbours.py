"""Who sees whom: visible agents in observation order, without all-pairs work in large worlds."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.state import Players

UNROLL = 32  # selections up to this many rows are unrolled


class Sorted(struct.PyTreeNode):
    """Agents in raster order of their tiles, by id within a tile; empty slots last."""

    order: jax.Array  # i32[P]; slot at each rank
    rank: jax.Array  # i32[P]; rank of each slot
    crowd: jax.Array  # i32[P]; agents on the slot's tile, itself included


def sort_agents(config: EnvConfig, players: Players) -> Sorted:
    """Ranks by counting all pairs: for up to 256 slots faster than a sort."""
    slots = jnp.arange(config.capacity)
    tile = jnp.where(
        players.alive, players.row * config.width + players.col, config.height * config.width
    )
    tie = jnp.where(players.alive, players.id, slots)
    same = tile[:, None] == tile
    before = (tile[:, None] > tile) | (same & (tie[:, None] > tie))
    rank = jnp.sum(before, 1, dtype=jnp.int32)
    order = jnp.zeros_like(slots).at[rank].set(slots, unique_indices=True)
    return Sorted(order=order, rank=rank, crowd=jnp.sum(same, 1, dtype=jnp.int32))


def visible_ranks(
    config: EnvConfig, players: Players, ranked: Sorted, reach: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The first K - 1 other agents in each agent's window, in observation order.

    Args:
      reach: i32[], tiles; agents within it come first if the configuration says so.

    Returns:
      i32[P, K - 1] ranks, P where there are fewer; and i32[P], how many are in the window.
    """
    capacity, rows = config.capacity, config.max_visible - 1
    words = -(-capacity // 32)
    far_away = -4 * config.vision - 4
    row = jnp.where(players.alive, players.row, far_away)[ranked.order]
    col = jnp.where(players.alive, players.col, far_away)[ranked.order]
    pad = words * 32 - capacity
    row = jnp.pad(row, (0, pad), constant_values=far_away).reshape(words, 32)
    col = jnp.pad(col, (0, pad), constant_values=far_away).reshape(words, 32)

    def bits(radius: jax.Array | int) -> jax.Array:
        """u32[words, P]: bit b of word w is set if rank 32 w + b is within the radius."""
        found = jnp.zeros((words, capacity), jnp.uint32)
        for bit in range(32):
            near = jnp.maximum(
                jnp.abs(row[:, bit, None] - players.row), jnp.abs(col[:, bit, None] - players.col)
            )
            found |= (near <= radius).astype(jnp.uint32) << bit
        return found

    itself = (ranked.rank >> 5) == jnp.arange(words)[:, None]
    own = jnp.where(itself, jnp.uint32(1) << (ranked.rank & 31).astype(jnp.uint32), 0)
    window = jnp.where(players.alive, bits(config.vision) & ~own, 0)
    total = jnp.sum(jax.lax.population_count(window), 0).astype(jnp.int32)
    if config.reach_first:
        near = window & bits(jnp.minimum(reach, config.vision))
        window = jnp.concatenate([near, window & ~near])

    def take_lowest(left: jax.Array, _) -> tuple[jax.Array, jax.Array]:
        """Removes the lowest set bit of each column and returns its rank, P if there is none."""
        found = jnp.full(capacity, capacity, jnp.int32)
        taken = jnp.zeros(capacity, bool)
        remaining = []
        for i in range(left.shape[0]):
            word = left[i]
            here = (word != 0) & ~taken
            bit = 31 - jax.lax.clz(word & (~word + 1)).astype(jnp.int32)
            found = jnp.where(here, 32 * (i % words) + bit, found)
            remaining.append(jnp.where(here, word & (word - 1), word))
            taken |= here
        return jnp.stack(remaining), found

    if rows <= UNROLL:
        chosen = []
        for _ in range(rows):
            window, found = take_lowest(window, None)
            chosen.append(found)
        ranks = jnp.stack(chosen, 1) if chosen else jnp.zeros((capacity, 0), jnp.int32)
    else:
        ranks = jax.lax.scan(take_lowest, window, None, length=rows)[1].T
    return ranks, total
