"""Every number of the second game as an array leaf."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.rules import NEVER, make_rules, rule
from jaxmmo.env.v2 import curricula
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.musters import Musters

OFFENCES = 2048
"""Entries of the tables by offence: what is stronger counts as the last one."""


def thresholds() -> np.ndarray:
    """i64[10]: experience at which levels 1 to 10 begin: sums of round(90 * sqrt(level))."""
    steps = [round(90 * np.sqrt(level)) for level in range(1, 10)]
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


def scaled(factor: float) -> np.ndarray:
    """i64[2048]: offences times a factor, cut to whole numbers in double precision."""
    return (np.arange(OFFENCES) * float(factor)).astype(np.int64)


def danger_levels(config: Config, top: int = 10) -> np.ndarray:
    """i64[C // 2 + 1]: level of NPCs by their distance from the edge of the playable square."""
    return np.array([int(1 + 2 * d / config.centre * (top - 1)) for d in _distances(config)])


def danger_kinds(config: Config, chances: tuple[float, float, float] = (0, 0.5, 0.8)) -> np.ndarray:
    """i64[C // 2 + 1]: passive, neutral or aggressive, by the distance from the edge."""
    low = [2 * d / config.centre for d in _distances(config)]
    return np.array([sum(d >= chance for chance in chances) for d in low])


def _distances(config: Config) -> range:
    return range(config.centre // 2 + 1)


class Rules(Musters):
    """The numbers of the game. Sources: sections of the rules of Neural MMO 2.1.

    Scalars are i32[] unless said otherwise; 3 styles are melee, range, mage.
    """

    # bodies (sections 2 and 4)
    full: jax.Array = rule(100, 1, 30_000)  # most health, food and water
    health_increment: jax.Array = rule(0, 0, 30_000)  # health a tick, unconditionally
    depletion: jax.Array = rule(5, 0, 30_000)  # food and water lost a tick
    regeneration: jax.Array = rule(10, 0, 30_000)  # health a tick of whoever is well fed
    regeneration_above: jax.Array = rule(50, 0, 30_000)  # food and water that this takes
    starvation: jax.Array = rule([10, 5], 0, 30_000)  # i32[2]; health lost; of the resilient
    dehydration: jax.Array = rule([10, 5], 0, 30_000)  # i32[2]; likewise, without water
    restore: jax.Array = rule(100, 0, 30_000)  # food or water of a meal or a drink
    regrow: jax.Array = rule(
        [0, 0, 0, 0, 0.025, 0, 0, 0.1, 0, 0.105, 0, 0.1, 0, 0.02, 0, 0.02], 0, 1, jnp.float32
    )  # f32[16]; chance a tick that a harvested tile regrows, by material

    # combat (section 5)
    reach: jax.Array = rule([3, 3, 3], -1, 30_000)  # i32[3]; tiles
    base_damage: jax.Array = rule([10, 10, 10], 0, 30_000)  # i32[3]
    level_damage: jax.Array = rule([5, 5, 5], 0, 30_000)  # i32[3]
    base_defence: jax.Array = rule(0, 0, 30_000)
    level_defence: jax.Array = rule(5, 0, 30_000)
    immunity: jax.Array = rule(20, 0)  # ticks of life in which players cannot be hit by players
    combat_status: jax.Array = rule(3, 0)  # ticks after a blow in which nobody deals in items
    weak_offence: jax.Array = rule(lambda _: scaled(1.5))  # i32[2048]; against the weaker style
    least_damage: jax.Array = rule(lambda _: scaled(0.25))  # i32[2048]; whatever the defence
    # i32[3] experience of a blow; of ammunition's professions; of food's
    experience: jax.Array = rule([6, 15, 30], 0, 30_000)
    thresholds: jax.Array = rule(lambda _: thresholds())  # i32[10]
    level_max: jax.Array = rule(10, 1, 10)

    # items (section 10)
    armour: jax.Array = rule([0, 3], 0, 30_000)  # i32[2]; defence at level 0, and a level
    tool: jax.Array = rule([15, 0], 0, 30_000)  # i32[2]; likewise
    weapon: jax.Array = rule([5, 5], 0, 30_000)  # i32[2]; attack at level 0, and a level
    ammunition: jax.Array = rule([5, 10], 0, 30_000)  # i32[2]; likewise
    meal: jax.Array = rule([50, 5], 0, 30_000)  # i32[2]; what rations and potions restore
    weapon_chance: jax.Array = rule(0.025, 0, 1, jnp.float32)  # f32[]; of a harvested weapon
    gold: jax.Array = rule(1, 0, 30_000)  # of a newborn
    listing: jax.Array = rule(3, 0, 30_000)  # ticks for which an item is offered

    # NPCs (section 8)
    npc_limit: jax.Array = rule(
        lambda config: config.npc_capacity, 0, lambda config: config.npc_capacity
    )
    npc_attempts: jax.Array = rule(
        lambda config: config.attempts, 0, lambda config: config.attempts
    )
    npc_kind: jax.Array = rule(danger_kinds, -1, 3)  # i32[C // 2 + 1] by distance from the edge
    npc_level: jax.Array = rule(danger_levels, 0)  # i32[C // 2 + 1] likewise
    npc_offence: jax.Array = rule([0, 8], 0, 30_000, jnp.float32)  # f32[2]; base, and a level
    npc_defence: jax.Array = rule([0, 8], 0, 30_000, jnp.float32)  # f32[2]; likewise
    npc_refill: jax.Array = rule(1, 0, 1)  # dead NPCs are replaced

    # the map and who begins in it (sections 1 and 13)
    # players that may be placed when a world begins
    max_population: jax.Array = rule(
        lambda config: config.capacity, 1, lambda config: config.capacity
    )
    resilient: jax.Array = rule(0, 0, 1, jnp.float32)  # f32[]; share of players who starve slowly
    clusters: jax.Array = rule(64, 0, 2**16)  # of ore, trees and crystals each
    scattered: jax.Array = rule(256, 0, 2**16)  # herbs, and fish
    extra: jax.Array = rule(lambda config: (config.centre // 6) ** 2, 0)  # water; foliage
    water_level: jax.Array = rule(0.3, 0, 1, jnp.float32)  # f32[]; below which noise is water
    grass_level: jax.Array = rule(0.7, 0, 1, jnp.float32)  # f32[]; ... grass
    foliage_level: jax.Array = rule(0.85, 0, 1, jnp.float32)  # f32[]; ... foliage; stone above

    # fog (section 7) and the episode (section 13)
    fog_onset: jax.Array = rule(NEVER)  # tick of the first fog
    fog_speed: jax.Array = rule(1, 0, 1000, jnp.float32)  # f32[]; tiles a tick
    fog_safe: jax.Array = rule(8, 0)  # half the side of the square that stays clear
    horizon: jax.Array = rule(1024, 1)
    respawn_freeze: jax.Array = rule(10, 0)  # ticks for which who came back is frozen and immortal
    respawn_health: jax.Array = rule(100, 1, 30_000)

    # the curriculum of N tasks of T terms; see `curricula`
    # i32[N, T, 4]; predicate, number, first and second
    task_rows: jax.Array = rule(curricula.terms_of, -(2**20))
    task_kinds: jax.Array = rule(curricula.kinds_of)  # i32[N, 4]; kind, hold, subject, target
    task_weights: jax.Array = rule(curricula.weights_of, 0, 1e6, jnp.float32)  # f32[N]

    def without_combat(self) -> Rules:
        """The same rules with every style switched off: no target is ever legal."""
        return self.replace(reach=jnp.full_like(self.reach, -1))


def default_rules(config: Config, **overrides: Any) -> Rules:
    """The rules of a world, fields replaced by keyword; ValueError on what does not fit."""
    return make_rules(Rules, config, overrides)
