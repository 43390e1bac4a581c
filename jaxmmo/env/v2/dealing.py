"""Using, destroying, giving, selling and buying items, and giving gold (sections 10 and 11)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import select
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NEEDS, SLOT, Event, Item
from jaxmmo.env.v2.fighting import can_act, distance, in_combat
from jaxmmo.env.v2.growing import best_level
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player

NOWHERE = 9  # of `SLOT`


def deals(rules: Rules, world: World, body: jax.Array, item: jax.Array) -> jax.Array:
    """bool[]: whether a body may deal in an item that it has, and had when it decided to."""
    items, size = world.items, world.items.type.shape[0]
    row = jnp.minimum(item, size - 1)
    mine = (item < size) & items.alive[row] & (items.owner[row] == body)
    mine &= items.made[row] < world.tick
    return mine & can_act(world, body) & ~in_combat(rules, world, body)


def use(config: Config, rules: Rules, world: World, body: jax.Array, item: jax.Array) -> World:
    """Puts equipment on or takes it off, eats a ration, drinks a potion."""
    when = deals(rules, world, body, item)
    items, bodies = world.items, world.bodies
    item = jnp.minimum(item, items.type.shape[0] - 1)
    type, level = items.type[item], items.level[item]
    skills = jnp.append(bodies.level[body], best_level(world)[body])
    when &= (items.price[item] == 0) & (level <= skills[jnp.asarray(NEEDS)[type]])
    place = jnp.asarray(SLOT)[type]
    wears = when & (place != NOWHERE) & config.has("equipment")
    puts_on = wears & ~items.equipped[item]
    same = inventory.held(items, body) & (jnp.asarray(SLOT)[items.type] == place)
    chosen = jnp.arange(same.shape[0]) == item
    equipped = select(same & wears, chosen & puts_on, items.equipped)
    world = world.replace(items=items.replace(equipped=equipped))
    world = log.record_item(world, puts_on, body, Event.EQUIP_ITEM, item)
    eats, drinks = when & (type == Item.RATION), when & (type == Item.POTION)
    world = log.record_item(world, eats | drinks, body, Event.CONSUME_ITEM, item)
    restored = rules.meal[0] + rules.meal[1] * level
    bodies = world.bodies
    more = {
        "food": jnp.where(eats, restored, 0),
        "water": jnp.where(eats, restored, 0),
        "health": jnp.where(drinks, restored, 0),
    }
    columns = {
        name: getattr(bodies, name)
        .at[body]
        .set(
            jnp.where(
                amount > 0,
                jnp.minimum(getattr(bodies, name)[body] + amount, rules.full),
                getattr(bodies, name)[body],
            )
        )
        for name, amount in more.items()
    }
    world = world.replace(bodies=bodies.replace(**columns))
    return inventory.destroy(world, item, eats | drinks)


def throw_away(rules: Rules, world: World, body: jax.Array, item: jax.Array) -> World:
    """Destroys an item, the whole stack, unless it is worn."""
    when = deals(rules, world, body, item)
    item = jnp.minimum(item, world.items.type.shape[0] - 1)
    when &= ~world.items.equipped[item]
    world = log.record(world, when, body, Event.DESTROY_ITEM)  # what it was is not logged
    return inventory.destroy(world, item, when)


def near(config: Config, world: World, body: jax.Array, other: jax.Array) -> jax.Array:
    """bool[]: whether the other is a living player within sight, to whom one can give."""
    bodies = world.bodies
    there = (other < config.bodies) & (other != body)
    other = jnp.minimum(other, config.bodies - 1)
    there &= is_player(bodies)[other] & bodies.alive[other] & (bodies.health[other] > 0)
    return there & (distance(world, body, other) <= config.vision)


def give(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    item: jax.Array,
    other: jax.Array,
) -> World:
    """Gives an item, the whole stack, to a player within sight who can hold it."""
    when = deals(rules, world, body, item) & near(config, world, body, other)
    items = world.items
    item = jnp.minimum(item, items.type.shape[0] - 1)
    when &= ~items.equipped[item] & (items.price[item] == 0)
    when &= inventory.fits(config, items, other, item)
    world = log.record(world, when, body, Event.GIVE_ITEM)  # what is given is not logged
    world = inventory.let_go(world, item, when)
    return inventory.receive(config, world, other, item, when)[0]


def give_gold(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    amount: jax.Array,
    other: jax.Array,
) -> World:
    """Gives as many coins as one has at that moment, or fewer."""
    bodies = world.bodies
    when = near(config, world, body, other) & can_act(world, body)
    when &= ~in_combat(rules, world, body) & (amount > 0) & (amount <= bodies.gold[body])
    moved = jnp.where(when, amount, 0)
    other = jnp.minimum(other, config.bodies - 1)
    gold = bodies.gold.at[body].add(-moved).at[other].add(moved)
    world = world.replace(bodies=bodies.replace(gold=gold))
    return log.record(world, when, body, Event.GIVE_GOLD)  # how much is not logged


def sell(rules: Rules, world: World, body: jax.Array, item: jax.Array, price: jax.Array) -> World:
    """Offers an item; it stays with its owner, who cannot use it meanwhile."""
    when = deals(rules, world, body, item) & (price > 0)
    items = world.items
    item = jnp.minimum(item, items.type.shape[0] - 1)
    when &= ~items.equipped[item] & (items.price[item] == 0)
    items = inventory.write(items, item, when, price=price, listed=world.tick)
    world = world.replace(items=items)
    return log.record_item(world, when, body, Event.LIST_ITEM, item, gold=price)


def buy(config: Config, rules: Rules, world: World, body: jax.Array, item: jax.Array) -> World:
    """Buys what is offered, at its price, from wherever its owner is."""
    items, bodies = world.items, world.bodies
    row = jnp.minimum(item, items.type.shape[0] - 1)
    price, seller = items.price[row], items.owner[row]
    when = (item < items.type.shape[0]) & items.alive[row] & (items.made[row] < world.tick)
    when &= (price > 0) & (seller < config.bodies) & (seller != body)
    when &= can_act(world, body) & ~in_combat(rules, world, body)
    when &= (bodies.gold[body] >= price) & inventory.fits(config, items, body, row)
    seller = jnp.minimum(seller, config.bodies - 1)
    world = log.record_item(world, when, body, Event.BUY_ITEM, row, gold=price)
    world = log.record(world, when, seller, Event.EARN_GOLD, gold=price)
    world = inventory.let_go(world, row, when)
    world, _ = inventory.receive(config, world, body, row, when)
    moved = jnp.where(when, price, 0)
    gold = bodies.gold.at[body].add(-moved).at[seller].add(moved)
    return world.replace(bodies=world.bodies.replace(gold=gold))


def end_listings(rules: Rules, world: World) -> World:
    """What was offered for too long is offered no more."""
    items = world.items
    old = items.alive & (items.price > 0) & (world.tick - items.listed > rules.listing)
    return world.replace(items=items.replace(price=jnp.where(old, 0, items.price)))
