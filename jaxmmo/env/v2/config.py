"""What decides a shape or which code exists in the second game: sizes, capacities, switches."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxmmo.env.config import EnvConfig, refuse_unknown
from jaxmmo.env.v2 import curricula, games

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

SEARCHES = ("exact", "window")

RENEWALS = ("never", "birth", "completion")

NPCS = ("wild", "waves", "soldiers")

MOST = 2**18
"""Most players, and most NPCs."""

OF_THE_FIRST = ("lagging_death", "enforce_reach", "allow_stay", "observe_skills")
"""Switches of the first game that mean nothing here."""


def items_for(players: int, room: int) -> int:
    """Rows of the table of items that are enough for everybody's, and some that wait for a drop."""
    return players * room + 64


@dataclasses.dataclass(frozen=True)
class Config(EnvConfig):
    """Sizes, capacities and switches of a world; checked on construction.

    What it has in common with the first game is said in `EnvConfig`. The map is a square; `border`
    is what lies around the playable square, and `initial_population` how many players a world
    begins with.

    Attributes:
      items: rows of the table of items (I), of which the first is never used.
      events: rows of a tick's event log.
      inventory: items that a body can hold.
      offers: rows of the market that agents observe.
      attempts: most attempts to place an NPC in a tick.
      stacking: a player may enter a tile on which somebody stands.
      respawn: dead players come back in the tick of their death.
      reborn: whoever comes back begins anew, as somebody who was just born.
      search: of NPCs that chase somebody: "exact" is the original's, "window" knows what lies
        around the NPC, see `chasing`.
      group_tasks: tasks may be those of several players, and name others; without, every task is
        its player's own.
      tasks: name of the curriculum from which players get their tasks, see `curricula`.
      terms: most predicates and combinators that a task is made of (T).
      renewal: who gets another task from the curriculum: "never" anybody; at "birth" whoever is
        reborn, who else has the same task again; at "completion" also whoever completed one.
      observe_task: players observe their task.
      game: name of the original's game that is played, see `games`; "" for none.
      teams: into how many teams the players are divided, in the order of their slots; 0 for none.
      doomed: with the first member of a team all of it dies.
      landmark: the centre of the map is a herb amid grass.
      anywhere: players begin and come back on any passable tile, not at the edge.
      npcs: how NPCs come: "wild" ones anywhere, as dangerous as the place; "waves" together, each
        more dangerous than the one before; "soldiers" with a place to rally to. See `mustering`.
      recons: four of each team watch the quadrants: they are frozen, cannot be hurt, and talk.
      circle: tiles from the centre to where teams begin, around it; 0 for the edge.
      radio: rows of the table of living team mates that agents observe, wherever those are; 0 for
        no such table.
      seizable: tiles that a game marks to be seized (Z), the landmark if there is one; tasks about
        tiles mark none.
      systems: names of the systems that are on, of `SYSTEMS`.
    """

    preset: str = "NeuralMMO-v2.1"
    height: int = 160
    width: int = 160
    border: int = 16
    capacity: int = 128
    npc_capacity: int = 128
    max_visible: int = 32
    initial_population: int = 128
    resolution: str = "sequential"
    items: int = 1600
    events: int = 2048
    inventory: int = 12
    offers: int = 64
    attempts: int = 25
    stacking: bool = True
    respawn: bool = False
    reborn: bool = False
    search: str = "exact"
    group_tasks: bool = True
    tasks: str = "survival"
    terms: int = 1
    renewal: str = "never"
    observe_task: bool = True
    game: str = ""
    teams: int = 0
    doomed: bool = False
    landmark: bool = False
    anywhere: bool = False
    npcs: str = "wild"
    recons: bool = False
    circle: int = 0
    radio: int = 0
    seizable: int = 0
    systems: tuple[str, ...] = SYSTEMS

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and allowed range."""
        super().__post_init__()
        self._check_integers(
            ("items", 1, 2**24),
            ("events", 1, 2**24),
            ("inventory", 1, 64),
            ("offers", 1, 1024),
            ("attempts", 0, MOST),
            ("seizable", 0, 1024),
            ("teams", 0, self.capacity),
            ("terms", 1, 64),
            ("border", self.vision + 1, (self.height - 3) // 2),
            ("capacity", 1, MOST),
            ("npc_capacity", 0, MOST),
            ("circle", 0, (self.height - 2 * self.border) // 2),
            ("radio", 0, 1024),
        )
        if self.width != self.height:
            raise ValueError(f"width={self.width!r}: must be the height, {self.height!r}")
        refuse_unknown("system", self.systems, SYSTEMS)
        if self.search not in SEARCHES:
            raise ValueError(f"search={self.search!r}: must be one of {SEARCHES}")
        if self.renewal not in RENEWALS:
            raise ValueError(f"renewal={self.renewal!r}: must be one of {RENEWALS}")
        if self.reborn and not self.respawn:
            raise ValueError("reborn=True with respawn=False: nobody comes back")
        object.__setattr__(self, "systems", tuple(self.systems))  # a list, where it was read
        for name in OF_THE_FIRST:
            usual = EnvConfig.__dataclass_fields__[name].default
            if getattr(self, name) != usual:
                raise ValueError(f"{name}={getattr(self, name)!r}: of no meaning in this game")
        self._check_teams()
        refuse_unknown("game", [self.game] if self.game else [], list(games.GAMES))
        refuse_unknown("curriculum", [self.tasks], list(curricula.CURRICULA))
        curricula.rows_of(self)

    def _check_teams(self) -> None:
        if self.doomed and not self.teams:
            raise ValueError("doomed=True with teams=0: there are no leaders")
        if self.npcs not in NPCS:
            raise ValueError(f"npcs={self.npcs!r}: must be one of {NPCS}")
        for name, value in {"circle": self.circle, "radio": self.radio}.items():
            if value and not self.teams:
                raise ValueError(f"{name}={value!r} with teams=0: it is of teams")
        if self.npcs == "soldiers" and not self.teams:
            raise ValueError("npcs='soldiers' with teams=0: they rally against teams")
        if self.recons:
            least = self.capacity - max(self.teams - 1, 0) * self.team_size if self.teams else 0
            if least <= games.RECONS:
                told = f"capacity={self.capacity!r} and teams={self.teams!r}"
                raise ValueError(f"recons=True with {told}: a team needs more than {games.RECONS}")

    def _room(self, overrides: dict[str, Any]) -> dict[str, Any]:
        """Rows of tables, and attempts, that follow from how many there may be, as before."""
        players, npcs = (overrides.get(k, getattr(self, k)) for k in ("capacity", "npc_capacity"))
        room = overrides.get("inventory", self.inventory)
        if not all(isinstance(each, int) for each in (players, npcs, room)):
            return {}  # refused, with its name, where it is checked
        follow = {}
        if self.items == items_for(self.capacity, self.inventory):
            follow["items"] = items_for(players, room)
        if self.events == 16 * self.capacity:
            follow["events"] = 16 * players
        if npcs > self.npc_capacity:
            follow["attempts"] = max(self.attempts, npcs // 5)
        return follow

    @property
    def centre(self) -> int:
        """Side of the playable square, tiles."""
        return self.height - 2 * self.border

    @property
    def team_size(self) -> int:
        """Players of a team; the last one may have fewer."""
        return -(-self.capacity // max(self.teams, 1))

    @property
    def arrivals(self) -> int:
        """Most NPCs that may come in a tick (A)."""
        return self.attempts if self.npcs == "wild" else self.npc_capacity

    @property
    def inhabited(self) -> bool:
        """Whether there are NPCs: their system is on, and there are slots for them."""
        return self.has("npc") and self.npc_capacity > 0

    def gives_tasks(self, choices: int) -> bool:
        """Whether tasks are given while a world goes on, from a curriculum of so many."""
        reborn = self.renewal == "birth" and self.reborn and choices > 1
        return reborn or self.renewal == "completion"

    def has(self, *systems: str) -> bool:
        """Whether all these systems are on."""
        return all(name in self.systems for name in systems)

    def replace(self, **overrides: Any) -> Config:
        """A copy with fields changed; ValueError on an unknown field or a bad value.

        Players that a world begins with follow the capacity, as do the rows for items and events;
        the width follows the height, and how often NPCs are tried to be placed their number.
        """
        capacity = overrides.get("capacity", self.capacity)
        overrides = self._room(overrides) | overrides
        if "initial_population" not in overrides and isinstance(capacity, int):
            full = self.initial_population == self.capacity
            most = capacity if full else min(self.initial_population, capacity)
            overrides = overrides | {"initial_population": most}
        if "height" in overrides and "width" not in overrides:
            overrides = overrides | {"width": overrides["height"]}
        if "max_visible" not in overrides and isinstance(capacity, int):
            npcs = overrides.get("npc_capacity", self.npc_capacity)
            bodies = capacity + npcs if isinstance(npcs, int) else capacity
            overrides = overrides | {"max_visible": max(1, min(self.max_visible, bodies))}
        made = super().replace(**overrides)
        assert isinstance(made, Config)
        return made
