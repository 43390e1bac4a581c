"""New NPCs: where the dangers of dead ones wait, and anywhere else up to the limit (section 8)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import set_at
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import PASSABLE
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player


def refill(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """Attempts to place NPCs until there are as many as may be."""

    def attempt(i: jax.Array, w: World) -> World:
        npcs = jnp.sum(w.bodies.alive[config.capacity :], dtype=jnp.int32)
        return _attempt(config, rules, w, rolls, i, npcs < rules.npc_limit)

    count = jnp.where(rules.npc_refill == 1, rules.npc_attempts, 0)
    return jax.lax.fori_loop(0, count, attempt, world)


def _attempt(
    config: Config, rules: Rules, world: World, rolls: Rolls, i: jax.Array, when: jax.Array
) -> World:
    """One attempt: the oldest waiting danger is used up, whether its tile is passable or not."""
    waits = when & (world.queued > 0)
    world, danger = _pop(world, waits)
    row, col = _spot_of(config, danger, rolls.offset[i], rolls.mirror[i])
    row = jnp.where(waits, row, rolls.spot[i, 0])
    col = jnp.where(waits, col, rolls.spot[i, 1])
    free = when & jnp.asarray(PASSABLE)[world.material[row, col]]
    low, high = config.border, config.border + config.centre - 1
    off = jnp.minimum(jnp.minimum(row - low, high - row), jnp.minimum(col - low, high - col))
    return _place(config, rules, world, rolls, i, (row, col, jnp.maximum(off, 0)), free)


def _pop(world: World, when: jax.Array) -> tuple[World, jax.Array]:
    """Takes the oldest danger out of the queue."""
    if world.queue.shape[0] == 0:
        return world, jnp.int32(0)
    danger = world.queue[0]
    queue = jnp.where(when, jnp.roll(world.queue, -1).at[-1].set(0), world.queue)
    return world.replace(queue=queue, queued=world.queued - when.astype(jnp.int32)), danger


def _spot_of(
    config: Config, danger: jax.Array, offset: jax.Array, mirror: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """A tile at that distance from the edge: on the low or high row, or low or high column."""
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
    i: jax.Array,
    spot: tuple[jax.Array, jax.Array, jax.Array],
    when: jax.Array,
) -> World:
    """An NPC comes into the world, with the level and temper of its distance from the edge."""
    row, col, danger = spot
    bodies = world.bodies
    taken = bodies.alive[config.capacity :]
    if config.npc_capacity == 0:
        return world
    slot = config.capacity + jnp.argmin(taken)
    when &= ~taken.all()
    places, place = world.places.take(when)
    at = jnp.where(when, slot, config.bodies)
    style, level = rolls.style[i], rules.npc_level[danger]
    strength = level - rolls.strength[i]
    skills = jnp.arange(bodies.level.shape[1]) == style
    values = {
        "alive": True,
        "id": world.next_npc,
        "place": place,
        "turn": -world.next_npc,
        "kind": rules.npc_kind[danger],
        "row": row,
        "col": col,
        "gear": (5 * strength).astype(jnp.int32),
        "gold": level,
        "health": 100,
        "food": 100,
        "water": 100,
        "level": jnp.where(skills, jnp.minimum(level, 10), 0),
        "experience": skills.astype(jnp.int32),
        "style": style,
        "offence": (rules.npc_offence[0] + strength * rules.npc_offence[1]).astype(jnp.int32),
        "defence": (rules.npc_defence[0] + strength * rules.npc_defence[1]).astype(jnp.int32),
        "rank": level,
        "danger": danger,
        "armour": rolls.armour[i],
        "tool": rolls.tool[i],
        "spawn_row": row,
        "spawn_col": col,
    }
    columns = {
        name: set_at(column, at, jnp.asarray(values.get(name, 0), column.dtype))
        for name, column in vars(bodies).items()
    }
    return world.replace(
        bodies=bodies.replace(**columns),
        places=places,
        next_npc=world.next_npc - when.astype(jnp.int32),
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
    order = jnp.argsort(jnp.where(waits, bodies.turn[npcs], 2**30))
    waits, danger = waits[order], bodies.danger[npcs][order]
    place = world.queued + jnp.cumsum(waits) - 1
    queue = set_at(world.queue, jnp.where(waits, place, config.npc_capacity), danger)
    return world.replace(queue=queue, queued=world.queued + jnp.sum(waits, dtype=jnp.int32))
