"""The value of every predicate for every task, before it is clipped to [0, 1] (section 14)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, get_at
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import PLACES, SLOT, TILES, Item
from jaxmmo.env.v2.inventory import is_armour
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import Predicate, Tasks
from jaxmmo.env.v2.worldwide import where_any


def evaluate(
    config: Config,
    world: World,
    tasks: Tasks,
    counted: jax.Array,
) -> jax.Array:
    """f32[P]: how far what each task asks for itself is fulfilled, of which 1 is wholly.

    Combinators are worth 0 here; see `combining`.

    Args:
      counted: i32[P], what the log added up to, see `rewards.count`.
    """
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    share = counted / number
    groups = _Groups(config, world, tasks)
    # who is reborn begins anew, and its time too
    ticks = world.bodies.time_alive[: config.capacity] if config.reborn else world.tick
    values = {
        **_if_asked(tasks, lambda: _of_lives(world, tasks, groups)),
        **_if_asked(tasks, lambda: _of_places(config, world, tasks, groups)),
        **_if_asked(tasks, lambda: _of_skills(world, tasks, groups)),
        **_if_asked(tasks, lambda: _of_items(config, world, tasks, groups)),
        **_if_asked(tasks, lambda: _of_seizures(config, world, tasks, groups)),
        Predicate.TICK_GE: ticks / number,
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


def _if_asked(
    tasks: Tasks, compute: Callable[[], dict[Predicate, jax.Array]]
) -> dict[Predicate, jax.Array]:
    """Values of predicates, or zeros where no task of any world asks for one of them."""
    asked = jnp.zeros(tasks.predicate.shape, bool)
    shapes = jax.eval_shape(compute)
    for predicate in shapes:
        asked |= tasks.predicate == int(predicate)
    return where_any(asked, compute, shapes)


class _Groups:
    """Who the tasks are about: all members at once, or each player alone.

    What is known of members is [P, G]: row by row of a task's group, which is all players with a
    mask; of one member where tasks are each player's own.
    """

    def __init__(self, config: Config, world: World, tasks: Tasks) -> None:
        self.players = config.capacity
        self.shared = config.group_tasks
        self.subject, self.target = tasks.subject, tasks.target
        self.alive = self.of(world.bodies.alive)
        self.living = self.subject & self.alive

    def of(self, column: jax.Array) -> jax.Array:
        """What a column of bodies says of each member, [P, G] or [1, G]."""
        mine = column[: self.players]
        return mine[None] if self.shared else mine[:, None]

    def at(self, table: jax.Array, *index: jax.Array) -> jax.Array:
        """Entries of a table [P, ...] of each member, by indices i32[P] of tasks: [P, G]."""
        if self.shared:
            return jnp.moveaxis(table, 0, -1)[index]
        return table[(jnp.arange(self.players), *index)][:, None]

    def owned(self, owner: jax.Array, *columns: jax.Array) -> tuple[jax.Array, ...]:
        """Columns i32[P] of tasks as items i32[I] meet them: those of their owner's task, [I].

        Of groups it is every task for every item, [P, 1]. The last is whether the owner is a living
        member, bool[I] or bool[P, I].
        """
        if self.shared:
            mine = jnp.pad(self.living, ((0, 0), (0, 1)))[:, owner]
            return (*(column[:, None] for column in columns), mine)
        mine = get_at(self.living[:, 0], owner, False)
        return (*(get_at(column, owner, 0) for column in columns), mine)

    def total(self, owner: jax.Array, amount: jax.Array) -> jax.Array:
        """i32[P]: the sum of amounts of items, [I] or [P, I] as `owned` gives them."""
        if self.shared:
            return amount.sum(1)
        return add_at(jnp.zeros(self.players, jnp.int32), owner, amount)

    def pieces(self, owner: jax.Array, mask: jax.Array) -> jax.Array:
        """i32[P, G]: how many items of a mask each member has, [I] or [P, I] as `owned`."""
        amount = mask.astype(jnp.int32)
        if not self.shared:
            return self.total(owner, amount)[:, None]
        none = jnp.zeros(self.players, jnp.int32)
        return jax.vmap(lambda mine: add_at(none, owner, mine))(amount)

    def sum(self, values: jax.Array) -> jax.Array:
        """[P]: of the living members."""
        return jnp.where(self.living, values, 0).sum(1)


def _of_lives(world: World, tasks: Tasks, groups: _Groups) -> dict[Predicate, jax.Array]:
    """Who lives and who does not."""
    named = jnp.maximum(groups.target.sum(1), 1).astype(jnp.float32)
    living = (groups.target & groups.alive).sum(1) / named
    protected = jnp.where((groups.target <= groups.alive).all(1), world.tick, 0)
    return {
        Predicate.STAY_ALIVE: (groups.subject <= groups.alive).all(1).astype(jnp.float32),
        Predicate.ALL_DEAD: 1 - living,
        Predicate.CHECK_AGENT_STATUS: jnp.where(tasks.first == 1, living, 1 - living),
        Predicate.PROTECT_LEADER: protected / jnp.maximum(tasks.number, 1).astype(jnp.float32),
    }


def _of_places(
    config: Config, world: World, tasks: Tasks, groups: _Groups
) -> dict[Predicate, jax.Array]:
    """Where members are and what they see."""
    bodies, living = world.bodies, groups.living
    row, col = bodies.row[: config.capacity], bodies.col[: config.capacity]
    seen = groups.of(_materials(config, world, row, col)) >> jnp.clip(tasks.first, 0, 31)[:, None]
    known = (tasks.first >= 0) & (tasks.first < TILES)
    here = groups.of(row) == tasks.first[:, None]
    here &= groups.of(col) == tasks.second[:, None]
    walked = jnp.maximum(
        jnp.abs(row - bodies.spawn_row[: config.capacity]),
        jnp.abs(col - bodies.spawn_col[: config.capacity]),
    )
    middle = config.height // 2
    off = jnp.maximum(jnp.abs(row - middle), jnp.abs(col - middle))
    nearest = jnp.where(living, groups.of(off), 2**20).min(1)
    span = config.height // 2 - config.border
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    return {
        Predicate.CAN_SEE_TILE: (known & (living & (seen & 1 == 1)).any(1)).astype(jnp.float32),
        Predicate.CAN_SEE_GROUP: _see(config, world, groups).astype(jnp.float32),
        Predicate.OCCUPY_TILE: (living & here).any(1).astype(jnp.float32),
        Predicate.DISTANCE_TRAVELED: groups.sum(groups.of(walked)) / number,
        Predicate.PROGRESS_TOWARD_CENTER: jnp.where(living.any(1), 1 - nearest / span, 0.0),
        Predicate.ALL_MEMBERS_WITHIN_RANGE: _within(config, row, col, groups, number),
    }


def _materials(config: Config, world: World, row: jax.Array, col: jax.Array) -> jax.Array:
    """i32[P]: the materials in sight of each player, a bit each."""
    sight, side = config.vision, 2 * config.vision + 1
    # made once for all windows: the compiler would look at every tile of each anew
    look = jax.lax.optimization_barrier(world.look())
    windows = jax.vmap(lambda r, c: jax.lax.dynamic_slice(look, (r, c), (side, side)))(
        row - sight, col - sight
    )
    bits = jnp.uint32(1) << windows.astype(jnp.uint32)
    return jax.lax.reduce(bits, jnp.uint32(0), jax.lax.bitwise_or, (1, 2)).astype(jnp.int32)


def _see(config: Config, world: World, groups: _Groups) -> jax.Array:
    """bool[P]: whether a living member sees somebody of the target."""
    if not groups.shared:
        return jnp.zeros(config.capacity, bool)
    row, col = world.bodies.row[: config.capacity], world.bodies.col[: config.capacity]
    far = jnp.maximum(jnp.abs(row[:, None] - row[None]), jnp.abs(col[:, None] - col[None]))
    sees = (far <= config.vision) & groups.alive
    # how many of the target each player sees: whole numbers below 2^15
    count = groups.target.astype(jnp.float32) @ sees.astype(jnp.float32).T
    return (groups.living & (count > 0)).any(1)


def _within(
    config: Config, row: jax.Array, col: jax.Array, groups: _Groups, number: jax.Array
) -> jax.Array:
    """f32[P]: 1 if a group is together, else how near to that it is."""
    living = groups.living

    def of(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        low = jnp.where(living, place, 2**20).min(1)
        high = jnp.where(living, place, -(2**20)).max(1)
        many = jnp.maximum(living.sum(1), 1)
        mean = groups.sum(place) / many
        square = groups.sum((place - mean[:, None]) ** 2) / many
        return high - low, jnp.sqrt(square)

    (rows, row_spread), (cols, col_spread) = of(groups.of(row)), of(groups.of(col))
    spread = jnp.maximum(rows, cols)
    near = (config.centre - spread) / (config.centre - number)
    parts = [near]
    parts += [number / jnp.maximum(3 * sd, number) for sd in (row_spread, col_spread)]
    return jnp.where(spread <= number, 1.0, sum(parts) / 3)


def _of_skills(world: World, tasks: Tasks, groups: _Groups) -> dict[Predicate, jax.Array]:
    """Levels, experience and gold of the living members."""
    bodies, players = world.bodies, groups.players
    skill = jnp.clip(tasks.first, 0, bodies.level.shape[1] - 1)
    level = groups.at(bodies.level[:players], skill)
    points = groups.at(bodies.experience[:players], skill)
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    wanted = jnp.maximum(tasks.second - 1, 1)
    steps = groups.sum(level - 1) / (number * wanted)
    return {
        Predicate.ATTAIN_SKILL: jnp.where(tasks.second <= 1, 1.0, steps),
        Predicate.GAIN_EXPERIENCE: groups.sum(points) / number,
        Predicate.HOARD_GOLD: groups.sum(groups.of(bodies.gold)) / number,
    }


def _of_items(
    config: Config, world: World, tasks: Tasks, groups: _Groups
) -> dict[Predicate, jax.Array]:
    """What the living members have and wear."""
    items, players = world.items, config.capacity
    number = jnp.maximum(tasks.number, 1).astype(jnp.float32)
    owner = jnp.where(items.alive, jnp.minimum(items.owner, players), players)
    held = add_at(jnp.zeros(players, jnp.int32), owner, 1)
    roomy = config.inventory - groups.of(held) >= tasks.number[:, None]
    first, least, mine = groups.owned(owner, tasks.first, tasks.second)
    mine &= items.level >= least
    right = mine & (items.type == first)
    suits = is_armour(items.type)
    suits |= (items.type == Item.SPEAR + first) | (items.type == Item.WHETSTONE + first)
    worn = mine & items.equipped & suits & (jnp.asarray(SLOT)[items.type] < len(PLACES))
    armed = groups.pieces(owner, worn) >= len(PLACES)
    armed = (groups.living & armed).sum(1)
    own = groups.total(owner, jnp.where(right, items.quantity, 0))
    wear = groups.total(owner, (right & items.equipped).astype(jnp.int32))
    return {
        Predicate.INVENTORY_SPACE_GE: jnp.where((groups.living <= roomy).all(1), 1.0, 0.0),
        Predicate.OWN_ITEM: own / number,
        Predicate.EQUIP_ITEM: wear / number,
        Predicate.FULLY_ARMED: armed / number,
    }


def _of_seizures(
    config: Config, world: World, tasks: Tasks, groups: _Groups
) -> dict[Predicate, jax.Array]:
    """How long a tile is held by members, or how near they are to it."""
    players, seizures = config.capacity, world.seizures
    ours = jnp.zeros(players, bool)
    since = jnp.zeros(players, jnp.int32)
    for tile in range(config.seizable):
        here = (seizures.row[tile] == tasks.first) & (seizures.col[tile] == tasks.second)
        holds = groups.of(jnp.arange(players)) == seizures.holder[tile]
        ours |= here & (groups.subject & holds).any(1)
        since = jnp.where(here, seizures.since[tile], since)
    held = (world.tick - since) / jnp.maximum(tasks.number, 1)
    row, col = groups.of(world.bodies.row), groups.of(world.bodies.col)
    off = jnp.maximum(jnp.abs(row - tasks.first[:, None]), jnp.abs(col - tasks.second[:, None]))
    off = jnp.where(groups.living, off, 2**20).min(1)
    near = jnp.maximum(1 - off / (config.centre // 2), 0)
    centre = jnp.where(ours, 0.6 + 0.4 * held, 0.3 * near)
    return {
        Predicate.SEIZE_TILE: jnp.where(ours, 0.7 + 0.3 * held, 0.4 * near),
        Predicate.SEIZE_CENTER: centre,
    }
