"""What bodies hold, looked up for everybody at once, and new items for many bodies."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, at, count_before, get_at, min_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import SLOT, Event, Item
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.state import Items, World
from jaxmmo.env.v2.worldwide import for_those

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


class Made(NamedTuple):
    """What came of `Found`."""

    row: jax.Array  # i32[N, J]; of the item, or of the stack that it went into
    kept: jax.Array  # bool[N, J]

    @classmethod
    def nothing(cls, bodies: int, items: int) -> Made:
        """Before anything is found."""
        return cls(jnp.zeros((bodies, items), jnp.int32), jnp.zeros((bodies, items), bool))


SOME = 16
"""So many bodies at a time get new items, as most find nothing in a tick."""


def make_each(config: Config, world: World, found: Found, event: Event) -> World:
    """New items for many bodies: each needs a free place, also where it goes into a stack.

    What finds none is never made; what is received is recorded as an event.
    """
    bags, size = bags_of(config, world.items), found.body.shape[0]

    def some(index: jax.Array, state: tuple[Goods, Made]) -> tuple[Goods, Made]:
        goods, made = state
        who = jnp.minimum(index, size - 1)
        theirs = jax.tree.map(lambda column: at(column, who), found)
        theirs = theirs._replace(when=theirs.when & (index < size)[:, None])
        goods, new = make_some(config, goods, bags, theirs, world.tick)
        return goods, jax.tree.map(lambda a, b: set_at(a, index, b), made, new)

    start = Goods.of(world), Made.nothing(*found.type.shape)
    goods, made = for_those(found.when.any(1), SOME, some, start)
    return record_made(goods.into(world), found, made, event)


def record_made(world: World, found: Found, made: Made, event: Event) -> World:
    """The world with new items recorded as an event."""
    for j in range(found.type.shape[1]):
        world = log.record(
            world,
            made.kept[:, j],
            found.body,
            event,
            type=found.type[:, j],
            level=found.level[:, j],
            number=1,
            target=made.row[:, j],
        )
    return world


class Goods(NamedTuple):
    """What changes when items come and go."""

    items: Items
    rows: Rows
    received: jax.Array  # i32[]
    lost: jax.Array  # i32[]; items that found no row

    @classmethod
    def of(cls, world: World) -> Goods:
        """Those of a world."""
        return cls(world.items, world.item_rows, world.received, world.lost_items)

    def into(self, world: World) -> World:
        """A world with these."""
        return world.replace(
            items=self.items, item_rows=self.rows, received=self.received, lost_items=self.lost
        )


def make_some(
    config: Config, goods: Goods, bags: Bags, found: Found, tick: jax.Array
) -> tuple[Goods, Made]:
    """As `make_each`, for a few bodies, and nothing is recorded.

    Args:
      config: of the world.
      goods: before.
      bags: of the bodies, each of which is only once among them.
      found: by whom.
      tick: i32[], in which it is.
    """
    items, size = goods.items, goods.items.type.shape[0]
    kind = kind_of(config, found.body[:, None], found.type, found.level)
    stack = get_at(bags.stack, kind, size)
    used, fits = at(bags.held, found.body), []
    for j in range(found.type.shape[1]):
        fits.append(found.when[:, j] & (used < config.inventory))
        used += (fits[j] & (stack[:, j] == size)).astype(jnp.int32)
    kept = jnp.stack(fits, 1)
    new = (kept & (stack == size)).reshape(-1)
    rows, item = goods.rows.take_each(new)
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
        received=goods.received + count_before(made),
        made=tick,
    )
    received = goods.received + jnp.sum(made, dtype=jnp.int32)
    lost = goods.lost + jnp.sum(new & ~made, dtype=jnp.int32)
    row = jnp.where(kept, jnp.minimum(stack, item.reshape(kept.shape)), size)
    return Goods(items, rows, received, lost), Made(row, kept & (row < size))
