"""The second game's enumerations and tables. Values are part of formats: append, never renumber."""

from enum import IntEnum

import numpy as np

from jaxmmo.env.tiles import MaterialKind


class Material(IntEnum):
    """What a tile is made of."""

    VOID = 0
    WATER = 1
    GRASS = 2
    SCRUB = 3
    FOLIAGE = 4
    STONE = 5
    SLAG = 6
    ORE = 7
    STUMP = 8
    TREE = 9
    FRAGMENT = 10
    CRYSTAL = 11
    WEEDS = 12
    HERB = 13
    OCEAN = 14
    FISH = 15


class Skill(IntEnum):
    """Columns of the tables of levels and experience."""

    MELEE = 0
    RANGE = 1
    MAGE = 2
    FISHING = 3
    HERBALISM = 4
    PROSPECTING = 5
    CARVING = 6
    ALCHEMY = 7


class Kind(IntEnum):
    """What a body is."""

    IMMORTAL = -1  # a player who cannot be hurt for the time being
    PLAYER = 0
    PASSIVE = 1
    NEUTRAL = 2
    AGGRESSIVE = 3


class Item(IntEnum):
    """Types of items; 0 is an empty row, and there is no 1."""

    NONE = 0
    HAT = 2
    TOP = 3
    BOTTOM = 4
    SPEAR = 5
    BOW = 6
    WAND = 7
    ROD = 8
    GLOVES = 9
    PICKAXE = 10
    AXE = 11
    CHISEL = 12
    WHETSTONE = 13
    ARROW = 14
    RUNES = 15
    RATION = 16
    POTION = 17


class Event(IntEnum):
    """Rows of the event log."""

    EAT_FOOD = 1
    DRINK_WATER = 2
    GO_FARTHEST = 3
    SEIZE_TILE = 4
    SCORE_HIT = 11
    PLAYER_KILL = 12
    FIRE_AMMO = 13
    CONSUME_ITEM = 21
    GIVE_ITEM = 22
    DESTROY_ITEM = 23
    HARVEST_ITEM = 24
    EQUIP_ITEM = 25
    LOOT_ITEM = 26
    GIVE_GOLD = 31
    LIST_ITEM = 32
    EARN_GOLD = 33
    BUY_ITEM = 34
    LOOT_GOLD = 35
    LEVEL_UP = 41
    AGENT_CULLED = 91


NUM_SKILLS, NUM_STYLES, NUM_TYPES = len(Skill), 3, 18
FIRST_PROFESSION = int(Skill.FISHING)
TILES = len(Material)

PASSABLE = np.array([m not in (0, 1, 5, 14, 15) for m in range(TILES)])
"""bool[16]: materials that bodies can stand on."""

DEPLETED = np.arange(TILES)
DEPLETED[[4, 7, 9, 11, 13, 15]] = [3, 6, 8, 10, 12, 14]
"""i64[16]: what a harvested tile looks like."""

CROP = np.array([15, 13, 7, 9, 11])
"""i64[5]: the material that each profession harvests, in the order of `Skill`."""

TOOL = np.array([8, 9, 10, 11, 12])
"""i64[5]: the tool that raises the level of what a profession yields."""

DROPS = np.array([[16, 0], [17, 0], [13, 7], [14, 5], [15, 6]])
"""i64[5, 2]: what a harvest yields always, and by chance; 0 for nothing."""

DELTAS = np.array([[-1, 0], [1, 0], [0, 1], [0, -1], [0, 0]])
"""i64[5, 2]: steps of the choices of Move: north, south, east, west, stay."""

AROUND = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
"""i64[4, 2]: the order in which tiles are looked at: north, south, west, east."""

SLOT = np.array([9, 9, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 9, 9])
"""i64[18]: where a type is worn: hat, top, bottom, held, ammunition; 9 nowhere."""

PLACES = ("hat", "top", "bottom", "held", "ammunition")
"""Where items are worn, by the numbers of `SLOT`."""

NEEDS = np.array([8, 8, 8, 8, 8, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 8, 8])
"""i64[18]: the skill whose level a type needs; 8 for the highest of all."""

FIGHTS = np.array([3, 3, 3, 3, 3, 0, 1, 2, 3, 3, 3, 3, 3, 0, 1, 2, 3, 3])
"""i64[18]: the style in which a weapon or ammunition adds to an attack; 3 for none."""

BEATS = np.array([1, 2, 0])
"""i64[3]: the style that each is strong against: melee beats range, range mage, mage melee."""

MATERIALS = tuple(
    MaterialKind(
        material.name.lower(),
        passable=bool(PASSABLE[material]),
        water=material == Material.WATER,
        depleted=int(DEPLETED[material]) if DEPLETED[material] != material else None,
    )
    for material in Material
)
"""The sixteen materials, by their numbers."""
