"""What a tick of the second game is reported as: deaths, attacks, and what lives add up to."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import Cause, Outcome
from jaxmmo.env.state import Lives, add_at, select, set_at
from jaxmmo.env.state.table import reported
from jaxmmo.env.systems.movement import visit
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.holding import State
from jaxmmo.env.v2.minds import Plans
from jaxmmo.env.v2.state import Bodies, World, slot_of
from jaxmmo.records import Record


def lives_after(config: Config, state: State, world: World, died: jax.Array) -> Lives:
    """What the players' lives have added up to with this tick; it begins anew for who comes back.

    Args:
      state: before the tick.
      world: after it.
      died: bool[P], who died in it.
    """
    lives, before = state.lives, state.players
    now: Bodies = jax.tree.map(lambda x: x[: config.capacity], world.bodies)
    alive = before.alive & ~died
    walked = alive & ((now.row != before.row) | (now.col != before.col))
    lives = lives.replace(
        distance=lives.distance + walked.astype(jnp.int32),
        damage_dealt=select(before.alive, now.damage_inflicted, lives.damage_dealt),
        damage_taken=select(before.alive, now.damage_received, lives.damage_taken),
        food_gathered=lives.food_gathered + _count(config, world, Event.EAT_FOOD),
        water_gathered=lives.water_gathered + _count(config, world, Event.DRINK_WATER),
    )
    return visit(config, lives, walked, now.row, now.col)


def _count(config: Config, world: World, event: Event) -> jax.Array:
    """i32[P]: how often each player did something."""
    rows = world.log.rows
    who = jnp.where(rows[:, 1] == event, rows[:, 0] - 1, config.capacity)
    return add_at(jnp.zeros(config.capacity, jnp.int32), who, 1)


def deaths(config: Config, world: World, lives: Lives, died: jax.Array) -> Record:
    """The players' lives that ended, as the first game reports them; see `remove_dead`.

    Args:
      world: after the tick.
      lives: likewise.
      died: bool[P].
    """
    players: Bodies = jax.tree.map(lambda x: x[: config.capacity], world.bodies)
    rows = world.log.rows
    victim = jnp.where(rows[:, 1] == Event.PLAYER_KILL, rows[:, 6] - 1, config.capacity)
    victim = jnp.where(victim >= 0, victim, config.capacity)  # NPCs have negative ids
    killed = set_at(jnp.zeros(config.capacity, bool), victim, True)
    hunger = jnp.where(players.food <= 0, int(Cause.STARVATION), int(Cause.DEHYDRATION))
    cause = jnp.where(players.damage > 0, int(Cause.FOG), hunger)
    cause = jnp.where(killed, int(Cause.COMBAT), cause)
    return Record(
        cause=jnp.where(died, cause, int(Cause.NONE)),
        lifetime=jnp.where(died, players.time_alive, 0),
        **reported(players, died),
        **reported(lives, died),
    )


def attacks(config: Config, before: Bodies, world: World, plans: Plans) -> Record:
    """i32[B] each: whom bodies hit, in which style, and for how much; NPCs' damage is not logged.

    Args:
      before: the table before the tick, in which ids stand for slots.
      world: after it.
      plans: what NPCs decided.
    """
    nobody, rows = config.bodies, world.log.rows
    hits = rows[:, 1] == Event.SCORE_HIT
    who = jnp.where(hits, rows[:, 0] - 1, nobody)
    whom = slot_of(config, before, rows[:, 6])
    target = set_at(jnp.full(nobody, nobody, jnp.int32), who, whom)
    style = set_at(jnp.zeros(nobody, jnp.int32), who, rows[:, 2] - 1)
    damage = set_at(jnp.zeros(nobody, jnp.int32), who, rows[:, 4])
    if config.inhabited:
        npcs = jnp.arange(config.capacity, nobody)
        someone = jnp.minimum(plans.target, nobody - 1)
        lands = (plans.target < nobody) & (world.bodies.attacker[someone] == before.id[npcs])
        target = target.at[npcs].set(jnp.where(lands, plans.target, nobody))
        style = style.at[npcs].set(plans.style)
    outcome = jnp.where(target < nobody, int(Outcome.HIT), int(Outcome.NONE))
    return Record(target=target, style=style, outcome=outcome, damage=damage)
