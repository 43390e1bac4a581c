"""Neural MMO 1.x's own form: a dict of actions in, a list of observations out.

    from jaxmmo.adapters.neuralmmo import Attack, Direction, Move, Realm, Style

    realm = Realm()
    observations, rewards, dones, _ = realm.reset()
    for _ in range(100):
        decisions = {}
        for stim, ent in observations:
            target = random.choice(Attack.inRange(ent, stim, realm.config, 1))
            decisions[ent.entID] = {
                Move: [random.choice(Direction.edges)],
                Attack: [random.choice(Style.edges), target],
            }
        observations, rewards, dones, _ = realm.step(decisions)

What is different from the original: agents that the caller leaves out of `decisions` do nothing but
live on (there, time stood still for them); a target must be in view and, when the actions are
decided, within reach; observations are ordered by age. The objects are for reading: what is
assigned to them does not reach the world.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from jaxmmo.adapters._nodes import (
    MOVES,
    Action,
    Attack,
    Direction,
    East,
    Mage,
    Melee,
    Move,
    Node,
    North,
    Range,
    South,
    Style,
    Target,
    West,
)
from jaxmmo.adapters.base import compiled_step, seeded
from jaxmmo.env.constants import Skill

__all__ = [
    "MOVES",
    "Action",
    "Attack",
    "Direction",
    "East",
    "Mage",
    "Melee",
    "Move",
    "Node",
    "North",
    "Range",
    "Realm",
    "South",
    "Style",
    "Target",
    "Tile",
    "Value",
    "West",
]


class Value(SimpleNamespace):
    """A number with bounds: `val`, `min`, `max`."""

    val: int
    min: int
    max: float

    @property
    def missing(self) -> float:
        """How far below its maximum it is."""
        return self.max - self.val


class Tile:
    """A tile as it is now: it changes as the world does."""

    def __init__(self, realm: Realm, r: int, c: int):
        self._realm, self.r, self.c = realm, r, c

    @property
    def mat(self) -> Any:
        """What it is made of: `index` and `tex`, the name."""
        return self._realm.made_of(self._realm.material[self.r, self.c])

    @property
    def state(self) -> Any:
        """What it looks like: a harvested forest is scrub."""
        return self._realm.made_of(self._realm.visible[self.r, self.c])

    @property
    def ents(self) -> dict[int, Any]:
        """Agents on it, by id."""
        return self._realm.standing.get((self.r, self.c), {})

    @property
    def nEnts(self) -> Value:  # noqa: N802
        """How many agents are on it."""
        return Value(val=len(self.ents), min=0, max=float("inf"))


class Realm:
    """A world in the form of Neural MMO 1.x.

    Attributes:
      config: `NENT`, `NPOP`, `STIM` and, for those who look further, `env`, the environment.
      tick: ticks completed.
      desciples: the living by id, in order of age.
      state: the world itself.
    """

    def __init__(self, config: Any = "NeuralMMO-v1.3", idx: int = 0, **overrides: Any):
        """A world before its first tick.

        Args:
          config: a preset's id, or an object of whose attributes `NENT` (slots), `NPOP`
            (populations) and `STIM` (sight in tiles) are taken for the preset `NeuralMMO-v1.3`.
          idx: of the world: its map and all its draws follow from it.
          **overrides: `EnvConfig` fields.

        Raises:
          ValueError: for what is unknown or out of range, saying what is allowed.
        """
        from jaxmmo.env import making
        from jaxmmo.env.registry import require_first_game

        preset = config if isinstance(config, str) else "NeuralMMO-v1.3"
        require_first_game(making.preset(preset), "Realm")
        names = {"NENT": "capacity", "NPOP": "num_populations", "STIM": "vision"}
        given = {own: getattr(config, name) for name, own in names.items() if hasattr(config, name)}
        self.env = making.make(preset, **(given | overrides))
        sizes = self.env.config
        self.config = SimpleNamespace(
            NENT=sizes.capacity, NPOP=sizes.num_populations, STIM=sizes.vision, env=self.env
        )
        self._reset, self._step = compiled_step(self.env)
        self._key = seeded(idx, int)
        self.tick = 0
        self.state: Any = None
        self.desciples: dict[int, Any] = {}
        self.standing: dict[tuple[int, int], dict[int, Any]] = {}
        tiles = np.empty((sizes.height, sizes.width), object)
        for r, c in np.ndindex(tiles.shape):
            tiles[r, c] = Tile(self, r, c)
        self.world = SimpleNamespace(env=SimpleNamespace(tiles=tiles), shape=tiles.shape)

    def reset(self) -> tuple[list[Any], list[Any], set[Any], None]:
        """The first tick; see `step`.

        Raises:
          ValueError: when called again: the world is persistent.
        """
        if self.state is not None:
            raise ValueError("a realm is persistent and is reset once: make another one")
        self.state = self._reset(self._next_key())
        return self._tell(set())

    def step(
        self, decisions: dict[int, dict[Any, list[Any]]]
    ) -> tuple[list[Any], list[Any], set[Any], None]:
        """A tick.

        Args:
          decisions: by `entID`, actions with their arguments: `{Move: [North], Attack: [Melee,
            ent]}`. What is left out is not done.

        Returns:
          Observations, a list of (window of tiles, agent); a reward for each of them, None for the
          newborn; the set of those who died, as (population, entID); and None.

        Raises:
          ValueError: before `reset`, for agents that do not live, or actions with other arguments.
        """
        if self.state is None:
            raise ValueError("step before reset: call reset first")
        action = {head.name: np.zeros(self.config.NENT, np.int32) for head in self.env.spec.heads}
        rows = np.asarray(self.state.views[self.env.spec.observer.name].slots)
        for iden, chosen in decisions.items():
            if iden not in self.desciples:
                raise ValueError(f"a decision for {iden!r}, which does not live")
            self._decide(action, rows, self.desciples[iden], chosen)
        before = self.desciples
        self.state, died = self._step(self._next_key(), self.state, action)
        gone = np.asarray(died)
        self.tick += 1
        dones = {ent.serial for ent in before.values() if gone[ent.slot]}
        return self._tell(dones)

    def reward(self, entID: int) -> float | None:  # noqa: N803
        """0 for everybody; a subclass may look at `desciples[entID]` and say otherwise."""
        return 0

    def made_of(self, index: Any) -> Any:
        """A material by its number: `index` and `tex`, its name."""
        kind = self.env.preset.materials[int(index)]
        return SimpleNamespace(index=int(index), tex=kind.name)

    def _decide(
        self, action: dict[str, np.ndarray], rows: np.ndarray, ent: Any, chosen: dict[Any, Any]
    ) -> None:
        for atn, args in chosen.items():
            if atn is Move and len(args) == 1 and args[0] in Direction.edges:
                action["move"][ent.slot] = args[0].index
            elif atn is Attack and len(args) == 2 and args[0] in Style.edges:
                target = getattr(args[1], "slot", None)
                here = np.flatnonzero(rows[ent.slot] == target)
                action["style"][ent.slot] = args[0].index
                action["target"][ent.slot] = here[0] if len(here) else 0
            else:
                raise ValueError(
                    f"an action {atn!r} with arguments {args!r}: must be Move: [direction] or "
                    "Attack: [style, target]"
                )

    def _next_key(self) -> jax.Array:
        self._key, key = jax.random.split(self._key)
        return key

    def _tell(self, dones: set[Any]) -> tuple[list[Any], list[Any], set[Any], None]:
        """Observations and rewards of the living."""
        old = set(self.desciples)
        self._read()
        rewards = [self.reward(i) if i in old else None for i in self.desciples]
        if self.tick == 0:
            rewards = [None] * len(self.desciples)
        return [(self._stim(ent), ent) for ent in self.desciples.values()], rewards, dones, None

    def _stim(self, ent: Any) -> np.ndarray:
        """The window of tiles; at the edge of the map, what there is of it."""
        (r, c), sight = ent.base.pos, self.config.STIM
        rows, cols = (
            slice(max(0, r - sight), r + sight + 1),
            slice(max(0, c - sight), c + sight + 1),
        )
        return self.world.env.tiles[rows, cols]

    def _read(self) -> None:
        """The state as objects."""
        players = jax.tree.map(np.asarray, self.state.players)
        self.material = np.asarray(self.state.terrain.material)
        self.visible = np.asarray(
            self.state.terrain.visible(self.state.tick, self.env.preset.materials)
        )
        living = sorted(np.flatnonzero(players.alive), key=lambda slot: players.id[slot])
        self.desciples = {int(players.id[slot]): _entity(players, int(slot)) for slot in living}
        self.standing = {}
        for ent in self.desciples.values():
            self.standing.setdefault(ent.base.pos, {})[ent.entID] = ent


def _entity(players: Any, slot: int) -> Any:
    """An agent as the original's objects show it."""

    def value(name: str, low: int = 0, high: float = float("inf")) -> Value:
        return Value(val=int(getattr(players, name)[slot]), min=low, max=high)

    iden, population = int(players.id[slot]), int(players.population[slot])
    place = value("row"), value("col")
    skills = {
        skill.name.lower(): SimpleNamespace(
            level=int(players.level[slot, skill]), exp=int(players.experience[slot, skill])
        )
        for skill in Skill
    }
    return SimpleNamespace(
        entID=iden,
        annID=population,
        serial=(population, iden),
        slot=slot,
        base=SimpleNamespace(
            r=place[0],
            c=place[1],
            pos=(place[0].val, place[1].val),
            population=value("population"),
            name=f"Neural_{iden}",
            alive=True,
        ),
        resources=SimpleNamespace(
            **{n: value(n, 0, int(getattr(players, f"{n}_max")[slot])) for n in _RESOURCES}
        ),
        status=SimpleNamespace(
            freeze=value("freeze"), immune=value("immune"), wilderness=value("wilderness", -1)
        ),
        history=SimpleNamespace(damage=value("damage"), timeAlive=value("time_alive")),
        skills=SimpleNamespace(**skills),
    )


_RESOURCES = ("food", "water", "health")
