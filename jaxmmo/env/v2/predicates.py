"""The value of every predicate for every task, before it is clipped to [0, 1] (section 14)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import SLOT, TILES, Item
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import Predicate, Tasks


def evaluate(
    config: Config,
    world: World,
    tasks: Tasks,
    counted: jax.Array,
) -> jax.Array:
    """f32[P]: how far each player's task is fulfilled, of which 1 is wholly.

    Args:
      counted: i32[P], what the log added up to, see `tasks.count`.
    """
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    share = counted / number
    values = {
        **_of_lives(config, world, tasks),
        **_of_places(config, world, tasks),
        **_of_skills(world, tasks),
        **_of_items(config, world, tasks),
        **_of_seizures(config, world, tasks),
        Predicate.TICK_GE: world.tick / number,
        Predicate.SUCCESS: jnp.ones_like(share),
    }
    counts = (Predicate.COUNT_EVENT, Predicate.SCORE_HIT, Predicate.DEFEAT_ENTITY)
    money = (Predicate.EARN_GOLD, Predicate.SPEND_GOLD, Predicate.MAKE_PROFIT)
    traded = range(Predicate.CONSUME_ITEM, Predicate.BUY_ITEM + 1)
    values |= {Predicate(p): share for p in (*counts, *money, *traded)}
    result = jnp.zeros_like(share)
    for predicate, value in values.items():
        result = jnp.where(tasks.predicate == predicate, value, result)
    return result


def _living(config: Config, world: World, tasks: Tasks) -> jax.Array:
    """bool[P, P]: the living members of each task's subject."""
    return tasks.subject & world.bodies.alive[None, : config.capacity]


def _of_lives(config: Config, world: World, tasks: Tasks) -> dict[Predicate, jax.Array]:
    """Who lives and who does not."""
    alive = world.bodies.alive[: config.capacity]
    named = jnp.maximum(tasks.target.sum(1), 1).astype(jnp.float32)
    living = (tasks.target & alive[None]).sum(1) / named
    protected = jnp.where((tasks.target <= alive[None]).all(1), world.tick, 0)
    return {
        Predicate.STAY_ALIVE: (tasks.subject <= alive[None]).all(1).astype(jnp.float32),
        Predicate.ALL_DEAD: 1 - living,
        Predicate.CHECK_AGENT_STATUS: jnp.where(tasks.first == 1, living, 1 - living),
        Predicate.PROTECT_LEADER: protected / jnp.maximum(tasks.number, 1).astype(jnp.float32),
    }


def _of_places(config: Config, world: World, tasks: Tasks) -> dict[Predicate, jax.Array]:
    """Where members are and what they see."""
    bodies, sight = world.bodies, config.vision
    row, col = bodies.row[: config.capacity], bodies.col[: config.capacity]
    living = _living(config, world, tasks)
    offset = jnp.arange(-sight, sight + 1)
    window = world.look()[row[:, None, None] + offset[:, None], col[:, None, None] + offset]
    material = (window.reshape(config.capacity, -1)[..., None] == jnp.arange(TILES)).any(1)
    far = jnp.maximum(jnp.abs(row[:, None] - row[None]), jnp.abs(col[:, None] - col[None]))
    sees = (far <= sight) & bodies.alive[None, : config.capacity]
    sees_target = (living[:, :, None] & sees[None] & tasks.target[:, None]).any((1, 2))
    here = (row[None] == tasks.first[:, None]) & (col[None] == tasks.second[:, None])
    walked = jnp.maximum(
        jnp.abs(row - bodies.spawn_row[: config.capacity]),
        jnp.abs(col - bodies.spawn_col[: config.capacity]),
    )
    middle = config.height // 2
    off = jnp.maximum(jnp.abs(row - middle), jnp.abs(col - middle))
    nearest = jnp.where(living, off[None], 2**20).min(1)
    span = config.height // 2 - config.border
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    tile = tasks.first[:, None] == jnp.arange(TILES)
    return {
        Predicate.CAN_SEE_TILE: (living[..., None] & material[None] & tile[:, None])
        .any((1, 2))
        .astype(jnp.float32),
        Predicate.CAN_SEE_GROUP: sees_target.astype(jnp.float32),
        Predicate.OCCUPY_TILE: (living & here).any(1).astype(jnp.float32),
        Predicate.DISTANCE_TRAVELED: jnp.where(living, walked[None], 0).sum(1) / number,
        Predicate.PROGRESS_TOWARD_CENTER: jnp.where(living.any(1), 1 - nearest / span, 0.0),
        Predicate.ALL_MEMBERS_WITHIN_RANGE: _within(config, row, col, living, number),
    }


