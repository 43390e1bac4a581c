"""Using, buying and giving items, everybody at once (sections 10 and 11).

Who may do what is decided by what everybody had when the phase began: gold that is earned in it
cannot be spent in it, and a place that becomes free in it cannot be filled in it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, count_before, get_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NEEDS, SLOT, Event, Item
from jaxmmo.env.v2.dealing import NOWHERE, deals, near
from jaxmmo.env.v2.fighting import can_act, in_combat
from jaxmmo.env.v2.growing import best_level
from jaxmmo.env.v2.order import LAST, first_of, sums_before
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.together.goods import bags_of, kind_of, size_of


def use(config: Config, rules: Rules, world: World, item: jax.Array) -> World:
    """Puts equipment on or takes it off, eats, drinks; nobody is in anybody's way.

    Args:
      item: i32[P], I for none.
    """
    who = jnp.arange(config.capacity, dtype=jnp.int32)
    when = deals(rules, world, who, item)
    items, bodies = world.items, world.bodies
    size = items.type.shape[0]
    item = jnp.minimum(item, size - 1)
    type, level = items.type[item], items.level[item]
    skills = jnp.concatenate([bodies.level, best_level(world)[:, None]], 1)[: config.capacity]
    needed = jnp.take_along_axis(skills, jnp.asarray(NEEDS)[type][:, None], 1)[:, 0]
    when &= (items.price[item] == 0) & (level <= needed)
    place = jnp.asarray(SLOT)[type]
    wears = when & (place != NOWHERE) & config.has("equipment")
    puts_on = wears & ~items.equipped[item]
    changed = get_at(jnp.where(wears, place, -1), items.owner, -1)
    equipped = items.equipped & (jnp.asarray(SLOT)[items.type] != changed)
    equipped = set_at(equipped, jnp.where(puts_on, item, size), True)
    world = world.replace(items=items.replace(equipped=equipped))
    world = log.record_item(world, puts_on, who, Event.EQUIP_ITEM, item)
    eats, drinks = when & (type == Item.RATION), when & (type == Item.POTION)
    world = log.record_item(world, eats | drinks, who, Event.CONSUME_ITEM, item)
    restored = rules.meal[0] + rules.meal[1] * level
    columns = {}
    for name, uses in (("food", eats), ("water", eats), ("health", drinks)):
        old = getattr(bodies, name)
        mine = old[: config.capacity]
        more = jnp.where(uses & (restored > 0), jnp.minimum(mine + restored, rules.full), mine)
        columns[name] = old.at[: config.capacity].set(more)
    world = world.replace(bodies=world.bodies.replace(**columns))
    return inventory.destroy(world, item, eats | drinks)


def buy(config: Config, rules: Rules, world: World, item: jax.Array, rank: jax.Array) -> World:
    """Buys what is offered; of several who can, the first in the order of the tick does.

    A stack that is sold in the same tick is not merged into: its owner has its place free.

    Args:
      item: i32[P], I for none.
      rank: i32[P].
    """
    items, bodies, size = world.items, world.bodies, config.items
    who = jnp.arange(config.capacity, dtype=jnp.int32)
    row = jnp.minimum(item, size - 1)
    price, seller = items.price[row], items.owner[row]
    when = (item < size) & items.alive[row] & (items.made[row] < world.tick)
    when &= (price > 0) & (seller < config.bodies) & (seller != who)
    when &= can_act(world, who) & ~in_combat(rules, world, who)
    bags = bags_of(config, items)
    stack = get_at(bags.stack, kind_of(config, who, items.type[row], items.level[row]), size)
    when &= (stack < size) | (bags.held[who] < config.inventory)
    when &= bodies.gold[who] >= price
    wins = first_of(rank, row, when, size)
    world = log.record_item(world, wins, who, Event.BUY_ITEM, row, gold=price)
    seller = jnp.where(wins, seller, config.bodies)
    world = log.record(
        world, wins, jnp.minimum(seller, config.bodies - 1), Event.EARN_GOLD, gold=price
    )
    sold = set_at(jnp.zeros(size, bool), jnp.where(wins, row, size), True)
    merges = wins & (stack < size) & ~get_at(sold, stack, False)
    world = _hand_over(world, row, who, wins, jnp.where(merges, stack, size))
    gold = add_at(bodies.gold, who, -jnp.where(wins, price, 0))
    return world.replace(bodies=world.bodies.replace(gold=add_at(gold, seller, price)))


def _hand_over(
    world: World, item: jax.Array, to: jax.Array, when: jax.Array, stack: jax.Array
) -> World:
    """Items i32[N] go to others, each into a stack or, where that is I, to a place of its own."""
    items, size = world.items, world.items.type.shape[0]
    into = jnp.where(when, stack, size)
    own = when & (stack == size)
    items = items.replace(quantity=add_at(items.quantity, into, items.quantity[item]))
    received = world.received + count_before(own)
    items = inventory.write(items, item, own, owner=to, equipped=False, price=0, received=received)
    count = jnp.sum(own, dtype=jnp.int32)
    world = world.replace(items=items, received=world.received + count)
    return inventory.destroy(world, item, when & (stack < size))


def give(
    config: Config,
    rules: Rules,
    world: World,
    item: jax.Array,
    other: jax.Array,
    rank: jax.Array,
) -> World:
    """Gives items; free places are taken in the order of the tick, stacks grow by all that fit.

    A gift for which there is no place stays with whoever wanted to give it. Gifts of one kind to
    one body, where it has no stack of it, take one place together. A stack that its owner wants to
    give away is none that a gift can count on; if it stays after all, gifts go into it.

    Args:
      item: i32[P], I for none.
      other: i32[P], slots.
      rank: i32[P].
    """
    items, size = world.items, config.items
    who = jnp.arange(config.capacity, dtype=jnp.int32)
    when = deals(rules, world, who, item) & near(config, world, who, other)
    item, other = jnp.minimum(item, size - 1), jnp.minimum(other, config.bodies - 1)
    when &= ~items.equipped[item] & (items.price[item] == 0)
    bags, kinds = bags_of(config, items), size_of(config)
    kind = kind_of(config, other, items.type[item], items.level[item])
    stack = get_at(bags.stack, kind, size)
    offered = set_at(jnp.zeros(size, bool), jnp.where(when, item, size), True)
    counts_on = when & (stack < size) & ~get_at(offered, stack, False)
    leads = first_of(rank, jnp.minimum(kind, kinds - 1), when & ~counts_on & (kind < kinds), kinds)
    needs = when & ~counts_on & (leads | (kind == kinds))
    taken = sums_before(jnp.where(needs, other, LAST), rank, needs.astype(jnp.int32))
    fits = needs & (bags.held[other] + taken < config.inventory)
    led = set_at(jnp.full(kinds, size, jnp.int32), jnp.where(leads & fits, kind, kinds), item)
    leader = get_at(led, kind, size)
    gives = counts_on | fits | (when & ~needs & (leader < size))
    left = set_at(jnp.zeros(size, bool), jnp.where(gives, item, size), True)
    stays = (stack < size) & ~get_at(left, stack, False)
    into = jnp.where(stays, stack, jnp.where(leads, size, leader))
    world = log.record(world, gives, who, Event.GIVE_ITEM)  # what is given is not logged
    return _hand_over(world, item, other, gives, into)
