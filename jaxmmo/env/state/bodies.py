"""Bodies: whoever stands on a tile, and what the life of a player adds up to.

B rows: the first P are players, the rest is for others that a game may have. The order of the
columns is the order of the attributes that networks read.
"""

from __future__ import annotations

from enum import IntEnum

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_SKILLS, Cause, Skill
from jaxmmo.env.levels import combat_level
from jaxmmo.env.state.table import GIVEN, Birth, Columns, Observed, Table, column
from jaxmmo.spec import Attribute, Encoding, Kind

DISCRETE, CONTINUOUS, HIDDEN = Kind.DISCRETE, Kind.CONTINUOUS, Kind.HIDDEN


class BodyKind(IntEnum):
    """What stands on a tile."""

    PLAYER = 0
    NPC = 1


def relative(name: str):
    """A coordinate as others observe it: relative to where they stand."""

    def seen(config: EnvConfig) -> Attribute:
        sight = config.vision
        return Attribute(name, CONTINUOUS, -sight, sight, sight, encoding=Encoding.RELATIVE)

    return seen


def _kind(config: EnvConfig) -> Attribute | None:
    """Only worlds in which not everybody is a player show what somebody is."""
    return Attribute("kind", DISCRETE, 0, max(BodyKind)) if config.npc_capacity else None


def seen_population(config: EnvConfig) -> Attribute:
    """Whose side somebody is on."""
    return Attribute("population", DISCRETE, 0, config.num_populations - 1)


def _wilderness(config: EnvConfig) -> Attribute:
    wildest = max(config.height, config.width) // 6 + 1  # half a map, three tiles a level
    return Attribute("wilderness", CONTINUOUS, -1, wildest, 127, 0.5 - 1 / 127)


def _levels(config: EnvConfig) -> list[Observed] | None:
    """Every level and the combat level (v1.3 observes neither: section 7)."""
    if not config.observe_skills:
        return None

    def of(skill: int):
        return lambda level: level[:, skill]

    seen = [
        Observed(Attribute(f"level_{skill.name.lower()}", CONTINUOUS, 0, 127, 100), of(skill))
        for skill in Skill
    ]
    return [*seen, Observed(Attribute("combat_level", CONTINUOUS, 0, 127, 100), combat_level)]


def _at_level(skill: Skill):
    """Newborns are full of what a skill gives."""

    def newborn(birth: Birth) -> jax.Array:
        return birth.level[skill]

    return newborn


def _resource(name: str) -> Attribute:
    return Attribute(name, CONTINUOUS, 0, 127, f"{name}_max", 0.5)


def _maximum(name: str) -> Attribute:
    return Attribute(f"{name}_max", HIDDEN, 0, 127, 100)


FOOD, WATER = _at_level(Skill.HUNTING), _at_level(Skill.FISHING)
HEALTH = _at_level(Skill.CONSTITUTION)


class Bodies(Table):
    """Whoever stands on a tile; see `Table` for `alive` and `id`, which is in order of birth."""

    kind: jax.Array = column(newborn=GIVEN, seen=_kind)  # i32[B]; BodyKind
    population: jax.Array = column(newborn=GIVEN, seen=seen_population, at_death=True)  # i32[B]
    row: jax.Array = column(newborn=GIVEN, seen=relative("row"))  # i32[B]; tiles
    col: jax.Array = column(newborn=GIVEN, seen=relative("col"))  # i32[B]; tiles
    # i32[B]; of the last attack received this tick
    damage: jax.Array = column(seen=Attribute("damage", CONTINUOUS, 0, 127, 100))
    # i32[B]; ticks left unable to move
    freeze: jax.Array = column(seen=Attribute("freeze", CONTINUOUS, 0, 15, 3, 0.5))
    # i32[B]; ticks left out of reach of attacks
    immune: jax.Array = column(
        newborn=lambda birth: birth.rules.initial_immunity,
        seen=Attribute("immune", CONTINUOUS, 0, 31, 10, 0.5),
    )
    wilderness: jax.Array = column(newborn=-1, seen=_wilderness)  # i32[B]; -1 is safe ground
    # i32[B]; ticks
    time_alive: jax.Array = column(seen=Attribute("time_alive", CONTINUOUS, 0, 65535, 100))
    food: jax.Array = column(newborn=FOOD, seen=_resource("food"))  # i32[B]
    # i32[B]; follows the hunting level with a lag
    food_max: jax.Array = column(newborn=FOOD, seen=_maximum("food"))
    water: jax.Array = column(newborn=WATER, seen=_resource("water"))  # i32[B]
    # i32[B]; follows the fishing level with a lag
    water_max: jax.Array = column(newborn=WATER, seen=_maximum("water"))
    health: jax.Array = column(newborn=HEALTH, seen=_resource("health"))  # i32[B]; hit points
    # i32[B]; follows the constitution level with a lag
    health_max: jax.Array = column(newborn=HEALTH, seen=_maximum("health"))
    # i32[B, S]; as of the end of the tick
    level: jax.Array = column(
        shape=(NUM_SKILLS,), newborn=lambda birth: birth.level, seen=_levels, at_death=True
    )
    # i32[B, S]
    experience: jax.Array = column(
        shape=(NUM_SKILLS,), newborn=lambda birth: birth.rules.initial_experience
    )
    wound: jax.Array = column(newborn=int(Cause.NONE))  # i32[B]; Cause that took health to 0


class Lives(Columns):
    """What each player's current life has added up to; reported when it ends."""

    distance: jax.Array = column(at_death=True)  # i32[P]; steps walked
    explored: jax.Array = column(at_death=True)  # i32[P]; distinct tiles stood on
    damage_dealt: jax.Array = column(at_death=True)  # i32[P]
    damage_taken: jax.Array = column(at_death=True)  # i32[P]
    food_gathered: jax.Array = column(at_death=True)  # i32[P]
    water_gathered: jax.Array = column(at_death=True)  # i32[P]
    visited: jax.Array = column(jnp.uint32, shape=("exploration_words",))  # set of tiles stood on
