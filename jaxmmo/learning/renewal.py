"""New worlds in the place of old ones, in turn, wherever these are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents.shards import Shards


def due(
    key: jax.Array, update: jax.Array, count: int, total: int, shards: Shards
) -> tuple[jax.Array, jax.Array, int]:
    """The worlds of this device whose turn it is.

    Args:
      key: of all new worlds; consumed.
      update: i32[], updates made.
      count: worlds that are replaced after each.
      total: worlds on all devices.
      shards: the devices.

    Returns:
      A key for each new world, [M]; i32[M], its place among this device's worlds, beyond the last
      one for keys that nobody needs here; and how many worlds this device has.
    """
    keys = jax.random.split(key, count)
    turn = (update * count + jnp.arange(count)) % total
    if shards.worlds == 1:
        return keys, turn, total
    here = shards.block(jnp.arange(total))
    held = here.shape[0]
    mine = (turn >= here[0]) & (turn <= here[-1])
    chosen = jnp.nonzero(mine, size=min(count, held), fill_value=count)[0]
    turn = jnp.append(turn, here[-1] + 1)[chosen] - here[0]
    return keys.at[chosen].get(mode="clip"), turn, held


def replaced(worlds: Any, new: Any, turn: jax.Array, held: int) -> Any:
    """The worlds with new ones in the places `turn`, as `due` says; `held` of them."""

    def place(old: jax.Array, new: jax.Array) -> jax.Array:
        by_world = old.reshape(held, -1)
        by_world = by_world.at[turn].set(new.reshape(turn.shape[0], -1), mode="drop")
        return by_world.reshape(old.shape)

    return jax.tree.map(place, worlds, new)
