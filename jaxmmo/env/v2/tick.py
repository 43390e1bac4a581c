"""One tick of the second game, exactly as the original orders it (section 3)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import varying_like
from jaxmmo.env.v2 import dealing, ending, living, log, marching, minds, mustering, spawning
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.decisions import NO_MOVE, Intent, Rolls
from jaxmmo.env.v2.fighting import attack, can_act
from jaxmmo.env.v2.loops import each
from jaxmmo.env.v2.minds import Plans
from jaxmmo.env.v2.moving import move
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Bodies, World
from jaxmmo.env.v2.teams import are_recons


class Happened(NamedTuple):
    """What a tick reports beside the log of its events."""

    died: jax.Array  # bool[B]
    plans: Plans  # what NPCs decided
    bodies: Bodies  # as they were when the dead left, before anybody came back


def advance(
    config: Config, rules: Rules, world: World, intent: Intent, rolls: Rolls
) -> tuple[World, Happened]:
    """The world after a tick from decoded actions and given random numbers.

    Returns:
      The world, whose log holds the tick's events, and what happened beside that.
    """
    world = world.replace(log=varying_like(log.cleared(config.events), world.tick))
    world, plans = begin(config, rules, world, rolls)
    world = living.update_players(config, rules, world, rolls)
    if config.inhabited:
        world = living.update_npcs(config, world)
    world = deal(config, rules, world, intent, rolls)
    world = fight_and_move(config, rules, world, intent, plans, rolls)
    world = say(config, rules, world, intent)
    world, died = ending.cull(config, ending.fall(config, world))
    happened = Happened(died, plans, world.bodies)
    return end(config, rules, world, died, rolls), happened


def begin(config: Config, rules: Rules, world: World, rolls: Rolls) -> tuple[World, Plans]:
    """NPCs decide, before anything happens."""
    if config.inhabited:
        decide = marching.decide if config.npcs == "soldiers" else minds.decide
        return decide(config, rules, world, rolls)
    return world, Plans(jnp.zeros(0, jnp.int32), jnp.zeros(0, jnp.int32), jnp.zeros(0, jnp.int32))


def end(config: Config, rules: Rules, world: World, died: jax.Array, rolls: Rolls) -> World:
    """What follows on the deaths bool[B]: who comes back, what grows, fog, offers, new NPCs."""
    world = world.replace(tick=world.tick + 1)
    if config.respawn:
        world = ending.come_back(config, rules, world, died, rolls.respawn)
    world = ending.regrow(world, rolls.regrow)
    world = ending.seize(world)
    world = ending.close_in(config, rules, world)
    if config.has("exchange"):
        world = dealing.end_listings(rules, world)
    if not config.inhabited:
        return world
    if config.npcs != "wild":
        return mustering.muster(config, rules, world, rolls)
    world = spawning.queue_dangers(config, world, died)
    return spawning.refill(config, rules, world, rolls)


def deal(config: Config, rules: Rules, world: World, intent: Intent, rolls: Rolls) -> World:
    """Use, Buy, Give and GiveGold, Destroy: each agent in its turn, one phase after another."""
    order, nothing, nobody = intent.order, config.items, config.bodies
    if config.has("item"):
        world = each(
            world,
            order,
            (intent.use < nothing)[order],
            lambda w, b: dealing.use(config, rules, w, b, intent.use[b]),
        )
    if config.has("exchange"):
        world = each(
            world,
            rolls.buyers,
            (intent.buy < nothing)[rolls.buyers],
            lambda w, b: dealing.buy(config, rules, w, b, intent.buy[b]),
        )

    def hand_over(w: World, b: jax.Array) -> World:
        if config.has("item"):
            w = dealing.give(config, rules, w, b, intent.give[b], intent.give_to[b])
        if config.has("exchange"):
            w = dealing.give_gold(config, rules, w, b, intent.gold[b], intent.gold_to[b])
        return w

    gives = ((intent.give < nothing) & (intent.give_to < nobody)) | (intent.gold > 0)
    world = each(world, order, gives[order], hand_over)
    if config.has("item"):
        world = each(
            world,
            order,
            (intent.destroy < nothing)[order],
            lambda w, b: dealing.throw_away(rules, w, b, intent.destroy[b]),
        )
    return world


def fight_and_move(
    config: Config, rules: Rules, world: World, intent: Intent, plans: Plans, rolls: Rolls
) -> World:
    """Attack, then Move: players in their order, then NPCs in the order of their births."""
    npcs = jnp.arange(config.capacity, config.bodies, dtype=jnp.int32)
    turn = jnp.where(world.bodies.alive[npcs], world.bodies.turn[npcs], NEVER)
    order = jnp.concatenate([intent.order, npcs[jnp.argsort(turn)]])
    style = jnp.concatenate([intent.style, plans.style])
    target = jnp.concatenate([intent.target, plans.target])
    step = jnp.concatenate([intent.move, plans.move])
    if config.has("combat"):
        world = each(
            world,
            order,
            (target < config.bodies)[order],
            lambda w, b: attack(config, rules, w, b, style[b], target[b], rolls.loot),
        )
    return each(world, order, (step < NO_MOVE)[order], lambda w, b: move(config, w, b, step[b]))


def say(config: Config, rules: Rules, world: World, intent: Intent) -> World:
    """Sell, then Comm: what is offered and said is seen after the tick."""
    order = intent.order
    if config.has("exchange"):
        world = each(
            world,
            order,
            (intent.sell < config.items)[order],
            lambda w, b: dealing.sell(rules, w, b, intent.sell[b], intent.price[b]),
        )
    return speak(config, world, intent)


def speak(config: Config, world: World, intent: Intent) -> World:
    """Comm: what players say stays until they say something else."""
    if config.has("communication"):
        who = jnp.arange(config.capacity)
        bodies, able = world.bodies, can_act(world, who)
        if config.recons:
            able |= are_recons(config, bodies) & bodies.alive[: config.capacity]
        speaks = able & (intent.message > 0)
        message = bodies.message.at[: config.capacity].set(
            jnp.where(speaks, intent.message, bodies.message[: config.capacity])
        )
        world = world.replace(bodies=bodies.replace(message=message))
    return world
