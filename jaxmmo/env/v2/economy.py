"""What an economy adds up to, from the log and the tables of every tick: trades, skills, goods.

Everything is counted by population (G), over players; events that found no row in the log are not
counted.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from jaxmmo.env.state.arrays import add_at, get_at, max_at
from jaxmmo.env.v2.constants import NUM_SKILLS, NUM_TYPES, PLACES, SLOT, Event

COUNTED = (
    Event.HARVEST_ITEM,
    Event.CONSUME_ITEM,
    Event.FIRE_AMMO,
    Event.LOOT_ITEM,
    Event.GIVE_ITEM,
    Event.DESTROY_ITEM,
    Event.LIST_ITEM,
    Event.BUY_ITEM,
    Event.EARN_GOLD,
    Event.LOOT_GOLD,
)
"""Events that are counted (V), by the type of the item that they are about, 0 if about none."""

_NUMBER = np.full(max(Event) + 1, len(COUNTED))
_NUMBER[list(COUNTED)] = np.arange(len(COUNTED))


class Economy(struct.PyTreeNode):
    """What was counted so far. Sums over ticks are over the living after each of them."""

    steps: jax.Array  # i32[G]; living players, summed over ticks
    gold: jax.Array  # i32[G]; that they had, summed over ticks
    held: jax.Array  # i32[G]; gold that they have after the latest tick
    events: jax.Array  # i32[G, V, 18]; how often, by event and type of item
    coins: jax.Array  # i32[G, V, 18]; gold that changed hands in these
    levels: jax.Array  # i32[G, S]; summed over ticks
    highest: jax.Array  # i32[G, S]; level ever seen
    worn: jax.Array  # i32[G, W]; levels of worn items by place (`PLACES`), summed over ticks
    tasks: jax.Array  # i32[G]; completed


def nothing(groups: int) -> Economy:
    """Nothing is counted yet in a world of so many populations."""

    def zero(*shape: int) -> jax.Array:
        return jnp.zeros((groups, *shape), jnp.int32)

    return Economy(
        steps=zero(),
        gold=zero(),
        held=zero(),
        events=zero(len(COUNTED), NUM_TYPES),
        coins=zero(len(COUNTED), NUM_TYPES),
        levels=zero(NUM_SKILLS),
        highest=zero(NUM_SKILLS),
        worn=zero(len(PLACES)),
        tasks=zero(),
    )


def count(economy: Economy, before: Any, after: Any, log: Any) -> Economy:
    """The economy of one world with a tick added.

    Args:
      economy: of the ticks before.
      before: the state before the tick, whose players the log is about.
      after: the state after it.
      log: the tick's events: `rows` i32[E, 7] as `log.COLUMNS` says; unused rows are zeros.
    """
    groups, players = economy.steps.shape[0], after.players
    size = players.alive.shape[0]
    group = jnp.where(players.alive, players.population, groups)
    who, event, type, _, _, gold, _ = jnp.moveaxis(log.rows, -1, 0)
    slot = jnp.where(who > 0, who - 1, size)  # NPCs have negative ids
    actor = get_at(before.players.population, slot, groups)
    number = jnp.asarray(_NUMBER, jnp.int32)[jnp.clip(event, 0, len(_NUMBER) - 1)]
    where = (actor, number, jnp.clip(type, 0, NUM_TYPES - 1))
    items: Any = after.tables["items"]
    wearer = get_at(group, jnp.where(items.alive & items.equipped, items.owner, size), groups)
    place = jnp.asarray(SLOT, jnp.int32)[items.type]
    done = after.progress.done & ~before.progress.done
    had = add_at(0 * economy.held, group, players.gold)
    return Economy(
        steps=add_at(economy.steps, group, 1),
        gold=economy.gold + had,
        held=had,
        events=add_at(economy.events, where, 1),
        coins=add_at(economy.coins, where, gold),
        levels=add_at(economy.levels, group, players.level),
        highest=max_at(economy.highest, group, players.level),
        worn=add_at(economy.worn, (wearer, place), items.level),
        tasks=add_at(economy.tasks, jnp.where(done, group, groups), 1),
    )
