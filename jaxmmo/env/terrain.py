"""Terrain: ridge noise on device, thresholds, a lava border and a grass ring."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jaxmmo.env import random, tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import DELTAS, Material, Move, SystemId
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Terrain

OCTAVES = 8
TILES_PER_WAVE = 5.0  # v1.3 section 11: scale = floor(side / 5) waves across the map
PEAK = 1.94  # ridge value that counts as 1
HABITABLE = (Material.GRASS, Material.SCRUB, Material.FOREST)
CONTRAST, SHAPE = 1.27, 0.6  # with PEAK, chosen so that materials have the recorded shares


def from_material(
    material: jax.Array, materials: Sequence[tiles.MaterialKind] = tiles.MATERIALS
) -> Terrain:
    """Packs materials into a terrain with every forest ripe.

    Steps are legal within rows 1..H-1 and columns 1..W-1 onto passable materials (v1.3 section 1).

    Args:
      material: u8[H, W], numbers of materials that maps may hold.
      materials: of the game.
    """
    material = jnp.asarray(material, jnp.uint8)
    inside = jnp.ones(material.shape, bool).at[0].set(False).at[:, 0].set(False)
    passable = tiles.is_any(material, tiles.numbers(materials, "passable")) & inside
    water = tiles.is_any(material, tiles.numbers(materials, "water")) & inside
    packed = tiles.pack(
        tiles.layout_for(materials),
        material,
        jnp.any(_neighbours(water), 0),
        _neighbours(passable),
    )
    return Terrain(tile=packed, ripe_at=jnp.zeros(material.shape, jnp.int32))


def _neighbours(mask: jax.Array) -> jax.Array:
    """bool[4, H, W]: the mask's value one step north, south, east, west of each tile."""
    height, width = mask.shape
    padded = jnp.pad(mask, 1)
    return jnp.stack(
        [
            padded[1 + dr : 1 + dr + height, 1 + dc : 1 + dc + width]
            for dr, dc in DELTAS[Move.NORTH :].tolist()
        ]
    )


def margin(config: EnvConfig) -> jax.Array:
    """i32[H, W]: tiles from the inner edge of the lava border, 0 on the ring, negative on lava."""
    rows, cols = jnp.arange(config.height), jnp.arange(config.width)
    row = jnp.minimum(rows, config.height - 1 - rows)
    col = jnp.minimum(cols, config.width - 1 - cols)
    return jnp.minimum(row[:, None], col[None, :]) - config.border


def generate(key: jax.Array, config: EnvConfig, rules: Rules) -> jax.Array:
    """Draws a map: lava margin, grass ring, and an interior of ridges.

    Args:
      key: consumed.
      config: size and border.
      rules: the thresholds of the materials.

    Returns:
      u8[H, W] materials. Float noise: equal on one backend, not bit-equal across backends.

    Source: v1.3 section 11, with gradient noise of our own and a fixed peak instead of each map's
    maximum, so that maps of any size have the same mix.
    """
    ridge = ridges(key, config.height, config.width)
    interior = jnp.where(
        ridge < rules.water_level,
        Material.WATER,
        jnp.where(
            ridge < rules.grass_level,
            Material.GRASS,
            jnp.where(ridge < rules.forest_level, Material.FOREST, Material.STONE),
        ),
    )
    depth = margin(config)
    material = jnp.where(depth < 0, Material.LAVA, jnp.where(depth == 0, Material.GRASS, interior))
    return material.astype(jnp.uint8)


def ridges(key: jax.Array, height: int, width: int) -> jax.Array:
    """f32[H, W]: eight octaves of sharpened noise, each weighted by the sum of those before it."""
    seeds = random.words(key, SystemId.TERRAIN, jnp.arange(OCTAVES))[0]
    rows = jnp.arange(height, dtype=jnp.float32)[:, None] / TILES_PER_WAVE
    cols = jnp.arange(width, dtype=jnp.float32)[None, :] / TILES_PER_WAVE
    total = jnp.zeros((height, width))
    for octave in range(OCTAVES):
        # an irrational-looking shift keeps lattice points, where noise is 0, off the tiles
        shift = 0.37 + 0.123 * octave
        noise = gradient_noise(rows * 2**octave + shift, cols * 2**octave + shift, seeds[octave])
        sharp = 1 - jnp.minimum(CONTRAST * jnp.abs(noise), 1) ** SHAPE
        total += 0.5**octave * sharp * (total if octave else 1.0)
    return total / PEAK


@jax.jit  # traced for the first octave only
def gradient_noise(row: jax.Array, col: jax.Array, seed: jax.Array) -> jax.Array:
    """f32, broadcast of row and col: 2D gradient noise in about [-1, 1]."""
    row_cell, col_cell = jnp.floor(row), jnp.floor(col)
    y, x = row - row_cell, col - col_cell

    def corner(dr: int, dc: int) -> jax.Array:
        angle = _hash(row_cell.astype(jnp.int32) + dr, col_cell.astype(jnp.int32) + dc, seed)
        angle = (angle >> 8).astype(jnp.float32) * (2 * jnp.pi / 2**24)
        return jnp.sin(angle) * (y - dr) + jnp.cos(angle) * (x - dc)

    def fade(t: jax.Array) -> jax.Array:
        return t * t * t * (t * (t * 6 - 15) + 10)

    north = corner(0, 0) + fade(x) * (corner(0, 1) - corner(0, 0))
    south = corner(1, 0) + fade(x) * (corner(1, 1) - corner(1, 0))
    return north + fade(y) * (south - north)


def _hash(row: jax.Array, col: jax.Array, seed: jax.Array) -> jax.Array:
    """u32: a well-mixed hash of lattice points (multiply and xor-shift rounds)."""
    value = row.astype(jnp.uint32) * jnp.uint32(0x9E3779B1) ^ seed
    value = (value ^ (value >> 15)) * jnp.uint32(0x85EBCA77)
    value = (value ^ col.astype(jnp.uint32)) * jnp.uint32(0xC2B2AE3D)
    value = (value ^ (value >> 13)) * jnp.uint32(0x27D4EB2F)
    return value ^ (value >> 16)


def habitable(terrain: Terrain) -> jax.Array:
    """bool[H, W]: tiles an agent can be placed on and live."""
    material = terrain.material
    return tiles.is_any(material, HABITABLE)
