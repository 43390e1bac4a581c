"""Steps: who goes where, and which tiles a life has seen."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxmmo.env import tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import DELTAS, Move
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Lives, WorldState, select
from jaxmmo.env.tick import Tick, moving

Visit = Callable[[EnvConfig, Lives, jax.Array, jax.Array, jax.Array], Lives]
"""(config, lives, mask bool[P], row i32[P], col i32[P]) -> the lives with those tiles visited."""


def visit(
    config: EnvConfig, lives: Lives, mask: jax.Array, row: jax.Array, col: jax.Array
) -> Lives:
    """Adds positions to the visited sets of the masked players and counts those that were new."""
    bits = 32 * config.exploration_words
    index = row * config.width + col
    if config.height * config.width > bits:
        mixed = index.astype(jnp.uint32) * jnp.uint32(0x9E3779B1)
        index = ((mixed >> 8) % jnp.uint32(bits)).astype(jnp.int32)
    word, bit = index >> 5, jnp.uint32(1) << (index & 31).astype(jnp.uint32)
    slots = jnp.arange(mask.shape[0])
    old = lives.visited[slots, word]
    visited = lives.visited.at[slots, word].set(
        jnp.where(mask, old | bit, old), unique_indices=True, indices_are_sorted=True
    )
    new = mask & (old & bit == 0)
    return lives.replace(visited=visited, explored=lives.explored + new.astype(jnp.int32))


def move_bodies(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick, visit: Visit = visit
) -> tuple[WorldState, None]:
    """A body steps onto a passable tile within bounds unless it is frozen (v1.3 section 5).

    Any number of bodies share a tile; they may swap. Lava can be stepped on.

    Args:
      visit: notes where players have been; another one where the map is part of a larger one.
    """
    del rules
    bodies, move = state.bodies, tick.intent.move
    tile = state.terrain.tile[bodies.row, bodies.col]
    moves = moving(config, state, tick) & (bodies.freeze <= 0)
    moves &= tiles.may_step(tile, move) & (move != Move.STAY)
    delta = jnp.asarray(DELTAS)[move]
    row = select(moves, bodies.row + delta[:, 0], bodies.row)
    col = select(moves, bodies.col + delta[:, 1], bodies.col)
    walked = moves[: config.capacity]
    lives = state.lives.replace(distance=state.lives.distance + walked.astype(jnp.int32))
    lives = visit(config, lives, walked, row[: config.capacity], col[: config.capacity])
    return state.replace(bodies=bodies.replace(row=row, col=col), lives=lives), None
