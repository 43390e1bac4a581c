"""Experience and levels."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, max_at
from jaxmmo.env.v2 import log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World


def level_at(rules: Rules, experience: jax.Array) -> jax.Array:
    """i32[...]: the level that belongs to experience."""
    reached = jnp.sum(experience[..., None] >= rules.thresholds, -1, dtype=jnp.int32)
    return jnp.minimum(reached, rules.level_max)


def gain(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    skill: jax.Array,
    amount: jax.Array,
    when: jax.Array,
) -> World:
    """A body gets better at a skill; levels never fall, and each new one is logged."""
    if not config.has("progression"):
        return world
    bodies = world.bodies
    who = jnp.where(when, body, bodies.id.shape[0])
    experience = add_at(bodies.experience, (who, skill), amount)
    level = level_at(rules, experience[body, skill])
    rises = when & (level > bodies.level[body, skill])
    levels = max_at(bodies.level, (who, skill), level)
    world = world.replace(bodies=bodies.replace(experience=experience, level=levels))
    return log.record(world, rises, body, Event.LEVEL_UP, type=skill + 1, level=level)


def best_level(world: World) -> jax.Array:
    """i32[B]: the level of a body's best skill."""
    return world.bodies.level.max(-1)
