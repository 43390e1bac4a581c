"""The original's own observations and masks (section 12), for whoever has a policy of 2.1."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import get_at
from jaxmmo.env.v2.columns import (
    AGE,
    COL,
    EQUIPPED,
    GOLD,
    ID,
    ITEM_ID,
    KIND,
    LATEST,
    LEVEL,
    OWNER,
    PRICE,
    ROW,
    TYPE,
    body_table,
    item_table,
)
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import DELTAS, NEEDS, NUM_SKILLS, PASSABLE
from jaxmmo.env.v2.inventory import stacks
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.records import Record

BODIES, MARKET, MEMBERS, PRICES, TOKENS = 100, 384, 32, 99, 127
"""Rows of the observed tables, and choices of prices and words."""


def observe(config: Config, rules: Rules, world: World) -> Record:
    """What every player sees, zeros for those who are dead.

    Returns:
      i32 arrays by the original's names: Tile [P, 225, 3], Entity [P, 100, 31], Inventory
      [P, 12, 16], Market [P, 384, 16], Communication [P, 32, 4], CurrentTick [P]; and `rows`, the
      slots behind the rows of Entity i32[P, 100] and the items behind Inventory and Market.
    """
    players = jnp.arange(config.capacity)
    alive = world.bodies.alive[: config.capacity]
    items = item_table(rules, world)
    seen = _seen(config, world)
    mine = _first(world.items.alive & (world.items.owner == players[:, None]), config.inventory)
    listed = _first((world.items.alive & (world.items.price > 0))[None], MARKET)[0]
    market = _rows(items, listed)
    shown = {
        "Tile": _window(config, world),
        "Entity": _rows(body_table(world), seen),
        "Inventory": _rows(items, mine),
        "Market": jnp.broadcast_to(market, (config.capacity, *market.shape)),
        "Communication": _messages(config, world),
        "CurrentTick": jnp.full(config.capacity, world.tick),
    }

    def of_living(table: jax.Array) -> jax.Array:
        return jnp.where(alive.reshape(-1, *(1,) * (table.ndim - 1)), table, 0)

    return Record({name: of_living(table) for name, table in shown.items()})


def _first(mask: jax.Array, size: int) -> jax.Array:
    """i32[P, size]: the first columns that are set in each row of a mask [P, N], N for none."""
    length = mask.shape[1]
    place = jnp.where(mask, jnp.cumsum(mask, 1) - 1, size)
    rows = jnp.arange(mask.shape[0])[:, None]
    found = jnp.full((mask.shape[0], size), length, jnp.int32)
    return found.at[rows, place].set(jnp.arange(length, dtype=jnp.int32)[None], mode="drop")


def _rows(table: jax.Array, rows: jax.Array) -> jax.Array:
    """The rows of a table, zeros beyond its end."""
    return get_at(table, rows, 0)


def _seen(config: Config, world: World) -> jax.Array:
    """i32[P, 100]: slots of the bodies in sight, in the order of their places."""
    bodies, sight = world.bodies, config.vision
    order = jnp.argsort(jnp.where(bodies.alive, bodies.place, 2**30)).astype(jnp.int32)
    rows = jnp.abs(bodies.row[order][None] - bodies.row[: config.capacity, None])
    cols = jnp.abs(bodies.col[order][None] - bodies.col[: config.capacity, None])
    near = bodies.alive[order][None] & (rows <= sight) & (cols <= sight)
    return get_at(order, _first(near, BODIES), config.bodies)


def _window(config: Config, world: World) -> jax.Array:
    """i32[P, 225, 3]: row, column and material of the tiles around each player."""
    offset = jnp.arange(-config.vision, config.vision + 1)
    bodies = world.bodies
    rows = bodies.row[: config.capacity, None, None] + offset[:, None]
    cols = bodies.col[: config.capacity, None, None] + offset[None]
    rows, cols = jnp.broadcast_arrays(rows, cols)
    tiles = jnp.stack([rows, cols, world.look()[rows, cols].astype(jnp.int32)], -1)
    return tiles.reshape(config.capacity, -1, 3)


def _messages(config: Config, world: World) -> jax.Array:
    """i32[P, 32, 4]: id, place and message of the living members of each player's team.

    They stand in the order in which Python keeps a set of their ids.
    """
    bodies = world.bodies
    mine = bodies.team[: config.capacity]
    index = jnp.arange(config.capacity)
    same = (mine[:, None] == mine[None]) & (mine[:, None] > 0)
    same |= index[:, None] == index[None]
    count = same.sum(1)
    slots = jnp.where(count <= 4, 8, jnp.where(count <= 18, 32, 128))
    identity = bodies.id[: config.capacity]
    rank = (identity[None] % slots[:, None]) * 2**15 + identity[None]
    rank = jnp.where(same & bodies.alive[None, : config.capacity], rank, 2**30)
    width = min(MEMBERS, config.capacity)
    order = jnp.argsort(rank, 1)[:, :width]
    there = jnp.take_along_axis(rank, order, 1) < 2**30
    table = jnp.stack([bodies.id, bodies.row, bodies.col, bodies.message], 1)
    rows = jnp.where(there[..., None], table[order], 0)
    return jnp.pad(rows, ((0, 0), (0, MEMBERS - width), (0, 0)))


def masks(config: Config, rules: Rules, world: World, seen: Record) -> Record:
    """bool[P, ...] by the original's names: what is legal, from what is observed.

    Args:
      seen: of `observe`.
    """
    bodies = world.bodies
    own = body_table(world)[: config.capacity]
    latest = own[:, LATEST]
    peace = (latest == 0) | (world.tick - latest >= rules.combat_status)
    around = jnp.asarray(DELTAS[:4], jnp.int32)
    rows = bodies.row[: config.capacity, None] + around[:, 0]
    cols = bodies.col[: config.capacity, None] + around[:, 1]
    move = jnp.asarray(PASSABLE)[world.material[rows, cols]]
    given = {
        "Move.Direction": jnp.pad(move, ((0, 0), (0, 1)), constant_values=True),
        "Attack.Style": jnp.ones((config.capacity, 3), bool),
        "Attack.Target": _targets(rules, own, seen.Entity),
        **_of_inventory(rules, own, seen.Inventory, peace),
        **_of_gifts(own, seen, peace),
        "Buy.MarketItem": _offers(own, seen, peace),
        "Sell.Price": jnp.ones((config.capacity, PRICES), bool),
        "Comm.Token": jnp.ones((config.capacity, TOKENS), bool),
    }
    return Record(given)


def _with_nothing(mask: jax.Array) -> jax.Array:
    """A mask with the choice of nothing, which is legal, after its last entry."""
    return jnp.pad(mask, ((0, 0), (0, 1)), constant_values=True)


def _targets(rules: Rules, own: jax.Array, entity: jax.Array) -> jax.Array:
    """bool[P, 101]: whom to attack; nothing is legal only if nobody is."""
    rows = jnp.abs(entity[..., ROW] - own[:, None, ROW])
    cols = jnp.abs(entity[..., COL] - own[:, None, COL])
    near = (rows <= rules.reach.max()) & (cols <= rules.reach.max())
    kind, identity = entity[..., KIND], entity[..., ID]
    young = (kind == 0) & (entity[..., AGE] < rules.immunity)
    legal = (identity != 0) & near & (identity != own[:, None, ID]) & ~young & (kind >= 0)
    return jnp.concatenate([legal, ~legal.any(1, keepdims=True)], 1)


def _of_inventory(
    rules: Rules, own: jax.Array, inventory: jax.Array, peace: jax.Array
) -> dict[str, jax.Array]:
    """Use, Destroy, Give and Sell: which of one's items."""
    del rules
    levels = own[:, -2 * NUM_SKILLS :: 2]
    levels = jnp.concatenate([levels, levels.max(1, keepdims=True)], 1)
    needed = jnp.take_along_axis(levels, jnp.asarray(NEEDS)[inventory[..., TYPE]], 1)
    there = (inventory[..., ITEM_ID] != 0) & peace[:, None]
    listed, equipped = inventory[..., PRICE] > 0, inventory[..., EQUIPPED] > 0
    free = _with_nothing(there & ~equipped & ~listed)
    return {
        "Use.InventoryItem": _with_nothing(there & ~listed & (inventory[..., LEVEL] <= needed)),
        "Destroy.InventoryItem": _with_nothing(there & ~equipped),
        "Give.InventoryItem": free,
        "Sell.InventoryItem": free,
    }


