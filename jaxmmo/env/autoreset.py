"""New worlds for those that are over, without hiding how they ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.environment import Info
from jaxmmo.env.observation import Observation
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState, select
from jaxmmo.env.wrappers import Step, Wrapper, check_positive

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

    __repr__ = WorldState.__repr__


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
        check_positive("pool_size", self.pool_size)

    def reset(
        self, key: jax.Array, rules: Rules | None = None, terrain: Any = None
    ) -> tuple[Observation, Any]:
        """The first world, as without the wrapper; a given terrain serves the pool too."""
        obs, state = self.env.reset(key, rules, terrain)
        if self.mode != "pool":
            return obs, state
        if not isinstance(state, WorldState):
            raise ValueError(
                f"a pool of worlds around a state of its own ({type(state).__name__}): wrap the "
                "other way round, or use the mode 'same-step'"
            )
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
        action: Mapping[str, jax.Array],
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
            newborn = jnp.where(over[..., None], self.env.world(after).players.alive, newborn)
        fields: dict[str, Any] = vars(info) | {"newborn": newborn}
        info = ResetInfo(**fields, over=over, terminal_observation=terminal)
        return obs, self._rejoin(state, after), reward, terminated, truncated, info

    def world(self, state: Any) -> WorldState:
        """See `Environment.world`."""
        return self.env.world(self._world(state))

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
        material = self.env.world(state).terrain.material if self.same_map else None
        return self.env.reset(key, rules, material)

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


def lasting(env: Any) -> Any:
    """The same environment without the replacing of worlds: what ends there, goes on.

    Evaluation, films and live worlds follow one world for as long as they are asked to.
    """
    if not isinstance(env, Wrapper):
        return env
    inner = lasting(env.env)
    changed: dict[str, Any] = {} if inner is env.env else {"env": inner}
    if isinstance(env, AutoReset) and env.mode != "none":
        changed["mode"] = "none"
    return dataclasses.replace(env, **changed) if changed else env
