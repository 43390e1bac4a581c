"""Clocks that run by themselves: immunity, freeze, wilderness, age."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, select
from jaxmmo.env.tick import Tick, stepping


def wilderness_at(rules: Rules, row: jax.Array, col: jax.Array) -> jax.Array:
    """i32: wilderness level of a position, -1 near the centre (v1.3 section 4b).

    max(floor((max(|r - centre|, |c - centre|) - offset) / scale), -1), in half tiles.
    """
    off = jnp.maximum(
        jnp.abs(2 * row - rules.wilderness_centre[0]), jnp.abs(2 * col - rules.wilderness_centre[1])
    )
    return jnp.maximum((off - 2 * rules.wilderness_offset) // (2 * rules.wilderness_scale), -1)


def update_status(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, None]:
    """Immunity and freeze count down, age counts up, last tick's damage is forgotten (section 4).

    Wilderness is taken from the position before this tick's move.
    """
    mine, bodies = stepping(config, tick), state.bodies
    bodies = bodies.replace(
        immune=select(mine, jnp.maximum(bodies.immune - 1, 0), bodies.immune),
        freeze=select(mine, jnp.maximum(bodies.freeze - 1, 0), bodies.freeze),
        wilderness=select(mine, wilderness_at(rules, bodies.row, bodies.col), bodies.wilderness),
        time_alive=bodies.time_alive + mine.astype(jnp.int32),
        damage=select(mine, 0, bodies.damage),
    )
    return state.replace(bodies=bodies), None
