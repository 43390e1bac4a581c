"""Attacks, all at once: first those of players, then those of NPCs that are left (section 5).

Whoever lives when a wave begins attacks in it, also if it is killed in it. Blows fall on a target
in the order of the tick until it is dead; the others do nothing. Whose blow is the last one has
killed it and gets its gold, and a player its items, in a random order until it has no place left.
What a killer is to get that dies in the same wave is destroyed: items at once, and gold with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, at, compact, count_before, get_at, max_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NUM_STYLES, Event
from jaxmmo.env.v2.fighting import AMMUNITION, damage_of, fire, hit, score
from jaxmmo.env.v2.order import LAST, sums_before
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player
from jaxmmo.env.v2.together.goods import (
    Bags,
    Found,
    Goods,
    Made,
    bags_of,
    kind_of,
    make_some,
    record_made,
    worn_by,
)
from jaxmmo.env.v2.worldwide import for_those


class Blows(NamedTuple):
    """One blow each of N bodies."""

    who: jax.Array  # i32[N]; slots, all different
    style: jax.Array  # i32[N]
    target: jax.Array  # i32[N]; slots, B for nobody
    rank: jax.Array  # i32[N]


def strike(
    config: Config, rules: Rules, world: World, blows: Blows, loot: jax.Array | None
) -> World:
    """A wave of blows.

    Args:
      loot: i32[Q, I], see `Rolls`; None where all who strike are NPCs, which get no items.
    """
    bodies, items, nobody = world.bodies, world.items, config.bodies
    who, style = blows.who, blows.style
    lands, target = hit(config, rules, world, who, style, blows.target)
    gear = _gear(config, rules, world)
    worn = gear[who, style], gear[target, 3]
    damage = damage_of(config, rules, world, who, style, target, worn)
    group = jnp.where(lands, target, LAST)
    suffered = sums_before(group, blows.rank, jnp.where(lands, damage, 0))
    lands &= suffered < bodies.health[target]
    kills = lands & (suffered + damage >= bodies.health[target])
    hits = lands & is_player(bodies)[who]
    if config.has("item", "equipment"):
        world = fire(world, worn_by(config, items, AMMUNITION)[who], who, style, hits)
    world = score(config, rules, world, who, style, target, damage, hits)
    bodies = world.bodies
    a, t = jnp.where(lands, who, nobody), jnp.where(lands, target, nobody)
    latest = max_at(jnp.full(nobody, -1, jnp.int32), t, blows.rank)
    last = jnp.where(lands & (latest[target] == blows.rank), target, nobody)
    fights = set_at(set_at(bodies.latest_combat, a, world.tick + 1), t, world.tick + 1)
    bodies = bodies.replace(
        attacker=set_at(bodies.attacker, last, bodies.id[who]),
        latest_combat=fights,
        health=jnp.maximum(add_at(bodies.health, t, -damage), 0),
        damage=set_at(bodies.damage, last, damage),
        damage_received=add_at(bodies.damage_received, t, damage),
        damage_inflicted=add_at(bodies.damage_inflicted, a, damage),
        kills=add_at(bodies.kills, jnp.where(kills, who, nobody), 1),
    )
    return _inherit(config, world.replace(bodies=bodies), who, target, loot, kills)


def _gear(config: Config, rules: Rules, world: World) -> jax.Array:
    """i32[B, 4]: what everybody's equipment adds to attacks in each style, and to the defence."""
    items = world.items
    worn = jnp.where(items.alive & items.equipped, items.owner, config.bodies)
    gear = [inventory.attack_of(rules, items), inventory.defence_of(rules, items)[:, None]]
    return add_at(jnp.zeros((config.bodies, 4), jnp.int32), worn, jnp.concatenate(gear, 1))


def _inherit(
    config: Config,
    world: World,
    who: jax.Array,
    target: jax.Array,
    loot: jax.Array | None,
    kills: jax.Array,
) -> World:
    """Victims' gold and items go to their killers (section 9)."""
    bodies, nobody = world.bodies, config.bodies
    best = bodies.level[target, :NUM_STYLES].max(1)
    victim = bodies.id[target]
    world = log.record(world, kills, who, Event.PLAYER_KILL, level=best, target=victim)
    amount = jnp.where(kills, bodies.gold[target], 0)
    gold = add_at(add_at(bodies.gold, target, -amount), who, amount)
    world = world.replace(bodies=bodies.replace(gold=gold))
    world = log.record(world, amount > 0, who, Event.LOOT_GOLD, gold=amount, target=victim)
    if not config.has("item"):
        return world
    if loot is None:
        killed = set_at(jnp.zeros(nobody, bool), jnp.where(kills, target, nobody), True)
        items = world.items
        return inventory.destroy_each(world, items.alive & get_at(killed, items.owner, False))
    players = is_player(bodies)
    heirs = kills & players[who] & (bodies.health[who] > 0)
    types = jnp.stack([bodies.armour[target], bodies.tool[target]], 1)
    level = jnp.minimum(bodies.rank[target], 10)[:, None] + jnp.zeros_like(types)
    drops = Found(who, types, level, (heirs & ~players[target])[:, None] & (types > 0))
    return _share_out(config, world, kills, Spoils(target, heirs, drops), loot)


