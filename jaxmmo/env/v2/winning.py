"""Who wins a game, from the world after a tick (section 13). It ends nothing by itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import Progress
from jaxmmo.env.v2.teams import sides


def winners(
    config: Config, rules: Rules, world: World, progress: Progress, died: jax.Array
) -> jax.Array:
    """bool[P]: those by whom the game of the configuration is won with this tick; nobody yet.

    Args:
      config: of which `game` is one of `GAMES`.
      rules: of which the horizon is when time is up.
      world: after the tick.
      progress: likewise.
      died: bool[P], in the tick.
    """
    alive = world.bodies.alive[: config.capacity]
    if config.game == "race_to_center":
        middle = config.height // 2
        row, col = world.bodies.row[: config.capacity], world.bodies.col[: config.capacity]
        return alive & (row == middle) & (col == middle)
    if config.game in ("comm_together", "radio_raid"):
        return progress.done
    if config.game == "king_of_the_hill":
        side = sides(config, world.bodies)
        holder = world.seizures.holder[0]
        held = (world.tick >= rules.horizon) & (holder < config.capacity)
        last = held & (side == side[jnp.minimum(holder, config.capacity - 1)])
        return jnp.where(progress.done.any(), progress.done, last)
    complete = progress.done | (world.tick >= rules.horizon)
    if config.game == "sandwich":
        # nor do those win who die together
        last = _last(alive, died & False, sides(config, world.bodies), complete)
        return last & (world.tick >= rules.won_from)
    return _last(alive, died, sides(config, world.bodies), complete)


def _last(alive: jax.Array, died: jax.Array, side: jax.Array, complete: jax.Array) -> jax.Array:
    """bool[P]: the last side of which somebody lives, or those that died together in this tick.

    And of sides that live, those who have completed what they were to do.
    """
    left = jnp.where(alive.any(), alive, died)
    same = side[:, None] == side[None]
    alone = (~left | ~left[:, None] | same).all()
    return (same & left).any(1) & (alone | ~alive.any() | complete)
