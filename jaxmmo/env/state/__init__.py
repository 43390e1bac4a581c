"""What a world is made of: tables of entities, the map, the clock."""

from jaxmmo.env.state.arrays import (
    add_at,
    compact,
    count_before,
    get_at,
    max_at,
    min_at,
    pack_bits,
    select,
    set_at,
    varying_like,
)
from jaxmmo.env.state.bodies import Bodies, BodyKind, Lives
from jaxmmo.env.state.slots import add_rows
from jaxmmo.env.state.table import GIVEN, Birth, Columns, Observed, Table, column
from jaxmmo.env.state.world import Rolls, Shown, Spawns, Terrain, WorldState

__all__ = [
    "GIVEN",
    "Birth",
    "Bodies",
    "BodyKind",
    "Columns",
    "Lives",
    "Observed",
    "Rolls",
    "Shown",
    "Spawns",
    "Table",
    "Terrain",
    "WorldState",
    "add_at",
    "add_rows",
    "column",
    "compact",
    "count_before",
    "get_at",
    "max_at",
    "min_at",
    "pack_bits",
    "select",
    "set_at",
    "varying_like",
]
