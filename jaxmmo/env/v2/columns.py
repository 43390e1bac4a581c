"""Bodies and items with the original's columns: what its observations are cut from."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.constants import NUM_SKILLS, Item
from jaxmmo.env.v2.inventory import attack_of, defence_of
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World

BODY_COLUMNS = (
    *("id", "kind", "row", "col", "damage", "time_alive", "freeze", "item_level", "attacker"),
    *("latest_combat", "message", "gold", "health", "food", "water"),
)
"""The first columns of a body; after them come level and experience of each skill."""

ID, KIND, ROW, COL, AGE, LATEST, GOLD = 0, 1, 2, 3, 5, 9, 11
"""Columns of a body."""

ITEM_ID, TYPE, OWNER, LEVEL, EQUIPPED, PRICE = 0, 1, 2, 3, 14, 15
"""Columns of an item."""


def body_table(world: World) -> jax.Array:
    """i32[B, 31]: the original's columns of every slot, whatever empty ones hold."""
    bodies = world.bodies
    first = [getattr(bodies, name) for name in BODY_COLUMNS]
    skills = [x[:, k] for k in range(NUM_SKILLS) for x in (bodies.level, bodies.experience)]
    return jnp.stack([*first, *skills], 1)


def item_table(rules: Rules, world: World) -> jax.Array:
    """i32[I, 16]: the original's columns of every item, zeros for empty rows."""
    items, bodies = world.items, world.bodies
    last = bodies.id.shape[0] - 1
    owner = jnp.where(items.owner <= last, bodies.id[jnp.minimum(items.owner, last)], 0)
    attack, defence = attack_of(rules, items), defence_of(rules, items)
    restored = rules.meal[0] + rules.meal[1] * items.level
    columns = [jnp.arange(owner.shape[0]), items.type, owner, items.level, 0 * owner]
    columns += [items.quantity, *attack.T, defence, defence, defence]
    columns += [jnp.where(items.type == t, restored, 0) for t in (Item.POTION, Item.RATION)]
    columns += [items.equipped, items.price]
    table = jnp.stack([jnp.asarray(column, jnp.int32) for column in columns], 1)
    return jnp.where(items.alive[:, None], table, 0)


def place_in_inventory(world: World) -> jax.Array:
    """i32[I]: how many items the owner had before it received this one, -1 for what nobody has."""
    items = world.items
    mine = items.alive & (items.owner < world.bodies.id.shape[0])
    order = jnp.lexsort((items.received, jnp.where(mine, items.owner, 2**30)))
    index = jnp.arange(order.shape[0])
    owner = items.owner[order]
    first = jnp.concatenate([jnp.array([True]), owner[1:] != owner[:-1]])
    start = jax.lax.cummax(jnp.where(first, index, 0))
    place = jnp.zeros_like(index).at[order].set(index - start)
    return jnp.where(mine, place, -1)
