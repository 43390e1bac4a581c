"""One tick in which all act at once: the original's phases, each a rule for everybody (section 3).

Equal to the original wherever its order of agents does not matter.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import get_at, set_at
from jaxmmo.env.v2 import dealing, ending, inventory, living, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.decisions import Intent, Rolls
from jaxmmo.env.v2.minds import Plans
from jaxmmo.env.v2.moving import move
from jaxmmo.env.v2.order import ranks
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Draft, World, is_player
from jaxmmo.env.v2.tick import Happened, begin, end, speak
from jaxmmo.env.v2.together import dealing as deals
from jaxmmo.env.v2.together.fighting import Blows, strike
from jaxmmo.env.v2.together.living import update_players


def advance(
    config: Config, rules: Rules, world: World, intent: Intent, rolls: Rolls
) -> tuple[World, Happened]:
    """As `tick.advance`; the order in `intent` is not looked at."""
    rank = ranks(config, world, rolls)
    world, plans = begin(config, rules, world.replace(log=Draft()), rolls)
    world = update_players(config, rules, world, rolls, rank)
    if config.inhabited:
        world = living.update_npcs(config, world)
    world = _deal(config, rules, world, intent, rank)
    world = _fight_and_move(config, rules, world, intent, plans, rolls, rank)
    if config.has("exchange"):
        who = jnp.arange(config.capacity, dtype=jnp.int32)
        world = dealing.sell(rules, world, who, intent.sell, intent.price)
    world = speak(config, world, intent)
    world, died = _cull(config, ending.fall(config, world))
    happened = Happened(died, plans, world.bodies)
    world = end(config, rules, world, died, rolls)
    draft: Any = world.log
    return world.replace(log=log.written(draft, config.events)), happened


def _deal(config: Config, rules: Rules, world: World, intent: Intent, rank: jax.Array) -> World:
    """Use, Buy, Give and GiveGold, Destroy, one phase after another."""
    who = jnp.arange(config.capacity, dtype=jnp.int32)
    rank = rank[: config.capacity]
    if config.has("item"):
        world = deals.use(config, rules, world, intent.use)
    if config.has("exchange"):
        world = deals.buy(config, rules, world, intent.buy, rank)
    if config.has("item"):
        world = deals.give(config, rules, world, intent.give, intent.give_to, rank)
    if config.has("exchange"):
        world = dealing.give_gold(config, rules, world, who, intent.gold, intent.gold_to)
    if config.has("item"):
        world = dealing.throw_away(rules, world, who, intent.destroy)
    return world


def _fight_and_move(
    config: Config,
    rules: Rules,
    world: World,
    intent: Intent,
    plans: Plans,
    rolls: Rolls,
    rank: jax.Array,
) -> World:
    """Players attack, then NPCs; then all move."""
    who = jnp.arange(config.bodies, dtype=jnp.int32)
    size = config.capacity
    if config.has("combat"):
        blows = Blows(who[:size], intent.style, intent.target, rank[:size])
        world = strike(config, rules, world, blows, rolls.loot)
        if plans.target.shape[0]:
            blows = Blows(who[size:], plans.style, plans.target, rank[size:])
            world = strike(config, rules, world, blows, None)
    step = jnp.concatenate([intent.move, plans.move])
    count = step.shape[0]
    return move(config, world, who[:count], step, rank[:count])


def _cull(config: Config, world: World) -> tuple[World, jax.Array]:
    """The dead leave their rows; what they still have is destroyed.

    Returns:
      The world, and bool[B], who left.
    """
    bodies = world.bodies
    died = bodies.alive & (bodies.health <= 0)
    items = world.items
    world = inventory.destroy_each(world, items.alive & get_at(died, items.owner, False))
    gone = died & ~(is_player(bodies) & config.respawn)
    who = jnp.arange(config.bodies, dtype=jnp.int32)
    places = world.places.stamp.shape[0]
    left = set_at(jnp.zeros(places, bool), jnp.where(gone, bodies.place, places), True)
    world = world.replace(places=world.places.free_each(left))
    world = log.record(world, died & is_player(bodies), who, Event.AGENT_CULLED)
    return world.replace(bodies=bodies.replace(alive=bodies.alive & ~died)), died
