"""The original's games as switches, constants and tasks; `Config.game` names one (section 13).

What makes a game harder after it was won is not played: it is a number of the rules.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

OFF = ("COMBAT", "NPC", "PROGRESSION", "ITEM", "EQUIPMENT", "PROFESSION", "EXCHANGE")
"""Systems that the small games do without."""

NEVER_OLD = 2**31 - 1
"""Ticks of life in which players cannot be hit by players: all of them."""

TEAMS = 8
"""Teams of a game of teams."""

RECONS = 4
"""Of each team, where there are any: one in each quadrant."""


@dataclasses.dataclass(frozen=True)
class Game:
    """What a game sets.

    Attributes:
      constants: of the original.
      fields: of the configuration.
      rules: numbers that are no constants of the original.
      follows: constants that follow from the others.
    """

    constants: dict[str, Any] = dataclasses.field(default_factory=dict)
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    follows: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _: {}


def _switches(on: bool, *systems: str) -> dict[str, Any]:
    return {f"{system}_SYSTEM_ENABLED": on for system in systems}


MORTAL = {"respawn": False, "reborn": False, "renewal": "never", "group_tasks": True}
"""An episode in which the dead are gone, and tasks are what the game says."""

BARE = _switches(False, *OFF) | {
    "NPC_N": 0,
    "PROGRESSION_SPAWN_CLUSTERS": 0,
    "PROGRESSION_SPAWN_UNIFORMS": 0,
    "ALLOW_MOVE_INTO_OCCUPIED_TILE": False,
}
"""A world of players alone, on a map without resources, who do not share tiles."""

ARENA = BARE | {
    "MAP_CENTER": 40,
    "MAP_SIZE": 64,
    "TERRAIN_WATER": 0.05,
    "TERRAIN_FOILAGE": 0.95,
    "PROFESSION_HERB_RESPAWN": 0,
}
"""A small map with few obstacles, whose centre is marked by a herb."""

MUSTERED = (
    BARE
    | _switches(True, "COMBAT", "COMMUNICATION", "NPC")
    | _switches(False, "RESOURCE")
    | {
        "TERRAIN_WATER": 0.1,
        "TERRAIN_SCATTER_EXTRA_RESOURCES": False,
        "NPC_DEFAULT_REFILL_DEAD_NPCS": False,
        "PLAYER_HEALTH_INCREMENT": 1,
    }
)
"""A world with few obstacles whose NPCs come by the game's own rules."""


def _enough_for_waves(constants: Mapping[str, Any]) -> dict[str, Any]:
    """A wave comes on top of as many NPCs as there are fighters."""
    return {"NPC_N": max(constants["PLAYER_N"] - TEAMS * RECONS, 0) + 10}


def _enough_for_soldiers(constants: Mapping[str, Any]) -> dict[str, Any]:
    """Two inside for each team, and as many outside."""
    del constants
    return {"NPC_N": 2 * 2 * TEAMS}


GAMES: dict[str, Game] = {
    "survival": Game(fields=MORTAL | {"tasks": "survival"}),
    "team_battle": Game(fields=MORTAL | {"teams": TEAMS, "tasks": "team_survival"}),
    "protect_the_king": Game(
        fields=MORTAL | {"teams": TEAMS, "tasks": "protect_the_king", "doomed": True}
    ),
    "race_to_center": Game(
        ARENA | _switches(False, "COMMUNICATION"),
        MORTAL | {"respawn": True, "tasks": "race_to_center", "landmark": True},
        {"respawn_freeze": 10},
    ),
    "king_of_the_hill": Game(
        ARENA
        | _switches(True, "COMBAT", "COMMUNICATION")
        | {"DEATH_FOG_ONSET": 32, "DEATH_FOG_SPEED": 1 / 16, "DEATH_FOG_FINAL_SIZE": 5},
        MORTAL | {"teams": TEAMS, "tasks": "king_of_the_hill", "landmark": True, "seizable": 1},
    ),
    "comm_together": Game(
        BARE
        | _switches(True, "COMBAT", "COMMUNICATION")
        | _switches(False, "RESOURCE")
        | {
            "MAP_CENTER": 128,
            "MAP_SIZE": 160,
            "COMBAT_SPAWN_IMMUNITY": 128,
            "PLAYER_HEALTH_INCREMENT": 10,
        },
        MORTAL | {"respawn": True, "anywhere": True, "teams": TEAMS, "tasks": "comm_together"},
        {"respawn_freeze": 30},
    ),
    "radio_raid": Game(
        MUSTERED
        | {
            "MAP_CENTER": 48,
            "MAP_SIZE": 72,
            "TERRAIN_FOILAGE": 0.95,
            "COMBAT_SPAWN_IMMUNITY": NEVER_OLD,
            "NPC_SPAWN_NEUTRAL": 0.3,
            "NPC_SPAWN_AGGRESSIVE": 0.8,
        },
        MORTAL
        | {"teams": TEAMS, "tasks": "radio_raid"}
        | {"npcs": "waves", "recons": True, "radio": 32},
        follows=_enough_for_waves,
    ),
    "sandwich": Game(
        MUSTERED
        | {
            "MAP_CENTER": 80,
            "MAP_SIZE": 104,
            "TERRAIN_FOILAGE": 0.9,
            "DEATH_FOG_ONSET": 1,
            "DEATH_FOG_SPEED": 1 / 10,
            "DEATH_FOG_FINAL_SIZE": 5,
        },
        MORTAL
        | {"teams": TEAMS, "tasks": "team_survival", "npcs": "soldiers", "circle": 20, "radio": 32},
        {"won_from": 500},
        _enough_for_soldiers,
    ),
}
"""The games by name."""
