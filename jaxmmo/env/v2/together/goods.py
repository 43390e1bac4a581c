"""What bodies hold, looked up for everybody at once, and new items for many bodies."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, count_before, get_at, min_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import SLOT, Event, Item
from jaxmmo.env.v2.state import Items, World

LEVELS = 16
"""Levels of items that stacks are told apart by."""

KINDS = 3 * LEVELS
"""Different stacks that a body can have."""


class Bags(NamedTuple):
    """What bodies hold."""

    held: jax.Array  # i32[B]; how many items
    stack: jax.Array  # i32[P * KINDS]; rows of stacks, I for none


def bags_of(config: Config, items: Items) -> Bags:
    """Counts and stacks of what everybody holds."""
    size = items.type.shape[0]
    owner = jnp.where(items.alive, items.owner, config.bodies)
    count = add_at(jnp.zeros(config.bodies, jnp.int32), owner, 1)
    stackable = items.alive & inventory.stacks(items.type)
    kind = jnp.where(stackable, kind_of(config, owner, items.type, items.level), size_of(config))
    row = jnp.arange(size, dtype=jnp.int32)
    return Bags(count, min_at(jnp.full(size_of(config), size, jnp.int32), kind, row))


def size_of(config: Config) -> int:
    """Entries of a table of stacks."""
    return config.capacity * KINDS


def kind_of(config: Config, body: jax.Array, type: jax.Array, level: jax.Array) -> jax.Array:
    """i32[...]: where a table of stacks has a body's of that type and level; its end for others."""
    kind = body * KINDS + (type - Item.WHETSTONE) * LEVELS + jnp.clip(level, 0, LEVELS - 1)
    return jnp.where(inventory.stacks(type) & (body < config.capacity), kind, size_of(config))


def worn_by(config: Config, items: Items, place: int) -> jax.Array:
    """i32[B]: the item that each body wears in a place of `SLOT`, I for none."""
    size = items.type.shape[0]
    there = items.alive & items.equipped & (jnp.asarray(SLOT)[items.type] == place)
    owner = jnp.where(there, items.owner, config.bodies)
    row = jnp.arange(size, dtype=jnp.int32)
    return set_at(jnp.full(config.bodies, size, jnp.int32), owner, row)


class Found(NamedTuple):
    """Items that come into the world, J for each of N bodies, each of which is named once."""

    body: jax.Array  # i32[N]
    type: jax.Array  # i32[N, J]
    level: jax.Array  # i32[N, J]
    when: jax.Array  # bool[N, J]


def make_each(config: Config, world: World, bags: Bags, found: Found, event: Event) -> World:
    """New items for many bodies: each needs a free place, also where it goes into a stack.

    What finds none is never made; what is received is recorded as an event.
    """
    items, size = world.items, world.items.type.shape[0]
    kind = kind_of(config, found.body[:, None], found.type, found.level)
    stack = get_at(bags.stack, kind, size)
    used, fits = bags.held[found.body], []
    for j in range(found.type.shape[1]):
        fits.append(found.when[:, j] & (used < config.inventory))
        used += (fits[j] & (stack[:, j] == size)).astype(jnp.int32)
    kept = jnp.stack(fits, 1)
    new = (kept & (stack == size)).reshape(-1)
    rows, item = world.item_rows.take_each(new)
    made = item < size
    owner = jnp.broadcast_to(found.body[:, None], kept.shape).reshape(-1)
    items = items.replace(quantity=add_at(items.quantity, jnp.where(kept, stack, size), 1))
    items = inventory.write(
        items,
        item,
        made,
        alive=True,
        id=item,
        type=found.type.reshape(-1),
        level=found.level.reshape(-1),
        quantity=1,
        owner=owner,
        equipped=False,
        price=0,
        listed=-1,
        received=world.received + count_before(made),
        made=world.tick,
    )
    lost = jnp.sum(new & ~made, dtype=jnp.int32)
    world = world.replace(
        items=items,
        item_rows=rows,
        received=world.received + jnp.sum(made, dtype=jnp.int32),
        lost_items=world.lost_items + lost,
    )
    row = jnp.where(kept, jnp.minimum(stack, item.reshape(kept.shape)), size)
    kept &= row < size
    for j in range(found.type.shape[1]):
        world = log.record(
            world,
            kept[:, j],
            found.body,
            event,
            type=found.type[:, j],
            level=found.level[:, j],
            number=1,
            target=row[:, j],
        )
    return world
