"""Rollouts: many worlds lived through side by side, only the living costing anything."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.agents import acting
from jaxmmo.agents.acting import DrawRules, RolloutState, join
from jaxmmo.agents.policy import Policy
from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.env.constants import Cause
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules

CAUSES = len(Cause)

ACTING, ENVIRONMENT = "acting", "environment"
"""Scopes by whose names a profile tells the parts of an update apart; the rest is learning."""


class Steps(struct.PyTreeNode):
    """Decisions and what came of them, [N] for a tick, [T, N] for a rollout."""

    obs: Any
    action: Any  # i32 by head
    log_prob: jax.Array  # f32
    value: jax.Array  # f32
    reward: jax.Array  # f32
    terminated: jax.Array  # bool
    truncated: jax.Array  # bool
    acted: jax.Array  # bool
    reset: jax.Array  # bool
    last_value: Any = ()  # f32; of what was seen last before a reset hid it; empty without resets


class Tally(struct.PyTreeNode):
    """What is counted during a rollout, summed over worlds."""

    steps: jax.Array  # i32[]; decisions of living agents
    deaths: jax.Array  # i32[causes]
    births: jax.Array  # i32[]
    overflow: jax.Array  # i32[]; agents in view that did not fit, summed over observers
    illegal: jax.Array  # i32[]


def step(
    env: Environment,
    rules: Rules | DrawRules,
    policy: Policy,
    params: Any,
    worlds: RolloutState,
    keys: jax.Array,
    chunk: int,
    shards: Shards = ALONE,
) -> tuple[RolloutState, Steps, Any]:
    """One tick of every world.

    Args:
      env: of each world.
      rules: of all worlds, or what they were drawn with.
      policy: of all agents.
      params: of the policy.
      worlds: before.
      keys: one for each world; consumed.
      chunk: living agents that decide at once.
      shards: which devices share the work.

    Returns:
      The worlds, the decisions [N], and the environment's info [B, P].
    """
    with jax.named_scope(ACTING):
        decided = acting.act(env, policy, params, worlds, keys, chunk, shards=shards)
    with jax.named_scope(ENVIRONMENT):
        after, reward, terminated, truncated, info = acting.tick(env, rules, worlds, decided, keys)
    with jax.named_scope(ACTING):
        last_value = _last_value(policy, params, after, truncated, info, chunk, shards)
    steps = Steps(
        obs=worlds.obs,
        action=decided.action,
        log_prob=decided.log_prob,
        value=decided.value,
        reward=join(reward),
        terminated=join(terminated),
        truncated=join(truncated),
        acted=join(info.acted),
        reset=worlds.reset,
        last_value=last_value,
    )
    return after, steps, info


def _last_value(
    policy: Policy,
    params: Any,
    after: RolloutState,
    truncated: jax.Array,
    info: Any,
    chunk: int,
    shards: Shards,
) -> Any:
    """f32[N]: worth of truncated lives where the world was replaced in the same step.

    Empty if the environment replaces no worlds. What would be observed next is of the new world,
    so that the worth of the old life is asked for at once; it costs nothing while nobody's ends.
    """
    if not hasattr(info, "terminal_observation"):
        return ()
    cut = join(truncated)
    old = after.replace(obs=join(info.terminal_observation), reset=jnp.zeros_like(cut))
    return acting.values(policy, params, old, chunk, cut, shards)


def rollout(
    env: Environment,
    rules: Rules | DrawRules,
    policy: Policy,
    params: Any,
    worlds: RolloutState,
    key: jax.Array,
    *,
    ticks: int,
    chunk: int,
    numbers: jax.Array | None = None,
    shards: Shards = ALONE,
) -> tuple[RolloutState, Steps, Tally]:
    """Lives through `ticks` ticks of every world.

    Args:
      env: of each world.
      rules: of all worlds, or what they were drawn with.
      policy: of all agents.
      params: of the policy.
      worlds: before.
      key: of the whole rollout; consumed.
      ticks: how many (T).
      chunk: living agents that decide at once.
      numbers: i32[B], of these worlds among all of the run, from which their draws follow; 0 to
        B - 1 if omitted.
      shards: which devices share the work for these worlds.

    Returns:
      The worlds after, the decisions [T, N], and what was counted.
    """
    if numbers is None:
        count = worlds.reset.shape[0] // env.config.capacity
        numbers = jnp.arange(count, dtype=jnp.int32)

    def tick(worlds: RolloutState, key: jax.Array) -> tuple[RolloutState, tuple[Steps, Tally]]:
        keys = acting.world_keys(key, numbers)
        worlds, steps, info = step(env, rules, policy, params, worlds, keys, chunk, shards)
        causes = info.events.deaths.cause.reshape(-1)
        tally = Tally(
            steps=jnp.sum(steps.acted, dtype=jnp.int32),
            deaths=jnp.sum(causes[:, None] == jnp.arange(CAUSES), 0, dtype=jnp.int32),
            births=jnp.sum(info.newborn, dtype=jnp.int32),
            overflow=jnp.sum(steps.obs.overflow, dtype=jnp.int32),
            illegal=jnp.sum(info.illegal, dtype=jnp.int32),
        )
        return worlds, (steps, tally)

    worlds, (steps, tally) = jax.lax.scan(tick, worlds, jax.random.split(key, ticks))
    tally = jax.tree.map(lambda x: jnp.sum(x, 0), tally)
    return worlds, steps, tally.replace(deaths=tally.deaths.at[Cause.NONE].set(0))
