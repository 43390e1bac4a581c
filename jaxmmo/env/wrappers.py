"""Small additions around an environment that keep its contract: horizon, auto-reset, batching.

A wrapper has the `reset`, `step` and other methods of `Environment` and holds no arrays: what it
must remember is in the state. They nest, usually as

    AutoReset(Batch(Horizon(env, 1024), 16), "pool")

so that one auto-reset serves all worlds. The world itself is persistent: without these it neither
ends nor starts anew.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env import spaces, validation
from jaxmmo.env.actions import Action
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.environment import Environment, Info
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, select
from jaxmmo.io.spec import Spec

Step = tuple[Observation, Any, jax.Array, jax.Array, jax.Array, Any]
"""Observation, state, reward, terminated, truncated, info."""

MODES = ("none", "same-step", "pool")

RESTART = 1_000_003  # stream of the keys of new worlds, far from those of `SystemId`


class ResetInfo(Info):
    """What `AutoReset` adds. `newborn` covers whoever starts in the new world."""

    over: jax.Array  # bool[...]; the world ended with this step
    terminal_observation: Observation  # of the world that was stepped, before any reset


class PooledState(WorldState):
    """A world (or a batch of them) and the pool from which its successors are taken."""

    pool_observation: Observation  # leading axis: worlds of the pool
    pool_state: WorldState  # likewise


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
    def spec(self) -> Spec:
        """See `Environment.spec`."""
        return self.env.spec

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
        action: Action | dict[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """See `Environment.step`."""
        return self.env.step(key, state, action, rules)

    def over(self, state: Any) -> jax.Array:
        """bool[...]: whether a world has come to its end; leading axes as of the state."""
        if isinstance(self.env, Wrapper):
            return self.env.over(state)
        return jnp.zeros(state.tick.shape, bool)

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """See `Environment.observe`."""
        return self.env.observe(state, rules)

    def observation_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Of one world, see `Environment.observation_space`."""
        return self.env.observation_space(rules)

    def action_space(self, rules: Rules | None = None) -> spaces.Dict:
        """Of one world, see `Environment.action_space`."""
        return self.env.action_space(rules)

    def noop(self) -> Action:
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
        _check_positive("ticks", self.ticks)

    def over(self, state: Any) -> jax.Array:
        """bool[...]: whether the clock has reached the horizon."""
        return state.tick >= self.ticks

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Action | dict[str, jax.Array],
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
        _check_positive("num_worlds", self.num_worlds)

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
        return jnp.stack([validation.check_terrain(self.config, each) for each in terrain])

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Action | dict[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """A tick of every world; see `reset`."""
        keys = jax.random.split(key, self.num_worlds)
        return jax.vmap(self.env.step, (0, 0, 0, _axis(rules)))(keys, state, action, rules)

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """The observations of every world."""
        return jax.vmap(self.env.observe, (0, _axis(rules)))(state, rules)

    def noop(self) -> Action:
        """Nobody does anything anywhere."""
        shape = (self.num_worlds,)
        return jax.tree.map(lambda x: jnp.broadcast_to(x, shape + x.shape), self.env.noop())

    def digest(self, state: Any) -> jax.Array:
        """u32[worlds, 2]: a fingerprint of each."""
        return jax.vmap(self.env.digest)(state)


@dataclasses.dataclass(frozen=True)
class AutoReset(Wrapper):
    """A world that is over is replaced, within the step that ended it, by a new one.

    Reward, `terminated`, `truncated` and events are of the old world, the observation and the state
    of the new one. What the old world looked like at its end is never lost: it is
    `info.terminal_observation`, and `info.over` says where it differs from the observation.

    Modes: "none" replaces nothing, but reports; "same-step" makes a new world in that step; "pool"
    takes one at random from worlds made at the reset, which costs memory instead of time. Around a
    `Batch`, a new world costs nothing until some world is over; inside one, every world pays for a
    new one in every step.

    Attributes:
      mode: one of `MODES`.
      pool_size: worlds in the pool, at least; rounded up to whole batches.
      same_map: new worlds have the map of the first one instead of another.
    """

    mode: str = "same-step"
    pool_size: int = 16
    same_map: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown mode or an empty pool."""
        if self.mode not in MODES:
            raise ValueError(f"mode={self.mode!r}: must be one of {MODES}")
        _check_positive("pool_size", self.pool_size)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, Any]:
        """The first world, as without the wrapper; a given terrain serves the pool too."""
        obs, state = self.env.reset(key, rules, terrain)
        if self.mode != "pool":
            return obs, state
        terrain = state.terrain.material if self.same_map else terrain
        axes = state.tick.ndim + 1
        rounds = -(-self.pool_size // max(1, state.tick.size))
        keys = jax.random.split(jax.random.fold_in(key, RESTART), rounds)
        pool = jax.vmap(lambda key: self.env.reset(key, rules, terrain))(keys)
        pool = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[axes:]), pool)
        return obs, PooledState(**vars(state), pool_observation=pool[0], pool_state=pool[1])

    def step(
        self,
        key: jax.Array,
        state: Any,
        action: Action | dict[str, jax.Array],
        rules: Rules | None = None,
    ) -> Step:
        """A tick, and new worlds where the old ones are over; `info` is a `ResetInfo`."""
        obs, after, reward, terminated, truncated, info = self.env.step(
            key, self._world(state), action, rules
        )
        over = super().over(after)
        terminal, newborn = obs, info.newborn
        if self.mode != "none":
            old = (obs, after)

            def restart() -> tuple[Observation, Any]:
                fresh = self._fresh(jax.random.fold_in(key, RESTART), state, over, rules)
                return jax.tree.map(lambda new, kept: select(over, new, kept), fresh, old)

            obs, after = jax.lax.cond(jnp.any(over), restart, lambda: old)
            newborn = jnp.where(over[..., None], after.players.alive, newborn)
        told: dict[str, Any] = vars(info) | {"newborn": newborn}
        info = ResetInfo(**told, over=over, terminal_observation=terminal)
        return obs, self._rejoin(state, after), reward, terminated, truncated, info

    def over(self, state: Any) -> jax.Array:
        """bool[...]: whether a world waits at its end; only with mode "none"."""
        return super().over(self._world(state))

    def observe(self, state: Any, rules: Rules | None = None) -> tuple[Observation, Any]:
        """See `Environment.observe`."""
        obs, world = self.env.observe(self._world(state), rules)
        return obs, self._rejoin(state, world)

    def digest(self, state: Any) -> jax.Array:
        """See `Environment.digest`; the pool does not count."""
        return self.env.digest(self._world(state))

    def _fresh(
        self, key: jax.Array, state: Any, over: jax.Array, rules: Rules | None
    ) -> tuple[Observation, Any]:
        """New worlds, as many as there are old ones."""
        if self.mode == "pool":
            pool = (state.pool_observation, state.pool_state)
            index = jax.random.randint(key, over.shape, 0, state.pool_state.tick.shape[0])
            return jax.tree.map(lambda leaf: leaf[index], pool)
        return self.env.reset(key, rules, state.terrain.material if self.same_map else None)

    def _world(self, state: Any) -> Any:
        """The state without the pool."""
        if self.mode != "pool":
            return state
        return WorldState(
            **{f.name: getattr(state, f.name) for f in dataclasses.fields(WorldState)}
        )

    def _rejoin(self, state: Any, world: Any) -> Any:
        """The world with the pool of a state."""
        return state.replace(**vars(world)) if self.mode == "pool" else world


def _axis(rules: Rules | None) -> int | None:
    """The axis of worlds in the rules, None if one set serves all."""
    return 0 if rules is not None and jnp.ndim(rules.max_population) else None


def _check_positive(name: str, value: Any) -> None:
    """ValueError unless a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r}: must be an integer of at least 1")
