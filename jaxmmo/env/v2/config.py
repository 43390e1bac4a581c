"""What decides a shape or which code exists in the second game: sizes, capacities, switches."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxmmo.env.config import RESOLUTIONS, refuse_unknown

SYSTEMS = (
    "terrain",
    "resource",
    "combat",
    "npc",
    "progression",
    "item",
    "equipment",
    "profession",
    "exchange",
    "communication",
)


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes, capacities and switches of a world; checked on construction.

    Attributes:
      side: rows and columns of the map (S), tiles.
      centre: side of the playable square, tiles; around it lies a border.
      players: player slots (P).
      npcs: NPC slots (M); `Rules.npc_limit` says how many there may be.
      items: rows of the table of items (I), of which the first is never used.
      events: rows of a tick's event log.
      inventory: items that a body can hold.
      vision: how far bodies see in each direction, tiles.
      attempts: most attempts to place an NPC in a tick.
      stacking: a player may enter a tile on which somebody stands.
      respawn: dead players come back in the tick of their death.
      seizable: tiles that a game marks to be seized (Z); tasks about tiles mark none.
      resolution: "sequential": within a phase agents act one after another, as in the original.
      systems: names of the systems that are on, of `SYSTEMS`.
    """

    side: int = 160
    centre: int = 128
    players: int = 128
    npcs: int = 128
    items: int = 1600
    events: int = 1024
    inventory: int = 12
    vision: int = 7
    attempts: int = 25
    stacking: bool = True
    respawn: bool = False
    seizable: int = 0
    resolution: str = "sequential"
    systems: tuple[str, ...] = SYSTEMS

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and allowed range."""
        ranges = {
            "side": (8, 16_384),
            "centre": (2, self.side - 2 if isinstance(self.side, int) else 2),
            "players": (1, 2**15),
            "npcs": (0, 2**15),
            "items": (1, 2**24),
            "events": (1, 2**24),
            "inventory": (1, 64),
            "vision": (1, 15),
            "attempts": (0, 1024),
            "seizable": (0, 1024),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name}={value!r}: must be an integer in [{low}, {high}]")
        if self.resolution != "sequential":
            known = "unknown" if self.resolution not in RESOLUTIONS else "not played by this game"
            raise ValueError(f"resolution={self.resolution!r}: {known}; must be 'sequential'")
        refuse_unknown("system", self.systems, SYSTEMS)
        for name in ("stacking", "respawn"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r}: must be True or False")

    @property
    def bodies(self) -> int:
        """Rows of the table of bodies (B): players first, then NPCs."""
        return self.players + self.npcs

    @property
    def border(self) -> int:
        """Tiles between the map's edge and the playable square."""
        return (self.side - self.centre) // 2

    def has(self, *systems: str) -> bool:
        """Whether all these systems are on."""
        return all(name in self.systems for name in systems)

    def replace(self, **overrides: Any) -> Config:
        """A copy with fields changed; ValueError on an unknown field or a bad value."""
        refuse_unknown("Config field", overrides, [f.name for f in dataclasses.fields(self)])
        return dataclasses.replace(self, **overrides)