def _of_gifts(own: jax.Array, seen: Record, peace: jax.Array) -> dict[str, jax.Array]:
    """Give and GiveGold: to whom, and how much."""
    identity = seen.Entity[..., ID]
    others = (identity > 0) & (identity != own[:, None, ID])
    has_items = (seen.Inventory[..., ITEM_ID] != 0).any(1)
    gold = own[:, GOLD]
    rich = peace & (gold > 2)
    price = jnp.arange(PRICES)[None] < jnp.where(rich, gold, PRICES)[:, None]
    return {
        "Give.Target": _with_nothing(others & (peace & has_items)[:, None]),
        "GiveGold.Target": _with_nothing(others & rich[:, None]),
        "GiveGold.Price": price,
    }


def _offers(own: jax.Array, seen: Record, peace: jax.Array) -> jax.Array:
    """bool[P, 385]: what one can pay for and has room for."""
    market, mine = seen.Market, seen.Inventory
    there = (market[..., ITEM_ID] != 0) & (market[..., OWNER] != own[:, None, ID])
    there &= market[..., PRICE] <= own[:, None, GOLD]
    full = (mine[..., ITEM_ID] != 0).all(1)
    same = (market[:, :, None, TYPE] == mine[:, None, :, TYPE]) & (
        market[:, :, None, LEVEL] == mine[:, None, :, LEVEL]
    )
    merges = (same & stacks(mine[..., TYPE])[:, None]).any(2)
    return _with_nothing(there & (~full[:, None] | merges) & peace[:, None])
