"""A live world on the host: a policy plays, and every tick comes out as a frame."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env.actions import Action
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Masks, Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.io import decisions
from jaxmmo.viewer.frames import Frame, no_events, to_host


class World:
    """Steps one world, one call a tick.

    Attributes:
      env: the environment.
      rules: the world is played by.
      frame: the latest one.
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
        self._policy, self._params, self._outputs = policy, params, outputs
        self._key = jax.random.key(seed)
        self._tick = jax.jit(self._compute)
        self._answer = jax.jit(self._ask)
        key = jax.random.fold_in(self._key, 0)
        obs, state = jax.jit(env.reset)(key, self.rules)
        carry = policy.initial_carry((env.config.capacity,))
        reset = jnp.ones(env.config.capacity, bool)
        self._live = (obs, state, carry, reset)
        self._check = jax.eval_shape(env.step, key, state, env.noop(), self.rules)[-1].events
        events = no_events(self._check, env.config.capacity)
        self._action, self._carry, answers = self._answer(self._key, *self._live)
        self.frame = self._frame(state, events, answers)

    def step(self) -> Frame:
        """Plays one tick: the actions that the last frame's policy outputs belong to."""
        obs, state, _, _ = self._live
        key = jax.random.fold_in(self._key, int(self.frame.tick) + 1)
        obs, state, newborn, events = self._tick(key, state, self._action)
        self._live = (obs, state, self._carry, newborn)
        self._action, self._carry, answers = self._answer(key, *self._live)
        self.frame = self._frame(state, events, answers)
        return self.frame

    def _compute(
        self, key: jax.Array, state: WorldState, action: Action
    ) -> tuple[Observation, WorldState, jax.Array, Any]:
        obs, state, _, _, _, info = self.env.step(key, state, action, self.rules)
        return obs, state, info.newborn, info.events

    def _ask(
        self, key: jax.Array, obs: Observation, state: WorldState, carry: Any, reset: jax.Array
    ) -> tuple[Action, Any, dict[str, jax.Array]]:
        del state
        output = self._policy.apply(self._params, obs, carry, reset)
        key = jax.random.fold_in(key, 1 << 20)
        action = self._policy.decide(key, self.env.spec, output.logits, obs.masks)
        return action, output.carry, summarise(output, obs.masks) if self._outputs else {}

    def _frame(self, state: WorldState, events: Any, answers: dict[str, jax.Array]) -> Frame:
        host_state, host_events = to_host(state, events)
        policy = {name: np.asarray(value) for name, value in answers.items()}
        return Frame(host_state, host_events, policy or None)


def summarise(output: Output, masks: Masks) -> dict[str, jax.Array]:
    """What a policy answered, small: see `Frame.policy`.

    Preferences are the probabilities of the legal choices; for the target, over all styles.
    """
    move = _shares(output.logits["move"], masks.move)
    style = _shares(output.logits["style"], masks.style)
    target = _shares(output.logits["target"], masks.target)
    answers = {
        "value": output.value.astype(jnp.float32),
        "move": _byte(move),
        "style": _byte(style),
        "target": _byte(jnp.sum(style[..., None] * target, -2)),
    }
    attention = output.aux.get("agent")  # networks report it by table
    if attention is not None:
        answers["attention"] = _byte(attention)
    return answers


def _shares(logits: jax.Array, legal: jax.Array) -> jax.Array:
    return jnp.where(legal, jax.nn.softmax(jnp.where(legal, logits, decisions.FORBIDDEN)), 0.0)


def _byte(share: jax.Array) -> jax.Array:
    return jnp.round(255 * jnp.clip(share, 0, 1)).astype(jnp.uint8)
