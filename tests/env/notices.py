"""A game with a table that everybody sees alike, and the same one with rows for every agent.

Notices go up and come down by the tick; whoever is of a notice's parity may read it, which feeds.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.actions.head import ActionHead
from jaxmmo.env.presets import Preset, TableOf
from jaxmmo.env.registry import find
from jaxmmo.env.state import Table, column, compact, count_before
from jaxmmo.env.systems.system import System
from jaxmmo.env.views.view import View
from jaxmmo.spec import Attribute, Head, Kind

SLOTS, ROWS = 7, 4


class Notice(Table):
    """What hangs on the board."""

    topic: jax.Array = column(seen=Attribute("topic", Kind.DISCRETE, 0, 5))
    worth: jax.Array = column(seen=Attribute("worth", Kind.CONTINUOUS, 0, 4095, 1000))


def post(config, rules, state, tick):
    """Two of three notices hang, others in every tick and world; readers are told their slot."""
    del rules
    number, players = jnp.arange(SLOTS), state.bodies
    mark = state.tick + jnp.sum(jnp.where(players.alive, players.row, 0))
    board = state.tables["notice"].replace(
        alive=(number + mark) % 3 > 0,
        topic=((number + mark) % 6).astype(jnp.int32),
        worth=((37 * number + 11 * mark) % 4096).astype(jnp.int32),
    )
    reads = tick.intent.read[: config.capacity]
    fed = jnp.where(reads < SLOTS, jnp.minimum(state.players.food + 1, 20), state.players.food)
    players = state.players.replace(food=fed.astype(state.players.food.dtype))
    state = state.replace(players=players)
    return state.replace(tables=state.tables.replace(notice=board)), reads


def hanging(config, rules, state):
    """i32[K] and i32[]: what hangs, the first slots first."""
    del config, rules
    there = state.tables["notice"].alive
    return compact(there, count_before(there), ROWS), jnp.sum(there, dtype=jnp.int32)


def hanging_for_each(config, rules, state):
    """i32[P, K] and i32[P]: the same for every player."""
    rows, count = hanging(config, rules, state)
    return jnp.tile(rows, (config.capacity, 1)), jnp.full(config.capacity, count)


def may_read(config, rules, state, sights):
    """bool[P, K + 1]: notices whose worth is as even or odd as the reader's id."""
    del rules, sights
    rows = jnp.broadcast_to(state.views["board"].slots, (config.capacity, ROWS))
    worth = state.tables["notice"].worth[jnp.minimum(rows, SLOTS - 1)]
    legal = (rows < SLOTS) & (worth % 2 == state.players.id[:, None] % 2)
    return jnp.pad(legal, ((0, 0), (1, 0)), constant_values=True)


def game(*, shared: bool) -> Preset:
    """The game, with one board a world or rows of it for every agent."""
    look = hanging if shared else hanging_for_each
    return find("JaxMMO-v1").extend(
        "Notices",
        tables=[TableOf("notice", Notice, SLOTS)],
        views=[View("board", "notice", ROWS, look, shared=shared)],
        systems=[System("post", post, event="read", after="death")],
        heads=[ActionHead("read", lambda config: Head("read", table="board"), may_read)],
    )
