"""Gymnasium's spaces for a layout; PettingZoo uses the same."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxmmo.adapters.base import Layout, View, requires
from jaxmmo.io import arrays

spaces: Any = requires("gymnasium.spaces", "gymnasium")


def observation_space(layout: Layout) -> Any:
    """A dict of `observation` and `action_mask`, of one agent."""
    return spaces.Dict({"observation": _observation(layout), "action_mask": _mask(layout)})


def action_space(layout: Layout, seed: int | None = None) -> Any:
    """`Discrete` of joint actions, `MultiDiscrete` of one choice a head otherwise."""
    if layout.actions == "joint":
        return spaces.Discrete(layout.num_actions, seed=seed)
    return spaces.MultiDiscrete(layout.choices, dtype=np.int32, seed=seed)


def _observation(layout: Layout) -> Any:
    spec = layout.spec
    if layout.observations == "flat":
        return spaces.Box(-np.inf, np.inf, (arrays.flat_size(spec),), np.float32)
    tables = {}
    for name, columns in arrays.columns(spec).items():
        attributes = {
            a.name: a for a in (spec.tile if name == "tile" else spec.table(name).observed)
        }
        sizes = [attributes[column].size for column in columns["index"]]
        shapes = layout.shapes()[name]
        rows = shapes["present"].shape[0]
        # a row without anyone reads 0 throughout
        highest = np.broadcast_to(np.array(sizes, np.int32) - 1, (rows, len(sizes))).copy()
        tables[name] = spaces.Dict(
            {
                "index": spaces.Box(np.zeros_like(highest), highest, dtype=np.int32),
                "value": spaces.Box(-np.inf, np.inf, shapes["value"].shape, np.float32),
                "present": spaces.MultiBinary(rows),
            }
        )
    return spaces.Dict(tables)


def _mask(layout: Layout) -> Any:
    if layout.actions == "joint":
        return spaces.MultiBinary(layout.num_actions)
    return spaces.Tuple([spaces.MultiBinary(n) for n in layout.choices])


def seen(view: View) -> dict[str, Any]:
    """What all slots observe, in the form of the spaces."""
    return {"observation": plain(view.observation), "action_mask": plain(view.mask)}


def nobody(layout: Layout) -> dict[str, Any]:
    """The observation of an empty slot: all zero, and only to do nothing is legal."""

    def zero(shape: Any) -> np.ndarray:
        return np.zeros(shape.shape, np.int8 if shape.dtype == np.bool_ else shape.dtype)

    def nothing(choices: int) -> np.ndarray:
        return (np.arange(choices) == 0).astype(np.int8)

    joint = layout.actions == "joint"
    return {
        "observation": jax.tree.map(zero, layout.shapes()),
        "action_mask": nothing(layout.num_actions)
        if joint
        else tuple(nothing(choices) for choices in layout.choices),
    }


def plain(tree: Any) -> Any:
    """NumPy arrays of the dtypes that the spaces have: truth values are int8 there.

    Args:
      tree: dicts and tuples of arrays.
    """
    if isinstance(tree, dict):
        return {name: plain(value) for name, value in tree.items()}
    if isinstance(tree, tuple):
        return tuple(plain(value) for value in tree)
    array = np.asarray(tree)
    return array.view(np.int8) if array.dtype == np.bool_ else array


def rows(tree: Any, index: int) -> Any:
    """One agent's part of `plain` arrays with a leading axis; a copy, so that it may be kept."""
    if isinstance(tree, dict):
        return {name: rows(value, index) for name, value in tree.items()}
    if isinstance(tree, tuple):
        return tuple(rows(value, index) for value in tree)
    return tree[index].copy()
