"""Hand-built worlds of a few agents, and one tick of them on chosen random numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxmmo
from jaxmmo.env import levels as leveling
from jaxmmo.env import terrain
from jaxmmo.env.constants import Material, Move, Skill
from jaxmmo.env.environment import Environment
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Rolls, Spawns, WorldState
from jaxmmo.env.step import advance
from jaxmmo.records import Record
from tests.env.things import GAME

V13, V1 = "NeuralMMO-v1.3", "JaxMMO-v1"
PRESETS = (V13, V1)
GAMES = {V13: V13, V1: V1, "things": GAME}
RESOLUTION = {V13: "sequential", V1: "simultaneous", "things": "simultaneous"}
SIDE = 15
SLOTS = 4
SPAWNS = 3
HIT, MISS = 0, 2**16 - 1
FIRST_ID = 2


@lru_cache
def environment(
    preset: str | Preset, resolution: str = "simultaneous", **overrides: Any
) -> Environment:
    """A small world: 15x15 tiles, two of them lava on each side, four slots, two populations."""
    sizes: dict[str, Any] = {
        "height": SIDE,
        "width": SIDE,
        "border": 2,
        "vision": 5,
        "capacity": SLOTS,
        "max_spawns": SPAWNS,
        "num_populations": 2,
    }
    return jaxmmo.make(preset, resolution=resolution, **(sizes | overrides))


def crowd(game: str, capacity: int = 12) -> Environment:
    """A small world for many; one game resolves ticks in one way and the others in the other.

    Args:
      game: of GAMES.
      capacity: slots of players.
    """
    sizes: dict[str, Any] = {"capacity": capacity, "max_visible": 6, "max_spawns": 2}
    return environment(GAMES[game], RESOLUTION[game], **sizes)


def ground(tiles: dict[tuple[int, int], Material] | None = None, side: int = SIDE) -> np.ndarray:
    """u8[side, side]: grass within a lava border of two tiles, but for the given tiles."""
    material = np.full((side, side), Material.LAVA, np.uint8)
    material[2:-2, 2:-2] = Material.GRASS
    for place, kind in (tiles or {}).items():
        material[place] = kind
    return material


def world(
    env: Environment,
    *agents: dict[str, Any],
    tiles: dict[tuple[int, int], Material] | None = None,
    rules: Rules | None = None,
    tick: int = 0,
    depleted: dict[tuple[int, int], int] | None = None,
) -> WorldState:
    """A world whose agents are given by the fields in which they differ from a newborn's.

    Agents fill the slots from 0 on, with ids from 2 on, at (7, 7) and without immunity.

    Args:
      agents: fields of `Bodies`; `level` is a dict of skills and sets the experience.
      tiles: materials other than grass.
      rules: the environment's own if omitted.
      tick: of the world.
      depleted: forests that are scrub, with the tick at which they will be ripe.
    """
    rules = rules or _rules(env)
    land = terrain.from_material(jnp.asarray(ground(tiles, env.config.height)))
    for place, ripe_at in (depleted or {}).items():
        land = land.replace(ripe_at=land.ripe_at.at[place].set(ripe_at))
    state = env.preset.empty_state(land)
    values = {name: np.asarray(value).copy() for name, value in vars(state.players).items()}
    for slot, agent in enumerate(agents):
        newborn = {"alive": True, "id": FIRST_ID + slot, "row": 7, "col": 7, "wilderness": -1}
        resources = ("food", "water", "health")
        newborn |= dict.fromkeys((*resources, *(f"{name}_max" for name in resources)), 10)
        agent = dict(agent)
        experience = np.asarray(rules.initial_experience).copy()
        for skill, level in agent.pop("level", {}).items():
            experience[skill] = rules.experience_thresholds[level - 1]
        for name, value in ({"experience": experience} | newborn | agent).items():
            values[name][slot] = value
    players = state.players.replace(**{name: jnp.asarray(value) for name, value in values.items()})
    players = players.replace(level=leveling.level_of(rules, players.experience))
    next_id = jnp.max(players.id) + 1 if agents else jnp.int32(FIRST_ID)
    state = state.replace(tick=jnp.int32(tick), next_id=next_id, players=players)
    return observer(env)(state, rules)[1]


def play(
    env: Environment,
    state: WorldState,
    *,
    moves: dict[int, Move] | None = None,
    attacks: Mapping[int, tuple[int, int]] | None = None,
    rolls: dict[int, int] | None = None,
    regrow: int = 10,
    spawns: list[tuple[int, int, int]] | None = None,
    rules: Rules | None = None,
) -> tuple[WorldState, Record]:
    """One tick on chosen random numbers.

    Args:
      moves: by slot.
      attacks: (style, slot attacked) by slot of the attacker.
      rolls: HIT or MISS by slot of the attacker; hits if omitted.
      regrow: ticks until a tile harvested now regrows.
      spawns: (population, row, col) of each attempt.
      rules: the environment's own if omitted.
    """
    config, bodies = env.config, env.config.bodies
    move = np.zeros(bodies, np.int32)
    style = np.zeros(bodies, np.int32)
    target = np.full(bodies, bodies, np.int32)
    roll = np.full(bodies, HIT, np.int32)
    for slot, value in (moves or {}).items():
        move[slot] = value
    for slot, value in (attacks or {}).items():
        style[slot], target[slot] = value
    for slot, value in (rolls or {}).items():
        roll[slot] = value
    attempts = np.full((config.max_spawns, 3), (config.num_populations, 0, 0), np.int32)
    for i, attempt in enumerate(spawns or []):
        attempts[i] = attempt
    injected = Rolls(
        attack=jnp.asarray(roll),
        regrow=jnp.full(bodies, regrow, jnp.int32),
        spawns=Spawns(*jnp.asarray(attempts.T)),
    )
    rules = rules or _rules(env)
    intent = Record(move=jnp.asarray(move), style=jnp.asarray(style), target=jnp.asarray(target))
    state, events = _advance(env)(rules, state, intent, injected)
    return observer(env)(state, rules)[1], events


def reset(env: Environment, seed: int, rules: Rules | None = None, material=None) -> WorldState:
    """The state of a new world."""
    material = jnp.asarray(ground() if material is None else material)
    return _reset(env)(jax.random.key(seed), rules or _rules(env), material)[1]


TRACES: Counter[Environment] = Counter()


@lru_cache
def stepper(env: Environment):
    """The environment's compiled step; TRACES counts how often it is traced."""

    def step(*args):
        TRACES[env] += 1
        return env.step(*args)

    return jax.jit(step)


@lru_cache
def observer(env: Environment):
    """The environment's compiled observe, which wants its rules."""
    return jax.jit(env.observe)


@lru_cache
def digester(env: Environment):
    """The environment's compiled digest."""
    return jax.jit(env.digest)


@lru_cache
def _rules(env: Environment) -> Rules:
    return env.default_rules()


@lru_cache
def _advance(env: Environment):
    return jax.jit(partial(advance, env.config, systems=env.preset.systems))


@lru_cache
def _reset(env: Environment):
    return jax.jit(env.reset)


def row_of(state: WorldState, slot: int, other: int) -> int:
    """Row of `other` in the table that `slot` observes."""
    (rows,) = np.nonzero(np.asarray(state.views["agent"].slots[slot]) == other)
    return int(rows[0])


def starved(**fields: Any) -> dict[str, Any]:
    """An agent with neither food nor water."""
    return {"food": 0, "water": 0} | fields


def levels(**named: int) -> dict[Skill, int]:
    """Levels by the names of skills."""
    return {Skill[name.upper()]: level for name, level in named.items()}
