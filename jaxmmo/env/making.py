"""Environments and presets by name: what the package root passes on."""

from __future__ import annotations

from typing import Any

from jaxmmo.env.environment import Environment
from jaxmmo.env.presets import Preset
from jaxmmo.env.registry import PRESETS, find
from jaxmmo.env.rewards import RewardFn
from jaxmmo.env.systems.spawning import PopulationFn, random_population


def make(
    preset: str | Preset = "JaxMMO-v1",
    *,
    reward_fn: RewardFn | None = None,
    population_fn: PopulationFn = random_population,
    **overrides: Any,
) -> Environment:
    """An environment from a preset.

    Args:
      preset: one of `registered()`, or a `Preset` of your own.
      reward_fn: replaces the preset's reward, see `RewardFn`.
      population_fn: replaces the assignment of newborns to populations, see `PopulationFn`.
      **overrides: `EnvConfig` fields, or whatever else the preset's `replace` takes.

    Raises:
      ValueError: for an unknown preset or field, or a bad value, saying what is allowed.
    """
    return Environment(find(preset).replace(**overrides), reward_fn, population_fn)


def preset(name: str | Preset = "JaxMMO-v1") -> Preset:
    """The game of that id, to be extended; see `Preset.extend`. ValueError for an unknown one."""
    return find(name)


def registered() -> list[str]:
    """Ids that `make` knows."""
    return list(PRESETS)
