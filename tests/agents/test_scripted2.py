"""Scripted policies of the second game, living side by side in small worlds."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.agents.acting import join, split
from jaxmmo.env.constants import Cause
from jaxmmo.evaluation import economies
from tests.games import ENDLESS, TINY_SECOND

PLAYERS = ("random", "careful", "forager", "fighter", "trader")
WORLDS, TICKS = 3, 200


def env_of() -> Any:
    return jaxmmo.make(ENDLESS, **TINY_SECOND)


@functools.cache
def lives() -> dict[str, dict[str, Any]]:
    """What came of worlds of each policy, all of them stepped by one program."""
    env = env_of()
    policies = [scripted.get(name, env) for name in PLAYERS]
    slots, capacity = WORLDS * env.config.capacity, env.config.capacity

    def tick(now, key):
        obs, state, carries, reset, total = now
        choose, advance = jax.random.split(key)
        actions, kept = [], []
        for number, (policy, carry) in enumerate(zip(policies, carries, strict=True)):
            mine = slice(number * slots, (number + 1) * slots)
            seen = jax.tree.map(lambda x, mine=mine: x[mine], obs)
            out = policy.apply((), seen, carry, reset[mine])
            choose, now_ = jax.random.split(choose)
            actions.append(policy.decide(now_, env.spec, out.logits, seen.masks))
            kept.append(out.carry)
        action = jax.tree.map(lambda *x: jnp.concatenate(x), *actions)
        worlds = reset.shape[0] // capacity
        keys = jax.random.split(advance, worlds)
        seen, after, _, _, _, info = jax.vmap(env.step)(keys, state, split(action, worlds))
        total = {
            "illegal": total["illegal"] + info.illegal.reshape(worlds, -1).sum(1),
            "steps": total["steps"] + info.acted.sum(1),
            "deaths": total["deaths"] + (info.events.deaths.cause != Cause.NONE).sum(1),
            "damage": total["damage"] + info.events.attacks.damage[:, :capacity].sum(1),
            "economy": economies.count(env, total["economy"], state, after, info),
        }
        return (join(seen), after, tuple(kept), join(info.newborn[:, :capacity]), total), None

    @jax.jit
    def live(key):
        worlds = len(PLAYERS) * WORLDS
        begin, go = jax.random.split(key)
        obs, state = jax.vmap(env.reset)(jax.random.split(begin, worlds))
        carries = tuple(policy.initial_carry((slots,)) for policy in policies)
        total = {name: jnp.zeros(worlds, jnp.int32) for name in ("illegal", "steps", "deaths")}
        total |= {"damage": total["steps"] + 0, "economy": economies.zero(env, worlds)}
        first = (join(obs), state, carries, jnp.ones(worlds * capacity, bool), total)
        return jax.lax.scan(tick, first, jax.random.split(go, TICKS))[0][-1]

    total = jax.tree.map(np.asarray, live(jax.random.key(0)))
    found = {}
    for number, name in enumerate(PLAYERS):
        mine = slice(number * WORLDS, (number + 1) * WORLDS)
        own = jax.tree.map(lambda x, mine=mine: x[mine], total)
        groups = np.ones(own["economy"].steps.shape, bool)
        deaths = int(own["deaths"].sum())
        found[name] = {
            "illegal": int(own["illegal"].sum()),
            "lifetime": own["steps"].sum() / max(deaths, 1),
            "damage": own["damage"].sum() / own["steps"].sum(),
            "economy": economies.report(own["economy"], groups, deaths),
        }
    return found
