"""Small worlds in which much happens in few ticks."""

from __future__ import annotations

from typing import Any

from tests.games import ENDLESS, SECOND_GAME, TINY_SECOND

SMALL: dict[str, Any] = {
    "height": 20,
    "width": 20,
    "border": 3,
    "capacity": 6,
    "vision": 4,
    "initial_population": 4,
    "num_populations": 2,
}
EMPTY: dict[str, Any] = SMALL | {"initial_population": 0}

HUNGRY: dict[str, Any] = TINY_SECOND | {
    "capacity": 4,
    "npc_capacity": 2,
    "items": 64,
    "events": 64,
    "offers": 4,
    "RESOURCE_DEPLETION_RATE": 25,
    "RESOURCE_STARVATION_RATE": 20,
    "RESOURCE_DEHYDRATION_RATE": 20,
}
"""A world of the second game in which most die within ten ticks."""

SECOND = (SECOND_GAME, ENDLESS)
"""Nobody is born after the beginning in the one; in the other, the dead are born again at once."""
