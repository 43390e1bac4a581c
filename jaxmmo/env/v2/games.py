"""The original's games as switches, constants and tasks; `Config.game` names one (section 13).

Recons and rallying soldiers are not played, nor what makes a game harder after it was won.
"""

from __future__ import annotations

import dataclasses
from typing import Any

OFF = ("COMBAT", "NPC", "PROGRESSION", "ITEM", "EQUIPMENT", "PROFESSION", "EXCHANGE")
"""Systems that the small games do without."""

TEAMS = 8
"""Teams of a game of teams."""


@dataclasses.dataclass(frozen=True)
class Game:
    """What a game sets.

    Attributes:
      constants: of the original.
      fields: of the configuration.
      rules: numbers that are no constants of the original.
    """

    constants: dict[str, Any] = dataclasses.field(default_factory=dict)
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)


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
}
"""The games by name."""
