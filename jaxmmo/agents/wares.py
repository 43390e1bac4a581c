"""What scripted policies of the second game do with items: wear, consume, sell and buy.

They know what the rules usually are, as players do: what an item is good for follows from its type
and level. Leading axes `...` are slots, worlds and slots.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.constants import FIGHTS, NEEDS, NUM_STYLES, PLACES, SLOT, TOOL, Item, Skill
from jaxmmo.env.v2.inventory import is_tool
from jaxmmo.io.inputs import Columns

WOUNDED, STARVED = 50, 30
"""Health at which a potion is drunk, and food or water at which a ration is eaten."""

SUPPLIES = 2
"""Rations, and potions, that a trader keeps for itself."""

LEVELS = tuple(f"level_{skill.name.lower()}" for skill in Skill)


class Bag(NamedTuple):
    """Items in the rows of an observed table, K of them."""

    there: jax.Array  # bool[..., K]
    type: jax.Array  # i32[..., K]
    level: jax.Array  # i32[..., K]
    equipped: jax.Array  # bool[..., K]
    price: jax.Array  # i32[..., K]; 0 for what is not offered
    usable: jax.Array  # bool[..., K]; its level is not above the skill that it needs
    worth: jax.Array  # i32[..., K]; to wear, above 0; 0 for what is not worn or not usable


def bag(columns: Columns, there: jax.Array, levels: jax.Array, *, gathers: bool) -> Bag:
    """Rows of items as their observer judges them.

    Args:
      columns: i32[..., K] by name, of the table.
      there: bool[..., K], rows that hold something.
      levels: i32[..., S], of the observer.
      gathers: tools are preferred to weapons.
    """
    type, level = columns["type"], columns["level"]
    style = jnp.argmax(levels[..., :NUM_STYLES], -1)[..., None]
    able = jnp.concatenate([levels, jnp.max(levels, -1, keepdims=True)], -1)
    usable = there & (level <= jnp.take_along_axis(able, jnp.asarray(NEEDS)[type], -1))
    place = jnp.asarray(SLOT)[type]
    own = jnp.asarray(FIGHTS)[type] == style
    # ten levels fit between a kind and the next one: first the kind, then the level
    strikes = jnp.where(place >= SLOT[Item.SPEAR], 1 + 2 * own, 0)
    kind = jnp.where(is_tool(type), 4 if gathers else 0, strikes)
    worth = jnp.where(usable & (place < len(PLACES)), 1 + level + 16 * kind, 0)
    equipped = there & (columns["equipped"] == 1)
    return Bag(there, type, level, equipped, columns["price"], usable, worth)


def _best(items: Bag, among: jax.Array, types: jax.Array) -> jax.Array:
    """i32[..., N]: the worth of the best of some items bool[..., K] in the places of N types."""
    place, asked = jnp.asarray(SLOT)[items.type], jnp.asarray(SLOT)[types]
    best = jnp.zeros(types.shape, jnp.int32)
    for number in range(len(PLACES)):
        here = jnp.max(jnp.where(among & (place == number), items.worth, 0), -1, keepdims=True)
        best = jnp.where(asked == number, here, best)
    return best


def use(items: Bag, legal: jax.Array, health: jax.Array, stock: jax.Array) -> jax.Array:
    """i32[..., K]: how much each item should be used now; 0 for not at all.

    Potions when wounded, rations when hungry or thirsty, and whatever is better than what is worn.

    Args:
      items: the observer's own.
      legal: bool[..., K], of the mask.
      health: i32[...].
      stock: i32[...], the smaller of food and water.
    """
    potion = (items.type == Item.POTION) & (health <= WOUNDED)[..., None]
    ration = (items.type == Item.RATION) & (stock <= STARVED)[..., None]
    better = items.worth > _best(items, items.equipped, items.type)
    urge = jnp.where(better & ~items.equipped, items.worth, 0)
    urge = jnp.where(ration, 1_000 + items.level, jnp.where(potion, 2_000 + items.level, urge))
    return jnp.where(legal, urge, 0)


def price_of(type: jax.Array, level: jax.Array) -> jax.Array:
    """i32: what a trader asks: a coin a level, for what is worn for long nearly two."""
    lasts = type <= int(TOOL[-1])
    return jnp.maximum(jnp.where(lasts, 2 * level - 1, level), 1)


def surplus(items: Bag) -> jax.Array:
    """bool[..., K]: items that their owner will not use.

    Kept are two rations and potions, what is worn, and what is better than that.
    """
    kept = jnp.zeros_like(items.there)
    for type in (Item.RATION, Item.POTION):
        one = items.there & (items.type == type)
        kept |= one & (jnp.cumsum(one, -1) <= SUPPLIES)
    kept |= items.equipped | (items.worth > _best(items, items.equipped, items.type))
    return items.there & ~kept


def sell(items: Bag, legal: jax.Array) -> jax.Array:
    """i32[..., K]: how much each item should be offered: the dearest surplus first; 0 for no."""
    return jnp.where(legal & surplus(items), price_of(items.type, items.level), 0)


def throw_away(items: Bag, legal: jax.Array) -> jax.Array:
    """i32[..., K]: how much each item should be destroyed: of a full bag, the cheapest surplus."""
    full = items.there.all(-1, keepdims=True)
    idle = legal & surplus(items) & (items.price == 0)
    return jnp.where(full & idle, 1_000 - price_of(items.type, items.level), 0)


def buy(offers: Bag, items: Bag, legal: jax.Array) -> jax.Array:
    """i32[..., N]: how much each offer should be bought: what improves the equipment or supplies.

    Args:
      offers: of the market.
      items: the observer's own.
      legal: bool[..., N], of the mask, which knows its gold.
    """
    gain = offers.worth - _best(items, items.usable & (items.price == 0), offers.type)
    for type in (Item.RATION, Item.POTION):
        none = ~(items.there & (items.type == type)).any(-1, keepdims=True)
        gain = jnp.where((offers.type == type) & none, 1, gain)
    return jnp.where(legal & (gain > 0), 1_000 * gain + 100 - offers.price, 0)
