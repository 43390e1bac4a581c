"""Small additions around an environment that keep its contract: a horizon, batches of worlds.

A wrapper has the `reset`, `step` and other methods of `Environment` and holds no arrays: what it
must remember is in the state. They nest, usually as

    AutoReset(Batch(Horizon(env, 1024), 16), "pool")

so that one auto-reset serves all worlds. The world itself is persistent: without these it neither
ends nor starts anew. `AutoReset` is in `env.autoreset`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env import spaces, validation
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.records import Record
from jaxmmo.spec import Spec

Step = tuple[Observation, Any, jax.Array, jax.Array, jax.Array, Any]
"""Observation, state, reward, terminated, truncated, info."""


@dataclasses.dataclass(frozen=True)
class Wrapper:
    """Passes everything on; subclasses change what they are about.

    Attributes:
      env: what is wrapped.
    """

    env: Environment | Wrapper

    @property
    def config(self) -> EnvConfig:
        """Static sizes and switches."""
        return self.env.config

    @property
    def preset(self) -> Preset:
        """See `Environment.preset`."""
        return self.env.preset

    @property
    def spec(self) -> Spec:
        """See `Environment.spec`."""
        return self.env.spec

    @property
    def num_agents(self) -> int:
        """See `Environment.num_agents`."""
        return self.env.num_agents

    def world(self, state: Any) -> WorldState:
        """The game's own state.

        A wrapper with a state of its own overrides this, so that whoever looks at the game, for
        example to tell agents apart, finds it there.
        """
        return self.env.world(state)

    def default_rules(self, **overrides: Any) -> Rules:
        """See `Environment.default_rules`."""
        return self.env.default_rules(**overrides)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, Any]:
        """See `Environment.reset`."""
        return self.env.reset(key, rules, terrain)

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """See `Environment.step`."""
        return self.env.step(key, state, action, rules)

    def over(self, state: Any) -> jax.Array:
        """bool[...]: whether a world has come to its end; leading axes as of the state."""
        if isinstance(self.env, Wrapper):
            return self.env.over(state)
        return jnp.zeros(self.world(state).tick.shape, bool)

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """See `Environment.observe`."""
        return self.env.observe(state, rules)

    def observation_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Of one world, see `Environment.observation_space`."""
        return self.env.observation_space(rules)

    def action_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Of one world, see `Environment.action_space`."""
        return self.env.action_space(rules)

    def noop(self) -> Record:
        """See `Environment.noop`."""
        return self.env.noop()

    def digest(self, state: Any) -> jax.Array:
        """See `Environment.digest`."""
        return self.env.digest(state)


@dataclasses.dataclass(frozen=True)
class Horizon(Wrapper):
    """A world ends after a number of ticks: agents then alive are truncated, not terminated.

    The world's own clock counts, so a state that is loaded late ends as early as ever. Stepping on
    after the end is possible and stays truncated.

    Attributes:
      ticks: length of a world.
    """

    ticks: int = 1024

    def __post_init__(self) -> None:
        """Raises ValueError unless there is at least one tick."""
        check_positive("ticks", self.ticks)

    def over(self, state: Any) -> jax.Array:
        """bool[...]: whether the clock has reached the horizon."""
        return self.world(state).tick >= self.ticks

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """A tick; `truncated` where an agent acted, lives on, and the world is over."""
        obs, state, reward, terminated, truncated, info = self.env.step(key, state, action, rules)
        cut = self.over(state)[..., None] & info.acted & ~terminated
        return obs, state, reward, terminated, truncated | cut, info


@dataclasses.dataclass(frozen=True)
class Batch(Wrapper):
    """Many worlds at once: every array gets a leading axis, keys are split over the worlds.

    Attributes:
      num_worlds: how many.
    """

    num_worlds: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError unless there is at least one world."""
        check_positive("num_worlds", self.num_worlds)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, Any]:
        """New worlds.

        Args:
          key: one for all; consumed.
          rules: one for all, or leaves with a leading axis of worlds.
          terrain: u8[H, W], the same map for all, or u8[worlds, H, W].
        """
        per_map = None
        if terrain is not None and np.ndim(terrain) == 3:
            per_map, terrain = 0, self._check_maps(terrain)
        return jax.vmap(self.env.reset, (0, _axis(rules), per_map))(
            jax.random.split(key, self.num_worlds), rules, terrain
        )

    def _check_maps(self, terrain: Any) -> jax.Array:
        """u8[worlds, H, W]; ValueError for another number of maps, or a map that is not allowed."""
        if len(terrain) != self.num_worlds:
            raise ValueError(f"{len(terrain)} maps for {self.num_worlds} worlds: give one for each")
        return jnp.stack(
            [validation.check_terrain(self.config, self.preset.materials, each) for each in terrain]
        )

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Mapping[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """A tick of every world; see `reset`."""
        keys = jax.random.split(key, self.num_worlds)
        return jax.vmap(self.env.step, (0, 0, 0, _axis(rules)))(keys, state, action, rules)

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """The observations of every world."""
        return jax.vmap(self.env.observe, (0, _axis(rules)))(state, rules)

    def noop(self) -> Record:
        """Nobody does anything anywhere."""
        shape = (self.num_worlds,)
        return jax.tree.map(lambda x: jnp.broadcast_to(x, shape + x.shape), self.env.noop())

    def digest(self, state: Any) -> jax.Array:
        """u32[worlds, 2]: a fingerprint of each."""
        return jax.vmap(self.env.digest)(state)


def _axis(rules: Rules | None) -> int | None:
    """The axis of worlds in the rules, None if one set serves all."""
    return 0 if rules is not None and jnp.ndim(rules.max_population) else None


def check_positive(name: str, value: Any) -> None:
    """ValueError unless a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r}: must be an integer of at least 1")
