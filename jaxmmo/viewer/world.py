"""A live world on the host: a policy plays, and every tick comes out as a frame."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents import acting
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env.actions import Action
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.io import decisions
from jaxmmo.replay.frames import Frame, capture, no_events
from jaxmmo.spec import Spec


class World:
    """Steps one world, one call a tick.

    Attributes:
      env: the environment.
      rules: the world is played by.
      frame: the latest one.
      title: for people: who plays.
    """

    def __init__(
        self,
        env: Environment,
        policy: Policy,
        params: Any,
        *,
        rules: Rules | None = None,
        seed: int = 0,
        outputs: bool = False,
    ):
        """Resets the world.

        Args:
          env: the environment.
          policy: plays every agent.
          params: of the policy.
          rules: the preset's if omitted.
          seed: of the world and of everything drawn in it.
          outputs: keep what the policy answers in the frames, see `Frame.policy`.
        """
        self.env = env
        self.rules = env.default_rules() if rules is None else rules
        self.title = policy.name
        self._params = params
        self._key = jax.random.key(seed)
        self._reset, self._step, self._ask = _compiled(env, policy, outputs)
        key = jax.random.fold_in(self._key, 0)
        obs, state = self._reset(key, self.rules)
        carry = policy.initial_carry((env.config.capacity,))
        reset = jnp.ones(env.config.capacity, bool)
        events = jax.eval_shape(self._step, key, state, env.noop(), self.rules)[-1]
        self._live = (obs, state, carry, reset)
        self.frame = self._look(key, no_events(events, env.config.bodies))

    def step(self) -> Frame:
        """Plays one tick: the actions that the last frame's policy outputs belong to."""
        _, state, _, _ = self._live
        key = jax.random.fold_in(self._key, self.frame.tick + 1)
        obs, state, newborn, events = self._step(key, state, self._action, self.rules)
        self._live = (obs, state, self._carry, newborn)
        self.frame = self._look(key, events)
        return self.frame

    def _look(self, key: jax.Array, events: Any) -> Frame:
        """Asks the policy about the present state and copies everything to the host."""
        _, state, _, _ = self._live
        self._action, self._carry, answers = self._ask(key, self._params, self._live)
        return capture(state, events, answers, self.env.config.capacity)


@functools.lru_cache(maxsize=8)
def _compiled(env: Environment, policy: Policy, outputs: bool) -> tuple[Callable[..., Any], ...]:
    """Jitted reset, step and policy, shared by worlds of the same kind."""

    def step(
        key: jax.Array, state: WorldState, action: Action, rules: Rules
    ) -> tuple[Observation, WorldState, jax.Array, Any]:
        obs, state, _, _, _, info = acting.step_world(env, key, state, action, rules)
        return obs, state, info.newborn, info.events

    def ask(
        key: jax.Array, params: Any, live: tuple[Any, Any, Any, jax.Array]
    ) -> tuple[Action, Any, dict[str, jax.Array]]:
        obs, state, carry, reset = live
        numbers = acting.uniform(env.spec, key, acting.world_of(env, state).players.id)
        action, output = acting.decide(env.spec, policy, params, obs, carry, reset, numbers)
        return action, output.carry, summarise(env.spec, output, obs.masks) if outputs else {}

    return jax.jit(env.reset), jax.jit(step), jax.jit(ask)


def summarise(spec: Spec, output: Output, masks: Any) -> dict[str, jax.Array]:
    """What a policy answered, small: see `Frame.policy`.

    Preferences are the probabilities of the legal choices of every head; those of a head that is
    given another one are weighted by the probabilities of that one's choices.
    """
    shares: dict[str, jax.Array] = {}
    for head in spec.heads:
        own = _shares(output.logits[head.name], getattr(masks, head.name))
        if head.given is not None:
            own = jnp.sum(shares[head.given][..., None] * own, -2)
        shares[head.name] = own
    answers = {"value": output.value.astype(jnp.float32)}
    answers |= {name: _byte(share) for name, share in shares.items()}
    attention = output.aux.get(spec.tables[0].name)  # networks report it by table
    if attention is not None:
        answers["attention"] = _byte(attention)
    return answers


def _shares(logits: jax.Array, legal: jax.Array) -> jax.Array:
    return jnp.where(legal, jax.nn.softmax(jnp.where(legal, logits, decisions.FORBIDDEN)), 0.0)


def _byte(share: jax.Array) -> jax.Array:
    return jnp.round(255 * jnp.clip(share, 0, 1)).astype(jnp.uint8)
