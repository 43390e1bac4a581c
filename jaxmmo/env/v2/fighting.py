"""Attacks, one after another: they always land; their damage is certain; killers take all."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import add_at, set_at
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import BEATS, FIGHTS, NUM_STYLES, Event, Kind
from jaxmmo.env.v2.growing import best_level, gain
from jaxmmo.env.v2.rules import OFFENCES, Rules
from jaxmmo.env.v2.state import World, is_player

AMMUNITION = 4  # of `SLOT`


def in_combat(rules: Rules, world: World, body: jax.Array) -> jax.Array:
    """bool[...]: whether a body has fought so recently that it may not deal in items."""
    latest = world.bodies.latest_combat[body]
    return (latest != 0) & (world.tick - latest < rules.combat_status)


def can_act(world: World, body: jax.Array) -> jax.Array:
    """bool[...]: whether a body lives and is not frozen."""
    bodies = world.bodies
    return bodies.alive[body] & (bodies.health[body] > 0) & (bodies.freeze[body] == 0)


def distance(world: World, a: jax.Array, b: jax.Array) -> jax.Array:
    """i32[...]: tiles between bodies (Chebyshev)."""
    bodies = world.bodies
    rows, cols = bodies.row[a] - bodies.row[b], bodies.col[a] - bodies.col[b]
    return jnp.maximum(jnp.abs(rows), jnp.abs(cols))


def attack(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    style: jax.Array,
    target: jax.Array,
    loot: jax.Array,
) -> World:
    """A body attacks another one (section 5).

    Args:
      body: i32[], who.
      style: i32[], of `Skill`, the first three.
      target: i32[], a slot, B for nobody.
      loot: i32[Q, I], see `Rolls`.
    """
    items = world.items
    lands, target = hit(config, rules, world, body, style, target)
    mine = inventory.held(items, body) & items.equipped
    theirs = inventory.held(items, target) & items.equipped
    attack_gear = jnp.sum(jnp.where(mine, inventory.attack_of(rules, items)[:, style], 0))
    defence_gear = jnp.sum(jnp.where(theirs, inventory.defence_of(rules, items), 0))
    damage = damage_of(config, rules, world, body, style, target, (attack_gear, defence_gear))
    hits = lands & is_player(world.bodies)[body]
    if config.has("item", "equipment"):
        world = fire(world, inventory.worn(items, body, AMMUNITION), body, style, hits)
    world = score(config, rules, world, body, style, target, damage, hits)
    bodies = world.bodies
    a = jnp.where(lands, body, config.bodies)
    t = jnp.where(lands, target, config.bodies)
    fights = set_at(set_at(bodies.latest_combat, a, world.tick + 1), t, world.tick + 1)
    health = jnp.maximum(bodies.health[target] - damage, 0)
    kills = lands & (health == 0)
    bodies = bodies.replace(
        attacker=set_at(bodies.attacker, t, bodies.id[body]),
        latest_combat=fights,
        health=set_at(bodies.health, t, health),
        damage=set_at(bodies.damage, t, damage),
        damage_received=add_at(bodies.damage_received, t, damage),
        damage_inflicted=add_at(bodies.damage_inflicted, a, damage),
        kills=add_at(bodies.kills, jnp.where(kills, body, config.bodies), 1),
    )
    return _kill(config, world.replace(bodies=bodies), body, target, loot, kills)


def hit(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    style: jax.Array,
    target: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """bool[...]: whether an attack is one; and the target, a slot also where there is nobody."""
    bodies, players = world.bodies, is_player(world.bodies)
    someone = target < config.bodies
    target = jnp.minimum(target, config.bodies - 1)
    young = players[body] & players[target] & (bodies.time_alive[target] < rules.immunity)
    lands = someone & can_act(world, body) & ~young & (body != target)
    lands &= bodies.alive[target] & (bodies.health[target] > 0)
    return lands & (distance(world, body, target) <= rules.reach[style]), target


def damage_of(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    style: jax.Array,
    target: jax.Array,
    gear: tuple[jax.Array, jax.Array],
) -> jax.Array:
    """i32[...]: what a blow costs its target.

    Args:
      gear: what is worn adds to the attack of one and to the defence of the other.
    """
    bodies = world.bodies
    offence = rules.base_damage[style] + rules.level_damage[style] * bodies.level[body, style]
    offence += gear[0]
    defence = rules.base_defence + rules.level_defence * best_level(world)[target]
    defence += gear[1]
    players = is_player(bodies)
    if config.has("equipment"):
        npc_offence, npc_defence = bodies.offence[body], bodies.defence[target]
    else:
        npc_offence, npc_defence = jnp.int32(10), jnp.int32(0)
    offence = jnp.where(players[body], offence, npc_offence)
    defence = jnp.where(players[target], defence, npc_defence)
    offence = jnp.clip(offence, 0, OFFENCES - 1)
    practised = bodies.experience[target, :NUM_STYLES]
    has_style = (practised != practised[..., :1]).any(-1)
    beats = has_style & (jnp.asarray(BEATS)[style] == jnp.argmax(practised, -1))
    strong = jnp.where(beats, rules.weak_offence[offence], offence)
    damage = jnp.maximum(jnp.maximum(strong - defence, rules.least_damage[offence]), 0)
    return jnp.where(bodies.kind[target] == Kind.IMMORTAL, 0, damage)


def score(
    config: Config,
    rules: Rules,
    world: World,
    body: jax.Array,
    style: jax.Array,
    target: jax.Array,
    damage: jax.Array,
    hits: jax.Array,
) -> World:
    """What players who hit learn by it, and its record."""
    world = log.record(
        world,
        hits,
        body,
        Event.SCORE_HIT,
        type=style + 1,
        number=damage,
        target=world.bodies.id[target],
    )
    return gain(config, rules, world, body, style, rules.experience[0], hits)


def fire(
    world: World, item: jax.Array, body: jax.Array, style: jax.Array, when: jax.Array
) -> World:
    """One piece of the ammunition worn, I for none, is used up where it suits the style."""
    size = world.items.type.shape[0]
    fires = when & (item < size)
    item = jnp.minimum(item, size - 1)
    fires &= jnp.asarray(FIGHTS)[world.items.type[item]] == style
    left = world.items.quantity[item] - 1
    world = world.replace(items=inventory.write(world.items, item, fires, quantity=left))
    world = log.record_item(world, fires, body, Event.FIRE_AMMO, item)
    return inventory.destroy(world, item, fires & (left == 0))


def _kill(
    config: Config,
    world: World,
    body: jax.Array,
    target: jax.Array,
    loot: jax.Array,
    when: jax.Array,
) -> World:
    """A victim's gold and items go to its killer (section 9)."""
    bodies = world.bodies
    best = bodies.level[target, :NUM_STYLES].max()
    victim = bodies.id[target]
    world = log.record(world, when, body, Event.PLAYER_KILL, level=best, target=victim)
    by_player = is_player(bodies)[body]
    of_player = is_player(bodies)[target]
    if config.has("item"):
        items = world.items
        ends = inventory.held(items, target) & when
        world = world.replace(items=items.replace(price=jnp.where(ends, 0, items.price)))
        world = inventory.destroy_all(world, target, when & ~by_player)
    world = _take_gold(world, body, target, when)
    if config.has("item"):
        world = _take_items(config, world, body, target, loot, when & by_player & of_player)
        world = _take_drops(config, world, body, target, when & ~of_player)
    return world


