"""Jumanji's `Environment` and `TimeStep`, with an axis of agents: the slots of a world.

    from jaxmmo.adapters.jumanji import Environment

    env = Environment("JaxMMO-v1", horizon=512)
    state, timestep = env.reset(jax.random.PRNGKey(0))
    state, timestep = jax.jit(env.step)(state, env.action_spec.generate_value())

Rewards and discounts are f32[agents], as in Jumanji's own environments of several agents. The
discount of an agent is 0 in the step that ends its life, and stays 0 while nobody lives in its
slot; it is 1 for whoever lives, at the horizon too, where `step_type` is LAST: that is a
truncation. `observation.acted` says whose transition is real, `observation.newborn` where a life
begins: where the dead are born again, in the step of the discount of 0. A world without births ends
when nobody lives.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.adapters._drawing import picture
from jaxmmo.adapters._worlds import make_world
from jaxmmo.adapters.base import Layout, requires, typed
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.io import arrays

_env: Any = requires("jumanji.env", "jumanji")
_specs: Any = requires("jumanji.specs", "jumanji")
_types: Any = requires("jumanji.types", "jumanji")


class State(struct.PyTreeNode):
    """A world between two ticks, and the key from which its ticks are drawn."""

    world: Any
    key: jax.Array  # u32[2]; raw, as Jumanji's are


class Observation(NamedTuple):
    """What every slot perceives."""

    agents_view: jax.Array  # f32[agents, F]
    action_mask: jax.Array  # bool[agents, actions]; heads one after another
    acted: jax.Array  # bool[agents]; somebody acted there in the step before
    newborn: jax.Array  # bool[agents]; somebody was born there in the step before
    step_count: jax.Array  # i32[]


class Environment(_env.Environment):
    """A world as Jumanji sees it.

    Attributes:
      env: the world.
      rules: of the game; compiled in.
    """

    def __init__(
        self,
        preset: str | Preset = "JaxMMO-v1",
        *,
        horizon: int = 1024,
        actions: str = "joint",
        rules: Rules | None = None,
        **overrides: Any,
    ):
        """A world that ends after `horizon` ticks.

        Args:
          preset: the id of a game, or a `Preset` of your own.
          horizon: ticks until the world ends.
          actions: "joint", one number for all heads; "multi", a number for each, which is what
            the second game needs.
          rules: of the game; the preset's if omitted.
          **overrides: settings of the game, as for `jaxmmo.make`.

        Raises:
          ValueError: for what is unknown or out of range, saying what is allowed.
        """
        if horizon is None:
            raise ValueError("horizon=None: must be an integer of at least 1, for Jumanji")
        self.env, world = make_world(preset, horizon, overrides)
        self.rules = world.default_rules() if rules is None else rules
        self.layout = Layout(world.spec, actions=actions)
        self.num_agents, self.time_limit = world.config.capacity, horizon
        super().__init__()

    def __repr__(self) -> str:
        """The preset, agents and horizon."""
        return f"{self.env.preset.name}(agents={self.num_agents}, horizon={self.time_limit})"

    def reset(self, key: jax.Array) -> tuple[State, Any]:
        """A new world, and the first time step; the key is consumed."""
        key, now = jax.random.split(typed(key))
        obs, world = self.env.reset(now, self.rules)
        born = arrays.living(self.env.spec, obs)
        seen = self._observation(obs, world, jnp.zeros_like(born), born)
        timestep = _types.restart(seen, extras={}, shape=(self.num_agents,))
        return State(world, jax.random.key_data(key)), timestep

    def step(self, state: State, action: jax.Array) -> tuple[State, Any]:
        """A tick, with actions i32[agents], or i32[agents, heads] for "multi"."""
        key, now = jax.random.split(typed(state.key))
        obs, world, reward, terminated, _, info = self.env.step(
            now, state.world, self.layout.act(action), self.rules
        )
        living = arrays.living(self.env.spec, obs) & ~terminated
        over = self.env.over(world)  # type: ignore[union-attr]  # with a horizon, a wrapper
        timestep = _types.TimeStep(
            step_type=jnp.where(over, _types.StepType.LAST, _types.StepType.MID),
            reward=reward,
            discount=living.astype(jnp.float32),
            observation=self._observation(obs, world, info.acted, info.newborn),
            extras={},
        )
        return State(world, jax.random.key_data(key)), timestep

    @functools.cached_property
    def observation_spec(self) -> Any:
        """Arrays of all slots."""
        slots, truth = (self.num_agents,), jnp.bool_
        size, choices = arrays.flat_size(self.env.spec), self.layout.num_logits
        return _specs.Spec(
            Observation,
            "ObservationSpec",
            agents_view=_specs.Array((*slots, size), jnp.float32, "agents_view"),
            action_mask=_specs.BoundedArray((*slots, choices), truth, False, True, "action_mask"),
            acted=_specs.BoundedArray(slots, truth, False, True, "acted"),
            newborn=_specs.BoundedArray(slots, truth, False, True, "newborn"),
            step_count=_specs.BoundedArray((), jnp.int32, 0, self.time_limit, "step_count"),
        )

    @functools.cached_property
    def action_spec(self) -> Any:
        """An action for every slot: a joint one, or a choice for each head."""
        joint = self.layout.actions == "joint"
        each = jnp.asarray(self.layout.num_actions if joint else self.layout.choices, jnp.int32)
        choices = jnp.broadcast_to(each, (self.num_agents, *each.shape))
        return _specs.MultiDiscreteArray(num_values=choices, dtype=jnp.int32, name="action")

    @functools.cached_property
    def reward_spec(self) -> Any:
        """A reward for every slot."""
        return _specs.Array(shape=(self.num_agents,), dtype=float, name="reward")

    @functools.cached_property
    def discount_spec(self) -> Any:
        """A discount for every slot."""
        return _specs.BoundedArray((self.num_agents,), float, 0.0, 1.0, "discount")

    def render(self, state: State) -> Any:
        """A picture u8[height, width, 3]."""
        return picture(self.env, state.world)

    def _observation(
        self, obs: Any, world: Any, acted: jax.Array, newborn: jax.Array
    ) -> Observation:
        view, mask = self.layout.observe(obs), self.layout.mask_row(obs)
        return Observation(view, mask, acted, newborn, world.tick)
