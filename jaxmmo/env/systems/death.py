"""Deaths: whose time has come, why, and what their lives came to."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.state import WorldState, select
from jaxmmo.env.systems import skills


class Deaths(struct.PyTreeNode):
    """Lives that ended this tick; zero in every other slot."""

    cause: jax.Array  # i32[P]; Cause, NONE where nobody died
    id: jax.Array  # i32[P]
    population: jax.Array  # i32[P]
    lifetime: jax.Array  # i32[P]; decisions taken
    level: jax.Array  # i32[P, S]
    combat_level: jax.Array  # i32[P]
    distance: jax.Array  # i32[P]; steps walked
    explored: jax.Array  # i32[P]; distinct tiles stood on
    damage_dealt: jax.Array  # i32[P]
    damage_taken: jax.Array  # i32[P]
    food_gathered: jax.Array  # i32[P]
    water_gathered: jax.Array  # i32[P]


def on_lava(state: WorldState) -> jax.Array:
    """bool[P]: slots whose position is lava."""
    players = state.players
    return state.terrain.tile[players.row, players.col] & 7 == Material.LAVA


def is_dying(state: WorldState) -> jax.Array:
    """bool[P]: agents without health or on lava (v1.3 section 4a)."""
    return state.players.alive & ((state.players.health <= 0) | on_lava(state))


def cause_of_death(state: WorldState) -> jax.Array:
    """i32[P]: the `Cause` of which each agent is dying, NONE for those who are not.

    Health that fell to 0 without a wound is v1.3's level overflow, which lowers the maximum to 0
    in the constitution update: it counts as starvation.
    """
    players = state.players
    wound = jnp.where(players.wound == Cause.NONE, Cause.STARVATION, players.wound)
    cause = jnp.where(players.health <= 0, wound, Cause.LAVA)
    return jnp.where(is_dying(state), cause, Cause.NONE)


def remove_dead(
    config: EnvConfig, state: WorldState, cause: jax.Array
) -> tuple[WorldState, Deaths]:
    """The dying leave the world; their slots are free from the next tick's spawn on (section 3.5).

    Args:
      cause: i32[P], `Cause` of which each slot dies now, NONE where nobody does.
    """
    players, lives = state.players, state.lives
    dying = cause != Cause.NONE
    record = {
        "cause": cause,
        "id": players.id,
        "population": players.population,
        # in v1.3 the last, lagging tick is a decision too, but does not age the agent
        "lifetime": players.time_alive + int(config.lagging_death),
        "level": players.level,
        "combat_level": skills.combat_level(players.level),
    } | {
        name: getattr(lives, name)
        for name in (
            "distance",
            "explored",
            "damage_dealt",
            "damage_taken",
            "food_gathered",
            "water_gathered",
        )
    }
    deaths = Deaths(
        **{k: select(dying, v, jnp.zeros_like(v, jnp.int32)) for k, v in record.items()}
    )
    return state.replace(players=players.replace(alive=players.alive & ~dying)), deaths
