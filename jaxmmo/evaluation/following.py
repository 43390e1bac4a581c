"""Worlds that are lived through while something is counted: the loop of every experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.agents import acting
from jaxmmo.agents.acting import Decided, RolloutState
from jaxmmo.agents.policy import Policy
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules


class Happened(NamedTuple):
    """One tick of B worlds of P slots, as whoever counts sees it."""

    before: RolloutState
    decided: Decided  # [B P]
    after: RolloutState
    info: Any  # [B, P] and [B]


Add = Callable[[Any, Happened], tuple[Any, Any]]
"""(what was counted so far, the tick) -> the same with it, and what to keep of this tick alone."""


def begin(
    env: Environment, policy: Policy, keys: jax.Array, rules: Rules, *, own: bool = False
) -> RolloutState:
    """New worlds, one for each key.

    Args:
      env: of each world.
      policy: whose memory begins.
      keys: one for each world (B); consumed.
      rules: of all worlds, or with a leading axis B if each has its own.
      own: each world has its own rules.
    """
    if not own:
        return acting.start(env, rules, policy, keys)
    obs, state = jax.vmap(env.reset)(keys, rules)
    size = keys.shape[0] * env.config.capacity
    carry, reset = policy.initial_carry((size,)), jnp.ones(size, bool)
    return RolloutState(state, acting.join(obs), carry, reset, rules)


def follow(
    env: Environment,
    policy: Policy,
    params: Any,
    worlds: RolloutState,
    rules: Rules,
    key: jax.Array,
    ticks: int,
    total: Any,
    add: Add,
    *,
    chunk: int = 512,
    numbers: jax.Array | None = None,
) -> tuple[RolloutState, Any, Any]:
    """Lives through some ticks of every world and counts on the way. Pure: jit it.

    Args:
      env: of each world.
      policy: of all agents.
      params: of the policy.
      worlds: before; where they have rules of their own, these count.
      rules: of all other worlds.
      key: of all these ticks; consumed.
      ticks: how many (T).
      total: what was counted so far.
      add: counts a tick.
      chunk: living agents that decide at once.
      numbers: i32[B], from which the draws of a world follow: worlds of one number draw the same.
        0 to B - 1 if omitted.

    Returns:
      The worlds after, the total, and what was kept of the ticks, stacked along a leading axis T.
    """
    if numbers is None:
        count = worlds.reset.shape[0] // env.config.capacity
        numbers = jnp.arange(count, dtype=jnp.int32)

    def tick(carry: tuple[RolloutState, Any], key: jax.Array) -> tuple[Any, Any]:
        before, total = carry
        keys = acting.world_keys(key, numbers)
        decided = acting.act(env, policy, params, before, keys, chunk)
        after, _, _, _, info = acting.tick(env, rules, before, decided, keys)
        total, kept = add(total, Happened(before, decided, after, info))
        return (after, total), kept

    (worlds, total), kept = jax.lax.scan(tick, (worlds, total), jax.random.split(key, ticks))
    return worlds, total, kept