class Spoils(NamedTuple):
    """What N blows may bring."""

    victim: jax.Array  # i32[N]
    heirs: jax.Array  # bool[N]; whether who strikes gets anything
    drops: Found  # what NPCs leave


VICTIMS = 8
"""So many victims' items are shared out at a time, as few die in a tick."""


def _share_out(
    config: Config, world: World, kills: jax.Array, spoils: Spoils, loot: jax.Array
) -> World:
    """Items of victims, and what NPCs leave, go to their killers, a few victims at a time.

    Args:
      config: of the world.
      world: in which all victims are dead.
      kills: bool[N], which blows killed.
      spoils: of the blows.
      loot: i32[Q, I], see `Rolls`.
    """
    bags, blows, size = bags_of(config, world.items), kills.shape[0], config.items

    def some(index: jax.Array, state: Any) -> Any:
        goods, looted, made = state
        one = jnp.minimum(index, blows - 1)
        theirs: Spoils = jax.tree.map(lambda column: at(column, one), spoils)
        theirs = theirs._replace(
            victim=jnp.where(index < blows, theirs.victim, config.bodies),
            drops=theirs.drops._replace(when=theirs.drops.when & (index < blows)[:, None]),
        )
        goods, taken = _take_items(config, goods, bags, theirs, loot)
        goods, new = make_some(config, goods, bags, theirs.drops, world.tick)
        made = jax.tree.map(lambda a, b: set_at(a, index, b), made, new)
        return goods, set_at(looted, taken, True), made

    start = Goods.of(world), jnp.zeros(size, bool), Made.nothing(*spoils.drops.type.shape)
    goods, looted, made = for_those(kills, VICTIMS, some, start)
    world = goods.into(world)
    row = jnp.arange(size, dtype=jnp.int32)
    owner = jnp.minimum(world.items.owner, config.bodies - 1)
    world = log.record_item(world, looted, owner, Event.LOOT_ITEM, row)
    return record_made(world, spoils.drops, made, Event.LOOT_ITEM)


def _take_items(
    config: Config, goods: Goods, bags: Bags, spoils: Spoils, loot: jax.Array
) -> tuple[Goods, jax.Array]:
    """Items of a few victims: into stacks of the killer, then into free places, else they are gone.

    Args:
      config: of the world.
      goods: before.
      bags: of the killers.
      spoils: of V blows; a victim that is nobody has nothing.
      loot: i32[Q, I], see `Rolls`.

    Returns:
      What is left, and i32[L], the items that found a place of their own, I for none.
    """
    items, size, few = goods.items, config.items, spoils.victim.shape[0]
    turn = set_at(jnp.full(config.bodies, few, jnp.int32), spoils.victim, jnp.arange(few))
    whose = get_at(turn, jnp.where(items.alive, items.owner, config.bodies), few)
    falls = whose < few
    rows = compact(falls, count_before(falls), few * config.inventory)  # [L], as all below
    there, row = rows < size, jnp.minimum(rows, size - 1)
    blow = jnp.minimum(at(whose, row), few - 1)
    heir, inherits = at(spoils.drops.body, blow), there & at(spoils.heirs, blow)
    kind = kind_of(config, heir, at(items.type, row), at(items.level, row))
    stack = get_at(bags.stack, kind, size)
    needs = inherits & (stack == size)
    bag = jnp.minimum(at(spoils.victim, blow), loot.shape[0] - 1)
    key = at(loot.reshape(-1), bag * loot.shape[1] + row)
    taken = sums_before(jnp.where(needs, blow, LAST), key, needs.astype(jnp.int32))
    kept = needs & (at(bags.held, heir) + taken < config.inventory)
    merged = jnp.where(inherits, stack, size)
    items = items.replace(quantity=add_at(items.quantity, merged, at(items.quantity, row)))
    received = goods.received + count_before(kept)
    items = inventory.write(
        items, row, kept, owner=heir, equipped=False, price=0, received=received
    )
    items, free = inventory.taken_out(items, goods.rows, row, there & ~kept, config.bodies)
    received = goods.received + jnp.sum(kept, dtype=jnp.int32)
    goods = Goods(items, free, received, goods.lost)
    return goods, jnp.where(kept, row, size)