def _within(
    config: Config, row: jax.Array, col: jax.Array, living: jax.Array, number: jax.Array
) -> jax.Array:
    """f32[P]: 1 if a group is together, else how near to that it is."""

    def of(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        low = jnp.where(living, place[None], 2**20).min(1)
        high = jnp.where(living, place[None], -(2**20)).max(1)
        many = jnp.maximum(living.sum(1), 1)
        mean = jnp.where(living, place[None], 0).sum(1) / many
        square = jnp.where(living, (place[None] - mean[:, None]) ** 2, 0).sum(1) / many
        return high - low, jnp.sqrt(square)

    (rows, row_spread), (cols, col_spread) = of(row), of(col)
    spread = jnp.maximum(rows, cols)
    near = (config.centre - spread) / (config.centre - number)
    parts = [near]
    parts += [number / jnp.maximum(3 * sd, number) for sd in (row_spread, col_spread)]
    return jnp.where(spread <= number, 1.0, sum(parts) / 3)


def _of_skills(world: World, tasks: Tasks) -> dict[Predicate, jax.Array]:
    """Levels, experience and gold of the living members."""
    bodies, players = world.bodies, tasks.predicate.shape[0]
    living = tasks.subject & bodies.alive[None, :players]
    skill = jnp.clip(tasks.first, 0, bodies.level.shape[1] - 1)
    level = bodies.level[:players].T[skill]
    points = bodies.experience[:players].T[skill]
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    steps = jnp.where(living, level - 1, 0).sum(1)
    wanted = jnp.maximum(tasks.second - 1, 1)
    gold = jnp.where(living, bodies.gold[None, :players], 0).sum(1)
    return {
        Predicate.ATTAIN_SKILL: jnp.where(tasks.second <= 1, 1.0, steps / (number * wanted)),
        Predicate.GAIN_EXPERIENCE: jnp.where(living, points, 0).sum(1) / number,
        Predicate.HOARD_GOLD: gold / number,
    }


def _of_items(config: Config, world: World, tasks: Tasks) -> dict[Predicate, jax.Array]:
    """What the living members have and wear."""
    items, players = world.items, config.capacity
    owner = jnp.where(items.alive, jnp.minimum(items.owner, players), players)
    living = jnp.pad(_living(config, world, tasks), ((0, 0), (0, 1)))
    mine = living[:, owner]
    held = jnp.zeros(players + 1, jnp.int32).at[owner].add(1)[:players]
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    roomy = (config.inventory - held)[None] >= tasks.number[:, None]
    level = items.level[None] >= tasks.second[:, None]
    right = mine & level & (items.type[None] == tasks.first[:, None])
    style = tasks.first
    kit = jnp.stack([Item.SPEAR + style, Item.WHETSTONE + style], 1)
    suits = (items.type[None] >= Item.HAT) & (items.type[None] <= Item.BOTTOM)
    suits |= (items.type[None, None] == kit[..., None]).any(1)
    worn = mine & level & items.equipped[None] & suits
    place = jnp.asarray(SLOT)[items.type]
    pieces = jnp.zeros((players, players + 1), jnp.int32)
    pieces = pieces.at[:, owner].add(jnp.where(worn & (place[None] < 9), 1, 0))
    armed = (pieces[:, :players] >= 5).sum(1)
    return {
        Predicate.INVENTORY_SPACE_GE: jnp.where(
            (_living(config, world, tasks) <= roomy).all(1), 1.0, 0.0
        ),
        Predicate.OWN_ITEM: jnp.where(right, items.quantity[None], 0).sum(1) / number,
        Predicate.EQUIP_ITEM: (right & items.equipped[None]).sum(1) / number,
        Predicate.FULLY_ARMED: armed / number,
    }


def _of_seizures(config: Config, world: World, tasks: Tasks) -> dict[Predicate, jax.Array]:
    """How long a tile is held by members, or how near they are to it."""
    players, seizures = config.capacity, world.seizures
    ours = jnp.zeros(players, bool)
    since = jnp.zeros(players, jnp.int32)
    for tile in range(config.seizable):
        here = (seizures.row[tile] == tasks.first) & (seizures.col[tile] == tasks.second)
        holder = seizures.holder[tile]
        ours |= here & jnp.pad(tasks.subject, ((0, 0), (0, 1)))[:, jnp.minimum(holder, players)]
        since = jnp.where(here, seizures.since[tile], since)
    held = (world.tick - since) / jnp.maximum(tasks.number, 1)
    row, col = world.bodies.row[:players], world.bodies.col[:players]
    off = jnp.maximum(
        jnp.abs(row[None] - tasks.first[:, None]), jnp.abs(col[None] - tasks.second[:, None])
    )
    off = jnp.where(_living(config, world, tasks), off, 2**20).min(1)
    near = jnp.maximum(1 - off / (config.centre // 2), 0)
    centre = jnp.where(ours, 0.6 + 0.4 * held, 0.3 * near)
    return {
        Predicate.SEIZE_TILE: jnp.where(ours, 0.7 + 0.3 * held, 0.4 * near),
        Predicate.SEIZE_CENTER: centre,
    }
