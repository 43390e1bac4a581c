"""The heads of the second game's actions: what may be chosen, and which choices are legal.

Legal is what would happen if nobody else did anything in the tick: the masks know the agent's own
state as it will be when the action runs, and what it observes of others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.actions.head import ActionHead, Sights
from jaxmmo.env.constants import DELTAS
from jaxmmo.env.state import compact, count_before
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NEEDS, NUM_STYLES, PASSABLE, Item, Kind
from jaxmmo.env.v2.inventory import STACKS, stacks
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Items
from jaxmmo.env.v2.teams import are_recons
from jaxmmo.spec import Head

PRICES = 100
"""Choices of an amount of gold: 0 is none, and 99 the most."""

TOKENS = 128
"""Choices of a message; 0 says nothing."""

LEADS = tuple((int(row), int(col)) for row, col in DELTAS)
"""Where each choice of `move` leads: stay, north, south, east, west."""


class Rows:
    """Some rows of a table, whose columns are looked up when they are asked for."""

    def __init__(self, table: Any, row: jax.Array) -> None:
        self._table, self._row = table, row

    def __getattr__(self, name: str) -> jax.Array:
        return getattr(self._table, name)[self._row]


class Goods(NamedTuple):
    """Rows of the table of items that are shown to each player, K of them."""

    slot: jax.Array  # i32[P, K]
    there: jax.Array  # bool[P, K]
    items: Rows  # their columns [P, K]


def goods(config: Config, state: Any, view: str) -> Goods:
    """What a view of the items shows."""
    slot = state.views[view].slots
    items = state.tables["items"]
    row = jnp.minimum(slot, items.alive.shape[0] - 1)
    return Goods(slot, slot < items.alive.shape[0], Rows(items, row))


def offered(config: Config, items: Items) -> tuple[jax.Array, jax.Array]:
    """i32[K] and i32[]: rows of what is offered, the first of them, I for none; how many are."""
    listed = items.alive & (items.price > 0)
    rows = compact(listed, count_before(listed), config.offers)
    return rows, jnp.sum(listed, dtype=jnp.int32)


def others(state: Any) -> tuple[jax.Array, Rows]:
    """The bodies shown to each player: bool[P, K], somebody other is there; their columns."""
    slot = state.views["agent"].slots
    size = state.bodies.alive.shape[0]
    someone = (slot < size) & (jnp.arange(slot.shape[1]) > 0)
    row = jnp.minimum(slot, size - 1)
    return someone, Rows(state.bodies, row)


def acts(state: Any) -> jax.Array:
    """bool[P]: who will be able to act: freezing counts down before that."""
    players = state.players
    return players.alive & (players.freeze <= 1)


def deals(rules: Rules, state: Any) -> jax.Array:
    """bool[P]: who may deal in items and gold: not whoever has just fought."""
    latest = state.players.latest_combat
    return acts(state) & ((latest == 0) | (state.tick - latest >= rules.combat_status))


def _with_nothing(legal: jax.Array) -> jax.Array:
    """The choice of nothing, which is always legal, before those of rows."""
    return jnp.pad(legal, ((0, 0), (1, 0)), constant_values=True)


def may_move(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 5]: steps onto passable tiles; staying always."""
    del rules, sights
    players = state.players
    step = jnp.asarray(DELTAS)[1:]
    rows, cols = players.row[:, None] + step[:, 0], players.col[:, None] + step[:, 1]
    material = state.terrain.material[rows, cols].astype(jnp.int32)
    free = jnp.asarray(PASSABLE)[material] & acts(state)[:, None]
    if not config.stacking:
        bodies = state.bodies
        here = (bodies.row == rows[..., None]) & (bodies.col == cols[..., None])
        free &= ~(here & bodies.alive).any(-1)
    return _with_nothing(free)


def may_style(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 3]: every style; whom it reaches is up to the target."""
    del rules, sights, state
    return jnp.ones((config.capacity, NUM_STYLES), bool)


def may_attack(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 3, K]: by style, who is in reach, and no player too young to be hit by players."""
    del sights
    there, them = others(state)
    players = state.players
    off = jnp.maximum(
        jnp.abs(them.row - players.row[:, None]), jnp.abs(them.col - players.col[:, None])
    )
    # ages count up before actions run
    young = (them.kind == Kind.PLAYER) & (them.time_alive + 1 < rules.immunity)
    exposed = there & ~young & (them.kind != Kind.IMMORTAL) & acts(state)[:, None]
    legal = exposed[:, None] & (off[:, None] <= rules.reach[None, :, None])
    return legal | (jnp.arange(legal.shape[-1]) == 0)


