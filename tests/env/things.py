"""A game of the tests' own: the default one, and things that are owned, given away and envied.

It has all that a game may add: columns of both tables, references between tables and within one, a
further table and its view, a head that points into it, systems, and bodies that are no players.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.actions.head import ActionHead
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.presets import TableOf
from jaxmmo.env.registry import find
from jaxmmo.env.rules import NEVER, Numbers, Rules, rule
from jaxmmo.env.state import GIVEN, Columns, Table, WorldState, column
from jaxmmo.env.systems.system import System, Words
from jaxmmo.env.tick import Tick
from jaxmmo.env.views.view import View, owned
from jaxmmo.spec import Attribute, Head, Kind

THINGS = 9
SEEN = 3


class Envy(Columns):
    """Whom a body envies, and how lucky it is."""

    rival: jax.Array = column(newborn=lambda birth: birth.config.bodies, refers="bodies")
    luck: jax.Array = column(newborn=5, seen=Attribute("luck", Kind.CONTINUOUS, 0, 1023, 100))


class Given(Columns):
    """What a player has given away, by the last two bits of a thing's worth."""

    given: jax.Array = column(shape=(4,), at_death=True)


class Thing(Table):
    """What is owned."""

    owner: jax.Array = column(newborn=GIVEN, refers="bodies")
    twin: jax.Array = column(newborn=GIVEN, refers="thing")
    worth: jax.Array = column(seen=Attribute("worth", Kind.CONTINUOUS, 0, 4095, 100))


class Chances(Numbers):
    """The numbers of the game."""

    windfall: jax.Array = rule(3, 0, 100)  # most luck that comes in a tick


def _draw(config: EnvConfig, rules: Rules, state: WorldState, words: Words) -> jax.Array:
    """i32[B]: every body's luck of the tick."""
    del config
    most: Any = rules
    return (words(state.bodies.id)[0] % (most.windfall + 1).astype(jnp.uint32)).astype(jnp.int32)


def envy(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, jax.Array]:
    """Whom a body attacks is its rival from now on; part of a rival's luck is added to its own."""
    del rules
    bodies: Any = state.bodies
    attacked = tick.events.attacks.target
    rival = jnp.where(attacked < config.bodies, attacked, bodies.rival)
    theirs = bodies.luck.at[rival].get(mode="fill", fill_value=0)
    luck = (bodies.luck + theirs // 2 + tick.rolls.others["envy"]) % 1024
    luck = jnp.where(tick.acted, luck, bodies.luck)  # the newborn have drawn nothing yet
    return state.replace(bodies=bodies.replace(rival=rival, luck=luck)), luck


def hand_over(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, jax.Array]:
    """A thing that is given goes to the giver's rival and grows by what its twin is worth.

    Things without an owner are found by the oldest body; rivals that died are forgotten.
    """
    del rules
    bodies: Any = state.bodies
    lives: Any = state.lives
    things, size = state.tables["thing"], THINGS
    gift = jnp.where(tick.acted, tick.intent.gift, size)
    twin = things.worth.at[things.twin].get(mode="fill", fill_value=1)
    giver = jnp.full(size, config.bodies, jnp.int32)
    giver = giver.at[gift].set(jnp.arange(config.bodies, dtype=jnp.int32), mode="drop")
    given = giver < config.bodies
    heir = bodies.rival.at[giver].get(mode="fill", fill_value=config.bodies)
    owner = jnp.where(given, heir, things.owner)
    alive = jnp.pad(bodies.alive, (0, 1))
    oldest = jnp.argmin(jnp.where(bodies.alive, bodies.id, NEVER)).astype(jnp.int32)
    oldest = jnp.where(jnp.any(bodies.alive), oldest, config.bodies)
    owner = jnp.where(alive[owner], owner, oldest)
    worth = jnp.where(given, (things.worth + twin) % 4096, things.worth)
    kind = things.worth.at[gift].get(mode="fill", fill_value=0)[: config.capacity] % 4
    gave = (gift < size)[: config.capacity, None] & (kind[:, None] == jnp.arange(4))
    forgotten = jnp.where(alive[bodies.rival], bodies.rival, config.bodies)
    state = state.replace(
        bodies=bodies.replace(rival=forgotten),
        lives=lives.replace(given=lives.given + gave),
        tables=state.tables.replace(thing=things.replace(owner=owner, worth=worth)),
    )
    return state, gift < size


def _legal(config: EnvConfig, rules: Rules, state: WorldState, sights: Any) -> jax.Array:
    """bool[P, 1 + SEEN]: nothing, or what one owns."""
    del rules, sights
    mine = state.views["thing"].slots < THINGS
    return jnp.concatenate([jnp.ones((config.capacity, 1), bool), mine], 1)


GAME = find("JaxMMO-v1").extend(
    "Things",
    bodies=Envy,
    lives=Given,
    rules=Chances,
    tables=[TableOf("thing", Thing, THINGS)],
    views=[View("thing", "thing", SEEN, owned("thing", "owner", SEEN))],
    systems=[
        System("envy", envy, event="lucks", draw=_draw, after="combat"),
        System("hand_over", hand_over, event="gifts", after="death"),
    ],
    heads=[ActionHead("gift", lambda config: Head("gift", table="thing"), _legal)],
    npc_capacity=3,
)
