"""New NPCs: where the dangers of dead ones wait, and anywhere else up to the limit (section 8)."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import compact, count_before, get_at, select, set_at
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import PASSABLE
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.order import sorted_by
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player


def refill(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """Attempts to place NPCs, one after another, until there are as many as may be.

    The oldest waiting dangers are used up first, whether their tiles are passable or not.
    """
    if config.npc_capacity == 0 or config.attempts == 0:
        return world
    bodies, index = world.bodies, jnp.arange(config.attempts, dtype=jnp.int32)
    there = bodies.alive[config.capacity :]
    room = jnp.minimum(rules.npc_limit, config.npc_capacity) - jnp.sum(there, dtype=jnp.int32)
    tried = (index < rules.npc_attempts) & (rules.npc_refill == 1)
    waits = index < world.queued
    danger = get_at(world.queue, index, 0)
    row, col = _spot_of(config, danger, rolls.offset, rolls.mirror)
    row, col = jnp.where(waits, row, rolls.spot[:, 0]), jnp.where(waits, col, rolls.spot[:, 1])
    free = tried & jnp.asarray(PASSABLE)[world.material[row, col]]
    tried &= count_before(free) < room
    used = jnp.sum(tried & waits, dtype=jnp.int32)
    queue = get_at(world.queue, jnp.arange(config.npc_capacity) + used, 0)
    world = world.replace(queue=queue, queued=world.queued - used)
    low, high = config.border, config.border + config.centre - 1
    off = jnp.minimum(jnp.minimum(row - low, high - row), jnp.minimum(col - low, high - col))
    return _place(config, rules, world, rolls, (row, col, jnp.maximum(off, 0)), free & tried)


def _spot_of(
    config: Config, danger: jax.Array, offset: jax.Array, mirror: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Tiles at that distance from the edge: on the low or high row, or low or high column."""
    near = config.border + danger
    far = config.border + config.centre - danger - 1
    half = jnp.maximum(config.centre // 2 - danger, 1)
    along = config.centre // 2 + config.border + (offset + half) % (2 * half) - half
    across = jnp.where((mirror == 0) | (mirror == 2), near, far)
    row = jnp.where(mirror < 2, across, along)
    col = jnp.where(mirror < 2, along, across)
    return row, col


def _place(
    config: Config,
    rules: Rules,
    world: World,
    rolls: Rolls,
    spot: tuple[jax.Array, jax.Array, jax.Array],
    when: jax.Array,
) -> World:
    """NPCs come into the world, with the level and temper of their distance from the edge.

    Args:
      spot: i32[A] each, row, column, and that distance.
      when: bool[A], no more of them than there are free slots.
    """
    row, col, danger = spot
    bodies = world.bodies
    entry = rows_for(config, world, when)
    style, level = rolls.style, rules.npc_level[danger]
    strength = level - rolls.strength
    skills = jnp.arange(bodies.level.shape[1])[None] == style[:, None]
    values = {
        "kind": rules.npc_kind[danger],
        "row": row,
        "col": col,
        "gear": (5 * strength).astype(jnp.int32),
        "gold": level,
        "health": 100,
        "food": 100,
        "water": 100,
        "level": jnp.where(skills, jnp.minimum(level, 10)[:, None], 0),
        "experience": skills.astype(jnp.int32),
        "style": style,
        "offence": (rules.npc_offence[0] + strength * rules.npc_offence[1]).astype(jnp.int32),
        "defence": (rules.npc_defence[0] + strength * rules.npc_defence[1]).astype(jnp.int32),
        "rank": level,
        "danger": danger,
        "armour": rolls.armour,
        "tool": rolls.tool,
        "spawn_row": row,
        "spawn_col": col,
    }
    return enter(world, entry, values)


class Entry(NamedTuple):
    """Where NPCs come into the tables, A of them, of which not all do."""

    when: jax.Array  # bool[A]; who does
    slot: jax.Array  # i32[A]; B for none
    identity: jax.Array  # i32[A]
    place: jax.Array  # i32[A]
    places: Rows  # after that


def rows_for(config: Config, world: World, when: jax.Array) -> Entry:
    """Free rows for NPCs.

    Args:
      when: bool[A], no more of them than there are free slots.
    """
    free = ~world.bodies.alive[config.capacity :]
    slots = compact(free, count_before(free), config.npc_capacity)
    turn = count_before(when)
    slot = config.capacity + jnp.where(when, get_at(slots, turn, 0), config.npc_capacity)
    places, place = world.places.take_all(when, config.resolution == "sequential")
    return Entry(when, slot, world.next_npc - turn, place, places)


def enter(world: World, entry: Entry, values: dict[str, Any]) -> World:
    """NPCs come into the world; columns that nothing is said about are 0.

    Args:
      values: numbers, or arrays [A, ...], by the names of columns.
    """
    bodies, when, identity = world.bodies, entry.when, entry.identity
    values = values | {"alive": True, "id": identity, "place": entry.place, "turn": -identity}
    count = bodies.alive.shape[0]
    # which attempt fills each slot is found once, for all columns
    source = set_at(jnp.full(count, -1, jnp.int32), entry.slot, jnp.arange(when.shape[0]))
    filled, source = source >= 0, jnp.maximum(source, 0)

    def column(name: str, old: jax.Array) -> jax.Array:
        value = jnp.asarray(values.get(name, 0))
        return select(filled, value[source] if value.ndim else value, old)

    columns = {name: column(name, old) for name, old in vars(bodies).items()}
    return world.replace(
        bodies=bodies.replace(**columns),
        places=entry.places,
        next_npc=world.next_npc - jnp.sum(when, dtype=jnp.int32),
    )


def queue_dangers(config: Config, world: World, died: jax.Array) -> World:
    """Dangers of NPCs that died wait for new ones, in the order of their births; 0 is none.

    Args:
      died: bool[B].
    """
    if config.npc_capacity == 0:
        return world
    bodies = world.bodies
    npcs = jnp.arange(config.capacity, config.bodies)
    waits = died[npcs] & ~is_player(bodies)[npcs] & (bodies.danger[npcs] > 0)
    order = sorted_by(jnp.where(waits, bodies.turn[npcs], 2**30))
    waits, danger = waits[order], bodies.danger[npcs][order]
    place = world.queued + count_before(waits)
    queue = set_at(world.queue, jnp.where(waits, place, config.npc_capacity), danger)
    return world.replace(queue=queue, queued=world.queued + jnp.sum(waits, dtype=jnp.int32))
