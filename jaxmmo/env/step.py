"""One tick, as the ordered list of systems: the table of contents of the game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env import random, tick
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import SystemId
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Rolls, WorldState
from jaxmmo.env.systems import spawning
from jaxmmo.env.systems.combat import resolve_attacks
from jaxmmo.env.systems.death import remove_dead
from jaxmmo.env.systems.foraging import forage
from jaxmmo.env.systems.growth import grow
from jaxmmo.env.systems.movement import move_bodies
from jaxmmo.env.systems.spawning import PopulationFn, spawn_agents
from jaxmmo.env.systems.status import update_status
from jaxmmo.env.systems.system import System
from jaxmmo.env.tick import Tick
from jaxmmo.records import Record

SYSTEMS = (
    System("births", spawn_agents, event="newborn"),
    System("doom", tick.doom, event="doomed"),
    System("status", update_status),
    System("foraging", forage, event="harvests"),
    System("movement", move_bodies),
    System("combat", resolve_attacks, event="attacks"),
    System("growth", grow, event="level_ups"),
    System("death", remove_dead, event="deaths"),
)
"""The game of v1.3 (section 3), in the order in which a tick runs."""


def advance(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    intent: Record,
    rolls: Rolls,
    systems: Sequence[System] = SYSTEMS,
) -> tuple[WorldState, Record]:
    """The game: one tick from decoded actions and given random numbers.

    Args:
      intent: what every body is about to do, see `Tick.intent`.
      rolls: every random number of the tick.
      systems: of the game, in order.

    Returns:
      The next state, whose latest observation is still the old one, and the tick's events: what
      the systems report under their names, and `acted` bool[B], who had a decision to take.
    """
    events = Record(acted=state.bodies.alive)
    for system in systems:
        now = Tick(events.acted, intent, rolls, events)
        with jax.named_scope(system.name):
            state, happened = system.run(config, rules, state, now)
        if system.event is not None:
            events = events.replace(**{system.event: happened})
        elif isinstance(happened, Record):
            events = events.replace(**happened)
    return state, events


def draw_rolls(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    key: jax.Array,
    population_fn: PopulationFn,
    systems: Sequence[System] = SYSTEMS,
) -> Rolls:
    """Every random number of a tick, keyed by the ids of bodies.

    Args:
      key: of the tick; consumed.
      population_fn: assigns populations to newborns.
      systems: of the game; added ones draw from streams of their own.
    """
    attack, _ = random.words(key, SystemId.ATTACK, state.bodies.id)
    regrow, _ = random.words(key, SystemId.REGROW, state.bodies.id)
    return Rolls(
        attack=(attack >> 16).astype(jnp.int32),
        regrow=random.regrow_delay(rules.regrow_table, regrow),
        spawns=spawning.draw_spawns(config, rules, state, key, population_fn),
        others=draw_others(config, rules, state, key, systems),
    )


def draw_others(
    config: EnvConfig, rules: Rules, state: WorldState, key: jax.Array, systems: Sequence[System]
) -> Record:
    """The random numbers of systems that draw their own, by name; the key is consumed."""

    def draw(system: System) -> Any:
        stream = random.stream(system.name)
        assert system.draw is not None
        return system.draw(config, rules, state, lambda ids: random.words(key, stream, ids))

    return Record({s.name: draw(s) for s in systems if s.draw is not None})
