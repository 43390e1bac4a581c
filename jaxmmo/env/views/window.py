"""The window of tiles around every agent."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jaxmmo.env import tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Material
from jaxmmo.env.state import WorldState, set_at
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.env.views.ranking import Ranked
from jaxmmo.spec import Attribute, Kind


def attributes(config: EnvConfig, materials: Sequence[MaterialKind]) -> tuple[Attribute, ...]:
    """What is observed of a tile: its material and how many stand on it, packed in this order.

    Row and column follow from the tile's place in the window.

    Raises:
      ValueError: if the materials leave no bit for the bodies.
    """
    material = Attribute("material", Kind.DISCRETE, 0, len(materials) - 1)
    bits = config.tile_bits - material.bits
    if bits < 1:
        raise ValueError(f"{len(materials)} materials do not fit tile_bits={config.tile_bits}")
    return (
        material,
        Attribute("agents", Kind.CONTINUOUS, 0, 2**bits - 1),
        Attribute("row", Kind.DISCRETE, 0, config.window - 1),
        Attribute("col", Kind.DISCRETE, 0, config.window - 1),
    )


def cut_windows(
    config: EnvConfig,
    materials: Sequence[MaterialKind],
    tile: Sequence[Attribute],
    state: WorldState,
    ranked: Ranked,
) -> jax.Array:
    """u32[P, side, words]: the packed tiles around every agent, VOID beyond the map's edge.

    Windows are cut as slices of bytes, whole words wide: rows are copied, not tiles looked up.

    Args:
      materials: of the game.
      tile: see `attributes`.
      ranked: the bodies in order, which knows how many stand on each tile.
    """
    bodies, sight, bits = state.bodies, config.vision, config.tile_bits
    kind, crowds = tile[0].bits, tile[1].high
    dtype = jnp.uint8 if bits == 8 else jnp.uint16
    per_word, words = config.tiles_per_word, config.window_words
    # a VOID that the compiler cannot know: into a constant, the map would be padded tile by tile
    void = (jnp.int32(Material.VOID) + (state.tick >> 31)).astype(dtype)
    shape = (config.height + 2 * sight, config.width + 2 * sight + per_word)
    visible = state.terrain.visible(state.tick, materials).astype(dtype)
    plane = jax.lax.dynamic_update_slice(jnp.full(shape, void), visible, (sight, sight))
    # bodies are scattered onto the padded map: a scatter is not fused into what reads it, so that
    # the map is made once and the windows are copied from it
    row = jnp.where(bodies.alive, bodies.row + sight, plane.shape[0])
    crowd = jnp.minimum(ranked.crowd, crowds).astype(dtype)
    here = standing_on(state, materials).astype(dtype)
    plane = set_at(plane, (row, bodies.col + sight), here | (crowd << kind))

    players = state.players
    shape = (config.window, words * per_word)
    windows = jax.vmap(lambda row, col: jax.lax.dynamic_slice(plane, (row, col), shape))(
        players.row, players.col
    )
    windows = windows.reshape(config.capacity, config.window, words, per_word)
    windows = jax.lax.bitcast_convert_type(windows, jnp.uint32)
    beyond = words * per_word - config.window
    last = jnp.arange(words) == words - 1
    inside = jnp.where(last, jnp.uint32(2 ** (32 - bits * beyond) - 1), jnp.uint32(2**32 - 1))
    return jnp.where(players.alive[:, None, None], windows & inside[None, None], 0)


def standing_on(state: WorldState, materials: Sequence[MaterialKind]) -> jax.Array:
    """Integers [B]: the material under each slot, as it looks, in the dtype of the map."""
    bodies, terrain = state.bodies, state.terrain
    depleted = terrain.ripe_at[bodies.row, bodies.col] > state.tick
    tile = terrain.tile[bodies.row, bodies.col]
    return tiles.look(materials, tiles.material(tile), depleted)
