"""Long runs of the second game against the statistics of the original's runs."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxmmo
from jaxmmo.env.environment import Environment
from jaxmmo.env.v2 import terrain
from jaxmmo.env.v2.constants import NUM_SKILLS, NUM_TYPES, Event, Skill
from jaxmmo.env.v2.drawing import draw
from jaxmmo.env.v2.holding import with_world, world_of
from jaxmmo.env.v2.tick import advance
from tests.conformance import recordings
from tests.conformance.v2_policies import POLICIES
from tests.conformance.v2_reset import FIELDS

FILE = recordings.DATA / "v2" / "statistics_public.json"
RUNS = {"Small": 64, "Medium": 12}
SHORT = 64
"""Worlds of each size, and those in which nobody does anything: they are over in 25 ticks."""

WITHIN, NEVER_ABOVE, SHARE = 3.0, 5.0, 0.99
"""Combined standard errors: what a number is held to, what none may exceed, how many must hold."""

CODES = max(Event) + 1
SERIES = ("alive", "npcs", "gold", "items")


def check(preset: str, policy: str, seed: int = 0, runs: int | None = None) -> dict[str, Any]:
    """Every recorded number of a policy, against as many runs with jaxmmo's own draws.

    Maps are made on the noise of which the original made its own; all else is drawn anew.
    """
    recorded = json.loads(FILE.read_text())[f"{preset}/{policy}"]
    ticks = recorded["ticks"]
    usual = SHORT if policy == "noop" else RUNS[preset]
    values, facts = measure(preset, policy, ticks, seed, usual if runs is None else runs)
    quantities, first = {}, None
    for name, (mean, error, count) in recorded["mean_se_n"].items():
        own = values[name]
        own = own[~np.isnan(own)]
        got = float(own.mean()) if len(own) else float("nan")
        got_error = float(own.std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else 0.0
        apart = _apart(got, got_error, mean, error)
        quantities[name] = {
            "got": got,
            "got_se": got_error,
            "got_runs": len(own),
            "expected": mean,
            "expected_se": error,
            "expected_runs": count,
            "combined_errors_apart": round(apart, 3) if np.isfinite(apart) else "infinite",
            "matches": bool(apart <= WITHIN),
        }
        if not apart <= WITHIN and first is None:
            first = {"field": name, **quantities[name]}
    matched = sum(quantity["matches"] for quantity in quantities.values())
    apart = [q["combined_errors_apart"] for q in quantities.values()]
    highest = max(float("inf") if a == "infinite" else float(a) for a in apart)
    return {
        "check": "v2-statistics",
        "preset": preset,
        "policy": policy,
        "matched": matched,
        "required": int(np.ceil(SHARE * len(quantities))),
        "total": len(quantities),
        "highest": highest if np.isfinite(highest) else "infinite",
        "mismatches": {name: 1 for name, q in quantities.items() if not q["matches"]},
        "first_mismatch": first,
        "quantities": quantities,
        **facts,
        "passed": bool(
            matched >= SHARE * len(quantities) and highest <= NEVER_ABOVE and not facts["lost"]
        ),
    }


def _apart(got: float, got_error: float, mean: float, error: float) -> float:
    """How many combined standard errors lie between two means."""
    combined, distance = np.hypot(got_error, error), abs(got - mean)
    if np.isnan(distance) or not combined:
        return 0.0 if distance == 0 else float("inf")
    return float(distance / combined)


def measure(
    preset: str, policy: str, ticks: int, seed: int, runs: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """f64[runs] of every number by its recorded name, NaN where a run has none; and facts.

    Args:
      preset: "Small" or "Medium".
      policy: a name from POLICIES.
      ticks: of a run, unless everybody dies before.
      seed: of all draws.
      runs: worlds, which are played one after another.
    """
    env = jaxmmo.make("NeuralMMO-v2.1", size=preset)
    noise = recordings.load(FIELDS, (preset.lower(),))[preset.lower()][0].astype(np.float32)
    keys = jax.random.split(jax.random.key(seed), runs)
    play = jax.jit(lambda keys: jax.lax.map(partial(_run, env, policy, ticks, noise), keys))
    told = jax.tree.map(np.asarray, play(keys))
    number, lost = told["events"], told.pop("lost")
    levels = told["level"].astype(np.float64)
    deaths = told["died"].astype(np.float64)
    values = {
        "lifetime": told["lifetime"].mean(1),
        "deaths": deaths,
        "deaths_by_player": told["by_player"],
        "deaths_by_npc": told["by_npc"],
        "deaths_by_hunger": deaths - told["by_player"] - told["by_npc"],
        "npcs_killed_by_players": told["npcs_killed"],
        "farthest": told["progress"].mean(1),
        "level_best": levels.max(2).mean(1),
        "gold_traded": told["traded"],
        "damage_by_players": told["damage"],
    }
    values |= {f"level_{s.name.lower()}": levels[..., s].mean(1) for s in Skill}
    values |= {f"events_{event.name}": number[:, event] for event in Event}
    values |= {f"harvested_type_{k}": told["harvested"][:, k] for k in range(NUM_TYPES)}
    for name in SERIES:
        values |= {f"{name}_at_{t + 1}": told[name][:, t] for t in range(ticks)}
    facts = {"runs": runs, "ticks": ticks, "seed": seed, "lost": int(lost.sum())}
    return {name: np.asarray(value, np.float64) for name, value in values.items()}, facts


def _run(env: Environment, policy: str, ticks: int, noise: np.ndarray, key: jax.Array) -> Any:
    """What adds up in one world until everybody is dead."""
    config: Any = env.config
    rules: Any = env.default_rules()
    land, begin, live = jax.random.split(key, 3)
    material = terrain.furnish(land, config, rules, jnp.asarray(noise))
    state: Any = env.reset(begin, rules, material)[1]
    players = config.capacity

    def number() -> jax.Array:
        return jnp.zeros((), jnp.int32)

    tally = {name: jnp.zeros(ticks) for name in SERIES} | {"npcs": jnp.full(ticks, jnp.nan)}
    tally |= {"events": jnp.zeros(CODES, jnp.int32), "harvested": jnp.zeros(NUM_TYPES, jnp.int32)}
    tally |= {name: jnp.zeros(players, jnp.int32) for name in ("lifetime", "progress")}
    tally["level"] = jnp.zeros((players, NUM_SKILLS), jnp.int32)
    names = ("by_player", "by_npc", "npcs_killed", "died", "traded", "damage", "lost")
    tally |= {name: number() for name in names}

    def tick(carry: Any) -> Any:
        t, state, tally = carry
        act, chance = jax.random.split(jax.random.fold_in(live, t))
        world = world_of(config, rules, state)
        intent = POLICIES[policy](config, rules, world, act)
        after, happened = advance(config, rules, world, intent, draw(config, rules, state, chance))
        tally = _counted(config, tally, t, world, after, happened)
        return t + 1, with_world(state, after), tally

    def goes_on(carry: Any) -> jax.Array:
        t, state, _ = carry
        return (t < ticks) & state.players.alive.any()

    _, state, tally = jax.lax.while_loop(goes_on, tick, (number(), state, tally))
    return tally | {"lost": tally["lost"] + state.lost_spawns}


def _counted(config: Any, tally: Any, t: jax.Array, before: Any, after: Any, happened: Any) -> Any:
    """The tally with a tick counted."""
    players, log = config.capacity, after.log
    there = jnp.arange(config.events) < log.count
    who, event, type, _, amount, gold, target = (jnp.where(there, x, 0) for x in log.rows.T)
    was, now = before.bodies.alive[:players], after.bodies.alive
    kills = event == Event.PLAYER_KILL
    owned = after.bodies.gold * now
    ended = jax.tree.map(lambda x: x[:players], happened.bodies)
    more = {
        "by_player": (kills & (who > 0) & (target > 0)).sum(),
        "by_npc": (kills & (who < 0)).sum(),
        "npcs_killed": (kills & (who > 0) & (target < 0)).sum(),
        "died": (was & happened.died[:players]).sum(),
        "traded": jnp.where(event == Event.EARN_GOLD, gold, 0).sum(),
        "damage": jnp.where(event == Event.SCORE_HIT, amount, 0).sum(),
        "lost": jnp.maximum(log.count - config.events, 0),
        "lifetime": was.astype(jnp.int32),
        "events": jnp.zeros(CODES, jnp.int32).at[event].add(there),
        "harvested": jnp.zeros(NUM_TYPES, jnp.int32).at[type].add(event == Event.HARVEST_ITEM),
    }
    series = {
        "alive": now[:players].sum(),
        "npcs": now[players:].sum(),
        "gold": owned[:players].sum(),
        "items": after.items.alive.sum(),
    }
    best = {
        "level": jnp.where(was[:, None], ended.level, 0),
        "progress": jnp.where(was, ended.progress, 0),
    }
    return (
        tally
        | {name: tally[name] + value.astype(jnp.int32) for name, value in more.items()}
        | {name: tally[name].at[t].set(value) for name, value in series.items()}
        | {name: jnp.maximum(tally[name], value) for name, value in best.items()}
    )
