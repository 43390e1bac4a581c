"""A whole recorded run, replayed from the empty world on its recorded random numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env import terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Outcome
from jaxmmo.env.registry import find
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Rolls, Spawns, WorldState
from jaxmmo.env.step import advance
from jaxmmo.env.systems import spawning
from tests.conformance import recordings
from tests.conformance.report import Report
from tests.conformance.transitions import PLAYER_FIELDS, RENAMED

SCALARS = ("map", "NENT", "NPOP")
BY_TICK = ("spawn", "act_move", "act_style", "act_target", "roll_attack_k")
EXPECTED = ("acted", "alive", "died", "dmg", "exp", "state", "tile_index")


def check(path: str | Path) -> Report:
    """Every tick of a recorded run: births, deaths, every field of every agent, and every tile."""
    recorded = recordings.load(path, (*SCALARS, *BY_TICK, *EXPECTED, "roll_regrow_k", "fields"))
    unknown = sorted(set(recorded["fields"].tolist()) ^ set(PLAYER_FIELDS))
    if unknown:
        raise ValueError(f"{path}: fields must be {PLAYER_FIELDS}; missing or unknown: {unknown}")
    got = replay(recorded)
    count = len(recorded["spawn"])
    report = Report("trace", "tick", np.ones(count, bool))
    for name in ("alive", "died", "acted"):
        report.compare(name, got[name], recorded[name])
    alive = recorded["alive"]
    for column, name in enumerate(recorded["fields"].tolist()):
        report.compare(name, got[name], recorded["state"][..., column], alive)
    report.compare("exp", got["exp"], recorded["exp"], alive)
    report.compare("dmg", got["dmg"], recorded["dmg"], recorded["acted"])
    report.compare("tile_index", got["tile_index"], recorded["tile_index"])
    report.compare("lost_spawns", got["lost_spawns"], np.zeros(count, int))
    report.extra["agent_ticks"] = int(alive.sum())
    report.extra["deaths"] = int(recorded["died"].sum())
    return report


def replay(recorded: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What jaxmmo makes of a run: [ticks, ids, ...] under the recording's names."""
    material = recordings.maps()[int(recorded["map"])]
    limit = int(recorded["NENT"])
    peak = (
        int(recorded["alive"].sum(1).max(initial=0)) + 1
    )  # a birth comes before the tick's deaths
    config = recordings.config(
        *material.shape,
        capacity=min(limit, 2 * peak),
        resolution="sequential",
        num_populations=int(recorded["NPOP"]),
    )
    # the recorded limit, which is more than ever live at once and than there are slots for
    rules = find(config).default_rules().replace(max_population=jnp.int32(limit))
    given = {name: jnp.asarray(recorded[name], jnp.int32) for name in BY_TICK}
    given["delay"] = jnp.asarray(regrow_delays(recorded["roll_regrow_k"]))
    run = jax.jit(partial(_run, config, rules))
    return jax.device_get(run(jnp.asarray(material), given))


def regrow_delays(rolls: np.ndarray) -> np.ndarray:
    """i32[T, H, W]: ticks until a tile harvested in tick t regrows, from the recorded rolls.

    The first successful roll from tick t on, t itself included, is what the delay looks ahead to.
    """
    success = np.asarray(recordings.regrows(jnp.asarray(rolls)))
    delays = np.full(rolls.shape, recordings.LATER, np.int32)
    later = np.full(rolls.shape[1:], recordings.LATER, np.int32)
    for tick in reversed(range(len(rolls))):
        later = np.where(success[tick], 1, np.minimum(later + 1, recordings.LATER))
        delays[tick] = later
    return delays


def _run(
    config: EnvConfig, rules: Rules, material: jax.Array, given: dict[str, jax.Array]
) -> dict[str, jax.Array]:
    """All ticks in one scan."""
    state = find(config).empty_state(terrain.from_material(material))
    first, rest = (
        jax.tree.map(lambda value: value[0], given),
        jax.tree.map(lambda value: value[1:], given),
    )
    num_ids = given["act_move"].shape[1]
    state, _ = spawning.spawn(config, rules, state, _spawns(config, first["spawn"]))
    nothing = jnp.zeros(num_ids, bool)
    row0 = _row(config, state, num_ids) | {
        "acted": nothing,
        "died": nothing,
        "dmg": jnp.full(num_ids, -1),
    }
    _, rows = jax.lax.scan(partial(_tick, config, rules), state, rest)
    return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), row0, rows)


def _tick(
    config: EnvConfig, rules: Rules, state: WorldState, given: dict[str, jax.Array]
) -> tuple[WorldState, dict[str, jax.Array]]:
    """One recorded tick: ids become slots, and slots ids again."""
    players, num_ids = state.players, given["act_move"].shape[0]
    slots = jnp.arange(config.capacity)
    slot_of = _by_id(players.alive, players.id, slots, num_ids, config.capacity)
    mine = {name: value[players.id] for name, value in given.items() if name in BY_TICK[1:]}
    target = jnp.where(mine["act_target"] >= 0, slot_of[mine["act_target"]], -1)
    target = jnp.where(target == config.capacity, -1, target)
    rolls = Rolls(
        attack=recordings.attack_rolls(mine["roll_attack_k"]),
        regrow=given["delay"][players.row, players.col],
        spawns=_spawns(config, given["spawn"]),
    )
    intent = recordings.intent(config, mine["act_move"], mine["act_style"], target)
    after, events = advance(config, rules, state, intent, rolls)
    rolled = events.attacks.outcome >= Outcome.MISS
    damage = jnp.where(rolled, events.attacks.damage, -1)
    dead = events.deaths.cause != Cause.NONE
    return after, _row(config, after, num_ids) | {
        "acted": _by_id(events.acted, players.id, True, num_ids, False),
        "died": _by_id(dead, events.deaths.id, True, num_ids, False),
        "dmg": _by_id(events.acted, players.id, damage, num_ids, -1),
    }


def _row(config: EnvConfig, state: WorldState, num_ids: int) -> dict[str, jax.Array]:
    """A state under the recording's names, agents by id."""
    players = state.players
    columns = {name: getattr(players, RENAMED.get(name, name)) for name in PLAYER_FIELDS}
    columns["exp"] = players.experience
    row = {
        name: _by_id(players.alive, players.id, value, num_ids, 0)
        for name, value in columns.items()
    }
    return row | {
        "alive": _by_id(players.alive, players.id, True, num_ids, False),
        "tile_index": state.terrain.visible(state.tick),
        "lost_spawns": state.lost_spawns,
    }


def _by_id(mask, ids, values, num_ids: int, default) -> jax.Array:
    """[num_ids, ...]: the masked slots' values in the order of ids, `default` elsewhere."""
    values = jnp.asarray(values)
    empty = jnp.full((num_ids, *values.shape[1:]), default, values.dtype)
    return empty.at[jnp.where(mask, ids, num_ids)].set(values, mode="drop")


def _spawns(config: EnvConfig, recorded: jax.Array) -> Spawns:
    """A recorded birth; a refused one, all -1, becomes an attempt of no population."""
    _, population, row, col = recorded
    refused = population < 0
    return Spawns(
        population=jnp.where(refused, config.num_populations, population)[None],
        row=jnp.where(refused, 0, row)[None],
        col=jnp.where(refused, 0, col)[None],
    )
