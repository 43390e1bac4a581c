"""Steps onto neighbouring tiles."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import set_at
from jaxmmo.env.v2 import log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import DELTAS, PASSABLE, Event
from jaxmmo.env.v2.decisions import NO_MOVE
from jaxmmo.env.v2.fighting import can_act
from jaxmmo.env.v2.order import first_of
from jaxmmo.env.v2.state import World, is_player


def move(
    config: Config,
    world: World,
    body: jax.Array,
    choice: jax.Array,
    rank: jax.Array | None = None,
) -> World:
    """A body steps onto a passable tile, or stays; players log when they never came so far.

    Where bodies do not share tiles, no player enters one on which somebody stands.

    Args:
      config: sizes and switches.
      world: before.
      body: i32[], or i32[N]: all of them step at once.
      choice: likewise, of `DELTAS`, NO_MOVE for none.
      rank: i32[N]; of several who enter one tile it is the least of these that does, if tiles are
        not shared.
    """
    bodies = world.bodies
    step = jnp.asarray(DELTAS, jnp.int32)[jnp.minimum(choice, NO_MOVE - 1)]
    row, col = bodies.row[body] + step[..., 0], bodies.col[body] + step[..., 1]
    inside = (row >= 0) & (row < config.height) & (col >= 0) & (col < config.height)
    place = jnp.clip(row, 0, config.height - 1), jnp.clip(col, 0, config.height - 1)
    goes = can_act(world, body) & (choice < NO_MOVE) & inside
    goes &= jnp.asarray(PASSABLE)[world.material[place]]
    player = is_player(bodies)[body]
    if not config.stacking:
        there = (bodies.row == row[..., None]) & (bodies.col == col[..., None])
        goes &= ~(player & (there & bodies.alive).any(-1))
        if rank is not None:
            tile = place[0] * config.height + place[1]
            goes &= ~player | first_of(rank, tile, goes & player, config.height**2)
    middle = config.height // 2
    off = jnp.maximum(jnp.abs(row - middle), jnp.abs(col - middle))
    progress = config.centre // 2 - off
    further = goes & (progress > bodies.progress[body])
    who = jnp.where(goes, body, config.bodies)
    bodies = bodies.replace(
        row=set_at(bodies.row, who, row),
        col=set_at(bodies.col, who, col),
        progress=set_at(bodies.progress, jnp.where(further, body, config.bodies), progress),
    )
    world = world.replace(bodies=bodies)
    return log.record(world, further & player, body, Event.GO_FARTHEST, number=progress)
