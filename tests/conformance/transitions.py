"""Single recorded ticks: the state before, every random number, and the state after."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env import terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Outcome
from jaxmmo.env.levels import level_of
from jaxmmo.env.registry import find
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Rolls, Spawns, WorldState
from jaxmmo.env.step import advance
from tests.conformance import recordings
from tests.conformance.report import Report

PLAYER_FIELDS = (
    *("r", "c", "food", "water", "health", "food_max", "water_max", "health_max"),
    *("freeze", "immune", "wilderness", "time_alive", "damage"),
)
RENAMED = {"r": "row", "c": "col"}
AFTER_FIELDS = (*PLAYER_FIELDS, "dexp", "level", "dead", "dmg", "depleted")
INPUTS = (
    *("valid", "pop", "material", "before_depleted", "before_exp"),
    *("act_move", "act_style", "act_target", "roll_attack_k", "roll_regrow_k"),
    *(f"before_{name}" for name in PLAYER_FIELDS),
)
EXPECTED = ("after_nents", "attack_outcome", *(f"after_{name}" for name in AFTER_FIELDS))
BATCH = 512


def check(path: str | Path, resolution: str) -> Report:
    """Every transition of a file, resolved in a given way.

    With the sequential resolution all of them must match, with the simultaneous one those whose
    outcome does not depend on the order of agents.
    """
    recorded = recordings.load(path, (*INPUTS, *EXPECTED, "agent_order_independent"))
    got = replay({name: recorded[name] for name in INPUTS}, resolution)
    everyone = recorded["valid"]
    required = np.ones(len(everyone), bool)
    if resolution == "simultaneous":
        required = recorded["agent_order_independent"]
    report = Report("transitions", "transition", required, extra={"resolution": resolution})
    for name in EXPECTED:
        whole_map = name in ("after_depleted", "after_nents")
        report.compare(name, got[name], recorded[name], None if whole_map else everyone)
    return report


def replay(inputs: dict[str, np.ndarray], resolution: str) -> dict[str, np.ndarray]:
    """What jaxmmo makes of recorded ticks, under the recording's names.

    Args:
      inputs: the arrays named in INPUTS.
      resolution: see `EnvConfig.resolution`.
    """
    count, capacity = inputs["valid"].shape
    config = recordings.config(
        *inputs["material"].shape[1:],
        capacity=capacity,
        resolution=resolution,
        num_populations=max(8, int(inputs["pop"].max(initial=0)) + 1),
    )
    rules = find(config).default_rules()  # nobody is born here
    run = jax.jit(jax.vmap(partial(_tick, config, rules)))
    batch = min(BATCH, max(count, 1))
    results = []
    for start in range(0, count, batch):
        chunk = {name: value[start : start + batch] for name, value in inputs.items()}
        pad = batch - len(chunk["valid"])
        if pad:  # the last batch is filled up, so that one compiled program serves all
            chunk = {name: _pad(value, pad) for name, value in chunk.items()}
        results.append(jax.device_get(run(chunk)))
    merged = jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *results)
    return merged


def _pad(value: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([value, np.repeat(value[-1:], count, 0)])


def _tick(config: EnvConfig, rules: Rules, given: dict[str, jax.Array]) -> dict[str, jax.Array]:
    """One recorded tick, in arrays of one transition."""
    state = _state(config, rules, given)
    players = state.players
    grown = recordings.regrows(given["roll_regrow_k"])
    intent = recordings.intent(config, *(given[f"act_{n}"] for n in ("move", "style", "target")))
    nobody = jnp.full(config.max_spawns, config.num_populations, jnp.int32)
    rolls = Rolls(
        attack=recordings.attack_rolls(given["roll_attack_k"]),
        regrow=jnp.where(grown[players.row, players.col], 1, recordings.LATER),
        spawns=Spawns(nobody, jnp.zeros_like(nobody), jnp.zeros_like(nobody)),
    )
    after, events = advance(config, rules, state, intent, rolls)
    outcome = events.attacks.outcome
    crowd = jnp.zeros((config.height, config.width), jnp.int32)
    values = {name: getattr(after.players, RENAMED.get(name, name)) for name in PLAYER_FIELDS} | {
        "dexp": after.players.experience - players.experience,
        "level": after.players.level,
        "dead": players.alive & ~after.players.alive,
        "dmg": jnp.where(outcome >= Outcome.MISS, events.attacks.damage, -1),
        "depleted": after.terrain.depleted(after.tick),
        "nents": crowd.at[after.players.row, after.players.col].add(after.players.alive),
    }
    return {f"after_{name}": value for name, value in values.items()} | {"attack_outcome": outcome}


def _state(config: EnvConfig, rules: Rules, given: dict[str, jax.Array]) -> WorldState:
    """The world before the tick, at tick 0: depleted tiles regrow at tick 1 or much later."""
    ripe_at = jnp.where(recordings.regrows(given["roll_regrow_k"]), 1, recordings.LATER)
    ground = terrain.from_material(given["material"].astype(jnp.uint8))
    ground = ground.replace(ripe_at=jnp.where(given["before_depleted"], ripe_at, 0))
    state = find(config).empty_state(ground)
    level = level_of(rules, given["before_exp"])
    columns: dict[str, Any] = {
        RENAMED.get(name, name): given[f"before_{name}"].astype(jnp.int32) for name in PLAYER_FIELDS
    }
    players = state.players.replace(
        **columns,
        alive=given["valid"],
        id=jnp.arange(config.capacity, dtype=jnp.int32) + recordings.FIRST_ID,
        population=given["pop"].astype(jnp.int32),
        experience=given["before_exp"],
        level=level,
    )
    return state.replace(next_id=jnp.int32(config.capacity + recordings.FIRST_ID), players=players)
