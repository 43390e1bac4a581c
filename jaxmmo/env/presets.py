"""Presets: a game as one object, its configuration, its numbers, and what it is made of.

The games of this package stand in `registry.py`. `Preset.extend` adds to one of them from a file
of the user's own: columns of tables, further tables, views, systems, action heads, materials, and
numbers of the rules. Everything else follows: observations, networks, saves, recordings.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env import terrain, tiles
from jaxmmo.env.actions import HEADS, ActionHead
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Skill
from jaxmmo.env.rewards import RewardFn, survival
from jaxmmo.env.rules import Numbers, Rules, make_rules
from jaxmmo.env.state import Bodies, Columns, Lives, Rolls, Table, Terrain, WorldState
from jaxmmo.env.state.table import columns, empty, extended
from jaxmmo.env.step import SYSTEMS, draw_rolls
from jaxmmo.env.systems import spawning
from jaxmmo.env.systems.spawning import PopulationFn
from jaxmmo.env.systems.system import System, in_order
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.env.views.nearby import Nearby
from jaxmmo.env.views.view import View
from jaxmmo.env.views.window import attributes as tile_attributes
from jaxmmo.records import Record
from jaxmmo.spec import Spec

# configuration, rules and state are of the game's own classes in what follows, as in `RunSystem`
TerrainFn = Callable[[jax.Array, Any, Any], jax.Array]
"""(key, config, rules) -> u8[H, W]: the materials of a new map; the key is consumed."""

FoundersFn = Callable[[Any, Any, Any, jax.Array, PopulationFn], WorldState]
"""(config, rules, empty state, key, population_fn) -> the state with who is there at first; the key
is consumed."""

DrawFn = Callable[[Any, Any, Any, jax.Array, PopulationFn, tuple[System, ...]], Rolls]
"""(config, rules, state, key, population_fn, systems) -> every random number of a tick; the key is
consumed."""

FIRST_ID = 2
"""The id of v1.3's first agent (section 3.1)."""


@dataclasses.dataclass(frozen=True)
class TableOf:
    """A further table of entities in the state.

    Attributes:
      name: in `state.tables`, for views and for columns that refer to it.
      kind: class of the table.
      capacity: slots; an integer, or (config) -> one.
    """

    name: str
    kind: type[Table]
    capacity: int | Callable[[EnvConfig], int]

    def slots(self, config: EnvConfig) -> int:
        """How many slots the table has in a world of that configuration."""
        return self.capacity(config) if callable(self.capacity) else self.capacity


def plain(config: EnvConfig, state: WorldState) -> WorldState:
    """A state that holds nothing but tables and a map."""
    del config
    return state


