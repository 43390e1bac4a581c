"""Clocks that run by themselves: immunity, freeze, wilderness, age."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, select
from jaxmmo.env.systems.death import is_dying


def wilderness_at(rules: Rules, row: jax.Array, col: jax.Array) -> jax.Array:
    """i32: wilderness level of a position, -1 near the centre (v1.3 section 4b).

    max(floor((max(|r - centre|, |c - centre|) - offset) / scale), -1), in half tiles.
    """
    off = jnp.maximum(
        jnp.abs(2 * row - rules.wilderness_centre[0]), jnp.abs(2 * col - rules.wilderness_centre[1])
    )
    return jnp.maximum((off - 2 * rules.wilderness_offset) // (2 * rules.wilderness_scale), -1)


def when_acting(config: EnvConfig, state: WorldState, clock: jax.Array) -> jax.Array:
    """i32[P]: what freeze or immunity will be when the next actions run.

    It counts down first, but for v1.3's dying, whose clocks have stopped (section 4a).

    Args:
      clock: i32[P], `freeze` or `immune` of `state.players`.
    """
    running = ~is_dying(state) if config.lagging_death else True
    return jnp.maximum(clock - running, 0)


def update_status(rules: Rules, state: WorldState, stepping: jax.Array) -> WorldState:
    """Immunity and freeze count down, age counts up, last tick's damage is forgotten (section 4).

    Wilderness is taken from the position before this tick's move.

    Args:
      stepping: bool[P], agents whose turn it is.
    """
    players = state.players
    players = players.replace(
        immune=select(stepping, jnp.maximum(players.immune - 1, 0), players.immune),
        freeze=select(stepping, jnp.maximum(players.freeze - 1, 0), players.freeze),
        wilderness=select(
            stepping, wilderness_at(rules, players.row, players.col), players.wilderness
        ),
        time_alive=players.time_alive + stepping,
        damage=select(stepping, 0, players.damage),
    )
    return state.replace(players=players)