def may_use(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, K + 1]: what one is good enough for and does not offer."""
    del sights
    own = goods(config, state, "inventory")
    levels = state.players.level
    levels = jnp.concatenate([levels, levels.max(1, keepdims=True)], 1)
    needed = jnp.take_along_axis(levels, jnp.asarray(NEEDS)[own.items.type], 1)
    legal = own.there & (own.items.price == 0) & (own.items.level <= needed)
    if not config.has("equipment"):
        legal &= own.items.type >= Item.RATION
    return _with_nothing(legal & deals(rules, state)[:, None])


def may_destroy(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, K + 1]: what one does not wear."""
    del sights
    own = goods(config, state, "inventory")
    return _with_nothing(own.there & ~own.items.equipped & deals(rules, state)[:, None])


def may_hand_over(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, K + 1]: what one neither wears nor offers may be given, and offered."""
    del sights
    own = goods(config, state, "inventory")
    legal = own.there & ~own.items.equipped & (own.items.price == 0)
    return _with_nothing(legal & deals(rules, state)[:, None])


def may_receive(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, K]: other players in sight; whether they have room is not known."""
    del config, sights
    there, them = others(state)
    player = (them.kind == Kind.PLAYER) | (them.kind == Kind.IMMORTAL)
    legal = there & player & deals(rules, state)[:, None]
    return legal | (jnp.arange(legal.shape[-1]) == 0)


def may_spend(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 100]: as much gold as one has."""
    del config, sights
    most = jnp.where(deals(rules, state), state.players.gold, 0)
    return jnp.arange(PRICES)[None] <= most[:, None]


def may_ask(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 100]: every price; 0 offers nothing."""
    del rules, sights, state
    return jnp.ones((config.capacity, PRICES), bool)


def may_buy(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, K + 1]: what others offer, one can pay for, and has room for or a stack of."""
    del sights
    items, own = state.tables["items"], goods(config, state, "inventory")
    rows, _ = offered(config, items)
    there, rows = rows < config.items, jnp.minimum(rows, config.items - 1)
    seller, price = items.owner[rows], items.price[rows]
    who, players = jnp.arange(config.capacity)[:, None], state.players
    legal = there & (seller != who) & (price <= players.gold[:, None])
    # a kind of stack is a bit of a word for each type
    stackable = own.there & stacks(own.items.type)
    level = jnp.uint32(1) << jnp.clip(own.items.level, 0, 31).astype(jnp.uint32)
    fits = ~own.there.all(1, keepdims=True)
    for type in STACKS:
        mine = jnp.where(stackable & (own.items.type == type), level, 0)
        levels = jax.lax.reduce(mine, jnp.uint32(0), jax.lax.bitwise_or, (1,))
        held = (levels[:, None] >> jnp.clip(items.level[rows], 0, 31).astype(jnp.uint32)) & 1
        fits |= (held == 1) & (items.type[rows] == type)
    return _with_nothing(legal & fits & deals(rules, state)[:, None])


def may_say(config: Config, rules: Rules, state: Any, sights: Sights | None) -> jax.Array:
    """bool[P, 128]: every message, unless frozen; recons talk all the same."""
    del rules, sights
    able = acts(state)
    if config.recons:
        able |= are_recons(config, state.bodies) & state.players.alive
    return able[:, None] | (jnp.arange(TOKENS) == 0)[None]


def _fixed(name: str, size: int, legal: Any) -> ActionHead:
    return ActionHead(name, lambda _: Head(name, size=size), legal)


def _pointer(name: str, table: str, legal: Any) -> ActionHead:
    return ActionHead(name, lambda _: Head(name, table=table), legal)


MOVE = ActionHead("move", lambda _: Head("move", size=len(LEADS), leads=LEADS), may_move)
FIGHT = (
    _fixed("style", NUM_STYLES, may_style),
    ActionHead("target", lambda _: Head("target", table="agent", given="style"), may_attack),
)
HANDLE = (
    _pointer("use", "inventory", may_use),
    _pointer("destroy", "inventory", may_destroy),
    _pointer("give", "inventory", may_hand_over),
    _pointer("give_to", "agent", may_receive),
)
TRADE = (
    _fixed("gold", PRICES, may_spend),
    _pointer("gold_to", "agent", may_receive),
    _pointer("buy", "market", may_buy),
    _pointer("sell", "inventory", may_hand_over),
    _fixed("price", PRICES, may_ask),
)
SPEAK = (_fixed("message", TOKENS, may_say),)


def heads_of(config: Config) -> tuple[ActionHead, ...]:
    """The heads of a world, in the order in which they are decided: those of what is on."""
    chosen = (MOVE,)
    chosen += FIGHT if config.has("combat") else ()
    chosen += HANDLE if config.has("item") else ()
    chosen += TRADE if config.has("item", "exchange") else ()
    return chosen + (SPEAK if config.has("communication") else ())
