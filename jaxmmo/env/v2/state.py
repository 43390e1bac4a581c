"""State of the second game: bodies, items, the map, and queues of whatever waits its turn.

A reference to nobody is the number of slots of the table that it points into. What is left in the
slot of a dead player is where it died: NPCs still walk there.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env import tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import get_at, least, set_at
from jaxmmo.env.state.bodies import relative, seen_population
from jaxmmo.env.state.table import Observed, Table, column
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import MATERIALS, NUM_SKILLS, PASSABLE, Item, Kind, Skill
from jaxmmo.env.v2.musters import Muster
from jaxmmo.env.v2.rows import Rows
from jaxmmo.spec import Attribute
from jaxmmo.spec import Kind as Seen

SMALL = 512
"""So many are compared each with each: that costs less than sorting them."""


def _number(name: str, high: int, divisor: float = 100.0) -> Attribute:
    return Attribute(name, Seen.CONTINUOUS, 0, high, divisor)


def _levels(config: EnvConfig) -> list[Observed]:
    """The level of each skill."""
    del config

    def of(skill: int):
        return lambda level: level[:, skill]

    return [Observed(_number(f"level_{s.name.lower()}", 15, 10.0), of(s)) for s in Skill]


def _whether(name: str) -> list[Observed]:
    """A truth value as others observe it."""
    return [Observed(Attribute(name, Seen.DISCRETE, 0, 1), lambda x: x.astype(jnp.int32))]


class Bodies(Table):
    """Players, in the slots of their ids less one, and NPCs in any of the slots after those."""

    population: jax.Array = column(
        seen=seen_population, at_death=True
    )  # of a player; see `EnvConfig`
    place: jax.Array = column()  # i32[B]; order in which bodies are observed: the original's row
    turn: jax.Array = column()  # i32[B]; order in which bodies are updated
    # i32[B]; see `Kind`
    kind: jax.Array = column(seen=Attribute("kind", Seen.DISCRETE, min(Kind), max(Kind)))
    row: jax.Array = column(seen=relative("row"))
    col: jax.Array = column(seen=relative("col"))
    damage: jax.Array = column(seen=_number("damage", 255))  # of the last blow of the latest tick
    time_alive: jax.Array = column(seen=_number("time_alive", 65535))  # ticks
    freeze: jax.Array = column(seen=_number("freeze", 31, 10.0))  # ticks in which it cannot act
    item_level: jax.Array = column(seen=_number("item_level", 127, 50.0))
    attacker: jax.Array = column()  # i32[B]; id of the latest attacker, 0 for none
    latest_combat: jax.Array = column()  # tick after the latest fight, 0 for none
    message: jax.Array = column(seen=Attribute("message", Seen.DISCRETE, 0, 127))  # 0 for none
    gold: jax.Array = column(seen=_number("gold", 1023))
    health: jax.Array = column(seen=_number("health", 127))
    food: jax.Array = column(seen=_number("food", 127))
    water: jax.Array = column(seen=_number("water", 127))
    level: jax.Array = column(shape=(NUM_SKILLS,), seen=_levels, at_death=True)
    experience: jax.Array = column(shape=(NUM_SKILLS,))
    progress: jax.Array = column()  # tiles towards the centre, the most so far
    damage_received: jax.Array = column()  # over its life
    damage_inflicted: jax.Array = column()  # over its life
    kills: jax.Array = column()
    target: jax.Array = column()  # i32[B]; id of an NPC's target, 0 for none
    resilient: jax.Array = column(jnp.bool_)
    immortal_until: jax.Array = column()  # tick in which a player becomes mortal again
    team: jax.Array = column()  # 0 for none
    spawn_row: jax.Array = column()
    spawn_col: jax.Array = column()
    style: jax.Array = column()  # of an NPC
    offence: jax.Array = column()  # of an NPC
    defence: jax.Array = column()  # of an NPC
    gear: jax.Array = column()  # item level of an NPC, from its first update on
    rank: jax.Array = column()  # level of an NPC, and of what it leaves
    danger: jax.Array = column()  # distance of an NPC's birthplace from the edge, tiles
    armour: jax.Array = column()  # item that an NPC leaves, 0 for none
    tool: jax.Array = column()  # likewise


class Items(Table):
    """Items; an item's slot is its id, and the order in which owners and the market show them."""

    type: jax.Array = column(seen=Attribute("type", Seen.DISCRETE, 0, max(Item)))
    level: jax.Array = column(seen=_number("level", 15, 10.0))
    quantity: jax.Array = column(seen=_number("quantity", 127, 10.0))
    owner: jax.Array = column(newborn=-1, refers="bodies")  # i32[I]; B for none
    equipped: jax.Array = column(jnp.bool_, seen=_whether("equipped"))
    price: jax.Array = column(seen=_number("price", 127))  # 0 for what is not offered
    listed: jax.Array = column()  # tick in which it was offered
    received: jax.Array = column()  # order in which its owner got it
    made: jax.Array = column()  # tick in which it was made


