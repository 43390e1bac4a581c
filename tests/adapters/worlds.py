"""Small worlds in which much happens in few ticks."""

from __future__ import annotations

from typing import Any

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
