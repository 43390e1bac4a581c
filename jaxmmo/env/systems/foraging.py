"""Food, water, and health: constitution, fishing and hunting, in this order (v1.3 section 4c)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Material, Skill
from jaxmmo.env.levels import learn
from jaxmmo.env.rules import NEVER, Rules
from jaxmmo.env.state import Terrain, WorldState, max_at, select, set_at
from jaxmmo.env.tick import Tick, stepping


class Harvests(struct.PyTreeNode):
    """What foraging brought each slot this tick; zero where it brought nothing."""

    harvested: jax.Array  # bool[B]; consumed the forest tile it stood on
    food: jax.Array  # i32[B]
    water: jax.Array  # i32[B]


def forage(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, Harvests]:
    """Bodies heal or starve, then agents drink beside water and eat the forest they stand on.

    Healing and starving read last tick's food and water. Water never runs out; a forest feeds one
    agent, the oldest on the tile, and is scrub until it regrows.
    """
    mine = stepping(config, tick)
    state = _constitution(rules, state, mine)
    bodies = state.bodies
    tile = state.terrain.tile[bodies.row, bodies.col]
    level = bodies.level

    thirst = jnp.maximum(bodies.water - rules.water_decay, 0)
    drunk = jnp.minimum(
        level[:, Skill.FISHING] - thirst, rules.resource_restore[level[:, Skill.FISHING]]
    )
    drunk = jnp.where(tiles.near_water(tile) & mine, drunk, 0)

    terrain, harvested = harvest(config, state, mine, Material.FOREST, tick.rolls.regrow)
    hunger = jnp.maximum(bodies.food - rules.food_decay, 0)
    eaten = jnp.minimum(
        level[:, Skill.HUNTING] - hunger, rules.resource_restore[level[:, Skill.HUNTING]]
    )
    eaten = jnp.where(harvested, eaten, 0)

    experience = bodies.experience
    for skill, gathered in ((Skill.FISHING, drunk), (Skill.HUNTING, eaten)):
        learnt = learn(experience[:, skill], rules.forage_experience * gathered)
        experience = experience.at[:, skill].set(learnt)
    bodies = bodies.replace(
        water=select(mine, thirst + drunk, bodies.water),
        water_max=select(mine, level[:, Skill.FISHING], bodies.water_max),
        food=select(mine, hunger + eaten, bodies.food),
        food_max=select(mine, level[:, Skill.HUNTING], bodies.food_max),
        experience=experience,
    )
    lives, players = state.lives, slice(config.capacity)
    lives = lives.replace(
        food_gathered=lives.food_gathered + jnp.maximum(eaten[players], 0),
        water_gathered=lives.water_gathered + jnp.maximum(drunk[players], 0),
    )
    state = state.replace(bodies=bodies, lives=lives, terrain=terrain)
    return state, Harvests(harvested=harvested, food=eaten, water=drunk)


def _constitution(rules: Rules, state: WorldState, mine: jax.Array) -> WorldState:
    """Health regenerates above half of food and water, and falls when either is gone."""
    bodies = state.bodies
    level = bodies.level[:, Skill.CONSTITUTION]
    divisor = rules.regeneration_divisor
    fed = (bodies.food > bodies.food_max // divisor) & (bodies.water > bodies.water_max // divisor)
    healed = jnp.minimum(level, bodies.health + rules.health_restore[level])
    health = jnp.where(fed, healed, bodies.health)
    starved = jnp.where(bodies.food <= 0, rules.starvation_damage, 0)
    parched = jnp.where(bodies.water <= 0, rules.dehydration_damage, 0)
    after_hunger = jnp.maximum(health - starved, 0)
    after_thirst = jnp.maximum(after_hunger - parched, 0)
    wound = jnp.where(
        (health > 0) & (after_hunger <= 0),
        Cause.STARVATION,
        jnp.where((after_hunger > 0) & (after_thirst <= 0), Cause.DEHYDRATION, bodies.wound),
    )
    bodies = bodies.replace(
        health=select(mine, after_thirst, bodies.health),
        health_max=select(mine, level, bodies.health_max),
        wound=select(mine, wound, bodies.wound),
    )
    return state.replace(bodies=bodies)


def harvest(
    config: EnvConfig, state: WorldState, hungry: jax.Array, material: int, regrow: jax.Array
) -> tuple[Terrain, jax.Array]:
    """Gives each ripe tile of a material to the oldest of those on it who want it.

    The claims go through `ripe_at` itself (a live tile's value is past, so any claim exceeds it):
    no array of tiles or of pairs of bodies is made.

    Args:
      hungry: bool[B], who wants what it stands on.
      material: what is harvested.
      regrow: i32[B], ticks until the tile that a slot harvests is ripe again.

    Returns:
      The terrain, in which the tile is depleted, and bool[B]: who harvested.
    """
    bodies, terrain = state.bodies, state.terrain
    tile = terrain.tile[bodies.row, bodies.col]
    ripe = terrain.ripe_at[bodies.row, bodies.col] <= state.tick
    hungry = hungry & (tiles.material(tile) == material) & ripe
    ready = (state.tick + regrow).astype(jnp.int32)
    ready = jnp.where(regrow >= NEVER - state.tick, NEVER, ready)
    row = jnp.where(hungry, bodies.row, config.height)
    claim = NEVER - bodies.id
    claimed = max_at(terrain.ripe_at, (row, bodies.col), claim)
    harvested = hungry & (claimed[bodies.row, bodies.col] == claim)
    row = jnp.where(harvested, bodies.row, config.height)
    return terrain.replace(ripe_at=set_at(claimed, (row, bodies.col), ready)), harvested
