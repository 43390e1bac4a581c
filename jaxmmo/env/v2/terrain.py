"""Maps of the second game: noise, clusters, herbs, fish, more water and foliage, a void edge."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env import random
from jaxmmo.env.state import set_at, varying_like
from jaxmmo.env.terrain import gradient_noise
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Material
from jaxmmo.env.v2.drawing import draws
from jaxmmo.env.v2.rules import Rules

TRIES = 64
"""Tiles that are looked at for one of grass: on a map of the usual mix one of them is."""

WAVES = ((8, 1.0), (4, 0.5))
"""Tiles a wave, and weight, of the noise that materials are made from."""

SPREAD = 0.24
"""Standard deviation of that noise."""

SHARES = ((0.0, 0.235, 0.765, 0.895, 1.0), (0.0, 0.3, 0.7, 0.85, 1.0))
"""The share of tiles below a value, and the value: as in the original's maps."""

RESOURCES = (Material.ORE, Material.TREE, Material.CRYSTAL, Material.HERB, Material.HERB)
"""Clusters of ore, trees and crystals in turn; and herbs."""

EXTRA = (Material.WATER, Material.WATER, Material.WATER, Material.WATER, Material.FOLIAGE)
"""More water, and then more foliage."""


def generate(key: jax.Array, config: Config, rules: Rules) -> jax.Array:
    """Draws a map (section 1).

    Args:
      key: consumed.
      config: size, border, and whether there is terrain at all.
      rules: thresholds of materials, and how many resources there are.

    Returns:
      u8[S, S] materials. Float noise: equal on one backend, not bit-equal across backends.
    """
    if not config.has("terrain"):
        grass = jnp.full((config.height, config.width), int(Material.GRASS), jnp.uint8)
        return _mark(config, _edge(config, grass))
    return furnish(key, config, rules, noise(key, config.height))


def furnish(key: jax.Array, config: Config, rules: Rules, value: jax.Array) -> jax.Array:
    """Draws a map on given noise.

    Args:
      key: consumed.
      config: size and border.
      rules: thresholds of materials, and how many resources there are.
      value: float[S, S] in [0, 1].

    Returns:
      u8[S, S] materials.
    """
    tiles = jnp.full(value.shape, int(Material.STONE), jnp.int32)
    for level, material in (
        (rules.foliage_level, Material.FOLIAGE),
        (rules.grass_level, Material.GRASS),
        (rules.water_level, Material.WATER),
    ):
        tiles = jnp.where(value <= level, int(material), tiles)
    tiles = _sow(key, config, tiles, "resources", 3 * rules.clusters, rules.scattered, RESOURCES)
    tiles = _fish(key, config, rules, tiles)
    tiles = _sow(key, config, tiles, "extra", 0 * rules.extra, 2 * rules.extra, EXTRA)
    return _mark(config, _edge(config, tiles.astype(jnp.uint8)))


def noise(key: jax.Array, side: int) -> jax.Array:
    """f32[S, S] in [0, 1]: smooth noise whose values have the shares of the original's."""
    seeds = draws(key, {"noise": jnp.arange(len(WAVES))})["noise"][0]
    index = jnp.arange(side, dtype=jnp.float32)

    def wave(total: jax.Array, by: tuple[jax.Array, ...]) -> tuple[jax.Array, None]:
        tiles, weight, seed = by
        place = index / tiles + 0.37
        return total + weight * gradient_noise(place[:, None], place[None], seed), None

    tiles, weights = (jnp.array(each, jnp.float32) for each in zip(*WAVES, strict=True))
    start = varying_like(jnp.zeros((side, side)), seeds)
    total = jax.lax.scan(wave, start, (tiles, weights, seeds))[0]
    share = jax.scipy.stats.norm.cdf(total / SPREAD)
    return jnp.interp(share, jnp.array(SHARES[0]), jnp.array(SHARES[1]))


