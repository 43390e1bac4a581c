"""One after another: the order of agents within a phase, where it is the rule."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import compact, count_before
from jaxmmo.env.v2.state import World


def each(
    world: World,
    order: jax.Array,
    when: jax.Array,
    act: Callable[[World, jax.Array], World],
) -> World:
    """Runs an action for one slot after another.

    Args:
      world: before.
      order: i32[N], slots.
      when: bool[N], which places of the order take part.
      act: (world, slot i32[]) -> the world after it.
    """
    size = order.shape[0]
    turns = compact(when, count_before(when), size)
    count = jnp.sum(when, dtype=jnp.int32)
    return jax.lax.fori_loop(0, count, lambda i, w: act(w, order[turns[i]]), world)
