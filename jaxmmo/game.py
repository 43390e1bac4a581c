"""What a game of your own is made of, in one place to import from; see `Preset.extend`."""

from jaxmmo.env import terrain
from jaxmmo.env.actions import ActionHead
from jaxmmo.env.constants import Cause, Material, Move, Outcome, Skill, Style
from jaxmmo.env.making import preset
from jaxmmo.env.presets import Preset, TableOf
from jaxmmo.env.random import stream, words
from jaxmmo.env.rules import NEVER, Numbers, rule
from jaxmmo.env.state import (
    GIVEN,
    Birth,
    Columns,
    Observed,
    Table,
    add_rows,
    column,
    get_at,
    select,
    set_at,
)
from jaxmmo.env.systems.foraging import harvest
from jaxmmo.env.systems.system import System
from jaxmmo.env.tick import attackable, attacking, moving, stepping
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.env.views.view import View, owned
from jaxmmo.records import Record
from jaxmmo.spec import Attribute, Encoding, Head, Kind

__all__ = [
    "GIVEN",
    "NEVER",
    "ActionHead",
    "Attribute",
    "Birth",
    "Cause",
    "Columns",
    "Encoding",
    "Head",
    "Kind",
    "Material",
    "MaterialKind",
    "Move",
    "Numbers",
    "Observed",
    "Outcome",
    "Preset",
    "Record",
    "Skill",
    "Style",
    "System",
    "Table",
    "TableOf",
    "View",
    "add_rows",
    "attackable",
    "attacking",
    "column",
    "get_at",
    "harvest",
    "moving",
    "owned",
    "preset",
    "rule",
    "select",
    "set_at",
    "stepping",
    "stream",
    "terrain",
    "words",
]
