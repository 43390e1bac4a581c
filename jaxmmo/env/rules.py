"""Every number of the game as an array leaf: `vmap` over many Rules runs many games at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.core import Tracer

from jaxmmo.env.config import EnvConfig, refuse_unknown
from jaxmmo.env.constants import NUM_SKILLS, NUM_STYLES, Skill

NEVER = np.int32(2**31 - 1)
"""A tick that does not come."""

LEVELS = 100  # rows of every table indexed by level, 0..99
DELAYS = 4096  # columns of the table of regrowth delays, a power of two


class Rules(struct.PyTreeNode):
    """The numbers of the game, all integers. Sources: RULES sections of Neural MMO v1.3.

    Scalars are i32[]; S = 7 skills in the order of `Skill`, 3 styles in the order of `Style`.
    """

    max_population: jax.Array  # agents that may live; each population gets an equal part of it
    spawn_attempts: jax.Array  # spawn attempts a tick, at most EnvConfig.max_spawns
    initial_experience: jax.Array  # i32[S]; a newborn's resources are full at its levels
    initial_immunity: jax.Array  # ticks
    experience_thresholds: jax.Array  # i32[99]; experience at which level i + 1 begins
    level_by_count: jax.Array  # i32[100]; level for the number of thresholds reached

    food_decay: jax.Array  # food lost a tick
    water_decay: jax.Array  # water lost a tick
    resource_restore: jax.Array  # i32[100]; food or water gained from one harvest, by level
    health_restore: jax.Array  # i32[100]; health regained a tick, by constitution level
    regeneration_divisor: jax.Array  # health regenerates while food and water > max // divisor
    starvation_damage: jax.Array  # health lost a tick without food
    dehydration_damage: jax.Array  # health lost a tick without water
    forage_experience: jax.Array  # experience per unit of food or water gained
    regrow_table: jax.Array  # u32[2, DELAYS]; alias table of the ticks until a forest regrows

    max_hit: jax.Array  # i32[3, 100]; damage of a hit by style and level
    hit_base: jax.Array  # chance of a hit = (hit_base + level difference) / hit_scale
    hit_scale: jax.Array  # at most 65535
    reach: jax.Array  # i32[3]; Chebyshev tiles each style reaches; -1 switches the style off
    freeze_ticks: jax.Array  # i32[3]; how long a hit of each style freezes its target
    leech: jax.Array  # food and water an attacker gains per point of damage
    drain: jax.Array  # food and water a target loses per point of damage
    attack_experience: jax.Array  # experience in the style per point of damage dealt
    defense_experience: jax.Array  # experience in defense per point of damage taken
    combat_experience: jax.Array  # experience in constitution per point dealt or taken

    wilderness_centre: jax.Array  # i32[2]; (row, col) doubled, so that half tiles are exact
    wilderness_offset: jax.Array  # tiles from the centre at which wilderness 0 begins
    wilderness_scale: jax.Array  # tiles per level of wilderness

    water_level: jax.Array  # f32[]; terrain noise in [0, 1] below which a tile is water
    grass_level: jax.Array  # f32[]; ... grass
    forest_level: jax.Array  # f32[]; ... forest; stone above

    def without_combat(self) -> Rules:
        """The same rules with every style switched off: no target is ever legal."""
        return self.replace(reach=jnp.full_like(self.reach, -1))


def experience_table() -> np.ndarray:
    """i64[99]: experience at which levels 1..99 begin.

    E[l] = floor(sum over i = 2..l of floor(i - 1 + 300 * 2^((i - 1) / 7)) / 4), v1.3 section 2.
    """
    steps = [np.floor(i - 1 + 300 * 2 ** ((i - 1) / 7)) for i in range(2, LEVELS)]
    return np.concatenate([[0], np.floor(np.cumsum(steps) / 4)]).astype(np.int64)


def regrowth_table(probability: float) -> np.ndarray:
    """u32[2, D]: alias table (Walker) of the geometric number of ticks until a tile regrows.

    One uniform 32-bit word draws a delay in two look-ups: the high bits choose a column, the rest
    decide between the column's own delay and its alias. Equal in law to a coin flip of
    `probability` per tick, but for what lies beyond D ticks (nothing above 0.004), which the last
    delay holds. D is the same for all, so that rules stack and never recompile. A probability of
    0 never regrows.

    Args:
      probability: chance per tick, in [0, 1].

    Raises:
      ValueError: for a probability outside [0, 1].
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"regrowth probability={probability!r}: must be in [0, 1]")
    if probability == 0:
        return np.stack([np.zeros(DELAYS, np.uint32), np.full(DELAYS, NEVER, np.uint32)])
    delays = np.arange(1, DELAYS + 1)
    mass = probability * (1 - probability) ** (delays - 1)
    mass[-1] += max(0.0, 1 - mass.sum())
    return np.stack(_alias(mass, delays))


