"""Worlds as adapters take them: with an end, and what of their game an adapter must know."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env import making
from jaxmmo.env.environment import Environment
from jaxmmo.env.presets import FIRST_ID, Preset
from jaxmmo.env.wrappers import Horizon, Wrapper


def make_world(
    preset: str | Preset, horizon: int | None, overrides: dict[str, Any]
) -> tuple[Environment | Wrapper, Environment]:
    """A world that ends, and the same world without an end.

    It ends after `horizon` ticks, never for None; and in a game without births when nobody lives.

    Raises:
      ValueError: for an unknown preset or setting, or a horizon that is no positive integer.
    """
    env = making.make(preset, **overrides)
    world = env if horizon is None else Horizon(env, horizon)
    return (world if _has_births(env) else UntilEmpty(world)), env


@dataclasses.dataclass(frozen=True)
class UntilEmpty(Wrapper):
    """A world without births is over when nobody lives: nothing would ever happen in it again."""

    def over(self, state: Any) -> jax.Array:
        """bool[...]: the end of what is wrapped, or nobody lives."""
        return super().over(state) | deserted(self.env, state)


def deserted(world: Environment | Wrapper, state: Any) -> jax.Array:
    """bool[...]: nobody lives, and nobody will; leading axes as of the state."""
    alive = world.world(state).players.alive
    return jnp.zeros(alive.shape[:-1], bool) if _has_births(world) else ~alive.any(-1)


def lives(world: Environment, horizon: int) -> list[tuple[int, int]]:
    """Every life that there may be: the id of the player, and the how many-th of that id it is.

    Args:
      world: without its end.
      horizon: its length, ticks.
    """
    config = world.config
    if not _keeps_ids(world):
        births = config.initial_population + config.max_spawns * (horizon + 1)
        return [(i, 1) for i in range(FIRST_ID, FIRST_ID + births + 1)]
    most = horizon if _has_births(world) else 1
    players = range(1, config.initial_population + 1)
    return [(i, life) for life in range(1, most + 1) for i in players]


def _keeps_ids(world: Environment | Wrapper) -> bool:
    """Whether players have their ids for good: the second game, whose dead may come back."""
    return "respawn" in vars(world.config)


def _has_births(world: Environment | Wrapper) -> bool:
    """Whether lives begin after a world's first tick."""
    return vars(world.config).get("respawn", True)
