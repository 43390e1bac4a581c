"""The bits of a tile, named; and what every material is.

A stored tile holds what never changes: its material, whether water is next to it, and in which of
the four directions one may step from it. Worlds of up to 8 materials take one byte a tile, others
two. Nothing else in the project knows where these bits are: `describe` tells the viewer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import Material, Move


@dataclasses.dataclass(frozen=True)
class MaterialKind:
    """What a material is; its place in a preset's list is its number on maps and in observations.

    Attributes:
      name: for people, and for the viewer.
      passable: agents may step on it.
      water: agents beside it drink.
      depleted: number of the material that it looks like from a harvest until it is ripe again.
      placed: maps may hold it; others are only ever observed.
    """

    name: str
    passable: bool = False
    water: bool = False
    depleted: int | None = None
    placed: bool = True


MATERIALS = (
    MaterialKind("lava", passable=True),
    MaterialKind("water", water=True),
    MaterialKind("grass", passable=True),
    MaterialKind("scrub", passable=True),
    MaterialKind("forest", passable=True, depleted=Material.SCRUB),
    MaterialKind("stone"),
    MaterialKind("ore"),
    MaterialKind("void", placed=False),
)
"""The materials of v1.3, in the order of `constants.Material`."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the bits of a stored tile are.

    Attributes:
      dtype: of the map.
      material: bits of the material, the lowest ones.
      near_water: the bit that is set beside water.
      steps: the first of the bits for a step north, south, east and west.
    """

    dtype: Any
    material: int
    near_water: int
    steps: int


BYTE = Layout(jnp.uint8, material=3, near_water=3, steps=4)
WORD = Layout(jnp.uint16, material=8, near_water=8, steps=12)


def layout_for(materials: Sequence[MaterialKind]) -> Layout:
    """The smallest layout with room for so many materials."""
    return BYTE if len(materials) <= 2**BYTE.material else WORD


def layout_of(tile: jax.Array) -> Layout:
    """The layout of stored tiles, known by their dtype."""
    return BYTE if tile.dtype == BYTE.dtype else WORD


def pack(layout: Layout, material: jax.Array, near_water: jax.Array, steps: jax.Array) -> jax.Array:
    """Stored tiles, in the layout's dtype.

    Args:
      layout: see `layout_for`.
      material: integers [H, W].
      near_water: bool[H, W].
      steps: bool[4, H, W], whether one may step north, south, east, west.
    """
    tile = material.astype(layout.dtype) | (near_water.astype(layout.dtype) << layout.near_water)
    for direction, open_ in enumerate(steps):
        tile |= open_.astype(layout.dtype) << (layout.steps + direction)
    return tile


def material(tile: jax.Array) -> jax.Array:
    """The material of stored tiles, in their dtype."""
    return tile & tile.dtype.type(2 ** layout_of(tile).material - 1)


def near_water(tile: jax.Array) -> jax.Array:
    """bool: tiles next to water."""
    return (tile >> layout_of(tile).near_water) & 1 == 1


def open_steps(tile: jax.Array) -> jax.Array:
    """Bits 0 to 3: whether one may step north, south, east, west from a stored tile."""
    return tile >> layout_of(tile).steps


def may_step(tile: jax.Array, move: jax.Array) -> jax.Array:
    """bool: whether stored tiles allow a move; staying is always possible.

    Args:
      tile: stored tiles.
      move: i32[...], values of `Move`.
    """
    bit = (tile.astype(jnp.int32) >> (layout_of(tile).steps - 1 + move)) & 1
    return (move == Move.STAY) | (bit == 1)


def look(materials: Sequence[MaterialKind], material: jax.Array, depleted: jax.Array) -> jax.Array:
    """Materials as they look: a harvested one is something else until it is ripe again.

    Args:
      materials: of the game.
      material: of stored tiles.
      depleted: bool of the same shape, harvested and not ripe yet.
    """
    changing = [(i, kind.depleted) for i, kind in enumerate(materials) if kind.depleted is not None]
    if not changing:
        return material
    # selects, as a table would be looked up tile by tile; nothing but these is ever harvested
    looks = jnp.asarray(changing[0][1], material.dtype)
    for number, other in changing[1:]:
        looks = jnp.where(material == number, jnp.asarray(other, material.dtype), looks)
    return jnp.where(depleted, looks, material)


def numbers(materials: Sequence[MaterialKind], quality: str) -> list[int]:
    """The materials that have a quality: "passable", "water" or "placed"."""
    return [i for i, kind in enumerate(materials) if getattr(kind, quality)]


def is_any(material: jax.Array, wanted: Sequence[int]) -> jax.Array:
    """bool: whether each material is one of the wanted numbers."""
    found = jnp.zeros(material.shape, bool)
    for number in wanted:
        found |= material == number
    return found


def describe(materials: Sequence[MaterialKind]) -> dict[str, Any]:
    """Where the bits of a stored tile are, as [first bit, bits], for readers in other languages."""
    layout = layout_for(materials)
    return {
        "material": [0, layout.material],
        "near_water": [layout.near_water, 1],
        "steps": [layout.steps, 4],
    }
