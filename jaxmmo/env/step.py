"""One tick, as the ordered list of systems: the table of contents of the game."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import random, terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, SystemId
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Intent, Rolls, Terrain, WorldState
from jaxmmo.env.systems import skills, spawning
from jaxmmo.env.systems.combat import Attacks, resolve_attacks
from jaxmmo.env.systems.death import Deaths, cause_of_death, is_dying, remove_dead
from jaxmmo.env.systems.foraging import Harvests, forage
from jaxmmo.env.systems.movement import move_agents
from jaxmmo.env.systems.spawning import PopulationFn, spawn_agents
from jaxmmo.env.systems.status import update_status

FIRST_ID = 2
"""The id of v1.3's first agent (section 3.1)."""


class Events(struct.PyTreeNode):
    """All that happened in one tick; arrays that cost nothing when nobody reads them."""

    acted: jax.Array  # bool[P]; was alive and had a decision to take
    newborn: jax.Array  # bool[P]; born this tick, acts from the next one on
    harvests: Harvests
    attacks: Attacks
    deaths: Deaths
    level_ups: jax.Array  # i32[P, S]; levels gained (or lost to v1.3's overflow)


def advance(
    config: EnvConfig, rules: Rules, state: WorldState, intent: Intent, rolls: Rolls
) -> tuple[WorldState, Events]:
    """The game: one tick from decoded actions and given random numbers (v1.3 section 3).

    Args:
      intent: what every slot is about to do.
      rolls: every random number of the tick.

    Returns:
      The next state, whose latest observation is still the old one, and the tick's events.
    """
    acted = state.players.alive
    state, newborn = spawn_agents(config, rules, state, rolls.spawns)

    lagging = jnp.where(acted, cause_of_death(state), Cause.NONE)
    stepping = acted & (lagging == Cause.NONE) if config.lagging_death else acted
    state = update_status(rules, state, stepping)
    state, harvests = forage(config, rules, state, stepping, rolls.regrow)

    acting = acted if config.lagging_death else acted & (state.players.health > 0)
    state = move_agents(config, state, acting, intent.move)

    acting = acting if config.lagging_death else acting & ~is_dying(state)
    attackable = state.players.alive if config.lagging_death else acting | newborn
    state, attacks = resolve_attacks(config, rules, state, acting, attackable, intent, rolls.attack)

    level = skills.level_of(rules, state.players.experience)
    level_ups = jnp.where(acted[:, None], level - state.players.level, 0)
    state = state.replace(players=state.players.replace(level=level), tick=state.tick + 1)
    cause = lagging if config.lagging_death else jnp.where(acted, cause_of_death(state), Cause.NONE)
    state, deaths = remove_dead(config, state, cause)
    return state, Events(acted, newborn, harvests, attacks, deaths, level_ups)


def draw_rolls(
    config: EnvConfig, rules: Rules, state: WorldState, key: jax.Array, population_fn: PopulationFn
) -> Rolls:
    """Every random number of a tick, keyed by the ids of agents.

    Args:
      key: of the tick; consumed.
      population_fn: assigns populations to newborns.
    """
    attack, _ = random.words(key, SystemId.ATTACK, state.players.id)
    regrow, _ = random.words(key, SystemId.REGROW, state.players.id)
    return Rolls(
        attack=(attack >> 16).astype(jnp.int32),
        regrow=random.regrow_delay(rules.regrow_table, regrow),
        spawns=spawning.draw_spawns(config, rules, state, key, population_fn),
    )


def empty_state(config: EnvConfig, ground: Terrain) -> WorldState:
    """A world before its first tick with nobody in it.

    Args:
      ground: the map.
    """
    zero = jnp.zeros((), jnp.int32)
    return WorldState(
        tick=zero,
        next_id=zero + FIRST_ID,
        terrain=ground,
        players=spawning.empty_players(config),
        lives=spawning.empty_lives(config),
        order=jnp.arange(config.capacity),
        seen=jnp.full((config.capacity, config.max_visible), config.capacity, jnp.int32),
        lost_spawns=zero,
    )


def first_state(
    config: EnvConfig,
    rules: Rules,
    key: jax.Array,
    material: jax.Array | None,
    population_fn: PopulationFn,
) -> WorldState:
    """A new world: empty but for the first spawn attempts, or with an initial population.

    Args:
      key: consumed.
      material: u8[H, W], or None to generate a map.
      population_fn: assigns populations to newborns.
    """
    if material is None:
        material = terrain.generate(key, config, rules)
    state = empty_state(config, terrain.from_material(material))
    if config.initial_population:
        return spawning.populate(config, rules, state, key)
    spawns = spawning.draw_spawns(config, rules, state, key, population_fn)
    return spawn_agents(config, rules, state, spawns)[0]
