"""Births: where, in which population, and whether there is room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env import random, terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import SystemId
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import (
    Birth,
    Bodies,
    BodyKind,
    Spawns,
    WorldState,
    add_at,
    compact,
    count_before,
)
from jaxmmo.env.state.table import born
from jaxmmo.env.systems import movement
from jaxmmo.env.tick import Tick
from jaxmmo.env.validation import check_population

PopulationFn = Callable[[Any, Any, jax.Array, jax.Array], jax.Array]
"""(config, rules, key, ids i32[N]) -> i32[N]: the population of each newborn."""


def random_population(config: EnvConfig, rules: Rules, key: jax.Array, ids: jax.Array) -> jax.Array:
    """Each newborn joins a population at random, as v1.3's string hash does (section 0.8)."""
    del rules
    word, _ = random.words(key, SystemId.POPULATION, ids)
    return random.below(word, config.num_populations)


def draw_spawns(
    config: EnvConfig, rules: Rules, state: WorldState, key: jax.Array, population_fn: PopulationFn
) -> Spawns:
    """Spawn positions are uniform over the four sides of the ring; corners count twice (section 3).

    Args:
      key: consumed.
      population_fn: assigns populations.

    Returns:
      The tick's attempts; those beyond `rules.spawn_attempts` are not made.
    """
    order = jnp.arange(config.max_spawns)
    ids = state.next_id + order
    word, _ = random.words(key, SystemId.SPAWN, ids)
    low = config.border
    last_row, last_col = config.height - 1 - low, config.width - 1 - low
    tall, wide = last_row - low + 1, last_col - low + 1
    index = random.below(word, 2 * (tall + wide))
    vertical = index < 2 * tall  # the west and east sides, then the north and south sides
    far = jnp.where(vertical, index >= tall, index - 2 * tall >= wide)
    row = jnp.where(vertical, low + index % tall, jnp.where(far, last_row, low))
    col = jnp.where(vertical, jnp.where(far, last_col, low), low + (index - 2 * tall) % wide)
    population = population_fn(config, rules, key, ids)
    population = check_population(population_fn, population, ids)
    made = order < rules.spawn_attempts
    return Spawns(jnp.where(made, population, config.num_populations), row, col)


