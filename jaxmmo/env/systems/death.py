"""Deaths: who leaves the world, why, and what their lives came to."""

from __future__ import annotations

import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause
from jaxmmo.env.levels import combat_level
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, select
from jaxmmo.env.state.table import reported
from jaxmmo.env.tick import Tick, decisions_taken, leaving
from jaxmmo.records import Record


def remove_dead(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, Record]:
    """The dying leave the world; their slots are free from the next tick's spawn on (section 3.5).

    Returns:
      The state, and the report of the players' lives that ended, zero in every other slot: i32[P]
      `cause` (`Cause`), `lifetime` (decisions taken), `combat_level`, and every column that is
      declared as told at death: of the body, such as `id` and `level`, and of the life.
    """
    del rules
    bodies, players = state.bodies, state.players
    cause = leaving(config, state, tick)
    gone = cause != Cause.NONE
    died = gone[: config.capacity]
    deaths = Record(
        cause=cause[: config.capacity],
        lifetime=select(
            died, decisions_taken(config, players.time_alive), jnp.zeros_like(players.id)
        ),
        combat_level=select(died, combat_level(players.level), jnp.zeros_like(players.id)),
        **reported(players, died),
        **reported(state.lives, died),
    )
    return state.replace(bodies=bodies.replace(alive=bodies.alive & ~gone)), deaths
