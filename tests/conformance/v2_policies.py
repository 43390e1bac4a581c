"""The policies whose statistics were recorded, on the original's own observations and masks."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import get_at
from jaxmmo.env.v2 import observing
from jaxmmo.env.v2.columns import ID, ITEM_ID
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import PASSABLE, Material
from jaxmmo.env.v2.decisions import NO_MOVE, Intent
from jaxmmo.env.v2.playing import intents
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, slot_of
from jaxmmo.records import Record

Policy = Callable[[Config, Rules, World, jax.Array], Intent]

STAY, SATED = 4, 60
FAR = 2**20


def noop(config: Config, rules: Rules, world: World, key: jax.Array) -> Intent:
    """No actions at all, which is less than to stay."""
    del rules, world, key
    nothing = intents(config, Record())
    return nothing.replace(move=jnp.full_like(nothing.move, NO_MOVE))


def random_legal(config: Config, rules: Rules, world: World, key: jax.Array) -> Intent:
    """All nine actions, each argument uniform among what its mask allows, nothing included."""
    seen = observing.observe(config, rules, world)
    masks = observing.masks(config, rules, world, seen)
    keys = dict(zip(sorted(masks), jax.random.split(key, len(masks)), strict=True))
    chosen = {name: uniform(keys[name], mask) for name, mask in masks.items()}
    ids = {
        "Target": seen.Entity[..., ID],
        "InventoryItem": seen.Inventory[..., ITEM_ID],
        "MarketItem": seen.Market[..., ITEM_ID],
    }

    def identity(name: str) -> jax.Array:
        """The id of what was chosen, 0 for nothing."""
        table = ids[name.split(".")[1]]
        return jax.vmap(lambda row, index: get_at(row, index, 0))(table, chosen[name])

    def body(name: str) -> jax.Array:
        return slot_of(config, world.bodies, identity(name))

    def item(name: str, where: jax.Array | bool = True) -> jax.Array:
        found = identity(name)
        return jnp.where((found > 0) & where, found, config.items)

    given, receiver = item("Give.InventoryItem"), body("Give.Target")
    both = (given < config.items) & (receiver < config.bodies)
    payee = body("GiveGold.Target")
    return noop(config, rules, world, key).replace(
        move=chosen["Move.Direction"],
        style=chosen["Attack.Style"],
        target=body("Attack.Target"),
        use=item("Use.InventoryItem"),
        destroy=item("Destroy.InventoryItem"),
        give=jnp.where(both, given, config.items),
        give_to=jnp.where(both, receiver, config.bodies),
        gold=jnp.where(payee < config.bodies, chosen["GiveGold.Price"] + 1, 0),
        gold_to=payee,
        buy=item("Buy.MarketItem"),
        sell=item("Sell.InventoryItem"),
        price=chosen["Sell.Price"] + 1,
        message=chosen["Comm.Token"] + 1,
    )


def forager(config: Config, rules: Rules, world: World, key: jax.Array) -> Intent:
    """Walks at random until hungry or thirsty, then to the nearest foliage or water in sight."""
    seen = observing.observe(config, rules, world)
    side, sight = 2 * config.vision + 1, config.vision
    material = seen.Tile[..., 2].reshape(-1, side, side)
    passable = jnp.asarray(PASSABLE)[material]
    moves = [(sight + r, sight + c) for r, c in ((-1, 0), (1, 0), (0, 1), (0, -1))]
    free = jnp.stack([passable[:, r, c] for r, c in moves], 1)
    wandering = jnp.where(free.any(1), uniform(key, free), STAY)

    food, water = (getattr(world.bodies, name)[: config.capacity] for name in ("food", "water"))
    wet = beside(material == Material.WATER)
    goal = jnp.where((food <= water)[:, None, None], material == Material.FOLIAGE, wet)
    away = distances(passable, goal & passable)
    here = away[:, sight, sight]
    # of all the nearest tiles, a search by breadth finds the one whose path comes first
    nearer = jnp.stack([away[:, r, c] for r, c in moves], 1) < here[:, None]
    step = jnp.where(here == 0, STAY, jnp.argmax(nearer, 1))
    sated = (jnp.minimum(food, water) >= SATED) | (here >= FAR)
    move = jnp.where(sated, wandering, step).astype(jnp.int32)
    return noop(config, rules, world, key).replace(move=move)


def uniform(key: jax.Array, mask: jax.Array) -> jax.Array:
    """i32[P]: a column that is set, all of them equally likely, for each row of bool[P, K]."""
    return jnp.argmax(jnp.where(mask, jax.random.uniform(key, mask.shape), -1), 1).astype(jnp.int32)


def beside(mask: jax.Array) -> jax.Array:
    """bool[P, S, S]: tiles one of whose four neighbours is set."""
    wide = jnp.pad(mask, ((0, 0), (1, 1), (1, 1)))
    return wide[:, :-2, 1:-1] | wide[:, 2:, 1:-1] | wide[:, 1:-1, :-2] | wide[:, 1:-1, 2:]


def distances(passable: jax.Array, goal: jax.Array) -> jax.Array:
    """i32[P, S, S]: steps over passable tiles to the nearest goal; FAR and more for none."""

    def spread(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        away, _ = carry
        wide = jnp.pad(away, ((0, 0), (1, 1), (1, 1)), constant_values=FAR)
        rows = jnp.minimum(wide[:, :-2, 1:-1], wide[:, 2:, 1:-1])
        cols = jnp.minimum(wide[:, 1:-1, :-2], wide[:, 1:-1, 2:])
        nearer = jnp.minimum(away, jnp.minimum(rows, cols) + 1)
        nearer = jnp.where(passable, nearer, FAR)
        return nearer, (nearer != away).any()

    start = jnp.where(goal, 0, FAR)
    return jax.lax.while_loop(lambda carry: carry[1], spread, (start, jnp.bool_(True)))[0]


POLICIES: dict[str, Policy] = {"noop": noop, "random_legal": random_legal, "forager": forager}
