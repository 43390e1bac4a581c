"""The registered games, and small worlds of each.

`FIRST_GAME` is for tests of its tables and numbers, and of policies that ship.
"""

from __future__ import annotations

from typing import Any

from jaxmmo.env.registry import FIRST_GAME

SECOND_GAME, ENDLESS = "NeuralMMO-v2.1", "JaxMMO-v2"

TINY_SECOND: dict[str, Any] = {
    "height": 40,
    "width": 40,
    "border": 8,
    "capacity": 8,
    "npc_capacity": 4,
    "items": 128,
    "events": 128,
    "offers": 8,
    "PROGRESSION_SPAWN_CLUSTERS": 3,
    "PROGRESSION_SPAWN_UNIFORMS": 6,
    "COMBAT_SPAWN_IMMUNITY": 2,
}
"""A world of the second game that compiles in seconds."""


def sized(preset: str, **first: Any) -> dict[str, Any]:
    """Sizes of a small world: these for the first game, and what the second one can be made of.

    Of the second game's worlds, capacity and rows of bodies are as given.
    """
    if preset in FIRST_GAME:
        return first
    kept = ("capacity", "max_visible", "initial_population", "num_populations")
    return TINY_SECOND | {name: first[name] for name in kept if name in first}
