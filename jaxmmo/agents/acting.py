"""One tick of many worlds: every living agent decides, and every world takes a step.

Rollouts, evaluations and live worlds all run through here. What an agent draws when it decides is
keyed by its world and its own id: which slot it sits in, how many slots there are, who is worked
through beside it and on which device change nothing. There are B worlds of P slots, N = B P.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.agents import checks
from jaxmmo.agents.living import over_living
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.env import sharing
from jaxmmo.env.environment import Environment
from jaxmmo.env.random import words
from jaxmmo.env.rules import Rules
from jaxmmo.io import decisions
from jaxmmo.spec import Spec

DECIDING, STEPPING = 0, 1
"""Folded into a world's key of a tick: for what its agents draw, and for what the game draws."""

RULES = 2
"""Folded into the key of a new world: for its rules, where every world has its own."""

DrawRules = Callable[[jax.Array], Rules]
"""Rules of a new world from its key, which is consumed."""


SampleRules = Callable[[jax.Array, Environment], Rules]
"""(key, environment) -> the rules of a new world; the key is consumed."""


def rules_of(env: Environment, sample: SampleRules | None, *, attacks: bool) -> Rules | DrawRules:
    """The rules that all worlds share, or a function that draws those of each.

    Args:
      env: whose rules are meant if there is no `sample`.
      sample: draws the rules of a world.
      attacks: False masks all attacks.
    """
    if sample is None:
        rules = env.default_rules()
        return rules if attacks else rules.without_combat()

    def draw(key: jax.Array) -> Rules:
        rules = sample(key, env)
        return rules if attacks else rules.without_combat()

    return draw


class RolloutState(struct.PyTreeNode):
    """Worlds between two ticks, and what policies need there."""

    state: Any  # [B, ...]; of the environment
    obs: Any  # [N, ...], and tables shared by a world's agents [B, ...], see `env.sharing`
    carry: Any  # [N, ...]; the policy's memory
    reset: jax.Array  # bool[N]; memory starts afresh here
    rules: Any = ()  # [B, ...]; of each world, empty where all worlds have the same


class Decided(struct.PyTreeNode):
    """What the agents chose, [N]; zeros for those who were not asked."""

    action: Any  # i32 by head
    log_prob: jax.Array  # f32
    value: jax.Array  # f32
    carry: Any


def join(tree: Any) -> Any:
    """[B, P, ...] -> [B P, ...]; tables that are shared by a world's agents stay [B, ...]."""
    return sharing.joined(tree)


def split(tree: Any, worlds: int) -> Any:
    """[B P, ...] -> [B, P, ...]."""
    return jax.tree.map(lambda x: x.reshape(worlds, -1, *x.shape[1:]), tree)


def world_of(env: Any, state: Any) -> Any:
    """The game's state within a state, wherever wrappers put it (`Environment.world`)."""
    return env.world(state) if hasattr(env, "world") else state


def world_keys(key: jax.Array, worlds: jax.Array) -> jax.Array:
    """A key for each world, whatever other worlds there are.

    Args:
      key: of a tick; consumed.
      worlds: i32[B], their numbers among all worlds of the run.
    """
    return jax.vmap(jax.random.fold_in, (None, 0))(key, worlds)


def start(
    env: Environment, rules: Rules | DrawRules, policy: Policy, keys: jax.Array
) -> RolloutState:
    """New worlds, one for each key; the keys are consumed.

    Args:
      env: of each world.
      rules: of all worlds, or a function that draws those of each.
      policy: whose memory begins.
      keys: one for each world.
    """
    checks.one_world(env)
    own: Any = ()
    if callable(rules):
        own = jax.vmap(lambda key: checks.drawn_rules(env, rules(jax.random.fold_in(key, RULES))))(
            keys
        )
        obs, state = jax.vmap(env.reset)(keys, own)
    else:
        obs, state = jax.vmap(lambda key: env.reset(key, rules))(keys)
    size = keys.shape[0] * env.config.capacity
    return RolloutState(
        state=state,
        obs=join(obs),
        carry=policy.initial_carry((size,)),
        reset=jnp.ones(size, bool),
        rules=own,
    )