@dataclasses.dataclass(frozen=True)
class Preset:
    """A game.

    Attributes:
      name: for people, and under which it may be registered.
      config: sizes and switches.
      numbers: rules that differ from the defaults, by name: pairs, or (config) -> a mapping.
      rules: class of the rules.
      bodies: class of the table of bodies.
      lives: class of what a player's life adds up to.
      tables: further tables.
      views: what agents observe; the first one shows the observer.
      systems: what happens in a tick, in order.
      heads: of the action, in the order in which they are decided.
      materials: of tiles, by their numbers.
      terrain: draws the maps.
      founders: puts into a new world whoever is there at first.
      draws: draws the random numbers of a tick.
      holds: (config, empty state) -> the state with what this game has beside tables and a map.
      reward: what is played for, unless an environment says otherwise.
      skills: names of the columns of `level`.
    """

    name: str = "JaxMMO-v1"
    config: EnvConfig = dataclasses.field(default_factory=EnvConfig)
    numbers: Callable[[EnvConfig], Mapping[str, Any]] | tuple[tuple[str, Any], ...] = ()
    rules: type[Numbers] = Rules
    bodies: type[Table] = Bodies
    lives: type[Lives] = Lives
    tables: tuple[TableOf, ...] = ()
    views: tuple[View, ...] = (Nearby(),)
    systems: tuple[System, ...] = SYSTEMS
    heads: tuple[ActionHead, ...] = HEADS
    materials: tuple[MaterialKind, ...] = tiles.MATERIALS
    terrain: TerrainFn = terrain.generate
    founders: FoundersFn = spawning.first_agents
    draws: DrawFn = draw_rolls
    holds: Callable[[Any, WorldState], WorldState] = plain
    reward: RewardFn = survival
    skills: tuple[str, ...] = tuple(skill.name.lower() for skill in Skill)

    def replace(self, **overrides: Any) -> Preset:
        """The same game with fields of its configuration changed; ValueError for bad ones."""
        return self.configured(self.config.replace(**overrides))

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of what `replace` takes."""
        return tuple(field.name for field in dataclasses.fields(self.config))

    def configured(self, config: EnvConfig) -> Preset:
        """The same game in worlds of a configuration that began as one of its own."""
        return dataclasses.replace(self, config=config)

    def extend(
        self,
        name: str,
        *,
        bodies: type[Columns] | None = None,
        lives: type[Columns] | None = None,
        rules: type[Numbers] | None = None,
        tables: Iterable[TableOf] = (),
        views: Iterable[View] = (),
        systems: Iterable[System] = (),
        heads: Iterable[ActionHead] = (),
        materials: Iterable[MaterialKind] = (),
        terrain: TerrainFn | None = None,
        **overrides: Any,
    ) -> Preset:
        """This game and more.

        Args:
          name: of the new game.
          bodies: columns of everybody who stands on a tile.
          lives: columns of what a player's life adds up to.
          rules: numbers of the game, declared with `rule`.
          tables: further tables of entities.
          views: further observed tables.
          systems: further systems; each says before or after which one it runs.
          heads: further action heads, decided after those there are.
          materials: numbered on from those there are.
          terrain: draws the maps instead.
          **overrides: fields of the configuration.

        Raises:
          ValueError: for a name that is taken, or something that does not fit together.
        """
        game = dataclasses.replace(
            self,
            name=name,
            config=self.config.replace(**overrides, preset=name),
            rules=_with_rules(self.rules, rules),
            bodies=extended(self.bodies, () if bodies is None else (bodies,)),
            lives=extended(self.lives, () if lives is None else (lives,)),
            tables=(*self.tables, *tables),
            views=(*self.views, *views),
            systems=in_order(self.systems, tuple(systems)),
            heads=(*self.heads, *heads),
            materials=(*self.materials, *materials),
            terrain=self.terrain if terrain is None else terrain,
        )
        game.check()
        return game

    def check(self) -> None:
        """Raises ValueError where parts of the game do not fit together."""
        for what, parts in (
            ("table", self.tables),
            ("view", self.views),
            ("head", self.heads),
            ("material", self.materials),
        ):
            names = [part.name for part in parts]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{self.name}: more than one {what} is called {twice[0]!r}")
        named = [*(h.name for h in self.heads), *(s.event for s in self.systems if s.event)]
        for name in named:
            if not name.isidentifier() or hasattr(dict, name):
                raise ValueError(
                    f"{name!r}: an action head or event needs a name that a Record can have as an "
                    "attribute, which is no method of a dict"
                )
        there = ["bodies", *(table.name for table in self.tables)]
        for view in self.views:
            if view.table not in there:
                raise ValueError(
                    f"view {view.name!r} shows {view.table!r}; tables: {', '.join(there)}"
                )
        for kind in (self.bodies, *(table.kind for table in self.tables)):
            for name, column in columns(kind).items():
                if column.refers is not None and column.refers not in there:
                    raise ValueError(
                        f"column {name!r} refers to {column.refers!r}; tables: {', '.join(there)}"
                    )
        decided: list[str] = []
        for each in self.spec.heads:
            if each.given is not None and each.given not in decided:
                raise ValueError(
                    f"head {each.name!r} is given {each.given!r}; decided before it: "
                    f"{', '.join(decided) or 'none'}"
                )
            if each.table is not None and each.table not in [view.name for view in self.views]:
                raise ValueError(f"head {each.name!r} points into {each.table!r}, which is no view")
            decided.append(each.name)

    @property
    def spec(self) -> Spec:
        """Observations and actions as data."""
        return _spec(self)

    def default_rules(self, **overrides: Any) -> Rules:
        """The game's rules, fields replaced by keyword; ValueError on what does not fit."""
        numbers = self.numbers(self.config) if callable(self.numbers) else dict(self.numbers)
        # whoever knows the game knows its class of rules; for all others they are the first game's
        rules: Any = make_rules(self.rules, self.config, dict(numbers), overrides)
        return rules

    def slots(self, table: str) -> int:
        """The slots of a table, which is the reference to none of them.

        Args:
          table: "bodies", or the name of a further table.
        """
        if table == "bodies":
            return self.config.bodies
        return next(t.slots(self.config) for t in self.tables if t.name == table)

    def empty_state(self, ground: Terrain) -> WorldState:
        """A world before its first tick with nobody in it.

        Args:
          ground: the map.
        """
        config = self.config
        bodies: Any = empty(self.bodies, config, config.bodies, self.slots)

        def zero() -> jax.Array:
            return jnp.zeros((), jnp.int32)  # one buffer each, so that the state can be donated

        state = WorldState(
            tick=zero(),
            next_id=zero() + FIRST_ID,
            terrain=ground,
            bodies=bodies,
            lives=empty(self.lives, config, config.capacity, self.slots),
            views=Record(
                {view.name: view.nothing(config, self.slots(view.table)) for view in self.views}
            ),
            tables=Record(
                {t.name: empty(t.kind, config, t.slots(config), self.slots) for t in self.tables}
            ),
            next_ids=Record({t.name: zero() for t in self.tables}),
            lost_spawns=zero(),
        )
        return self.holds(config, state)


@functools.cache
def _spec(preset: Preset) -> Spec:
    """See `Preset.spec`."""
    config = preset.config
    kinds: dict[str, type[Columns]] = {t.name: t.kind for t in preset.tables}
    kinds["bodies"] = preset.bodies
    return Spec(
        tables=tuple(view.spec(config, kinds[view.table]) for view in preset.views),
        tile=tile_attributes(config, preset.materials),
        window=config.window,
        tile_bits=config.tile_bits,
        heads=tuple(head.spec(config) for head in preset.heads),
    )


@functools.cache
def _with_rules(kind: type[Numbers], more: type[Numbers] | None) -> type[Numbers]:
    """The class of rules with the fields of another added; one class for one combination."""
    if more is None:
        return kind
    twice = {f.name for f in dataclasses.fields(kind)} & {f.name for f in dataclasses.fields(more)}
    if twice:
        raise ValueError(f"{more.__name__} declares the rules {sorted(twice)} once more")
    bases: Any = (more, kind)
    return type(kind.__name__, bases, {"__module__": kind.__module__})
