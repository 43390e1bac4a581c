"""Static configuration: whatever decides a shape or which code exists. A change recompiles."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

MAX_SIDE = 16_384  # positions are packed into 14 bits a side when large worlds are sorted

RESOLUTIONS = ("simultaneous", "sequential")


def refuse_unknown(what: str, names: Iterable[str], allowed: Sequence[str]) -> None:
    """ValueError naming the first unknown name, the closest known one, and all that are allowed."""
    for name in names:
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"unknown {what} {name!r}{hint} (allowed: {', '.join(allowed)})")


def exact_words(height: int, width: int) -> int:
    """Words of the set of visited tiles: exact on small maps, hashed on large ones."""
    exact = -(-height * width // 32)
    return max(1, exact if exact <= 256 else 64)


@dataclasses.dataclass(frozen=True)
class EnvConfig:
    """Sizes, capacities and switches of a world; checked on construction.

    Numbers of the game itself live in `Rules`, which changes without recompiling.

    Attributes:
      preset: id of the preset this configuration started from.
      height: rows of the map, tiles.
      width: columns of the map, tiles.
      border: width of the lava margin on each side, tiles; agents spawn on the ring just inside it.
      capacity: player slots (P). Not the population limit, which is `Rules.max_population`.
      npc_capacity: body slots beyond the players', for whoever else stands on tiles.
      vision: how far an agent sees in each direction, tiles (Chebyshev).
      max_visible: rows of the table of visible agents (K), the observer included.
      num_populations: number of populations.
      max_spawns: most spawn attempts a tick (S); `Rules.spawn_attempts` says how many are made.
      initial_population: agents placed uniformly on walkable tiles at reset; 0 starts empty.
      resolution: "simultaneous" or "sequential" (attacks one after another, oldest first).
      lagging_death: v1.3: a dying agent acts once more and leaves a tick later.
      enforce_reach: an attack lands only if the target is within reach after the moves.
      allow_stay: staying put is a legal choice.
      relative_positions: visible agents' relative rows and columns are observed (v1.3: always 0).
      observe_skills: skill levels and combat levels of visible agents are observed.
      reach_first: order of visible agents: those within the longest reach first, then raster order.
      tile_bits: 8 or 16 bits an observed tile; the agent count saturates at 31 or 8191.
      exploration_words: 32-bit words of each agent's set of visited tiles. Counts of distinct tiles
        are exact while 32 * words >= height * width, and a lower bound (hashed) beyond.
    """

    preset: str = "JaxMMO-v1"
    height: int = 80
    width: int = 80
    border: int = 9
    capacity: int = 128
    npc_capacity: int = 0
    vision: int = 7
    max_visible: int = 16
    num_populations: int = 8
    max_spawns: int = 1
    initial_population: int = 0
    resolution: str = "simultaneous"
    lagging_death: bool = False
    enforce_reach: bool = True
    allow_stay: bool = True
    relative_positions: bool = True
    observe_skills: bool = True
    reach_first: bool = True
    tile_bits: int = 8
    exploration_words: int = 200

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and allowed range."""
        self._check_integers(("vision", 1, 15), ("capacity", 1, 2**24), ("npc_capacity", 0, 2**24))
        window = self.window
        self._check_integers(
            ("height", window, MAX_SIDE),
            ("width", window, MAX_SIDE),
            ("num_populations", 1, 1024),
            ("max_spawns", 1, self.capacity),
            ("initial_population", 0, self.capacity),
            ("max_visible", 1, self.bodies),
            ("exploration_words", 1, 2**16),
        )
        self._check_integers(("border", 1, (min(self.height, self.width) - 3) // 2))
        if self.resolution not in RESOLUTIONS:
            raise ValueError(f"resolution={self.resolution!r}: must be one of {RESOLUTIONS}")
        if self.tile_bits not in (8, 16):
            raise ValueError(f"tile_bits={self.tile_bits!r}: must be 8 or 16")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type == "bool" and not isinstance(value, bool):
                raise ValueError(f"{field.name}={value!r}: must be True or False")

    def _check_integers(self, *ranges: tuple[str, int, int]) -> None:
        """ValueError for the first field that is no integer in its range, both ends included."""
        for name, low, high in ranges:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                why = ""
                if name in ("height", "width"):
                    why = f" (the window is {self.window}x{self.window})"
                raise ValueError(f"{name}={value!r}: must be an integer in [{low}, {high}]{why}")

    @property
    def bodies(self) -> int:
        """Rows of the table of bodies (B): players first, then everybody else."""
        return self.capacity + self.npc_capacity

    @property
    def window(self) -> int:
        """Side of the observed window, tiles."""
        return 2 * self.vision + 1

    @property
    def tiles_per_word(self) -> int:
        """Observed tiles packed into one 32-bit word."""
        return 32 // self.tile_bits

    @property
    def window_words(self) -> int:
        """32-bit words that hold one row of the observed window."""
        return -(-self.window // self.tiles_per_word)

    def replace(self, **overrides: Any) -> EnvConfig:
        """A copy with fields changed; ValueError on an unknown field or a bad value."""
        allowed = [field.name for field in dataclasses.fields(self)]
        refuse_unknown("EnvConfig field", overrides, allowed)
        for name, value in overrides.items():
            if name == "capacity" and "max_visible" not in overrides and isinstance(value, int):
                full = self.max_visible == self.capacity
                overrides = overrides | {
                    "max_visible": value if full else max(1, min(self.max_visible, value))
                }
        if {"height", "width"} & set(overrides) and "exploration_words" not in overrides:
            height, width = (overrides.get(k, getattr(self, k)) for k in ("height", "width"))
            if isinstance(height, int) and isinstance(width, int):
                overrides = overrides | {"exploration_words": exact_words(height, width)}
        return dataclasses.replace(self, **overrides)
