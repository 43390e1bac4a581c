"""Food, water, and health: constitution, fishing and hunting, in this order (v1.3 section 4c)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Material, Skill
from jaxmmo.env.rules import NEVER, Rules
from jaxmmo.env.state import Terrain, WorldState, select


class Harvests(struct.PyTreeNode):
    """What foraging brought each slot this tick; zero where it brought nothing."""

    harvested: jax.Array  # bool[P]; consumed the forest tile it stood on
    food: jax.Array  # i32[P]
    water: jax.Array  # i32[P]


def forage(
    config: EnvConfig, rules: Rules, state: WorldState, stepping: jax.Array, regrow: jax.Array
) -> tuple[WorldState, Harvests]:
    """Bodies heal or starve, then agents drink beside water and eat the forest they stand on.

    Healing and starving read last tick's food and water. Water never runs out; a forest feeds one
    agent, the oldest on the tile, and is scrub until it regrows.

    Args:
      stepping: bool[P], agents whose turn it is.
      regrow: i32[P], ticks until the tile a slot harvests regrows.
    """
    state = _constitution(rules, state, stepping)
    players = state.players
    row, col = players.row, players.col
    tile = state.terrain.tile[row, col]
    level = players.level

    near_water = (tile >> 3) & 1 == 1
    thirst = jnp.maximum(players.water - rules.water_decay, 0)
    drunk = jnp.minimum(
        level[:, Skill.FISHING] - thirst, rules.resource_restore[level[:, Skill.FISHING]]
    )
    drunk = jnp.where(near_water & stepping, drunk, 0)

    ripe = (tile & 7 == Material.FOREST) & (state.terrain.ripe_at[row, col] <= state.tick)
    ready = (state.tick + regrow).astype(jnp.int32)
    ready = jnp.where(regrow >= NEVER - state.tick, NEVER, ready)
    terrain, harvested = _harvest(config, state.terrain, stepping & ripe, players, ready)
    hunger = jnp.maximum(players.food - rules.food_decay, 0)
    eaten = jnp.minimum(
        level[:, Skill.HUNTING] - hunger, rules.resource_restore[level[:, Skill.HUNTING]]
    )
    eaten = jnp.where(harvested, eaten, 0)

    experience = players.experience.at[:, Skill.FISHING].add(rules.forage_experience * drunk)
    experience = experience.at[:, Skill.HUNTING].add(rules.forage_experience * eaten)
    players = players.replace(
        water=select(stepping, thirst + drunk, players.water),
        water_max=select(stepping, level[:, Skill.FISHING], players.water_max),
        food=select(stepping, hunger + eaten, players.food),
        food_max=select(stepping, level[:, Skill.HUNTING], players.food_max),
        experience=experience,
    )
    lives = state.lives.replace(
        food_gathered=state.lives.food_gathered + jnp.maximum(eaten, 0),
        water_gathered=state.lives.water_gathered + jnp.maximum(drunk, 0),
    )
    state = state.replace(players=players, lives=lives, terrain=terrain)
    return state, Harvests(harvested=harvested, food=eaten, water=drunk)


def _constitution(rules: Rules, state: WorldState, stepping: jax.Array) -> WorldState:
    """Health regenerates above half of food and water, and falls when either is gone."""
    players = state.players
    level = players.level[:, Skill.CONSTITUTION]
    divisor = rules.regeneration_divisor
    fed = (players.food > players.food_max // divisor) & (
        players.water > players.water_max // divisor
    )
    healed = jnp.minimum(level, players.health + rules.health_restore[level])
    health = jnp.where(fed, healed, players.health)
    starved = jnp.where(players.food <= 0, rules.starvation_damage, 0)
    parched = jnp.where(players.water <= 0, rules.dehydration_damage, 0)
    after_hunger = jnp.maximum(health - starved, 0)
    after_thirst = jnp.maximum(after_hunger - parched, 0)
    wound = jnp.where(
        (health > 0) & (after_hunger <= 0),
        Cause.STARVATION,
        jnp.where((after_hunger > 0) & (after_thirst <= 0), Cause.DEHYDRATION, players.wound),
    )
    players = players.replace(
        health=select(stepping, after_thirst, players.health),
        health_max=select(stepping, level, players.health_max),
        wound=select(stepping, wound, players.wound),
    )
    return state.replace(players=players)


def _harvest(
    config: EnvConfig, terrain: Terrain, hungry: jax.Array, players, ready: jax.Array
) -> tuple[Terrain, jax.Array]:
    """Gives each contested tile to its oldest claimant and writes when it will be ripe again.

    The claims go through `ripe_at` itself (a live tile's value is past, so any claim exceeds it):
    no array of tiles or of pairs of agents is made.

    Returns:
      The terrain, and bool[P]: who harvested.
    """
    row = jnp.where(hungry, players.row, config.height)
    claim = NEVER - players.id
    claimed = terrain.ripe_at.at[row, players.col].max(claim, mode="drop")
    harvested = hungry & (claimed[players.row, players.col] == claim)
    row = jnp.where(harvested, players.row, config.height)
    return terrain.replace(ripe_at=claimed.at[row, players.col].set(ready, mode="drop")), harvested
