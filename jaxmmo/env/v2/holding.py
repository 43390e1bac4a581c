"""A world of the second game as the rest of the package holds worlds, and back again.

The tick plays on a `World`. Between two ticks it is a `State`: tables, map and clock are where
every game has them, so that observing, training, saving and recording find them there.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.state import WorldState
from jaxmmo.env.v2 import log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.musters import Muster
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Seizures, World, clear, empty_fog
from jaxmmo.env.v2.tasks import Progress, Tasks, no_progress, no_tasks


class State(WorldState):
    """One world between two ticks: what every game has, and what this one has beside that.

    The next NPC's id is `next_id` with its sign changed.
    """

    places: Rows  # of bodies
    item_rows: Rows
    received: jax.Array  # i32[]; items received so far
    queue: jax.Array  # i32[M]; dangers that wait for a new NPC, oldest first
    queued: jax.Array  # i32[]
    seizures: Seizures
    tasks: Tasks
    progress: Progress
    muster: Muster | None = None  # None where NPCs come by themselves

    __repr__ = WorldState.__repr__


def doubled(rows: int) -> int:
    """Rows of a table that began with a hundred and has at least so many."""
    size = 100
    while size < rows:
        size *= 2
    return size


def held(config: Config, state: WorldState) -> State:
    """A state that has what this game has beside other games, all of it at its beginning.

    Args:
      config: of the world.
      state: an empty one of this game's tables.
    """

    def zero() -> jax.Array:
        return jnp.zeros((), jnp.int32)  # one buffer each, so that the state can be donated

    at = config.height // 2 if config.landmark else 0
    tiles_, players = jnp.zeros(config.seizable, jnp.int32), config.capacity
    return State(
        **vars(state),
        places=Rows.all_free(doubled(config.bodies + 1)),
        item_rows=Rows.all_free(config.items),
        received=zero(),
        queue=jnp.zeros(config.npc_capacity, jnp.int32),
        queued=zero(),
        seizures=Seizures(tiles_ + at, tiles_ + at, tiles_ + config.bodies, tiles_ + 0),
        tasks=no_tasks(players, config.terms, config.group_tasks),
        progress=no_progress(players, config.terms),
        muster=Muster.first(config),
    )


def world_of(config: Config, rules: Rules, state: State) -> World:
    """The world that a tick is played on, with an empty log."""
    bodies: Any = state.bodies
    return World(
        tick=state.tick,
        material=state.terrain.material.astype(jnp.uint8),
        ripe_at=state.terrain.ripe_at,
        fog=fog_at(config, rules, state.tick),
        bodies=bodies,
        items=state.tables["items"],
        places=state.places,
        item_rows=state.item_rows,
        received=state.received,
        next_npc=-state.next_id,
        queue=state.queue,
        queued=state.queued,
        lost_items=state.lost_spawns,
        seizures=state.seizures,
        log=log.cleared(config.events),
        muster=state.muster,
    )


def with_world(state: State, world: World) -> State:
    """The state in which a world was left; its log is not kept."""
    return state.replace(
        tick=world.tick,
        next_id=-world.next_npc,
        terrain=state.terrain.replace(ripe_at=world.ripe_at),
        bodies=world.bodies,
        tables=state.tables.replace(items=world.items),
        lost_spawns=world.lost_items,
        places=world.places,
        item_rows=world.item_rows,
        received=world.received,
        queue=world.queue,
        queued=world.queued,
        seizures=world.seizures,
        muster=world.muster,
    )


def fog_at(config: Config, rules: Rules, tick: jax.Array) -> jax.Array:
    """f16[S, S]: the fog of a tick: it has advanced once for every tick from its onset on."""
    fog = empty_fog(config, rules.fog_safe)
    # an onset that never comes must not overflow
    ticks = jnp.where(tick >= rules.fog_onset, tick - rules.fog_onset + 1, 0)
    advanced = fog + (ticks * rules.fog_speed).astype(jnp.float16)
    return clear(config, rules.fog_safe, advanced)
