"""Ways through an agent's window, a row of the window being the bits of one word."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.constants import DELTAS, Move
from jaxmmo.env.state import pack_bits
from jaxmmo.spec import Spec

FAR = 1_000  # tiles; a distance nobody can walk within the window


def walking_distances(goals: jax.Array, walkable: jax.Array) -> jax.Array:
    """Steps from the middle tile and its neighbours to the nearest goal within the window.

    A flood from all goals at once, a row of the window being the bits of one word.

    Args:
      goals: u32[N, ..., side], a bit for each column; N kinds of goals.
      walkable: u32[..., side], tiles that can be crossed.

    Returns:
      i32[N, ..., 5] by where each `Move` leads, `FAR` if no goal can be reached from there.
    """
    side, walkable = walkable.shape[-1], walkable[None]
    row, col = (side // 2 + DELTAS).T

    def widen(steps: jax.Array, carry: tuple[jax.Array, jax.Array]):
        reached, distance = carry
        here = bit(reached, row, col)
        distance = jnp.where(here, jnp.minimum(distance, steps), distance)
        return spread(reached) & walkable, distance

    # from the input, so that it varies where that does: a loop within `shard_map` needs it
    unknown = FAR + 0 * goals[..., :1].astype(jnp.int32)
    unknown = jnp.broadcast_to(unknown, (*goals.shape[:-1], len(DELTAS)))
    return jax.lax.fori_loop(0, 2 * side, widen, (goals & walkable, unknown))[1]


def reachable(distance: jax.Array) -> jax.Array:
    """bool[..., 1]: whether any step leads to a goal, of distances i32[..., 5]."""
    return jnp.min(distance, -1, keepdims=True) < FAR


def steps_nearer(distance: jax.Array, legal: jax.Array) -> jax.Array:
    """bool[..., 5]: the legal moves that end nearest to the goal; who is there stays if it may.

    Args:
      distance: i32[..., 5], of `walking_distances`.
      legal: bool[..., 5], the mask of the head.
    """
    stays = jnp.broadcast_to(jnp.arange(len(DELTAS)) == Move.STAY, distance.shape)
    distance = jnp.where(legal, distance - ((distance == 0) & stays).astype(jnp.int32), 2 * FAR)
    return distance == jnp.min(distance, -1, keepdims=True)


def window(spec: Spec, tiles: jax.Array) -> jax.Array:
    """[..., side, side] from tiles in raster order."""
    return tiles.reshape(*tiles.shape[:-1], spec.window, spec.window)


def bits(mask: jax.Array) -> jax.Array:
    """u32[..., side]: each row of bool[..., side, side] as the bits of a word (31 at most)."""
    return pack_bits(mask)[..., 0]


def bit(rows: jax.Array, row: np.ndarray | int, col: np.ndarray | int) -> jax.Array:
    """bool[..., *row.shape]: the tiles at these rows and columns of a window of bits."""
    found = rows[..., row]
    return (found >> jnp.broadcast_to(jnp.asarray(col, jnp.uint32), found.shape)) & 1 == 1


def spread(rows: jax.Array) -> jax.Array:
    """u32[..., side]: set bits and their four neighbours; beyond the last column is cut later."""
    pad = [(0, 0)] * (rows.ndim - 1) + [(1, 1)]
    padded = jnp.pad(rows, pad)
    return rows | (rows << 1) | (rows >> 1) | padded[..., :-2] | padded[..., 2:]
