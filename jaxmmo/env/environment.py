"""The environment: reset and step as pure functions of arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import observation, rewards, spaces, step, validation
from jaxmmo.env.actions.decoding import decode, noop
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause
from jaxmmo.env.observation import Observation
from jaxmmo.env.presets import Preset
from jaxmmo.env.registry import find
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, varying_like
from jaxmmo.env.systems.spawning import PopulationFn, random_population
from jaxmmo.env.terrain import from_material
from jaxmmo.records import Record
from jaxmmo.spec import Spec


class Info(struct.PyTreeNode):
    """What `step` reports beside observation and reward."""

    acted: jax.Array  # bool[P]; was alive before the step: its transition is a real one
    newborn: jax.Array  # bool[P]; born in this step: recurrent state starts afresh
    illegal: jax.Array  # bool[P]; the action was not allowed by the masks and counted as nothing
    lost_spawns: jax.Array  # i32[]; births so far that found no empty slot
    events: Record  # what the systems of the game report, by name


@dataclasses.dataclass(frozen=True, repr=False)
class Environment:
    """A world to live in. Hashable, so that it can be closed over or passed as a static argument.

    There is no world axis: `jax.vmap(env.step)` makes a batch of worlds.

    Attributes:
      game: a `Preset`, the id of one, or a configuration that began as one.
      reward_fn: replaces the reward, see `rewards.RewardFn`; the preset's if omitted.
      population_fn: replaces the assignment of newborns, see `spawning.PopulationFn`.
    """

    game: Preset | EnvConfig | str
    reward_fn: rewards.RewardFn | None = None
    population_fn: PopulationFn = random_population

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown preset."""
        object.__setattr__(self, "game", find(self.game))

    def __repr__(self) -> str:
        """The game, its sizes, and what was replaced."""
        config = self.config
        own = [
            getattr(f, "__name__", type(f).__name__)
            for f in (self.reward_fn, self.population_fn)
            if f not in (None, self.preset.reward, random_population)
        ]
        sizes = f"{config.height}x{config.width} tiles, {config.capacity} slots"
        return f"Environment({', '.join([self.preset.name, sizes, *own])})"

    @property
    def preset(self) -> Preset:
        """Configuration, rules, and what the game is made of."""
        return find(self.game)

    @property
    def reward(self) -> rewards.RewardFn:
        """What is played for: `reward_fn`, or else the preset's."""
        return self.preset.reward if self.reward_fn is None else self.reward_fn

    @property
    def config(self) -> EnvConfig:
        """Static sizes and switches."""
        return self.preset.config

    @property
    def spec(self) -> Spec:
        """Attributes of observations and heads of actions, from which networks are assembled."""
        return self.preset.spec

    @property
    def num_agents(self) -> int:
        """Player slots (P): the leading axis of observations, actions and rewards."""
        return self.config.capacity

    def world(self, state: WorldState) -> WorldState:
        """The game's own state; a wrapper with a state of its own says where it lies in that."""
        return state

    def default_rules(self, **overrides: Any) -> Rules:
        """The preset's rules, fields replaced by keyword; ValueError on what does not fit."""
        return self.preset.default_rules(**overrides)

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
            materials; for what is not one typed key.
        """
        rules = self.default_rules() if rules is None else rules
        config, materials = self.config, self.preset.materials
        if terrain is None:
            validation.check_key(key)
            material = self.preset.terrain(key, config, rules)
        else:
            material = validation.check_terrain(config, materials, terrain)
        validation.check_key(key)
        state = self.preset.empty_state(from_material(material, materials))
        state = varying_like(state, jax.random.key_data(key), rules.max_population, material)
        state = self.preset.founders(config, rules, state, key, self.population_fn)
        return self.observe(state, rules)

    def step(
        self,
        key: jax.Array,
        state: WorldState,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> tuple[Observation, WorldState, jax.Array, jax.Array, jax.Array, Info]:
        """One tick.

        Args:
          key: typed key, a fresh one for each tick; consumed.
          state: of the last reset or step.
          action: i32[P] for each head of the spec. Any integers are safe.
          rules: the preset's if omitted; may differ from tick to tick.

        Returns:
          Observation, state, reward f32[P], terminated bool[P] (the agent died), truncated
          bool[P] (never, without a horizon), and `Info`. The world is persistent and does not
          reset by itself.

        Raises:
          ValueError: for an action that lacks a head or has another shape, a state of another
            environment, what is not one typed key, and a reward of another shape or dtype.
        """
        rules = self.default_rules() if rules is None else rules
        game, config = self.preset, self.config
        validation.check_action(config, self.spec, action)
        validation.check_key(key)
        validation.check_state(config, state)
        intent, illegal = decode(config, rules, state, action, game.heads, self.spec)
        rolls = game.draws(config, rules, state, key, self.population_fn, game.systems)
        after, events = step.advance(config, rules, state, intent, rolls, game.systems)
        obs, after = self.observe(after, rules)
        reward = self.reward(rules, state, after, events)
        reward = validation.check_reward(config, self.reward, reward)
        terminated = events.deaths.cause != Cause.NONE
        players = slice(config.capacity)
        info = Info(
            events.acted[players], events.newborn[players], illegal, after.lost_spawns, events
        )
        return obs, after, reward, terminated, jnp.zeros_like(terminated), info

    def observe(
        self, state: WorldState, rules: Rules | None = None
    ) -> tuple[Observation, WorldState]:
        """The observations of a state, and the state that remembers which rows they hold."""
        rules = self.default_rules() if rules is None else rules
        game = self.preset
        validation.check_state(self.config, state)
        return observation.observe(
            self.config, rules, state, self.spec, game.materials, game.views, game.heads
        )

    def observation_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Shapes, dtypes and bounds of an observation, by field."""
        del rules
        return spaces.of_observation(self.config, self.spec)

    def action_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Shapes and choices of an action, by head."""
        del rules
        return spaces.of_action(self.config, self.spec)

    def noop(self) -> Record:
        """The action in which nobody does anything."""
        return noop(self.config, self.preset.heads)

    def digest(self, state: WorldState) -> jax.Array:
        """u32[2]: a fingerprint of everything that matters in a state.

        Independent of slot order, capacity and whatever empty slots hold.
        """
        return validation.digest(state)