class Log(struct.PyTreeNode):
    """What happened in a tick: columns are `log.COLUMNS`."""

    rows: jax.Array  # i32[E, 7]
    count: jax.Array  # i32[]; may exceed E: the rest was not written


class Draft(struct.PyTreeNode):
    """A log while many act at once: what may have happened, written down when the tick is over."""

    # bool[N] and seven columns i32[N], N of any size
    entries: tuple[tuple[jax.Array, tuple[jax.Array, ...]], ...] = ()


class Seizures(struct.PyTreeNode):
    """Who was the last to stand alone on a tile that tasks are about."""

    row: jax.Array  # i32[Z]
    col: jax.Array  # i32[Z]
    holder: jax.Array  # i32[Z]; slot of a player, B for nobody
    since: jax.Array  # i32[Z]; tick


_PASSABLE = sum(int(passable) << material for material, passable in enumerate(PASSABLE))


class World(struct.PyTreeNode):
    """One world between two ticks."""

    tick: jax.Array  # i32[]; ticks completed
    material: jax.Array  # u8[S, S]; of every tile as it was made
    ripe_at: jax.Array  # i32[S, S]; tick from which a harvested tile is ripe again
    fog: jax.Array  # f16[S, S]; how far a tile is inside the fog, tiles
    bodies: Bodies
    items: Items
    places: Rows  # of bodies
    item_rows: Rows
    received: jax.Array  # i32[]; items received so far
    next_npc: jax.Array  # i32[]; id of the next NPC, counting down
    queue: jax.Array  # i32[M]; dangers that wait for a new NPC, oldest first
    queued: jax.Array  # i32[]
    lost_items: jax.Array  # i32[]; items that found no row: the table is too small
    seizures: Seizures
    log: Log  # a `Draft` within a tick in which all act at once
    muster: Muster | None = None  # None where NPCs come by themselves

    @property
    def depleted(self) -> jax.Array:
        """bool[S, S]: tiles that are harvested and not ripe again."""
        return self.ripe_at > self.tick

    def look(self) -> jax.Array:
        """u8[S, S]: materials as they look."""
        return tiles.look(MATERIALS, self.material, self.depleted)

    def passable(self) -> jax.Array:
        """bool[S, S]: tiles that bodies can stand on; harvests change nothing."""
        return (jnp.uint32(_PASSABLE) >> self.material.astype(jnp.uint32)) & 1 == 1

    def harvest(self, where: tuple[jax.Array, jax.Array], delay: jax.Array) -> World:
        """The world with tiles harvested that are ripe again after so many ticks, or `NEVER`."""
        later = jnp.where(delay == NEVER, NEVER, self.tick + delay)
        return self.replace(ripe_at=set_at(self.ripe_at, where, later))


def is_player(bodies: Bodies) -> jax.Array:
    """bool[B]: players, dead or alive."""
    return (bodies.kind == Kind.PLAYER) | (bodies.kind == Kind.IMMORTAL)


def is_living(bodies: Bodies) -> jax.Array:
    """bool[B]: who has health left; the dead of a tick are in the table until it ends."""
    return bodies.alive & (bodies.health > 0)


def slot_of(config: Config, bodies: Bodies, identity: jax.Array) -> jax.Array:
    """i32[N]: the slots of ids; of players also after their death. B for nobody."""
    if config.npc_capacity > SMALL:
        return _slot_by_search(config, bodies, identity)
    npc = bodies.id[config.capacity :]
    found = (npc[:, None] == identity) & bodies.alive[config.capacity :, None]
    slots = jnp.arange(config.capacity, config.bodies, dtype=jnp.int32)
    slot = least(jnp.where(found, slots[:, None], config.bodies), config.bodies)
    return jnp.where(identity > 0, identity - 1, slot).astype(jnp.int32)


def _slot_by_search(config: Config, bodies: Bodies, identity: jax.Array) -> jax.Array:
    """As `slot_of`, without a pair of NPCs ever being compared."""
    npc = jnp.where(bodies.alive, bodies.id, NEVER)[config.capacity :]
    order = jnp.argsort(npc).astype(jnp.int32)
    place = jnp.searchsorted(npc[order], identity, method="sort")
    slot = config.capacity + get_at(order, place, config.npc_capacity)
    slot = jnp.where(get_at(npc[order], place, NEVER) == identity, slot, config.bodies)
    return jnp.where(identity > 0, identity - 1, slot).astype(jnp.int32)


def empty_fog(config: Config, safe: jax.Array) -> jax.Array:
    """f16[S, S]: the fog at reset: positive in the border, safe for ever around the centre."""
    index = jnp.arange(config.height)
    ring = jnp.minimum(index, config.height - 1 - index)
    value = config.border - jnp.minimum(ring[:, None], ring[None])
    return clear(config, safe, value.astype(jnp.float16))


def clear(config: Config, safe: jax.Array, fog: jax.Array) -> jax.Array:
    """f16[S, S]: fog that never reaches the square around the centre."""
    near = jnp.abs(jnp.arange(config.height) - config.height / 2) <= safe
    return jnp.where(near[:, None] & near[None], jnp.float16(-config.height), fog)
