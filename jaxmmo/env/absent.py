"""What stands in for arrays that a save of an older game lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmmo.env.presets import Preset
from jaxmmo.env.state.table import GIVEN, Birth, Column, Columns, columns


def absent_leaf(preset: Preset) -> Callable[[str, Any], np.ndarray]:
    """Finds a value for a leaf of the state that is not stored.

    A column holds what a newborn holds, or 0 where that is told at birth; a whole table that is
    not there is empty; a view shows nothing until the world is observed again.

    Returns:
      (path such as "bodies/kind", anything with its shape and dtype) -> the array. KeyError for
      what every state must have.
    """
    tables: dict[str, type[Columns]] = {f"tables/{t.name}": t.kind for t in preset.tables}
    tables |= {"bodies": preset.bodies, "lives": preset.lives}

    def fill(path: str, leaf: Any) -> np.ndarray:
        parent, _, name = path.rpartition("/")
        shape, dtype = leaf.shape, leaf.dtype
        if parent in tables:
            column = columns(tables[parent])[name]
            if parent.startswith("tables/") and name == "alive":
                return np.zeros(shape, dtype)
            return np.broadcast_to(np.asarray(_newborn(preset, column), dtype), shape).copy()
        if parent == "next_ids":
            return np.zeros(shape, dtype)
        view = next((v for v in preset.views if path.startswith(f"views/{v.name}/")), None)
        if view is None:
            raise KeyError(path)
        size = preset.slots(view.table)
        value = np.arange(size, dtype=dtype) if name == "order" else size
        return np.broadcast_to(np.asarray(value, dtype), shape).copy()

    return fill


def _newborn(preset: Preset, column: Column) -> Any:
    """What a newborn holds by the preset's own rules; nobody, where it is told at birth."""
    if column.newborn is GIVEN:
        return preset.slots(column.refers) if column.refers else 0
    if callable(column.newborn):
        return column.newborn(Birth(preset.config, preset.default_rules()))
    return column.newborn