def _sow(
    key: jax.Array,
    config: Config,
    tiles: jax.Array,
    what: str,
    crosses: jax.Array,
    single: jax.Array,
    kinds: tuple[int, ...],
) -> jax.Array:
    """Grass becomes something else: crosses of tiles first, then single ones.

    Args:
      key: consumed.
      config: of the world.
      tiles: i32[S, S].
      what: name of the stream of random numbers.
      crosses: i32[], how many crosses.
      single: i32[], how many single tiles.
      kinds: three materials, which crosses take in turn, and two, of which single tiles take the
        first in the first half of them.
    """
    around = jnp.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]])
    materials = jnp.array(kinds, jnp.int32)

    def place(i: jax.Array, tiles: jax.Array) -> jax.Array:
        is_cross, nth = i < crosses, i - crosses
        inset = config.border + jnp.where(is_cross, 2, 1)
        size = config.height - 2 * inset
        rows, cols = draws(key, {what: i * TRIES + jnp.arange(TRIES)})[what]
        rows, cols = inset + random.below(rows, size), inset + random.below(cols, size)
        free = tiles[rows, cols] == Material.GRASS
        first = jnp.argmax(free)
        rows, cols = rows[first] + around[:, 0], cols[first] + around[:, 1]
        becomes = free[first] & (tiles[rows, cols] == Material.GRASS)
        becomes &= is_cross | (jnp.arange(5) == 0)
        kind = jnp.where(is_cross, i % 3, jnp.where(2 * nth < single, 3, 4))
        at = (jnp.where(becomes, rows, config.height), cols)
        return set_at(tiles, at, materials[kind])

    return jax.lax.fori_loop(0, crosses + single, place, tiles)


def _fish(key: jax.Array, config: Config, rules: Rules, tiles: jax.Array) -> jax.Array:
    """So many tiles of water that touch grass become fish, all of them equally likely."""
    index = jnp.arange(config.height)
    inside = (index > config.border + 1) & (index < config.height - config.border - 1)
    grass = jnp.pad(tiles == Material.GRASS, 1)
    beside = grass[:-2, 1:-1] | grass[2:, 1:-1] | grass[1:-1, :-2] | grass[1:-1, 2:]
    right = (tiles == Material.WATER) & beside & inside[:, None] & inside[None]
    word = draws(key, {"fish": jnp.arange(tiles.size)})["fish"][0]
    order = jnp.argsort(jnp.where(right.reshape(-1), word >> 1, jnp.uint32(2**31)))
    chosen = (jnp.arange(tiles.size) < rules.scattered) & right.reshape(-1)[order]
    at = jnp.where(chosen, order, tiles.size)
    return set_at(tiles.reshape(-1), at, int(Material.FISH)).reshape(tiles.shape)


def _edge(config: Config, tiles: jax.Array) -> jax.Array:
    """Void around a ring of grass, within which nothing blocks the way."""
    off = jnp.abs(jnp.arange(config.height) - config.height // 2)
    away, last = jnp.maximum(off[:, None], off[None]), config.height // 2 - config.border
    blocks = (tiles == Material.STONE) | (tiles == Material.WATER)
    tiles = jnp.where((away == last - 1) & blocks, jnp.uint8(Material.FOLIAGE), tiles)
    tiles = jnp.where(away == last, jnp.uint8(Material.GRASS), tiles)
    return jnp.where(away > config.height / 2 - config.border, jnp.uint8(Material.VOID), tiles)


def _mark(config: Config, tiles: jax.Array) -> jax.Array:
    """The centre is a herb amid five by five tiles of grass, where it is to be found."""
    if not config.landmark:
        return tiles
    middle = config.height // 2
    around = slice(middle - 2, middle + 3)
    tiles = tiles.at[around, around].set(jnp.uint8(Material.GRASS))
    return tiles.at[middle, middle].set(jnp.uint8(Material.HERB))
