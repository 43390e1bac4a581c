"""What a world is made of: tables of entities, the map, the clock."""

from jaxmmo.env.state.arrays import compact, count_before, select
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
    "add_rows",
    "column",
    "compact",
    "count_before",
    "select",
]
