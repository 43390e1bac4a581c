"""The environment: reset and step as pure functions of arrays."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo import spec as io_spec
from jaxmmo.env import actions, observation, rewards, spaces, step, validation
from jaxmmo.env.actions import Action
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules, default_rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.step import Events
from jaxmmo.env.systems.spawning import PopulationFn, random_population


class Info(struct.PyTreeNode):
    """What `step` reports beside observation and reward."""

    acted: jax.Array  # bool[P]; was alive before the step: its transition is a real one
    newborn: jax.Array  # bool[P]; born in this step: recurrent state starts afresh
    illegal: jax.Array  # bool[P]; the action was not allowed by the masks and counted as nothing
    lost_spawns: jax.Array  # i32[]; births so far that found no empty slot
    events: Events


@dataclasses.dataclass(frozen=True)
class Environment:
    """A world to live in. Hashable, so that it can be closed over or passed as a static argument.

    There is no world axis: `jax.vmap(env.step)` makes a batch of worlds.

    Attributes:
      config: static sizes and switches.
      reward_fn: replaces the reward, see `rewards.RewardFn`.
      population_fn: replaces the assignment of newborns, see `spawning.PopulationFn`.
    """

    config: EnvConfig
    reward_fn: rewards.RewardFn = rewards.survival
    population_fn: PopulationFn = random_population

    @property
    def spec(self) -> io_spec.Spec:
        """Attributes of observations and heads of actions, from which networks are assembled."""
        return io_spec.of(self.config)

    def default_rules(self, **overrides: Any) -> Rules:
        """The preset's rules, fields replaced by keyword; ValueError on what does not fit."""
        return default_rules(self.config, **overrides)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, WorldState]:
        """A new world and its first observations.

        Args:
          key: typed key; consumed.
          rules: the preset's if omitted.
          terrain: u8[H, W] materials instead of a generated map.

        Raises:
          ValueError: for a terrain of another shape or, where its values are known, with unknown
            materials.
        """
        rules = self.default_rules() if rules is None else rules
        if terrain is not None:
            terrain = validation.check_terrain(self.config, terrain)
        state = step.first_state(self.config, rules, key, terrain, self.population_fn)
        return self.observe(state, rules)

    def step(
        self,
        key: jax.Array,
        state: WorldState,
        action: Action | dict[str, jax.Array],
        rules: Rules | None = None,
    ) -> tuple[Observation, WorldState, jax.Array, jax.Array, jax.Array, Info]:
        """One tick.

        Args:
          key: typed key, a fresh one for each tick; consumed.
          state: of the last reset or step.
          action: i32[P] for each of move, style and target. Any integers are safe.
          rules: the preset's if omitted; may differ from tick to tick.

        Returns:
          Observation, state, reward f32[P], terminated bool[P] (the agent died), truncated
          bool[P] (never, without a horizon), and `Info`. The world is persistent and does not
          reset by itself.

        Raises:
          ValueError: for an action that lacks a head or has another shape.
        """
        rules = self.default_rules() if rules is None else rules
        validation.check_action(self.config, action)
        intent, illegal = actions.decode(self.config, rules, state, action)
        rolls = step.draw_rolls(self.config, rules, state, key, self.population_fn)
        after, events = step.advance(self.config, rules, state, intent, rolls)
        obs, after = self.observe(after, rules)
        reward = self.reward_fn(rules, state, after, events)
        terminated = events.deaths.cause != Cause.NONE
        info = Info(events.acted, events.newborn, illegal, after.lost_spawns, events)
        return obs, after, reward, terminated, jnp.zeros_like(terminated), info

    def observe(
        self, state: WorldState, rules: Rules | None = None
    ) -> tuple[Observation, WorldState]:
        """The observations of a state, and the state that remembers which rows they hold."""
        rules = self.default_rules() if rules is None else rules
        return observation.observe(self.config, rules, state)

    def observation_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Shapes, dtypes and bounds of an observation, by field."""
        del rules
        return spaces.of_observation(self.config)

    def action_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Shapes and choices of an action, by head."""
        del rules
        return spaces.of_action(self.config)

    def noop(self) -> Action:
        """The action in which nobody does anything."""
        return actions.noop(self.config)

    def digest(self, state: WorldState) -> jax.Array:
        """u32[2]: a fingerprint of everything that matters in a state.

        Independent of slot order, capacity and whatever empty slots hold.
        """
        return validation.digest(state)