def _alias(mass: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vose's construction: (u32 thresholds of keeping the column, u32 alias values)."""
    size = len(mass)
    scaled, keep, alias = mass * size, np.ones(size), np.arange(size)
    small = [i for i in range(size) if scaled[i] < 1]
    large = [i for i in range(size) if scaled[i] >= 1]
    while small and large:
        low, high = small.pop(), large.pop()
        keep[low], alias[low] = scaled[low], high
        scaled[high] -= 1 - scaled[low]
        (small if scaled[high] < 1 else large).append(high)
    return np.minimum(keep * 2.0**32, 2.0**32 - 1).astype(np.uint32), values[alias].astype(
        np.uint32
    )


def default_rules(config: EnvConfig, **overrides: Any) -> Rules:
    """The rules of the configuration's preset, single fields replaced by keyword.

    Args:
      config: decides the preset and the sizes that rules follow (capacity, map).
      **overrides: Rules fields, broadcast to the field's shape and cast to its dtype; or
        `regrow_probability`, a float from which `regrow_table` is built.

    Raises:
      ValueError: for an unknown field, a value that does not fit, or a `max_population` that leaves
        no population room for anybody.
    """
    thresholds = experience_table()
    counts = np.arange(LEVELS)
    original = config.preset == "NeuralMMO-v1.3"
    if original:  # v1.3 has no level 98 or 99: at the threshold of 98 the level reads 0
        thresholds[98] = NEVER
        counts[98:] = 0
    levels = np.arange(LEVELS)
    experience = np.zeros(NUM_SKILLS, np.int64)
    experience[[Skill.CONSTITUTION, Skill.FISHING, Skill.HUNTING]] = thresholds[9]
    hits = [np.floor(base + span * levels / 99) for base, span in ((5, 45), (3, 32), (1, 24))]
    centre = (70, 70) if original else (config.height - 1, config.width - 1)
    regrow = regrowth_table(overrides.pop("regrow_probability", 0.025))
    fields: dict[str, Any] = {
        "max_population": config.capacity,
        "spawn_attempts": 1,
        "initial_experience": experience,
        "initial_immunity": 10,
        "experience_thresholds": thresholds,
        "level_by_count": counts,
        "food_decay": 1,
        "water_decay": 1,
        "resource_restore": levels // 2,
        "health_restore": levels // 10,
        "regeneration_divisor": 2,
        "starvation_damage": 1,
        "dehydration_damage": 1,
        "forage_experience": 10,
        "max_hit": np.stack(hits),
        "hit_base": 100,
        "hit_scale": 200,
        "reach": [1] * NUM_STYLES if original else [1, 2, 3],
        "freeze_ticks": [0, 0, 3],
        "leech": 1,
        "drain": 1,
        "attack_experience": 40,
        "defense_experience": 40,
        "combat_experience": 20,
        "wilderness_centre": centre,
        "wilderness_offset": 7,
        "wilderness_scale": 3,
    }
    rules = Rules(
        **{name: jnp.asarray(value, jnp.int32) for name, value in fields.items()},
        regrow_table=jnp.asarray(regrow),
        water_level=jnp.float32(0.3),
        grass_level=jnp.float32(0.57),
        forest_level=jnp.float32(0.715),
    )
    return rules.replace(**_checked(rules, overrides))


def _checked(rules: Rules, overrides: dict[str, Any]) -> dict[str, jax.Array]:
    allowed = list(Rules.__dataclass_fields__)
    refuse_unknown("rule", overrides, [*allowed, "regrow_probability"])
    checked = {}
    for name, value in overrides.items():
        leaf = getattr(rules, name)
        try:
            array = jnp.asarray(value, leaf.dtype)
            known = not isinstance(array, Tracer)
            if known and leaf.dtype != jnp.float32 and not np.array_equal(array, value):
                raise ValueError("it would be rounded")
            checked[name] = jnp.broadcast_to(array, leaf.shape)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"rule {name}={value!r}: does not fit {leaf.dtype}{list(leaf.shape)}"
            ) from error
    return checked
