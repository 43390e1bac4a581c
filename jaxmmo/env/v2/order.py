"""Who comes first where several want one thing at once: a random order, drawn anew every tick.

All conflicts of a tick are decided by one order of the players, which follows from the tick's key
and their ids alone: neither slots nor whoever calls have a say. NPCs come after all players, the
oldest first.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import min_at, set_at, summed
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.state import SMALL, World

LAST = 2**30
"""After everybody."""


def ranks(config: Config, world: World, rolls: Rolls) -> jax.Array:
    """i32[B]: everybody's place in the order of the tick; all differ."""
    players = jnp.zeros(config.capacity, jnp.int32)
    players = players.at[rolls.buyers].set(jnp.arange(config.capacity, dtype=jnp.int32))
    return jnp.concatenate([players, config.capacity + world.bodies.turn[config.capacity :]])


def sorted_by(key: jax.Array) -> jax.Array:
    """i32[N]: indices in the order of keys, equal ones in their own order."""
    size = key.shape[0]
    if size > SMALL:
        return jnp.argsort(key).astype(jnp.int32)
    index = jnp.arange(size, dtype=jnp.int32)
    before = (key[:, None] < key) | ((key[:, None] == key) & (index[:, None] < index))
    return set_at(jnp.zeros(size, jnp.int32), summed(before.astype(jnp.int32)), index)


def first_of(rank: jax.Array, thing: jax.Array, when: jax.Array, count: int) -> jax.Array:
    """bool[N]: who has the least rank of all who want the same thing.

    Args:
      rank: i32[N].
      thing: i32[N], what each wants, below `count`.
      when: bool[N], who wants anything.
      count: how many things there are.
    """
    least = min_at(jnp.full(count, LAST, jnp.int32), jnp.where(when, thing, count), rank)
    return when & (least[jnp.minimum(thing, count - 1)] == rank)


def sums_before(group: jax.Array, rank: jax.Array, amount: jax.Array) -> jax.Array:
    """i32[N]: the sum of the amounts of all in the same group whose rank is less.

    Of equal ranks the one with the lower index comes first.

    Args:
      group: i32[N].
      rank: i32[N].
      amount: i32[N].
    """
    if group.shape[0] <= SMALL:
        index = jnp.arange(group.shape[0])
        earlier = (rank[:, None] < rank) | ((rank[:, None] == rank) & (index[:, None] < index))
        earlier &= group[:, None] == group
        return summed(jnp.where(earlier, amount[:, None], 0))
    order = jnp.lexsort((rank, group))
    sorted_group, sums = group[order], jnp.cumsum(amount[order])
    before = sums - amount[order]
    begins = jnp.concatenate([jnp.array([True]), sorted_group[1:] != sorted_group[:-1]])
    start = jax.lax.cummax(jnp.where(begins, before, 0))  # sums never fall
    return jnp.zeros_like(amount).at[order].set(before - start)
