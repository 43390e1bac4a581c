"""Steps: who goes where, and which tiles a life has seen."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import DELTAS, Move
from jaxmmo.env.state import Lives, WorldState, select


def may_step(tile: jax.Array, move: jax.Array) -> jax.Array:
    """bool: whether a tile's packed byte allows a move; staying is always possible.

    Args:
      tile: u8[...], see `state.Terrain`.
      move: i32[...], values of `Move`.
    """
    bit = (tile.astype(jnp.int32) >> (3 + move)) & 1
    return (move == Move.STAY) | (bit == 1)


def move_agents(
    config: EnvConfig, state: WorldState, acting: jax.Array, move: jax.Array
) -> WorldState:
    """An agent steps onto a passable tile within bounds unless it is frozen (v1.3 section 5).

    Any number of agents share a tile; they may swap. Lava can be stepped on.

    Args:
      acting: bool[P].
      move: i32[P], values of `Move`.
    """
    players = state.players
    tile = state.terrain.tile[players.row, players.col]
    moves = acting & (players.freeze <= 0) & may_step(tile, move) & (move != Move.STAY)
    delta = jnp.asarray(DELTAS)[move]
    row = select(moves, players.row + delta[:, 0], players.row)
    col = select(moves, players.col + delta[:, 1], players.col)
    lives = state.lives.replace(distance=state.lives.distance + moves)
    lives = visit(config, lives, moves, row, col)
    return state.replace(players=players.replace(row=row, col=col), lives=lives)


def visit(
    config: EnvConfig, lives: Lives, mask: jax.Array, row: jax.Array, col: jax.Array
) -> Lives:
    """Adds positions to the visited sets of the masked slots and counts those that were new."""
    bits = 32 * config.exploration_words
    index = row * config.width + col
    if config.height * config.width > bits:
        mixed = index.astype(jnp.uint32) * jnp.uint32(0x9E3779B1)
        index = ((mixed >> 8) % jnp.uint32(bits)).astype(jnp.int32)
    word, bit = index >> 5, jnp.uint32(1) << (index & 31).astype(jnp.uint32)
    slots = jnp.arange(config.capacity)
    old = lives.visited[slots, word]
    visited = lives.visited.at[slots, word].set(
        jnp.where(mask, old | bit, old), unique_indices=True, indices_are_sorted=True
    )
    return lives.replace(visited=visited, explored=lives.explored + (mask & (old & bit == 0)))