def _take_gold(world: World, body: jax.Array, target: jax.Array, when: jax.Array) -> World:
    """All gold changes hands."""
    bodies = world.bodies
    amount = jnp.where(when, bodies.gold[target], 0)
    gold = bodies.gold.at[body].add(amount).at[target].add(-amount)
    world = world.replace(bodies=bodies.replace(gold=gold))
    return log.record(
        world, amount > 0, body, Event.LOOT_GOLD, gold=amount, target=bodies.id[target]
    )


def _take_items(
    config: Config,
    world: World,
    body: jax.Array,
    target: jax.Array,
    loot: jax.Array,
    when: jax.Array,
) -> World:
    """A player takes another one's items one by one; what it cannot hold is destroyed."""
    keys = loot[jnp.minimum(target, loot.shape[0] - 1)]
    count = jnp.sum(inventory.held(world.items, target) & when, dtype=jnp.int32)

    def take(_: jax.Array, w: World) -> World:
        own = inventory.held(w.items, target)
        item = jnp.argmin(jnp.where(own, keys, NEVER)).astype(jnp.int32)
        w = inventory.let_go(w, item, own[item])
        return _loot(config, w, body, item, own[item])

    return jax.lax.fori_loop(0, count, take, world)


def _take_drops(
    config: Config, world: World, body: jax.Array, target: jax.Array, when: jax.Array
) -> World:
    """An NPC leaves a piece of armour, then a tool, for a player with a free place."""
    bodies, size = world.bodies, world.items.type.shape[0]
    level = jnp.minimum(bodies.rank[target], 10)
    made = []
    for type in (bodies.armour[target], bodies.tool[target]):
        world, item = inventory.make_item(world, when & (type > 0), type, level)
        made.append(item)
    for item in made:
        there = when & (item < size)
        space = is_player(bodies)[body] & inventory.has_space(config, world.items, body)
        world = _loot(config, world, body, item, there & space)
        world = inventory.destroy(world, item, there & ~space)
    return world


def _loot(config: Config, world: World, body: jax.Array, item: jax.Array, when: jax.Array) -> World:
    """A looted item is received; only one that gets a place of its own is logged."""
    world, kept = inventory.receive(config, world, body, item, when)
    return log.record_item(world, kept, body, Event.LOOT_ITEM, item)