def uniform(spec: Spec, key: jax.Array, ids: jax.Array) -> jax.Array:
    """f32[P, heads] in [0, 1): the draws of a world's agents, one for each head.

    Args:
      spec: of the environment.
      key: of the world and tick, see `world_keys`.
      ids: i32[P], identities of the agents; what empty slots draw means nothing.
    """
    key = jax.random.fold_in(key, DECIDING)
    blocks = [words(key, block, ids) for block in range(-(-len(spec.heads) // 2))]
    drawn = [word for block in blocks for word in block][: len(spec.heads)]
    return (jnp.stack(drawn, -1) >> 8).astype(jnp.float32) * 2.0**-24


def decide(
    spec: Spec, policy: Policy, params: Any, obs: Any, carry: Any, reset: jax.Array, numbers: Any
) -> tuple[Any, Output]:
    """Asks a policy and draws from what it answers.

    Args:
      spec: of the environment.
      policy: asked.
      params: of the policy.
      obs: [n, ...], any agents.
      carry: [n, ...], their memory.
      reset: bool[n], where it starts afresh.
      numbers: f32[n, heads], see `uniform`.

    Returns:
      The action, i32[n] by head, and the policy's whole answer.
    """
    out = policy.apply(params, obs, carry, reset)
    checks.output(spec, policy, out, carry, reset.shape)
    return policy.choose(numbers, spec, out.logits, obs.masks), out


def act(
    env: Environment,
    policy: Policy,
    params: Any,
    worlds: RolloutState,
    keys: jax.Array,
    chunk: int,
    asked: jax.Array | bool = True,
    shards: Shards = ALONE,
) -> Decided:
    """Every living agent decides; empty slots do nothing.

    Args:
      env: says what the heads are.
      policy: of these agents.
      params: of the policy.
      worlds: where they are.
      keys: of each world, see `world_keys`; left whole for `tick`.
      chunk: agents that decide at once.
      asked: bool[N], whom the policy decides for; the others do nothing.
      shards: which devices share the work.
    """
    answer = functools.partial(answered, env.spec, policy, params)
    alive = worlds.obs.present[:, 0] & asked
    return over_living(answer, questions(env, worlds, keys), alive, chunk, shards)


def questions(env: Environment, worlds: RolloutState, keys: jax.Array) -> tuple[Any, ...]:
    """What agents decide from, [N, ...]: observations, memory, where it starts afresh, draws."""
    ids = world_of(env, worlds.state).players.id
    numbers = join(jax.vmap(lambda key, own: uniform(env.spec, key, own))(keys, ids))
    return worlds.obs, worlds.carry, worlds.reset, numbers


def answered(spec: Spec, policy: Policy, params: Any, asked: tuple[Any, ...]) -> Decided:
    """What a policy decides for some of the rows of `questions`."""
    obs, carry, reset, numbers = asked
    action, out = decide(spec, policy, params, obs, carry, reset, numbers)
    log_prob = decisions.log_prob(spec, out.logits, obs.masks, action)
    return Decided(action, log_prob, out.value, out.carry)


def values(
    policy: Policy,
    params: Any,
    worlds: RolloutState,
    chunk: int,
    asked: jax.Array | bool = True,
    shards: Shards = ALONE,
) -> jax.Array:
    """f32[N]: what the living who are asked expect; 0 in all other slots."""
    inputs = (worlds.obs, worlds.carry, worlds.reset)
    alive = worlds.obs.present[:, 0] & asked
    return over_living(lambda rows: policy.apply(params, *rows).value, inputs, alive, chunk, shards)


def step_world(env: Environment, key: jax.Array, state: Any, action: Any, rules: Any) -> Any:
    """One tick of one world, with its key of the tick; returns what `env.step` does."""
    return env.step(jax.random.fold_in(key, STEPPING), state, action, rules)


def tick(
    env: Environment,
    rules: Rules | DrawRules,
    worlds: RolloutState,
    decided: Decided,
    keys: jax.Array,
) -> tuple[RolloutState, jax.Array, jax.Array, jax.Array, Any]:
    """One tick of every world, after its agents have decided.

    Args:
      env: of each world.
      rules: of all worlds; not read where each has its own.
      worlds: before.
      decided: what `act` returned.
      keys: of each world, as given to `act`; consumed.

    Returns:
      The worlds after, reward f32[B, P], terminated and truncated bool[B, P], and the
      environment's info.
    """
    own = bool(jax.tree.leaves(worlds.rules))
    stepped = jax.vmap(
        lambda key, state, action, rules: step_world(env, key, state, action, rules),
        (0, 0, 0, 0 if own else None),
    )
    action = split(decided.action, keys.shape[0])
    obs, state, reward, terminated, truncated, info = stepped(
        keys, worlds.state, action, worlds.rules if own else rules
    )
    checks.answers(reward, terminated, truncated, (keys.shape[0], env.config.capacity))
    after = worlds.replace(
        state=state, obs=join(obs), carry=decided.carry, reset=join(info.newborn)
    )
    return after, reward, terminated, truncated, info
