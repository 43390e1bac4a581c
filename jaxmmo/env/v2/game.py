"""The second game as a preset: its sizes, and every constant of the original by its own name."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from jaxmmo.env.config import EnvConfig, refuse_unknown
from jaxmmo.env.presets import Preset, TableOf
from jaxmmo.env.v2 import livelihood, terrain
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import MATERIALS, Skill
from jaxmmo.env.v2.drawing import draw_rolls
from jaxmmo.env.v2.founding import first_bodies
from jaxmmo.env.v2.games import GAMES, Game
from jaxmmo.env.v2.heads import heads_of
from jaxmmo.env.v2.holding import held
from jaxmmo.env.v2.playing import SYSTEMS, of_task, views_of
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.sizes import FIXED, IDLE, MEDIUM, SIZES
from jaxmmo.env.v2.state import Bodies, Items
from jaxmmo.env.v2.translating import config_of, numbers_of
from jaxmmo.env.views.nearby import Nearby

REWARDS = {"task": of_task, "livelihood": livelihood.reward}
"""What is played for, by name: the game's own first."""


@dataclasses.dataclass(frozen=True)
class Constants:
    """Constants of the original that a game is made from: a size, and what differs from it.

    Attributes:
      size: one of `SIZES`.
      changed: names and values that can be hashed.
      game: one of `GAMES`, or "".
    """

    size: str = "Medium"
    changed: tuple[tuple[str, Any], ...] = ()
    game: str = ""

    def values(self) -> dict[str, Any]:
        """All that decide something, by name."""
        given = dict(self.changed)
        values = MEDIUM | SIZES[self.size] | self.played.constants | given
        follow = self.played.follows(values)
        return values | {name: value for name, value in follow.items() if name not in given}

    @property
    def played(self) -> Game:
        """What the game sets."""
        return GAMES.get(self.game, Game())

    def __call__(self, config: Any) -> dict[str, Any]:
        """The rules that they come to in worlds of a configuration."""
        return numbers_of(config, self.values()) | self.played.rules

    def replace(self, size: str, given: dict[str, Any], game: str) -> Constants:
        """Others; ValueError for unknown ones, and values that are not played."""
        refuse_unknown("size", [size], list(SIZES))
        refuse_unknown("game", [game] if game else [], list(GAMES))
        refuse_unknown("constant", given, [*MEDIUM, *FIXED, *IDLE])
        for name, usual in FIXED.items():
            if given.get(name, usual) != usual:
                raise ValueError(f"{name}={given[name]!r}: only {usual!r} is played")
        known = dict(self.changed) | {k: v for k, v in given.items() if k in MEDIUM}
        frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
        return Constants(size, tuple(frozen.items()), game)


@dataclasses.dataclass(frozen=True)
class SecondGame(Preset):
    """A preset that is also configured by the original's sizes and constants."""

    def replace(self, **overrides: Any) -> SecondGame:
        """The same game in another size, with other constants, or other fields of `Config`.

        Args:
          **overrides: `size`, "Small", "Medium" or "Large"; `game`, one of `GAMES`, which sets
            what it is made of; `reward`, one of `REWARDS`; constants of the original by their names
            in capital letters; fields of the configuration, which come last.

        Raises:
          ValueError: for an unknown name, or a bad value, saying what is allowed.
        """
        constants = self.numbers
        assert isinstance(constants, Constants)
        size = overrides.pop("size", constants.size)
        reward = overrides.pop("reward", None)
        given = {name: overrides.pop(name) for name in list(overrides) if name.isupper()}
        game = overrides.pop("game", constants.game)
        changed = constants.replace(size, given, game)
        config = _config(self)
        if game != constants.game:
            overrides = changed.played.fields | overrides | {"game": game}
        if changed != constants:
            old, new = (vars(config_of(each.values())) for each in (constants, changed))
            moved = {name: new[name] for name in new if new[name] != old[name]}
            config = config.replace(**(vars(config) | moved))
        played = self
        if reward is not None:
            refuse_unknown("reward", [reward], list(REWARDS))
            played = dataclasses.replace(self, reward=REWARDS[reward])
        return made(played, config.replace(**overrides), changed)

    def default_rules(self, **overrides: Any) -> Any:
        """The game's rules, those replaced that rules or constants of the original name.

        Raises:
          ValueError: for what does not fit, and constants that decide a size or a switch.
        """
        constants = self.numbers
        assert isinstance(constants, Constants)
        given = {name: overrides.pop(name) for name in list(overrides) if name.isupper()}
        for name, value in given.items():
            one = constants.replace(constants.size, {name: value}, constants.game)
            if config_of(one.values()) != config_of(constants.values()):
                raise ValueError(f"{name}={value!r}: decides a size or a switch; give it to make")
        changed = constants.replace(constants.size, given, constants.game)
        old, new = (each(self.config) for each in (constants, changed))
        moved = {name: new[name] for name in new if not np.array_equal(new[name], old[name])}
        return super().default_rules(**(moved | overrides))

    @property
    def settings(self) -> tuple[str, ...]:
        """Fields of the configuration, the size, the reward, and constants of the original."""
        return (*super().settings, "size", "reward", *MEDIUM)

    def configured(self, config: EnvConfig) -> SecondGame:
        """The same game in worlds of a configuration; its constants are those it has."""
        assert isinstance(config, Config)
        assert isinstance(self.numbers, Constants)
        return made(self, config, dataclasses.replace(self.numbers, game=config.game))


def made(game: SecondGame, config: Config, constants: Constants) -> SecondGame:
    """The game of a configuration: only what is on has tables, views and heads.

    Whatever was added to it, it keeps.
    """
    own, views = len(heads_of(_config(game))), len(views_of(_config(game), Nearby()))
    return dataclasses.replace(
        game,
        config=config,
        numbers=constants,
        views=(*views_of(config, game.views[0]), *game.views[views:]),
        heads=(*heads_of(config), *game.heads[own:]),
    )


def _config(game: SecondGame) -> Config:
    assert isinstance(game.config, Config)
    return game.config


def _second(name: str, **changes: Any) -> SecondGame:
    constants = Constants()
    config = config_of(constants.values()).replace(preset=name, **changes)
    return SecondGame(
        name=name,
        config=config,
        numbers=constants,
        rules=Rules,
        bodies=Bodies,
        tables=(TableOf("items", Items, capacity=lambda config: vars(config)["items"]),),
        views=views_of(config, Nearby()),
        systems=SYSTEMS,
        heads=heads_of(config),
        materials=MATERIALS,
        terrain=terrain.generate,
        founders=first_bodies,
        draws=draw_rolls,
        holds=held,
        reward=of_task,
        skills=tuple(skill.name.lower() for skill in Skill),
    )


SECOND = _second("NeuralMMO-v2.1")
"""Neural MMO 2.1, as released."""

MEANT = _second(
    "JaxMMO-v2",
    resolution="simultaneous",
    search="window",
    respawn=True,
    reborn=True,
    group_tasks=False,
    renewal="birth",
)
"""The same game as a world that goes on for ever, in which all act at once."""
