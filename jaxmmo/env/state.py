"""World state: one fixed-capacity table per kind of entity.

Axis letters, fixed here for the whole project: P player slots, H W map rows and columns, K rows of
the table of visible agents, S skills, V words of a visited set. There is no world axis: vmap.

A slot is alive or empty. An empty slot affects nothing, whatever numbers are left in it. A
reference to a slot that points nowhere is P (with `mode="drop"`), never -1, which would wrap.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.constants import Material


class Terrain(struct.PyTreeNode):
    """The map. What never changes is packed into one byte a tile.

    Bits of `tile`: 0-2 material, 3 next to water, 4-7 may step north, south, east, west from here.
    """

    tile: jax.Array  # u8[H, W]
    ripe_at: jax.Array  # i32[H, W]; tick from which a harvested forest is forest again

    @property
    def material(self) -> jax.Array:
        """u8[H, W]: the fixed original material of every tile."""
        return self.tile & jnp.uint8(7)

    def depleted(self, tick: jax.Array) -> jax.Array:
        """bool[H, W]: forests that are scrub at `tick`."""
        return self.ripe_at > tick

    def visible(self, tick: jax.Array) -> jax.Array:
        """u8[H, W]: materials as they look at `tick`."""
        return jnp.where(self.depleted(tick), jnp.uint8(Material.SCRUB), self.material)


class Players(struct.PyTreeNode):
    """Living agents and empty slots."""

    alive: jax.Array  # bool[P]
    id: jax.Array  # i32[P]; unique for ever, in order of birth
    population: jax.Array  # i32[P]
    row: jax.Array  # i32[P]; tiles
    col: jax.Array  # i32[P]; tiles
    food: jax.Array  # i32[P]
    water: jax.Array  # i32[P]
    health: jax.Array  # i32[P]; hit points
    food_max: jax.Array  # i32[P]; follows the hunting level with a lag
    water_max: jax.Array  # i32[P]; follows the fishing level with a lag
    health_max: jax.Array  # i32[P]; follows the constitution level with a lag
    freeze: jax.Array  # i32[P]; ticks left unable to move
    immune: jax.Array  # i32[P]; ticks left out of reach of attacks
    wilderness: jax.Array  # i32[P]; -1 is safe ground
    time_alive: jax.Array  # i32[P]; ticks
    damage: jax.Array  # i32[P]; of the last attack received this tick
    experience: jax.Array  # i32[P, S]
    level: jax.Array  # i32[P, S]; as of the end of the tick
    wound: jax.Array  # i32[P]; Cause that took health to 0, else NONE


class Lives(struct.PyTreeNode):
    """What each slot's current life has added up to; reported when it ends."""

    distance: jax.Array  # i32[P]; steps walked
    explored: jax.Array  # i32[P]; distinct tiles stood on
    damage_dealt: jax.Array  # i32[P]
    damage_taken: jax.Array  # i32[P]
    food_gathered: jax.Array  # i32[P]
    water_gathered: jax.Array  # i32[P]
    visited: jax.Array  # u32[P, V]; set of tiles stood on


class WorldState(struct.PyTreeNode):
    """One world between two ticks."""

    tick: jax.Array  # i32[]; ticks completed
    next_id: jax.Array  # i32[]; id of the next spawn attempt
    terrain: Terrain
    players: Players
    lives: Lives
    order: jax.Array  # i32[P]; slots in raster order, as of the latest observation
    seen: jax.Array  # i32[P, K]; rank in `order` behind each row of it, P for none
    lost_spawns: jax.Array  # i32[]; births that found no empty slot: capacity is too small

    @property
    def visible(self) -> jax.Array:
        """i32[P, K]: the slot behind each row of the latest observation, P for none."""
        return self.slot_of(self.seen)

    def slot_of(self, rank: jax.Array) -> jax.Array:
        """i32[...]: the slot at a rank of the latest observation, P for P."""
        return self.order.at[rank].get(mode="fill", fill_value=self.order.shape[0])


class Intent(struct.PyTreeNode):
    """Decoded actions: what every slot is about to do. Always in range; empty slots do nothing."""

    move: jax.Array  # i32[P]; Move
    style: jax.Array  # i32[P]; Style
    target: jax.Array  # i32[P]; slot attacked, P for none


class Spawns(struct.PyTreeNode):
    """The spawn attempts of one tick. A population out of range is an attempt not made."""

    population: jax.Array  # i32[spawns]
    row: jax.Array  # i32[spawns]
    col: jax.Array  # i32[spawns]


class Rolls(struct.PyTreeNode):
    """Every random number of one tick: given these, the systems are deterministic."""

    attack: jax.Array  # i32[P]; uniform in [0, 2^16), for the slot's attack
    regrow: jax.Array  # i32[P]; ticks until a tile regrows, if the slot harvests one
    spawns: Spawns


def select(mask: jax.Array, new: jax.Array | int, old: jax.Array) -> jax.Array:
    """The one masked write: `new` where `mask`, else `old`, in the dtype of `old`.

    `mask` covers the leading axes of `old`.
    """
    mask = mask.reshape(mask.shape + (1,) * (old.ndim - mask.ndim))
    return jnp.where(mask, jnp.asarray(new, old.dtype), old)


def count_before(mask: jax.Array) -> jax.Array:
    """i32[N]: how many of a mask bool[N] are set before each index.

    By the bits of 32 indices at a time: on a CPU a running sum costs many times more.
    """
    size, words = mask.shape[0], -(-mask.shape[0] // 32)
    lane = jnp.arange(32, dtype=jnp.uint32)
    bits = jnp.pad(mask, (0, 32 * words - size)).reshape(words, 32)
    word = jnp.sum(jnp.where(bits, jnp.uint32(1) << lane, 0), 1, dtype=jnp.uint32)
    ones = jax.lax.population_count(word).astype(jnp.int32)
    if words <= 8:
        earlier = jnp.arange(words)[:, None] < jnp.arange(words)
        start = jnp.sum(jnp.where(earlier, ones[:, None], 0), 0)
    else:
        start = jnp.cumsum(ones) - ones
    below = word[:, None] & ((jnp.uint32(1) << lane) - 1)
    count = start[:, None] + jax.lax.population_count(below).astype(jnp.int32)
    return count.reshape(-1)[:size]


def compact(mask: jax.Array, place: jax.Array, size: int) -> jax.Array:
    """i32[size]: indices of a mask's set elements in order, the mask's length where there is none.

    Args:
      mask: bool[N].
      place: i32[N], how many are set before each index.
      size: how many are kept.
    """
    length = mask.shape[0]
    found = jnp.full(size, length, jnp.int32)
    return found.at[jnp.where(mask, place, size)].set(jnp.arange(length), mode="drop")
