"""Every number of the game as an array leaf: `vmap` over many Rules runs many games at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.core import Tracer

from jaxmmo.env.config import EnvConfig, refuse_unknown
from jaxmmo.env.constants import NUM_SKILLS, Skill

NEVER = np.int32(2**31 - 1)
"""A tick that does not come."""

LEVELS = 100  # rows of every table indexed by level, 0..99
DELAYS = 4096  # columns of the table of regrowth delays, a power of two
MOST = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a field of the rules is: its default, and the values that make sense.

    Attributes:
      default: a number or nested list, or (config) -> one, for what follows from sizes.
      low: smallest value that is allowed.
      high: largest value that is allowed; or (config) -> it.
      dtype: of the array.
    """

    default: Any
    low: float
    high: float | Callable[[Any], float]
    dtype: Any


def rule(
    default: Any,
    low: float = 0,
    high: float | Callable[[Any], float] = MOST,
    dtype: Any = jnp.int32,
) -> Any:
    """Declares a field of the rules in one line; see `Rule`. Its shape is that of the default."""
    return struct.field(metadata={"rule": Rule(default, low, high, dtype)})


class Numbers(struct.PyTreeNode):
    """Fields declared with `rule`: the rules, or what is added to them."""


def _capacity(config: EnvConfig) -> int:
    """Player slots: a world that may be full, and no fuller."""
    return config.capacity


def experience_table() -> np.ndarray:
    """i64[99]: experience at which levels 1..99 begin.

    E[l] = floor(sum over i = 2..l of floor(i - 1 + 300 * 2^((i - 1) / 7)) / 4), v1.3 section 2.
    """
    steps = [np.floor(i - 1 + 300 * 2 ** ((i - 1) / 7)) for i in range(2, LEVELS)]
    return np.concatenate([[0], np.floor(np.cumsum(steps) / 4)]).astype(np.int64)


def _starting_experience() -> np.ndarray:
    """i64[S]: level 10 in what keeps an agent alive, level 1 elsewhere (v1.3 section 2)."""
    experience = np.zeros(NUM_SKILLS, np.int64)
    experience[[Skill.CONSTITUTION, Skill.FISHING, Skill.HUNTING]] = experience_table()[9]
    return experience


