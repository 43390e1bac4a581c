"""Items: made, received, merged into stacks, destroyed; what bodies wear and what it is worth."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import add_at, at, get_at, select, set_at
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import FIGHTS, SLOT, Item
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import SMALL, Items, World

STACKS = (Item.WHETSTONE, Item.ARROW, Item.RUNES)
"""Types of which several of the same level are one item."""

FEW = 128
"""So many rows are written one by one."""

MOST = 100
"""What a single item adds at most to an attack or a defence."""


def write(items: Items, item: jax.Array, when: jax.Array, **values: jax.Array | int) -> Items:
    """The items with columns of one row changed, if `when`, or of several different rows.

    A few are written one by one; of many it is found once which of them is written to each row of
    the table.
    """
    size = items.type.shape[0]
    slot = jnp.where(when, item, size).reshape(item.shape)
    if item.size <= FEW:

        def placed(name: str, value: jax.Array | int) -> jax.Array:
            value = jnp.broadcast_to(jnp.asarray(value), slot.shape)
            return set_at(getattr(items, name), slot, value)

        return items.replace(**{name: placed(name, value) for name, value in values.items()})
    slot = slot.reshape(-1)
    source = set_at(jnp.full(size, -1, jnp.int32), slot, jnp.arange(slot.shape[0]))
    written, source = source >= 0, jnp.maximum(source, 0)

    def changed(name: str, value: jax.Array | int) -> jax.Array:
        one = jnp.ndim(value) == 0
        new = value if one else at(jnp.reshape(value, -1), source)
        return select(written, new, getattr(items, name))

    return items.replace(**{name: changed(name, value) for name, value in values.items()})


def held(items: Items, body: jax.Array) -> jax.Array:
    """bool[I]: what a body has."""
    return items.alive & (items.owner == body)


def rows_of(items: Items, bodies: int, most: int) -> jax.Array:
    """i32[bodies, most]: rows of what each of the first bodies has, in their order, I for none.

    On the bits of 32 rows at a time, as `count_before`: sorting the table costs more, but for many
    bodies.
    """
    size, words = items.type.shape[0], -(-items.type.shape[0] // 32)
    row = jnp.arange(size, dtype=jnp.int32)
    owner = jnp.where(items.alive, jnp.minimum(items.owner, bodies), bodies)
    if bodies > SMALL:
        order = jnp.argsort(owner).astype(jnp.int32)  # stable: rows stay in their order
        owner = owner[order]
        first = jnp.searchsorted(owner, jnp.arange(bodies + 1), method="sort").astype(jnp.int32)
        place = row - first[owner]
        return set_at(jnp.full((bodies, most), size, jnp.int32), (owner, place), order)
    word, bit = row // 32, jnp.uint32(1) << (row % 32).astype(jnp.uint32)
    bits = add_at(jnp.zeros((bodies, words), jnp.uint32), (owner, word), bit)
    # sums of small whole numbers, which any precision has exactly
    earlier = jnp.arange(words)[:, None] < jnp.arange(words)[None]
    ones = jax.lax.population_count(bits).astype(jnp.float32)
    before = (ones @ earlier.astype(jnp.float32)).astype(jnp.int32)
    below = jax.lax.population_count(get_at(bits, (owner, word), 0) & (bit - 1))
    place = get_at(before, (owner, word), most) + below.astype(jnp.int32)
    return set_at(jnp.full((bodies, most), size, jnp.int32), (owner, place), row)


def has_space(config: Config, items: Items, body: jax.Array) -> jax.Array:
    """bool[]: whether one more item fits."""
    return jnp.sum(held(items, body)) < config.inventory


def stacks(type: jax.Array) -> jax.Array:
    """bool: types of which several of the same level are one item."""
    return (type >= STACKS[0]) & (type <= STACKS[-1])


def is_armour(type: jax.Array) -> jax.Array:
    """bool: hats, tops and bottoms."""
    return (type >= Item.HAT) & (type <= Item.BOTTOM)


def is_tool(type: jax.Array) -> jax.Array:
    """bool: what professions are practised with."""
    return (type >= Item.ROD) & (type <= Item.CHISEL)


def stack_of(items: Items, body: jax.Array, item: jax.Array) -> jax.Array:
    """i32[]: the stack into which a body would merge an item, I if there is none."""
    same = held(items, body) & (items.type == items.type[item])
    same &= (items.level == items.level[item]) & stacks(items.type)
    same &= jnp.arange(same.shape[0]) != item
    return jnp.where(same.any(), jnp.argmax(same), same.shape[0]).astype(jnp.int32)


def fits(config: Config, items: Items, body: jax.Array, item: jax.Array) -> jax.Array:
    """bool[]: whether a body can receive an item."""
    merges = stack_of(items, body, item) < items.type.shape[0]
    return merges | has_space(config, items, body)


def make_item(
    world: World, when: jax.Array, type: jax.Array, level: jax.Array
) -> tuple[World, jax.Array]:
    """A new item that nobody has; its row, I if there is none."""
    rows, item = world.item_rows.take(when)
    made = item < world.items.type.shape[0]
    nobody = world.bodies.id.shape[0]
    items = write(
        world.items,
        item,
        made,
        alive=True,
        id=item,
        type=type,
        level=level,
        quantity=1,
        owner=nobody,
        equipped=False,
        price=0,
        listed=-1,
        received=int(NEVER),
        made=world.tick,
    )
    lost = world.lost_items + (when & ~made).astype(jnp.int32)
    return world.replace(items=items, item_rows=rows, lost_items=lost), item


def destroy(world: World, item: jax.Array, when: jax.Array) -> World:
    """An item is gone, or several are, and its row waits to be used again."""
    nobody = world.bodies.id.shape[0]
    items, rows = taken_out(world.items, world.item_rows, item, when, nobody)
    return world.replace(items=items, item_rows=rows)


def taken_out(
    items: Items, rows: Rows, item: jax.Array, when: jax.Array, nobody: int
) -> tuple[Items, Rows]:
    """As `destroy`, of the tables alone."""
    items = write(items, item, when, alive=False, owner=nobody, equipped=False, price=0)
    return items, rows.free_at(item, when) if item.ndim else rows.free(item, when)


def destroy_each(world: World, mask: jax.Array) -> World:
    """The items of a mask bool[I] are gone."""
    items, nobody = world.items, world.bodies.id.shape[0]
    items = items.replace(
        alive=items.alive & ~mask,
        owner=jnp.where(mask, nobody, items.owner),
        equipped=items.equipped & ~mask,
        price=jnp.where(mask, 0, items.price),
    )
    return world.replace(items=items, item_rows=world.item_rows.free_each(mask))


def destroy_all(world: World, body: jax.Array, when: jax.Array) -> World:
    """All that a body has is gone, in the order in which it was received."""
    mine = held(world.items, body) & when

    def oldest(_: jax.Array, w: World) -> World:
        own = held(w.items, body)
        item = jnp.argmin(jnp.where(own, w.items.received, NEVER)).astype(jnp.int32)
        return destroy(w, item, own[item])

    return jax.lax.fori_loop(0, jnp.sum(mine, dtype=jnp.int32), oldest, world)


def receive(
    config: Config, world: World, body: jax.Array, item: jax.Array, when: jax.Array
) -> tuple[World, jax.Array]:
    """A body gets an item that nobody has: into a stack, into a free place, or it is destroyed.

    Returns:
      The world, and bool[], whether the item now has a place of its own.
    """
    items, size = world.items, world.items.type.shape[0]
    stack = stack_of(items, body, item)
    merges = when & (stack < size)
    kept = when & ~merges & has_space(config, items, body)
    into = jnp.where(merges, stack, size)
    items = items.replace(quantity=add_at(items.quantity, into, items.quantity[item]))
    items = write(items, item, kept, owner=body, received=world.received)
    world = world.replace(items=items, received=world.received + kept.astype(jnp.int32))
    return destroy(world, item, when & ~kept), kept


def let_go(world: World, item: jax.Array, when: jax.Array) -> World:
    """An item leaves its owner, who no longer wears or offers it."""
    nobody = world.bodies.id.shape[0]
    return world.replace(
        items=write(world.items, item, when, owner=nobody, equipped=False, price=0)
    )


def worn(items: Items, body: jax.Array, place: int | jax.Array) -> jax.Array:
    """i32[]: the item that a body wears in a place of `SLOT`, I if there is none."""
    found = held(items, body) & items.equipped & (jnp.asarray(SLOT)[items.type] == place)
    return jnp.where(found.any(), jnp.argmax(found), found.shape[0]).astype(jnp.int32)


def attack_of(rules: Rules, items: Items) -> jax.Array:
    """i32[I, 3]: what each item adds to attacks in each style."""
    fights = jnp.asarray(FIGHTS)[items.type]
    stats = jnp.where(stacks(items.type)[:, None], rules.ammunition, rules.weapon)
    power = jnp.minimum(stats[:, 0] + stats[:, 1] * items.level, MOST)
    return jnp.where(fights[:, None] == jnp.arange(3), power[:, None], 0)


def defence_of(rules: Rules, items: Items) -> jax.Array:
    """i32[I]: what each item adds to the defence against every style."""
    armour = rules.armour[0] + rules.armour[1] * items.level
    tool = rules.tool[0] + rules.tool[1] * items.level
    value = jnp.where(is_armour(items.type), armour, jnp.where(is_tool(items.type), tool, 0))
    return jnp.minimum(value, MOST)
