"""The games of this package by their ids."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmmo.env.config import EnvConfig, refuse_unknown
from jaxmmo.env.presets import Preset
from jaxmmo.env.rules import NEVER, Rules, experience_table


def _released(config: EnvConfig) -> dict[str, Any]:
    """The numbers in which the released v1.3 differs from the game as meant."""
    del config
    # there is no level 98 or 99: at the threshold of 98 the level reads 0 (section 2)
    thresholds, counts = experience_table(), np.arange(100)
    thresholds[98] = NEVER
    counts[98:] = 0
    return {
        "experience_thresholds": thresholds,
        "level_by_count": counts,
        "reach": [1, 1, 1],
        "wilderness_centre": (70, 70),
    }


def _v1() -> Preset:
    return Preset("JaxMMO-v1", EnvConfig())


def _v1_3() -> Preset:
    config = EnvConfig(
        preset="NeuralMMO-v1.3",
        max_visible=128,
        lagging_death=True,
        enforce_reach=False,
        allow_stay=False,
        relative_positions=False,
        observe_skills=False,
        reach_first=False,
        tile_bits=16,
    )
    return Preset("NeuralMMO-v1.3", config, numbers=_released)


def _v2_1() -> Preset:
    from jaxmmo.env.v2.game import SECOND  # half a second, which only this game's players pay

    return SECOND


def _v2() -> Preset:
    from jaxmmo.env.v2.game import MEANT

    return MEANT


PRESETS: dict[str, Callable[[], Preset]] = {
    "JaxMMO-v1": _v1,
    "NeuralMMO-v1.3": _v1_3,
    "NeuralMMO-v2.1": _v2_1,
    "JaxMMO-v2": _v2,
}
"""The games by their ids, each made when it is first asked for."""

FIRST_GAME = ("JaxMMO-v1", "NeuralMMO-v1.3")
"""Presets of the first game."""


def config_of(settings: dict[str, Any]) -> EnvConfig:
    """A configuration from its fields, of the type that the game it began as has.

    Raises:
      TypeError: for fields that it does not have.
      ValueError: for values out of range.
    """
    name = settings.get("preset")
    kind = type(find(name).config) if name in PRESETS else EnvConfig
    return kind(**settings)


@functools.cache
def _made(name: str) -> Preset:
    return PRESETS[name]()


def find(game: str | Preset | EnvConfig) -> Preset:
    """A preset from its id, from itself, or from a configuration that began as one.

    Raises:
      ValueError: for an unknown id, listing what exists.
    """
    if isinstance(game, Preset):
        return game
    name = game.preset if isinstance(game, EnvConfig) else game
    refuse_unknown("preset", [name], list(PRESETS))
    preset = _made(name)
    return preset.configured(game) if isinstance(game, EnvConfig) else preset


def is_second_game(game: Preset) -> bool:
    """Whether a game is the second one, or made from it."""
    if issubclass(game.rules, Rules):
        return False
    from jaxmmo.env.v2 import rules  # half a second, which only this game's players pay

    return issubclass(game.rules, rules.Rules)


def require_first_game(game: Preset, what: str) -> None:
    """Refuses games that are neither the first one nor made from it.

    Args:
      game: that somebody plays.
      what: knows the first game alone; the error begins with it.

    Raises:
      ValueError: for another game, naming those that will do.
    """
    if not issubclass(game.rules, Rules):
        raise ValueError(
            f"{what}: not for {game.name}, but for {', '.join(FIRST_GAME)} and games made from them"
        )
