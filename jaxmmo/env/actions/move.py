"""The head that moves: stay, or a step in one of four directions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env import tiles
from jaxmmo.env.actions.head import ActionHead, Sights
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import DELTAS, NUM_MOVES, Move
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.tick import clock_when_acting
from jaxmmo.spec import Head

LEADS = tuple((int(row), int(col)) for row, col in DELTAS)
"""Where each `Move` leads."""


def legal(config: EnvConfig, rules: Rules, state: WorldState, sights: Sights | None) -> jax.Array:
    """bool[P, 5]: steps onto passable tiles unless still frozen; staying as the preset says.

    Where staying is not a choice, it is one for those who have no other.
    """
    del rules, sights
    players = state.players
    tile = state.terrain.tile[players.row, players.col]
    frozen = clock_when_acting(config, state, state.bodies.freeze)[: config.capacity] > 0
    free = players.alive & ~frozen
    steps = jnp.where(free, tiles.open_steps(tile), 0)
    move = jnp.arange(NUM_MOVES, dtype=steps.dtype)[None]
    open_ = (steps[:, None] >> jnp.maximum(move, 1) - 1) & 1 == 1
    stay = jnp.ones(config.capacity, bool) if config.allow_stay else steps == 0
    return jnp.where(move == Move.STAY, stay[:, None], open_)


MOVE = ActionHead(
    name="move",
    spec=lambda config: Head("move", size=NUM_MOVES, leads=LEADS),
    legal=legal,
    inert=True,
)