def population_limit(config: EnvConfig, rules: Rules) -> jax.Array:
    """i32[]: how many of one population may live: an equal part of the limit, rounded down.

    At least one, unlike in v1.3, where nobody is born while the limit is below the number of
    populations: small worlds would stay empty for ever.
    """
    return jnp.maximum(rules.max_population // config.num_populations, 1)


def spawn_agents(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, jax.Array]:
    """Newborns appear while their population and the world have room (v1.3 section 3.1).

    Attempts are taken in order; a refused one still uses up its id.

    Returns:
      The state, and bool[B]: the slots of newborns.
    """
    return spawn(config, rules, state, tick.rolls.spawns)


def spawn(
    config: EnvConfig, rules: Rules, state: WorldState, spawns: Spawns
) -> tuple[WorldState, jax.Array]:
    """Newborns from given attempts; see `spawn_agents`."""
    accepted = accept(config, rules, living(config, state.players), spawns)
    return settle(config, rules, state, spawns, accepted)


def living(config: EnvConfig, players: Bodies) -> jax.Array:
    """i32[populations]: how many of each population are alive."""
    member_of = jnp.where(players.alive, players.population, config.num_populations)
    return add_at(jnp.zeros(config.num_populations, jnp.int32), member_of, 1)


def accept(config: EnvConfig, rules: Rules, living: jax.Array, spawns: Spawns) -> jax.Array:
    """bool[spawns]: the attempts for which their population and the world have room.

    Args:
      living: i32[populations], how many of each there are in the world.
      spawns: the tick's attempts.
    """
    populations = jnp.arange(config.num_populations)
    member = spawns.population[:, None] == populations[None]  # spawns x populations
    room = population_limit(config, rules) - living
    rank = jnp.cumsum(member, 0)
    accepted = jnp.any(member & (rank <= room[None]), 1)
    return accepted & (jnp.cumsum(accepted) <= rules.max_population - jnp.sum(living))


def settle(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    spawns: Spawns,
    accepted: jax.Array,
    visit: movement.Visit = movement.visit,
) -> tuple[WorldState, jax.Array]:
    """The n-th accepted attempt takes the n-th empty slot; see `spawn_agents`.

    Args:
      spawns: the tick's attempts, all of which use up an id.
      accepted: bool[spawns], those that come to something here.
      visit: see `movement.move_bodies`.
    """
    players = state.players
    vacancy = count_before(~players.alive)
    num_born = jnp.minimum(jnp.sum(accepted), jnp.sum(~players.alive))
    lost = jnp.sum(accepted) - num_born
    attempts = compact(accepted, jnp.cumsum(accepted) - 1, config.max_spawns)
    newborn = ~players.alive & (vacancy < num_born)
    last = config.max_spawns - 1
    attempt = jnp.minimum(attempts, last)[jnp.minimum(vacancy, last)]
    state = place(
        config,
        rules,
        state,
        newborn,
        config.max_spawns,
        visit,
        id=state.next_id + attempt,
        population=spawns.population[attempt],
        row=spawns.row[attempt],
        col=spawns.col[attempt],
    )
    made = jnp.sum((spawns.population >= 0) & (spawns.population < config.num_populations))
    made = jnp.maximum(made, jnp.minimum(rules.spawn_attempts, config.max_spawns))
    state = state.replace(next_id=state.next_id + made, lost_spawns=state.lost_spawns + lost)
    return state, jnp.pad(newborn, (0, config.npc_capacity))


def place(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    newborn: jax.Array,
    most: int,
    visit: movement.Visit = movement.visit,
    **given: Any,
) -> WorldState:
    """Writes newborn players, full of everything and immune, into their slots (section 2).

    Args:
      newborn: bool[P], at most `most` of them.
      most: an upper bound that is known when compiling.
      visit: see `movement.move_bodies`.
      **given: i32[P], read where `newborn`: id, population, row and col.
    """
    birth = Birth(config, rules)
    players = born(state.players, birth, newborn, most, kind=int(BodyKind.PLAYER), **given)
    lives = born(state.lives, birth, newborn, most)
    lives = visit(config, lives, newborn, players.row, players.col)
    return state.replace(players=players, lives=lives)


def populate(config: EnvConfig, rules: Rules, state: WorldState, key: jax.Array) -> WorldState:
    """Fills an empty world with `initial_population` agents, uniform over walkable dry tiles.

    Populations take turns. No more than `rules.max_population` are placed, and none beyond their
    population's part of it. On a map without a walkable tile inside the border nobody is placed.
    """
    ground = terrain.habitable(state.terrain)
    count = jnp.cumsum(ground.reshape(-1).astype(jnp.int32))
    placed, nth = founders(config, rules, state.next_id, key, count[-1])
    slots = jnp.arange(config.capacity)
    index = jnp.searchsorted(count, nth, side="right")
    state = place(
        config,
        rules,
        state,
        placed,
        config.capacity,
        id=state.next_id + slots,
        population=slots % config.num_populations,
        row=index // config.width,
        col=index % config.width,
    )
    return state.replace(next_id=state.next_id + jnp.sum(placed))


def founders(
    config: EnvConfig, rules: Rules, next_id: jax.Array, key: jax.Array, ground: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """bool[P], who is placed into an empty world, and i32[P], on which of its walkable dry tiles.

    Args:
      next_id: i32[], id of the first.
      key: consumed.
      ground: i32[], how many such tiles there are.
    """
    slots = jnp.arange(config.capacity)
    order = slots // config.num_populations
    placed = (slots < config.initial_population) & (slots < rules.max_population)
    placed &= order < population_limit(config, rules)
    placed &= ground > 0
    word, _ = random.words(key, SystemId.POPULATE, next_id + slots)
    return placed, random.below(word, jnp.maximum(ground, 1))


def first_agents(
    config: EnvConfig, rules: Rules, state: WorldState, key: jax.Array, population_fn: PopulationFn
) -> WorldState:
    """A new world's agents: its initial population, or the first spawn attempts; key consumed."""
    if config.initial_population:
        return populate(config, rules, state, key)
    return spawn(config, rules, state, draw_spawns(config, rules, state, key, population_fn))[0]
