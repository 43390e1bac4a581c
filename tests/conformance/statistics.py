"""Long runs with jaxmmo's own random draws against the statistics of the original's runs."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxmmo
from jaxmmo.env.actions import Action
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Cause, Move
from jaxmmo.env.environment import Environment
from jaxmmo.env.state import WorldState
from tests.conformance import recordings

MAPS = 5
CAPACITY = 32  # far more than are ever alive at once here; the report fails if a birth is lost
LIMIT = 256
CAUSES = {
    "lava": (Cause.LAVA,),
    "combat": (Cause.COMBAT,),
    "starvation": (Cause.STARVATION, Cause.DEHYDRATION),
}
WITHIN = 3.0  # combined standard errors


def check(policy: str, seed: int = 0, worlds_per_map: int = 16) -> dict[str, Any]:
    """Lifetimes, population and causes of death under a policy, each within 3 standard errors.

    The unit is the run: lives in one world are not independent. The original's runs are one for
    each of five maps; jaxmmo plays several on each, and its error is that within maps.
    """
    recorded = json.loads((recordings.DATA / "statistics_public.json").read_text())
    theirs = _theirs(recorded["results"][f"{policy}|CFH|NENT256"])
    ours, facts = measure(policy, theirs.pop("protocol"), seed, worlds_per_map)
    quantities, first = {}, None
    for name, (their_mean, their_error) in theirs.items():
        mean, error = ours[name]
        combined = float(np.hypot(error, their_error))
        distance = abs(mean - their_mean)
        errors = distance / combined if combined else 0.0 if distance == 0 else float("inf")
        quantities[name] = {
            "got": mean,
            "got_se": error,
            "expected": their_mean,
            "expected_se": their_error,
            "combined_errors_apart": round(errors, 3) if np.isfinite(errors) else "infinite",
            "matches": errors <= WITHIN,
        }
        if errors > WITHIN and first is None:
            first = {"field": name, **quantities[name]}
    matched = sum(quantity["matches"] for quantity in quantities.values())
    return {
        "check": "statistics",
        "policy": policy,
        "matched": matched,
        "required": len(quantities),
        "total": len(quantities),
        "mismatches": {name: 1 for name, q in quantities.items() if not q["matches"]},
        "first_mismatch": first,
        "quantities": quantities,
        **facts,
        "passed": matched == len(quantities) and facts["lost_spawns"] == 0,
    }


def _theirs(result: dict[str, Any]) -> dict[str, Any]:
    """(mean, standard error) of every recorded quantity, and how they were measured."""
    life, cohort, population = (
        result[name] for name in ("lifetime_all_deaths", "lifetime_cohort", "population")
    )
    none = {"fraction": 0.0, "se": 0.0}
    block = cohort["se_blocks_of_100_ticks"]
    return (
        {
            "lifetime": (life["mean"], max(life["se_iid"], block)),
            "restricted_lifetime": (cohort["mean"], block),
            "population": (population["mean"], population["se_between_maps"]),
        }
        | {
            f"share_{name}": (share["fraction"], share["se"])
            for name in CAUSES
            for share in [result["deaths_by_cause"].get(name, none)]
        }
        | {
            "protocol": {
                "ticks": result["ticks_per_run"],
                "horizon": cohort["restricted_to_H"],
                "settled": population["after_tick"],
            }
        }
    )


def measure(
    policy: str, protocol: dict[str, int], seed: int, worlds_per_map: int
) -> tuple[dict[str, tuple[float, float]], dict[str, Any]]:
    """(mean, standard error) of every quantity in jaxmmo's runs, and facts about the runs.

    Args:
      policy: a name from POLICIES.
      protocol: ticks of a run, horizon of the restricted lifetime, tick at which it has settled.
      seed: of all draws.
      worlds_per_map: runs on each map.
    """
    env = jaxmmo.make("NeuralMMO-v1.3", capacity=CAPACITY)
    material = np.repeat(recordings.maps()[:MAPS], worlds_per_map, 0)
    keys = jax.random.split(jax.random.key(seed), len(material))
    run = jax.jit(jax.vmap(partial(_run, env, policy, protocol["ticks"])))
    cause, lifetime, population, births, lost = jax.device_get(run(keys, jnp.asarray(material)))
    ticks, horizon = protocol["ticks"], protocol["horizon"]
    died = cause != Cause.NONE
    # the reset is tick 1, so the n-th step is tick n + 2; everyone born by then is of the cohort
    born = np.arange(2, ticks + 1)[:, None] - lifetime
    cohort = died & (born <= ticks - horizon)
    outlived = births[:, : ticks - horizon].sum(1) - cohort.sum((1, 2))
    capped = (np.minimum(lifetime, horizon) * cohort).sum((1, 2)) + horizon * outlived
    runs = {
        "lifetime": (lifetime * died).sum((1, 2)) / died.sum((1, 2)),
        "restricted_lifetime": capped / (cohort.sum((1, 2)) + outlived),
        "population": population[:, protocol["settled"] :].mean(1),
    } | {
        f"share_{name}": np.isin(cause, causes).sum((1, 2)) / died.sum((1, 2))
        for name, causes in CAUSES.items()
    }
    facts = {
        "runs": len(material),
        "ticks": ticks,
        "deaths": int(died.sum()),
        "lost_spawns": int(lost.sum()),
        "unexplained_deaths": int(births.sum() - died.sum() - population[:, -1].sum()),
    }
    return {name: _estimate(values) for name, values in runs.items()}, facts


def _estimate(runs: np.ndarray) -> tuple[float, float]:
    """Mean over runs, and its standard error within maps."""
    by_map = runs.reshape(MAPS, -1)
    error = np.sqrt((by_map.var(1, ddof=1) / by_map.shape[1]).sum()) / MAPS
    return float(runs.mean()), float(error)


def _run(
    env: Environment, policy: str, ticks: int, key: jax.Array, material: jax.Array
) -> tuple[jax.Array, ...]:
    """One world: cause and lifetime [ticks - 1, P], population and births [ticks], lost spawns."""
    # a limit that no world comes near, and for which it has no slots
    rules = env.default_rules().replace(max_population=jnp.int32(LIMIT))
    first, key = jax.random.split(key)
    _, state = env.reset(first, rules, material)

    def tick(state: WorldState, key: jax.Array):
        act, live = jax.random.split(key)
        action = POLICIES[policy](env, state, act)
        _, state, _, _, _, info = env.step(live, state, action, rules)
        deaths = info.events.deaths
        out = (deaths.cause.astype(jnp.int8), deaths.lifetime.astype(jnp.int16))
        return state, (*out, jnp.sum(state.players.alive), jnp.sum(info.newborn))

    num_born = jnp.sum(state.players.alive)[None]
    state, (cause, lifetime, population, births) = jax.lax.scan(
        tick, state, jax.random.split(key, ticks - 1)
    )
    population = jnp.concatenate([num_born, population])
    births = jnp.concatenate([num_born, births])
    return cause, lifetime, population, births, state.lost_spawns


def _noop(env: Environment, state: WorldState, key: jax.Array) -> Action:
    return env.noop()


def _move(env: Environment, state: WorldState, key: jax.Array) -> Action:
    """North, south, east or west, whether that is possible or not."""
    shape = (env.config.capacity,)
    return env.noop().replace(move=jax.random.randint(key, shape, Move.NORTH, NUM_MOVES))


def _random(env: Environment, state: WorldState, key: jax.Array) -> Action:
    """Any move, any style, any agent of the 3x3 around, the agent itself included."""
    move, style, pick = jax.random.split(key, 3)
    players, capacity = state.players, env.config.capacity
    visible = state.views["agent"].slots
    other = jnp.minimum(visible, capacity - 1)
    away = jnp.maximum(
        jnp.abs(players.row[other] - players.row[:, None]),
        jnp.abs(players.col[other] - players.col[:, None]),
    )
    near = jnp.cumsum((visible < capacity) & (away <= 1), 1)
    chosen = jax.random.uniform(pick, (capacity, 1)) * near[:, -1:]
    action = _move(env, state, move)
    return action.replace(
        style=jax.random.randint(style, (capacity,), 0, NUM_STYLES),
        target=jnp.sum(near <= chosen, 1) % env.config.max_visible,
    )


POLICIES = {"noop": _noop, "move": _move, "random": _random}