def _largest_hits() -> np.ndarray:
    """i64[3, 100]: damage of a hit by style and level (v1.3 section 6)."""
    levels = np.arange(LEVELS)
    return np.stack([base + span * levels // 99 for base, span in ((5, 45), (3, 32), (1, 24))])


class Rules(Numbers):
    """The numbers of the game, all integers. Sources: RULES sections of Neural MMO v1.3.

    Scalars are i32[]; S = 7 skills in the order of `Skill`, 3 styles in the order of `Style`.
    """

    # agents that may live; each population gets an equal part of it
    max_population: jax.Array = rule(
        lambda config: config.capacity, 1, lambda config: config.capacity
    )
    spawn_attempts: jax.Array = rule(1)  # spawn attempts a tick, at most EnvConfig.max_spawns
    # i32[S]; a newborn's resources are full at its levels
    initial_experience: jax.Array = rule(_starting_experience())
    initial_immunity: jax.Array = rule(10)  # ticks
    # i32[99]; experience at which level i + 1 begins
    experience_thresholds: jax.Array = rule(experience_table())
    # i32[100]; level for the number of thresholds reached
    level_by_count: jax.Array = rule(np.arange(LEVELS), 0, LEVELS - 1)

    food_decay: jax.Array = rule(1)  # food lost a tick
    water_decay: jax.Array = rule(1)  # water lost a tick
    # i32[100]; food or water gained from one harvest, by level
    resource_restore: jax.Array = rule(np.arange(LEVELS) // 2)
    # i32[100]; health regained a tick, by constitution level
    health_restore: jax.Array = rule(np.arange(LEVELS) // 10)
    # health regenerates while food and water > max // divisor
    regeneration_divisor: jax.Array = rule(2, 1)
    starvation_damage: jax.Array = rule(1)  # health lost a tick without food
    dehydration_damage: jax.Array = rule(1)  # health lost a tick without water
    forage_experience: jax.Array = rule(
        10, 0, 100_000
    )  # experience per unit of food or water gained
    # u32[2, DELAYS]; alias table of the ticks until a forest regrows
    regrow_table: jax.Array = rule(lambda config: regrowth_table(0.025), 0, 2**32 - 1, jnp.uint32)

    max_hit: jax.Array = rule(
        _largest_hits(), 0, 10_000
    )  # i32[3, 100]; damage of a hit by style and level
    # chance of a hit = (hit_base + level difference) / hit_scale
    hit_base: jax.Array = rule(100, -MOST)
    hit_scale: jax.Array = rule(200, 1, 2**16 - 1)  # at most 65535
    # i32[3]; Chebyshev tiles each style reaches; -1 switches the style off
    reach: jax.Array = rule([1, 2, 3], -1)
    # i32[3]; how long a hit of each style freezes its target
    freeze_ticks: jax.Array = rule([0, 0, 3])
    leech: jax.Array = rule(1, 0, 100_000)  # food and water an attacker gains per point of damage
    drain: jax.Array = rule(1, 0, 100_000)  # food and water a target loses per point of damage
    attack_experience: jax.Array = rule(
        40, 0, 100_000
    )  # experience in the style per point of damage dealt
    defense_experience: jax.Array = rule(
        40, 0, 100_000
    )  # experience in defense per point of damage taken
    combat_experience: jax.Array = rule(
        20, 0, 100_000
    )  # experience in constitution per point dealt or taken

    # i32[2]; (row, col) doubled, so that half tiles are exact
    wilderness_centre: jax.Array = rule(lambda config: (config.height - 1, config.width - 1), -MOST)
    # tiles from the centre at which wilderness 0 begins
    wilderness_offset: jax.Array = rule(7, -MOST)
    wilderness_scale: jax.Array = rule(3, 1)  # tiles per level of wilderness

    # f32[]; terrain noise in [0, 1] below which a tile is water
    water_level: jax.Array = rule(0.3, 0, 1, jnp.float32)
    grass_level: jax.Array = rule(0.57, 0, 1, jnp.float32)  # f32[]; ... grass
    forest_level: jax.Array = rule(0.715, 0, 1, jnp.float32)  # f32[]; ... forest; stone above

    def without_combat(self) -> Rules:
        """The same rules with every style switched off: no target is ever legal."""
        return self.replace(reach=jnp.full_like(self.reach, -1))


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
    number = isinstance(probability, int | float | np.number) and not isinstance(probability, bool)
    if not number or not 0.0 <= probability <= 1.0:
        raise ValueError(f"regrow_probability={probability!r}: must be a number in [0, 1]")
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


def traced_regrowth_table(probability: jax.Array) -> jax.Array:
    """u32[2, D]: as `regrowth_table`, for a probability f32[] that is only known when it runs.

    A sweep over the delays that have too little weight for a column and those that have too much
    (Huebschle-Schneider and Sanders 2019): the alias table is another one, its law is the same to
    the precision of f32. What is outside [0, 1] counts as the nearer end.
    """
    chance = jnp.clip(jnp.asarray(probability, jnp.float32), 0, 1)
    delays = jnp.arange(1, DELAYS + 1)
    stays = jnp.where(delays == 1, 1.0, jnp.exp((delays - 1) * jnp.log1p(-chance)))
    mass = jnp.where(delays == DELAYS, stays, chance * stays) * DELAYS
    few = jnp.argsort(mass >= 1, stable=True)  # the light ones first, then the heavy ones
    light = jnp.sum(mass < 1)

    def sweep(carry: tuple[jax.Array, ...], _: None) -> tuple[tuple[jax.Array, ...], Any]:
        small, large, rest = carry
        heavy = few[jnp.minimum(large, DELAYS - 1)]
        small_left = small < light
        fill = small_left & ((rest >= 1) | (large + 1 >= DELAYS))
        column = jnp.where(fill, few[jnp.minimum(small, DELAYS - 1)], heavy)
        later = few[jnp.minimum(large + 1, DELAYS - 1)]
        last = (large + 1 >= DELAYS) & ~fill
        alias = jnp.where(fill, heavy, jnp.where(last, heavy, later))
        keep = jnp.where(fill, mass[column], jnp.where(last, 1.0, rest))
        after = jnp.where(fill, rest + mass[column] - 1, mass[later] + rest - 1)
        step = fill.astype(jnp.int32)
        return (small + step, large + 1 - step, after), (column, keep, delays[alias])

    begin = (jnp.int32(0), light.astype(jnp.int32), mass[few[jnp.minimum(light, DELAYS - 1)]])
    column, keep, alias = jax.lax.scan(sweep, begin, None, length=DELAYS)[1]
    threshold = jnp.clip(keep, 0, 1) * np.float32(2**32 - 256)  # the largest that fits in 32 bits
    table = jnp.zeros((2, DELAYS), jnp.uint32)
    table = table.at[0, column].set(threshold.astype(jnp.uint32))
    table = table.at[1, column].set(alias.astype(jnp.uint32))
    never = jnp.stack([jnp.zeros(DELAYS, jnp.uint32), jnp.full(DELAYS, NEVER, jnp.uint32)])
    return jnp.where(chance == 0, never, table)


def declared(kind: type[Numbers]) -> dict[str, Rule]:
    """What each field of a class of rules is, by name."""
    return {field.name: field.metadata["rule"] for field in dataclasses.fields(kind)}


N = TypeVar("N", bound=Numbers)


def make_rules(kind: type[N], config: Any, *overrides: dict[str, Any]) -> N:
    """The rules of a configuration, single fields replaced.

    Args:
      kind: a class of rules.
      config: decides the sizes that rules follow (capacity, map).
      *overrides: fields, broadcast to the field's shape and cast to its dtype; or
        `regrow_probability`, a float from which `regrow_table` is built. Later ones win.

    Raises:
      ValueError: for an unknown field, a value that does not fit, or one out of its range.
    """
    fields = declared(kind)
    values = {name: _default(each, config) for name, each in fields.items()}
    for given in overrides:
        by_chance = ["regrow_probability"] if "regrow_table" in fields else []
        refuse_unknown("rule", given, [*fields, *by_chance])
        for name, value in given.items():
            if name in by_chance:
                traced = isinstance(value, Tracer)
                table: Any = traced_regrowth_table if traced else regrowth_table
                values["regrow_table"] = jnp.asarray(table(value))
            else:
                values[name] = _checked(name, value, values[name], fields[name], config)
    return kind(**values)


def _default(rule: Rule, config: Any) -> jax.Array:
    """A field's default as an array."""
    value = rule.default(config) if callable(rule.default) else rule.default
    return jnp.asarray(value, rule.dtype)


def _checked(name: str, value: Any, leaf: jax.Array, rule: Rule, config: Any) -> jax.Array:
    """A value for a field; ValueError unless it fits and, where it is known, is in its range."""
    high = rule.high(config) if callable(rule.high) else rule.high
    try:
        array = jnp.asarray(value, leaf.dtype)
        known = not isinstance(array, Tracer)
        if known and leaf.dtype != jnp.float32 and not np.array_equal(array, value):
            raise ValueError("it would be rounded")
        fitted = jnp.broadcast_to(array, leaf.shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"rule {name}={value!r}: does not fit {leaf.dtype}{list(leaf.shape)}"
        ) from error
    if known and not (np.all(np.asarray(array) >= rule.low) and np.all(np.asarray(array) <= high)):
        raise ValueError(f"rule {name}={value!r}: must be in [{rule.low}, {high}]")
    return fitted
