"""Rollouts: many worlds lived through side by side, only the living costing anything."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.agents.policy import Policy
from jaxmmo.env.constants import Cause
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.io import decisions
from jaxmmo.learning import living

CAUSES = len(Cause)


class Worlds(struct.PyTreeNode):
    """Worlds between two ticks, and what the policy needs there. B worlds, P slots, N = B P."""

    state: WorldState  # [B, ...]
    obs: Observation  # [N, ...]
    carry: Any  # [N, ...]; the policy's memory
    reset: jax.Array  # bool[N]; memory starts afresh here


class Steps(struct.PyTreeNode):
    """Decisions and what came of them, [N] for a tick, [T, N] for a rollout."""

    obs: Observation
    action: Any  # i32 by head
    log_prob: jax.Array  # f32
    value: jax.Array  # f32
    reward: jax.Array  # f32
    terminated: jax.Array  # bool
    truncated: jax.Array  # bool
    acted: jax.Array  # bool
    reset: jax.Array  # bool


class Tally(struct.PyTreeNode):
    """What is counted during a rollout, summed over worlds."""

    steps: jax.Array  # i32[]; decisions of living agents
    deaths: jax.Array  # i32[causes]
    births: jax.Array  # i32[]
    overflow: jax.Array  # i32[]; agents in view that did not fit, summed over observers
    illegal: jax.Array  # i32[]


def join(tree: Any) -> Any:
    """[B, P, ...] -> [B P, ...]."""
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree)


def split(tree: Any, worlds: int) -> Any:
    """[B P, ...] -> [B, P, ...]."""
    return jax.tree.map(lambda x: x.reshape(worlds, -1, *x.shape[1:]), tree)


def start(env: Environment, rules: Rules, policy: Policy, key: jax.Array, worlds: int) -> Worlds:
    """New worlds; the key is consumed."""
    reset = jax.vmap(lambda k: env.reset(k, rules))
    obs, state = reset(jax.random.split(key, worlds))
    size = worlds * env.config.capacity
    carry = policy.initial_carry((size,))
    return Worlds(state=state, obs=join(obs), carry=carry, reset=jnp.ones(size, bool))


def act(
    env: Environment, policy: Policy, params: Any, worlds: Worlds, key: jax.Array, chunk: int
) -> tuple[Any, jax.Array, jax.Array, Any]:
    """Every living agent decides; empty slots do nothing.

    Returns:
      Actions i32[N] by head, their log-probabilities and values f32[N], and the carry.
    """
    spec = env.spec

    def some(inputs: Any, index: jax.Array) -> Any:
        obs, carry, reset = inputs
        out = policy.apply(params, obs, carry, reset)
        action = policy.decide(jax.random.fold_in(key, index), spec, out.logits, obs.masks)
        log_prob = decisions.log_prob(spec, out.logits, obs.masks, action)
        return action, log_prob, out.value, out.carry

    inputs = (worlds.obs, worlds.carry, worlds.reset)
    return living.over_living(some, inputs, worlds.obs.present[:, 0], chunk)


def values(policy: Policy, params: Any, worlds: Worlds, chunk: int) -> jax.Array:
    """f32[N]: what the living expect; 0 in empty slots."""

    def some(inputs: Any, index: jax.Array) -> jax.Array:
        del index
        return policy.apply(params, *inputs).value

    inputs = (worlds.obs, worlds.carry, worlds.reset)
    return living.over_living(some, inputs, worlds.obs.present[:, 0], chunk)


def step(
    env: Environment,
    rules: Rules,
    policy: Policy,
    params: Any,
    worlds: Worlds,
    key: jax.Array,
    chunk: int,
) -> tuple[Worlds, Steps, Any]:
    """One tick of every world.

    Args:
      key: consumed.
      chunk: living agents that act at once.

    Returns:
      The worlds, the decisions [N], and the environment's info [B, P].
    """
    count = worlds.state.tick.shape[0]
    act_key, step_key = jax.random.split(key)
    action, log_prob, value, carry = act(env, policy, params, worlds, act_key, chunk)
    keys = jax.random.split(step_key, count)
    ticked = jax.vmap(lambda k, s, a: env.step(k, s, a, rules))
    obs, state, reward, terminated, truncated, info = ticked(
        keys, worlds.state, split(action, count)
    )
    reward, terminated, truncated, acted = join((reward, terminated, truncated, info.acted))
    steps = Steps(
        worlds.obs, action, log_prob, value, reward, terminated, truncated, acted, worlds.reset
    )
    return Worlds(state, join(obs), carry, join(info.newborn)), steps, info


def rollout(
    env: Environment,
    rules: Rules,
    policy: Policy,
    params: Any,
    worlds: Worlds,
    key: jax.Array,
    *,
    ticks: int,
    chunk: int,
) -> tuple[Worlds, Steps, Tally]:
    """Lives through `ticks` ticks of every world; the key is consumed.

    Returns:
      The worlds after, the decisions [T, N], and what was counted.
    """

    def tick(worlds: Worlds, key: jax.Array) -> tuple[Worlds, tuple[Steps, Tally]]:
        worlds, steps, info = step(env, rules, policy, params, worlds, key, chunk)
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
