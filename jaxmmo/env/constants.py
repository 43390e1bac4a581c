"""The game's enumerations. Every value is part of the saved formats: append, never renumber."""

from enum import IntEnum

import numpy as np


class Material(IntEnum):
    """What a tile is made of; also the index an agent observes."""

    LAVA = 0
    WATER = 1
    GRASS = 2
    SCRUB = 3  # a depleted forest
    FOREST = 4
    STONE = 5
    ORE = 6
    VOID = 7  # beyond the map's edge; only ever observed, never stored


class Move(IntEnum):
    """Choices of the move head."""

    STAY = 0
    NORTH = 1
    SOUTH = 2
    EAST = 3
    WEST = 4


class Style(IntEnum):
    """Choices of the combat style head."""

    MELEE = 0
    RANGE = 1
    MAGE = 2


class Skill(IntEnum):
    """Columns of every skill table."""

    CONSTITUTION = 0
    MELEE = 1
    RANGE = 2
    MAGE = 3
    DEFENSE = 4
    FISHING = 5
    HUNTING = 6


class Cause(IntEnum):
    """Why a life ended; NONE for one that goes on."""

    NONE = 0
    LAVA = 1
    COMBAT = 2
    STARVATION = 3
    DEHYDRATION = 4
    FOG = 5


class Outcome(IntEnum):
    """What came of an agent's attack."""

    NONE = 0  # no attack, or out of reach when it would have landed
    SELF = 1
    IMMUNE = 2
    MISS = 3
    HIT = 4


class SystemId(IntEnum):
    """Streams of random numbers: append only, so that a new system changes nobody else's draws."""

    TERRAIN = 0
    POPULATE = 1
    SPAWN = 2
    POPULATION = 3
    ATTACK = 4
    REGROW = 5


NUM_STYLES = len(Style)
NUM_SKILLS = len(Skill)
NUM_MOVES = len(Move)

DELTAS = np.array([[0, 0], [-1, 0], [1, 0], [0, 1], [0, -1]], np.int32)
"""i32[5, 2]: (row, col) step of each move."""

STYLE_SKILL = np.array([Skill.MELEE, Skill.RANGE, Skill.MAGE], np.int32)
"""i32[3]: the skill each combat style uses and trains."""
