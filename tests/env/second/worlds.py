"""Hand-built worlds of the second game."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.table import empty
from jaxmmo.env.v2 import log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Material
from jaxmmo.env.v2.decisions import NO_MOVE, Intent, MusterRolls, Rolls
from jaxmmo.env.v2.musters import Muster
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.state import Bodies, Items, Seizures, World, empty_fog


def small(**changes) -> Config:
    """Four players and two NPCs on a map of the smallest preset's size."""
    sizes: dict[str, Any] = {
        "height": 64,
        "width": 64,
        "border": 16,
        "capacity": 4,
        "npc_capacity": 2,
        "max_visible": 6,
        "initial_population": 4,
        "items": 100,
        "events": 64,
    }
    return Config(**(sizes | changes))


def world_with(config: Config, players=(), npcs=(), items=(), material=None) -> World:
    """A world of grass with these in it.

    Args:
      config: sizes.
      players: dicts of columns of `Bodies`, for players 1, 2, ...
      npcs: likewise.
      items: dicts of columns of `Items`, in rows 1, 2, ...
      material: u8[S, S].
    """
    tiles = np.full((config.height, config.height), Material.GRASS, np.uint8)

    def nowhere(_: str) -> int:
        return config.bodies

    bodies = empty(Bodies, config, config.bodies, nowhere)
    columns = {k: np.array(v) for k, v in vars(bodies).items()}
    columns["id"][: config.capacity] = np.arange(1, config.capacity + 1)
    for first, many in ((0, players), (config.capacity, npcs)):
        for k, given in enumerate(many):
            base = {"alive": True, "health": 100, "food": 100, "water": 100, "time_alive": 50}
            base |= {"row": 30, "col": 30, "level": 1 if first == 0 else 0}
            base |= {"place": 1 + k + first, "turn": k + 1}
            base |= {} if first == 0 else {"id": -1 - k, "kind": 1}
            for name, value in (base | given).items():
                columns[name][first + k] = value
    rows = Rows.all_free(config.items)
    table = {k: np.array(v) for k, v in vars(empty(Items, config, config.items, nowhere)).items()}
    stamp = np.array(rows.stamp)
    for k, given in enumerate(items):
        base = {"alive": True, "id": k + 1, "level": 1, "quantity": 1, "received": k, "made": -1}
        for name, value in (base | given).items():
            table[name][k + 1] = value
        stamp[k + 1] = NEVER
    return World(
        tick=jnp.int32(10),
        material=jnp.asarray(tiles if material is None else material),
        ripe_at=jnp.zeros((config.height, config.height), jnp.int32),
        fog=empty_fog(config, jnp.int32(8)),
        bodies=Bodies(**{k: jnp.asarray(v) for k, v in columns.items()}),
        items=Items(**{k: jnp.asarray(v) for k, v in table.items()}),
        places=Rows.all_free(100),
        item_rows=rows.replace(stamp=jnp.asarray(stamp)),
        received=jnp.int32(len(items)),
        next_npc=jnp.int32(-1 - len(npcs)),
        queue=jnp.zeros(config.npc_capacity, jnp.int32),
        queued=jnp.int32(0),
        lost_items=jnp.int32(0),
        seizures=Seizures(*jnp.zeros((4, config.seizable), jnp.int32)),
        log=log.cleared(config.events),
        muster=Muster.first(config),
    )


def intent(config: Config, **changes) -> Intent:
    """What four players do: nothing, but for these lists, one entry a player."""
    size, nothing, nobody = config.capacity, config.items, config.bodies
    given: dict[str, Any] = dict.fromkeys(Intent.__dataclass_fields__, 0)
    given |= {"move": NO_MOVE, "target": nobody, "give_to": nobody, "gold_to": nobody}
    given |= dict.fromkeys(("use", "destroy", "give", "buy", "sell"), nothing)
    columns = {name: jnp.full(size, value, jnp.int32) for name, value in given.items()}
    columns["order"] = jnp.arange(size, dtype=jnp.int32)
    return Intent(**(columns | {k: jnp.asarray(v, jnp.int32) for k, v in changes.items()}))


def rolls(config: Config, **changes) -> Rolls:
    """Random numbers: nothing regrows, no NPC finds a place, no weapon is found."""
    npcs, tries = config.npc_capacity, config.arrivals
    zero = jnp.zeros(tries, jnp.int32)
    none = jnp.zeros(tries, jnp.uint32)
    words = jnp.zeros(npcs, jnp.uint32)
    musters = MusterRolls(none, jnp.zeros(tries, jnp.float32), jnp.int32(0), words)
    given = Rolls(
        direction=jnp.zeros(npcs, jnp.int32),
        drop=jnp.full((config.capacity, 5, 2), 0.9, jnp.float32),
        buyers=jnp.arange(config.capacity, dtype=jnp.int32),
        loot=jnp.zeros((1, config.items), jnp.int32),
        ripening=jnp.full((config.capacity, 5), NEVER, jnp.int32),
        regrow=jnp.zeros((config.height, config.height), bool),
        path_given=jnp.zeros(npcs, bool),
        path=jnp.zeros((npcs, 2), jnp.int32),
        mirror=zero,
        offset=zero,
        spot=jnp.zeros((tries, 2), jnp.int32),
        style=zero,
        strength=jnp.zeros(tries, jnp.float32),
        armour=zero + 2,
        tool=zero + 8,
        respawn=jnp.zeros((config.capacity, 2), jnp.int32),
        muster=None if config.npcs == "wild" else musters,
    )
    arrays = {k: v if k == "muster" else jnp.asarray(v) for k, v in changes.items()}
    return given.replace(**arrays)
