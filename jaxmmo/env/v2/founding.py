"""Who is there when a world of the second game begins: NPCs first, then players at the edge."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import select
from jaxmmo.env.systems.movement import visit
from jaxmmo.env.systems.spawning import PopulationFn
from jaxmmo.env.v2 import mustering, spawning
from jaxmmo.env.v2.assigning import sample
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Kind
from jaxmmo.env.v2.drawing import anywhere, draw, draws
from jaxmmo.env.v2.games import RECONS
from jaxmmo.env.v2.holding import State, with_world, world_of
from jaxmmo.env.v2.places import edge, quarters, team_spots
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.teams import team_of
from jaxmmo.env.validation import check_population


def first_bodies(
    config: Config, rules: Rules, state: State, key: jax.Array, population_fn: PopulationFn
) -> State:
    """NPCs as far as the first attempts succeed, and all players (section 13).

    Args:
      state: of an empty world.
      key: consumed.
      population_fn: assigns players to populations.
    """
    state = state.replace(next_id=jnp.ones_like(state.next_id))
    players = jnp.arange(config.capacity) + 1
    bodies = state.bodies
    identity = bodies.id.at[: config.capacity].set(players)
    state = state.replace(bodies=bodies.replace(id=identity))
    world = world_of(config, rules, state)
    if config.inhabited and config.npcs == "wild":
        world = spawning.refill(config, rules, world, draw(config, rules, state, key))
    population = population_fn(config, rules, key, players)
    population = check_population(population_fn, population, players)
    placed = jnp.arange(config.capacity) < jnp.minimum(
        config.initial_population, rules.max_population
    )
    world = _place(config, rules, world, key, placed, population)
    if config.inhabited and config.npcs == "soldiers":
        world = mustering.garrison(config, rules, world, draw(config, rules, state, key), key)
    state = with_world(state, world).replace(tasks=sample(key, config, rules, world.bodies))
    here = state.players
    return state.replace(lives=visit(config, state.lives, placed, here.row, here.col))


def _place(
    config: Config,
    rules: Rules,
    world: World,
    key: jax.Array,
    placed: jax.Array,
    population: jax.Array,
) -> World:
    """Players, or teams, take tiles of the edge in a random order; some are resilient."""
    size, bodies = config.capacity, world.bodies
    spots = team_spots(config) if config.teams else edge(config)
    wanted = {"edge": jnp.arange(spots.shape[0]), "resilience": bodies.id[:size]}
    wanted |= {"places": bodies.id[:size]} if config.anywhere else {}
    wanted |= {"recons": bodies.id[:size]} if config.recons else {}
    drawn = draws(key, wanted)
    order = jnp.argsort(drawn["edge"][0])
    team = team_of(config)
    which = team - 1 if config.teams else jnp.arange(size)
    spot = spots[order[which % spots.shape[0]]]
    if config.anywhere:
        spot = anywhere(world.material, drawn["places"][0])
    ranks = jnp.argsort(jnp.argsort(drawn["resilience"][0]))
    spared = (config.capacity * rules.resilient).astype(jnp.int32)
    gold = rules.gold if config.has("exchange") else 0
    values = {
        "alive": True,
        "population": population,
        "team": team,
        "turn": bodies.id[:size],
        "kind": int(Kind.PLAYER),
        "row": spot[:, 0],
        "col": spot[:, 1],
        "spawn_row": spot[:, 0],
        "spawn_col": spot[:, 1],
        "gold": gold,
        "health": rules.full,
        "food": rules.full,
        "water": rules.full,
        "level": 1,
        "resilient": ranks < spared,
    }
    if config.recons:
        values |= _recons(config, drawn["recons"][0], placed, team, spot)
    rows, values["place"] = world.places.take_all(placed, config.resolution == "sequential")
    columns = {}
    for name, value in values.items():
        old = getattr(bodies, name)
        columns[name] = old.at[:size].set(select(placed, value, old[:size]))
    return world.replace(bodies=bodies.replace(**columns), places=rows)


def _recons(
    config: Config, word: jax.Array, placed: jax.Array, team: jax.Array, spot: jax.Array
) -> dict[str, jax.Array]:
    """Four of each team stand frozen on the centres of the quadrants, and cannot be hurt.

    Args:
      word: u32[P], uniform: of each team the first ones in their order are chosen.
      placed: bool[P].
      team: i32[P].
      spot: i32[P, 2], where the others begin.
    """
    slot = jnp.arange(config.capacity)
    before = (word[:, None] < word) | ((word[:, None] == word) & (slot[:, None] < slot))
    rank = (before & placed[:, None] & (team[:, None] == team)).sum(0)
    chosen = placed & (rank < RECONS)
    spot = select(chosen, quarters(config)[jnp.minimum(rank, RECONS - 1)], spot)
    return {
        "kind": jnp.where(chosen, int(Kind.IMMORTAL), int(Kind.PLAYER)),
        "freeze": jnp.where(chosen, NEVER, 0),
        "immortal_until": jnp.where(chosen, NEVER, 0),
        **dict.fromkeys(("row", "spawn_row"), spot[:, 0]),
        **dict.fromkeys(("col", "spawn_col"), spot[:, 1]),
    }
