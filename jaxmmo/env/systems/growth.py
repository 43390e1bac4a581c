"""Levels follow experience at the end of a tick, and time passes."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.levels import level_of
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.tick import Tick


def grow(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, jax.Array]:
    """Levels are those of the experience gained up to now (v1.3 section 2).

    Returns:
      The state, and i32[B, S]: levels gained by those who acted (or lost to v1.3's overflow).
    """
    del config
    bodies = state.bodies
    level = level_of(rules, bodies.experience)
    gained = jnp.where(tick.acted[:, None], level - bodies.level, 0)
    return state.replace(bodies=bodies.replace(level=level), tick=state.tick + 1), gained
