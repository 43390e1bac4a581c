"""How far tasks are fulfilled that are made of several predicates (section 14)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.predicates import evaluate
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import Predicate, Tasks


def fulfilled(config: Config, world: World, tasks: Tasks, counted: jax.Array) -> jax.Array:
    """f32[P]: how far each player's task is fulfilled, in [0, 1].

    Args:
      config: sizes.
      world: after a tick.
      tasks: of everybody.
      counted: i32[P, T], what the log added up to for each part, and for the whole.
    """
    parts = []
    for place in range(config.terms):
        asked = tasks if place == config.terms - 1 else tasks.part(place)
        value = jnp.clip(evaluate(config, world, asked, counted[:, place]), 0, 1)
        parts.append(joined(asked, parts, value) if config.terms > 1 else value)
    return parts[-1]


def joined(asked: Tasks, parts: list[jax.Array], alone: jax.Array) -> jax.Array:
    """f32[P]: the value of combinators; of all else it is what it is alone.

    What is no part before it counts as 0.

    Args:
      asked: combinators or predicates, one a player.
      parts: f32[P] each, the values of the parts before.
      alone: f32[P], values of what is no combinator.
    """

    def of(place: jax.Array) -> jax.Array:
        value = jnp.zeros_like(alone)
        for index, part in enumerate(parts):
            value = jnp.where(place == index, part, value)
        return value

    one, other = of(asked.first), of(asked.second)
    values = {
        Predicate.AND: jnp.minimum(one, other),
        Predicate.OR: jnp.maximum(one, other),
        Predicate.NOT: 1 - one,
        Predicate.SUM: jnp.minimum(one + other, 1),
        Predicate.DIFFERENCE: jnp.maximum(one - other, 0),
        Predicate.PRODUCT: one * other,
        Predicate.SHARE: jnp.clip(asked.number / 100, 0, 1),
    }
    for predicate, value in values.items():
        alone = jnp.where(asked.predicate == predicate, value, alone)
    return alone
