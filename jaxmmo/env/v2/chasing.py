"""The search of a chasing NPC that looks no further than its surroundings, on bits.

What lies around an NPC is one word a row, a bit a tile. From the goal on, all tiles that are one
step further are found at once, until a neighbour of the NPC is among them: a step onto it lies on a
shortest path, of those that stay in the window.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import at, get_at, pack_bits, set_at, varying_like
from jaxmmo.env.v2.worldwide import for_those

SIGHT = 11
"""Tiles to each side that a search knows."""

STEPS = 24
"""Length of the longest path that it finds."""

NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0))
"""North, west, east, south: of several steps on shortest paths the first of these is taken.

It is the order in which nine of ten steps are those of the original's search.
"""

FEW = 32
"""So many search at a time, as most do not chase anybody."""

_SIDE = 2 * SIGHT + 1


def first_steps(
    passable: jax.Array, start: jax.Array, goal: jax.Array, wanted: jax.Array
) -> jax.Array:
    """The first step of a shortest path to each goal, of several that which comes first.

    Where there is none within reach, it is a step that comes nearer to the goal, if any does.

    Args:
      passable: bool[H, W].
      start: i32[N, 2].
      goal: i32[N, 2], another tile.
      wanted: bool[N], which to search for.

    Returns:
      i32[N, 2]: (rows, columns), a unit step or zeros.
    """
    blocks = pack_bits(passable)

    def search(index: jax.Array, steps: jax.Array) -> jax.Array:
        who = jnp.minimum(index, start.shape[0] - 1)
        return set_at(steps, index, _first_steps(blocks, at(start, who), at(goal, who)))

    return for_those(wanted, FEW, search, jnp.zeros_like(start))


def _first_steps(packed: jax.Array, start: jax.Array, goal: jax.Array) -> jax.Array:
    """As `first_steps`, for all.

    Args:
      packed: u32[H, W], the passable tiles, see `pack_bits`.
      start: i32[N, 2].
      goal: i32[N, 2].
    """
    free = _windows(packed, start)
    middle = jnp.uint32(1 << SIGHT)
    north, south = SIGHT - 1, SIGHT + 1

    def beside(bits: jax.Array) -> jax.Array:  # bool[4, N], in the order of `NEIGHBOURS`
        here = bits[SIGHT]
        return jnp.stack(
            [
                bits[north] & middle,
                here & (middle >> 1),
                here & (middle << 1),
                bits[south] & middle,
            ]
        ).astype(bool)

    def widen(_: jax.Array, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        reached, found = state
        found = jnp.where(found.any(0), found, beside(reached))
        none = jnp.zeros_like(reached[:1])
        up, down = jnp.concatenate([reached[1:], none]), jnp.concatenate([none, reached[:-1]])
        more = up | down | (reached << 1) | (reached >> 1)
        return reached | (more & free), found

    off = goal - start
    row, col = off[:, 0] + SIGHT, off[:, 1] + SIGHT
    inside = (jnp.abs(off) <= SIGHT).all(1)
    bit = jnp.where(inside, jnp.uint32(1) << jnp.clip(col, 0, _SIDE - 1).astype(jnp.uint32), 0)
    reached = jnp.where(jnp.arange(_SIDE)[:, None] == row[None], bit[None], jnp.uint32(0))
    found = varying_like(jnp.zeros((4, start.shape[0]), bool), start)
    _, found = jax.lax.fori_loop(0, STEPS, widen, (reached, found))
    steps = jnp.asarray(NEIGHBOURS, jnp.int32)
    nearer = jnp.abs(off[None] - steps[:, None]).sum(2) < jnp.abs(off).sum(1)[None]
    goes = jnp.where(found.any(0), found, nearer & beside(free))
    return jnp.where(goes.any(0)[:, None], steps[jnp.argmax(goes, 0)], 0)


def _windows(packed: jax.Array, centre: jax.Array) -> jax.Array:
    """u32[side, N]: passable tiles around each centre, the westernmost in the lowest bit."""
    words = packed.shape[1]
    packed = jnp.pad(packed, ((SIGHT, SIGHT), (1, 2))).reshape(-1)
    row = jnp.arange(_SIDE)[:, None] + centre[None, :, 0]
    west = centre[None, :, 1] - SIGHT + 32
    at = row * (words + 3) + west // 32
    shift = (west % 32).astype(jnp.uint32)
    low, high = get_at(packed, at, 0) >> shift, get_at(packed, at + 1, 0)
    high = jnp.where(shift == 0, 0, high << (32 - jnp.maximum(shift, 1)))
    return (low | high) & jnp.uint32((1 << _SIDE) - 1)
