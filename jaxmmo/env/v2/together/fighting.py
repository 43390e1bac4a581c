"""Attacks, all at once: first those of players, then those of NPCs that are left (section 5).

Whoever lives when a wave begins attacks in it, also if it is killed in it. Blows fall on a target
in the order of the tick until it is dead; the others do nothing. Whose blow is the last one has
killed it and gets its gold, and a player its items, in a random order until it has no place left.
What a killer is to get that dies in the same wave is destroyed: items at once, and gold with it.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, count_before, get_at, max_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NUM_STYLES, Event
from jaxmmo.env.v2.fighting import AMMUNITION, damage_of, fire, hit, score
from jaxmmo.env.v2.order import LAST, sums_before
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player
from jaxmmo.env.v2.together.goods import Found, bags_of, kind_of, make_each, worn_by


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
    killer = jnp.where(heirs, who, nobody + 1)  # one more than nobody: all is destroyed
    killer = set_at(jnp.full(nobody, nobody, jnp.int32), jnp.where(kills, target, nobody), killer)
    bags = bags_of(config, world.items)
    world = _take_items(config, world, killer, bags.held, bags.stack, loot)
    types = jnp.stack([bodies.armour[target], bodies.tool[target]], 1)
    level = jnp.minimum(bodies.rank[target], 10)[:, None] + jnp.zeros_like(types)
    when = (heirs & ~players[target])[:, None] & (types > 0)
    return make_each(config, world, bags, Found(who, types, level, when), Event.LOOT_ITEM)


def _take_items(
    config: Config,
    world: World,
    killer: jax.Array,
    count: jax.Array,
    stacks: jax.Array,
    loot: jax.Array,
) -> World:
    """Items of victims: into stacks of the killer, then into free places, else they are gone.

    Args:
      killer: i32[B], whose victim each is: B of nobody, more of somebody who gets nothing.
      count: i32[B], of `Bags`.
      stacks: of `Bags`.
      loot: i32[Q, I], see `Rolls`.
    """
    items, nobody, size = world.items, config.bodies, config.items
    owner = jnp.where(items.alive, items.owner, nobody)
    gone = items.alive & (get_at(killer, owner, nobody) > nobody)
    players = config.capacity  # only they have items
    bags = inventory.rows_of(items, players, config.inventory)  # [P, K], as all below
    heir = jnp.broadcast_to(killer[:players, None], bags.shape)
    row = jnp.minimum(bags, size - 1)
    falls = (bags < size) & (heir < nobody)
    stack = get_at(stacks, kind_of(config, heir, items.type[row], items.level[row]), size)
    needs = falls & (stack == size)
    key = loot[jnp.minimum(jnp.arange(players), loot.shape[0] - 1)[:, None], row]
    same = (key[:, None] == key[..., None]) & jnp.tri(config.inventory, k=-1, dtype=bool)
    sooner = (key[:, None] < key[..., None]) | same
    taken = jnp.sum(sooner & needs[:, None], 2, dtype=jnp.int32)
    kept = needs & (count[jnp.minimum(heir, nobody - 1)] + taken < config.inventory)
    merged = jnp.where(falls, stack, size)
    items = items.replace(quantity=add_at(items.quantity, merged, items.quantity[row]))
    received = world.received + count_before(kept.reshape(-1)).reshape(kept.shape)
    items = inventory.write(
        items, row, kept, owner=heir, equipped=False, price=0, received=received
    )
    received = world.received + jnp.sum(kept, dtype=jnp.int32)
    world = world.replace(items=items, received=received)
    flat = kept.reshape(-1), jnp.minimum(heir, nobody - 1).reshape(-1)
    world = log.record_item(world, *flat, Event.LOOT_ITEM, row.reshape(-1))
    lost = set_at(gone, jnp.where(falls & ~kept, bags, size), True)
    return inventory.destroy_each(world, lost)
