"""Levels from experience, and what they are worth."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import Skill
from jaxmmo.env.rules import LEVELS, NEVER, Rules


def level_of(rules: Rules, experience: jax.Array) -> jax.Array:
    """A level is the number of experience thresholds reached (v1.3 section 2).

    Args:
      rules: v1.3's table maps the threshold of level 98 to level 0.
      experience: i32[...].

    Returns:
      i32[...] levels.
    """
    table, stride = rules.experience_thresholds, 8
    padded = jnp.pad(table, (0, stride), constant_values=NEVER)
    # eight at a time against scalars, which is vectorised; then three look-ups instead of seven
    count = jnp.zeros_like(experience)
    for i in range(stride - 1, table.shape[0], stride):
        count += jnp.where(experience >= table[i], stride, 0)
    for step in (4, 2, 1):
        count += jnp.where(experience >= padded[count + step - 1], step, 0)
    # the largest experience there is reaches what the table was padded with, too
    return rules.level_by_count[jnp.minimum(count, LEVELS - 1)]


def learn(experience: jax.Array, gained: jax.Array) -> jax.Array:
    """i32[...]: experience after a gain, which stops at the largest number instead of wrapping."""
    return experience + jnp.minimum(gained, NEVER - experience)


def combat_level(level: jax.Array) -> jax.Array:
    """i32[...]: how strong a fighter looks; mage is ignored, as in v1.3 (section 6).

    floor(0.25 (defense + constitution) + max(0.65 melee, 0.325 (floor(range / 2) + range))),
    in fortieths, so that it is exact.

    Args:
      level: i32[..., S].
    """
    base = 10 * (level[..., Skill.DEFENSE] + level[..., Skill.CONSTITUTION])
    ranged = level[..., Skill.RANGE] // 2 + level[..., Skill.RANGE]
    return (base + jnp.maximum(26 * level[..., Skill.MELEE], 13 * ranged)) // 40
