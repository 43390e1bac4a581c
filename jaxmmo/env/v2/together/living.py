"""The update that begins a tick, of all players at once (section 4).

A ripe tile is harvested by the first, in the order of the tick, of all who could: whoever stands on
it, or fishes from beside it. Whoever fishes empties all fish around it, and catches something if it
comes first at one of them. Water is there for all.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import get_at, max_at, select
from jaxmmo.env.v2 import inventory, living, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import (
    AROUND,
    CROP,
    DROPS,
    FIRST_PROFESSION,
    TOOL,
    Event,
    Kind,
    Material,
)
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.growing import gain
from jaxmmo.env.v2.harvesting import HELD
from jaxmmo.env.v2.order import LAST
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, is_player
from jaxmmo.env.v2.together.goods import Found, Goods, make_each, worn_by
from jaxmmo.env.v2.worldwide import anywhere

CLAIM = 2**29
"""Above all ticks; claims lie between it and `NEVER`, which no ripe tile has."""


def update_players(
    config: Config, rules: Rules, world: World, rolls: Rolls, rank: jax.Array
) -> World:
    """Players age, suffer fog and hunger, harvest, drink and eat.

    Args:
      rolls: of the tick, of which players need `drop` and `ripening`.
      rank: i32[B], of `order.ranks`.
    """
    bodies = world.bodies
    players = bodies.alive & is_player(bodies)
    world = living.age(config, world, players)
    world, fogged = living.suffer_fog(rules, world, players)
    going = players & (world.bodies.health > 0)
    world = living.metabolise(config, rules, world, going)
    world = _lose_in_fog(world, fogged)
    world = _gather(config, rules, world, rolls, going[: config.capacity], rank[: config.capacity])
    bodies = world.bodies
    ends = going & (bodies.kind == Kind.IMMORTAL) & (world.tick >= bodies.immortal_until)
    kind = select(ends & config.respawn, int(Kind.PLAYER), bodies.kind)
    return world.replace(bodies=bodies.replace(kind=kind))


def _lose_in_fog(world: World, fogged: jax.Array) -> World:
    """What those have who died of fog, bool[B], is gone; that is nobody for most of the time."""

    def lose(goods: Goods) -> Goods:
        gone = goods.items.alive & get_at(fogged, goods.items.owner, False)
        return Goods.of(inventory.destroy_each(goods.into(world), gone))

    return jax.lax.cond(anywhere(fogged), lose, lambda goods: goods, Goods.of(world)).into(world)


def _gather(
    config: Config,
    rules: Rules,
    world: World,
    rolls: Rolls,
    going: jax.Array,
    rank: jax.Array,
) -> World:
    """Harvests, drinks and meals; `going` and `rank` are of players [P]."""
    players = jax.tree.map(lambda x: x[: config.capacity], world.bodies)
    around = jnp.concatenate([jnp.asarray(AROUND, jnp.int32), jnp.zeros((1, 2), jnp.int32)])
    rows, cols = players.row[:, None] + around[:, 0], players.col[:, None] + around[:, 1]
    material = world.material[rows, cols].astype(jnp.int32)  # [P, 5], its own tile is the last
    own = material[:, 4]
    profession = jnp.argmax(jnp.asarray(CROP) == own[:, None], 1).astype(jnp.int32)
    crops = (own != Material.FISH) & (jnp.asarray(CROP) == own[:, None]).any(1)
    mortal = players.kind != Kind.IMMORTAL
    hungry = mortal & (own == Material.FOLIAGE) & config.has("resource")
    wants = jnp.concatenate([material[:, :4] == Material.FISH, (crops | hungry)[:, None]], 1)
    wants &= going[:, None] & ~world.depleted[rows, cols]
    world, first = _first_at(world, rows, cols, rank, wants)
    world = world.harvest((jnp.where(first, rows, config.height), cols), rolls.ripening)
    catches, picks = first[:, :4].any(1), first[:, 4] & crops
    world = _receive(config, rules, world, rolls.drop, profession, catches, picks)
    who = jnp.arange(config.capacity, dtype=jnp.int32)
    fishing = jnp.zeros_like(profession)
    for skill, when in ((fishing, catches), (profession, picks)):
        amount = rules.experience[jnp.where(skill < 2, 2, 1)]
        world = gain(config, rules, world, who, skill + FIRST_PROFESSION, amount, when)
    if not config.has("resource"):
        return world
    drinks = going & mortal & (material[:, :4] == Material.WATER).any(1)
    eats = first[:, 4] & hungry
    lost = jnp.where(going & mortal, rules.depletion, 0)
    columns = {}
    for name, more in (("water", drinks), ("food", eats)):
        left = jnp.maximum(getattr(players, name) - lost, 0)
        left = jnp.where(more, jnp.minimum(left + rules.restore, rules.full), left)
        columns[name] = getattr(world.bodies, name).at[: config.capacity].set(left)
    world = world.replace(bodies=world.bodies.replace(**columns))
    world = log.record(world, drinks, who, Event.DRINK_WATER)
    return log.record(world, eats, who, Event.EAT_FOOD)


def _first_at(
    world: World, rows: jax.Array, cols: jax.Array, rank: jax.Array, wants: jax.Array
) -> tuple[World, jax.Array]:
    """Who comes first, in the order of the tick, at a ripe tile that several want, bool[P, 5].

    Claims are laid upon the ticks from which tiles are ripe, so that no other map is needed: they
    are in the world that is returned, until whoever comes first harvests the tile.
    """
    claim = jnp.broadcast_to((CLAIM + LAST - rank)[:, None], wants.shape)
    side = world.ripe_at.shape[0]
    board = max_at(world.ripe_at, (jnp.where(wants, rows, side), cols), claim)
    return world.replace(ripe_at=board), wants & (get_at(board, (rows, cols), 0) == claim)


def _receive(
    config: Config,
    rules: Rules,
    world: World,
    drop: jax.Array,
    profession: jax.Array,
    catches: jax.Array,
    picks: jax.Array,
) -> World:
    """What harvests yield: a ration, and what the own tile's profession gives."""
    if not config.has("item", "profession"):
        return world
    size, who = world.items.type.shape[0], jnp.arange(config.capacity, dtype=jnp.int32)
    tool = worn_by(config, world.items, HELD)[: config.capacity]
    held = jnp.minimum(tool, size - 1)
    type = jnp.where(tool < size, world.items.type[held], 0)
    better = jnp.minimum(1 + world.items.level[held], rules.level_max)
    fishing = jnp.zeros_like(profession)
    levels = [
        jnp.where(type == jnp.asarray(TOOL)[skill], better, 1) for skill in (fishing, profession)
    ]
    drops = jnp.asarray(DROPS, jnp.int32)[profession]
    luck = jnp.take_along_axis(drop[:, :, 1], profession[:, None], 1)[:, 0]
    lucky = picks & (drops[:, 1] > 0) & (luck < rules.weapon_chance)
    found = Found(
        body=who,
        type=jnp.stack([jnp.full_like(profession, int(DROPS[0, 0])), drops[:, 0], drops[:, 1]], 1),
        level=jnp.stack([levels[0], levels[1], levels[1]], 1),
        when=jnp.stack([catches, picks, lucky], 1),
    )
    return make_each(config, world, found, Event.HARVEST_ITEM)
