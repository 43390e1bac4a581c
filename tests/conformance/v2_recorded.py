"""Recordings of the second game: states, actions and random numbers as jaxmmo has them."""

from __future__ import annotations

import itertools
import json
from collections import deque
from functools import cached_property
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2 import log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NUM_SKILLS, Event
from jaxmmo.env.v2.decisions import NO_MOVE, Intent, Rolls
from jaxmmo.env.v2.rows import FRESH, Rows
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Bodies, Items, Seizures, World
from jaxmmo.env.v2.translating import from_constants
from tests.conformance import recordings, v2_tasks

FIELDS = (
    *("config", "ent", "ent_columns", "hid", "hid_columns", "item", "item_columns", "item_pos"),
    *("item_list_tick", "item_ops", "tile", "danger_queue", "act", "act_columns", "act_order"),
    *("npc_move", "npc_attack", "npc", "npc_columns", "reward", "terminated", "events"),
    *("event_columns", "roll_dir", "roll_drop", "roll_buy_order", "roll_loot", "roll_regrow"),
    *("roll_spawn", "roll_spawn_columns", "astar", "team"),
)

SAME = (
    *("row", "col", "damage", "time_alive", "freeze", "item_level", "message", "gold"),
    *("health", "food", "water"),
)
"""Columns of the table of entities that jaxmmo calls the same."""

RENAMED = {"npc_type": "kind", "attacker_id": "attacker", "latest_combat_tick": "latest_combat"}

HIDDEN = {
    "exploration": "progress",
    "damage_received": "damage_received",
    "damage_inflicted": "damage_inflicted",
    "player_kills": "kills",
    "target_id": "target",
    "resilient": "resilient",
}

SKILLS = ("melee", "range", "mage", "fishing", "herbalism", "prospecting", "carving", "alchemy")

NOWHERE = (-1, -1)
"""A tile on which nobody can stand."""


def made(table: Any, /, **columns: Any) -> Any:
    """An object of jaxmmo's that holds numpy arrays."""
    return table(**columns)


def doubled(rows: int) -> int:
    """Rows of a table that began with a hundred and has at least so many."""
    size = 100
    while size < rows:
        size *= 2
    return size


class Recorded:
    """One recorded run."""

    def __init__(self, path: str | Path):
        """Reads it; ValueError if it is missing, lacks something, or is of no known game."""
        self.path = path
        self.arrays = recordings.load(path, FIELDS)
        self.constants: dict[str, Any] = json.loads(str(self["config"]))
        rows = max(doubled(self["item"].shape[1]), 800)  # few sizes, so few programs
        npcs = -(-self.constants["NPC_N"] // 32) * 32
        more = {"events": 2048, "respawn": bool(len(self.optional("roll_respawn", ())))}
        self.config: Config
        self.rules: Rules
        config, self.rules = from_constants(self.constants, items=rows, npc_capacity=npcs, **more)
        text = self.optional("tasks", None)
        words = None if text is None else str(text)
        self.tasks = v2_tasks.of_run(config, self.constants["HORIZON"], words, config.respawn)
        tiles = self._seized()
        self.tiles = tiles + [NOWHERE] * (2 - len(tiles))  # few sizes, so few programs
        self.config = config.replace(seizable=len(self.tiles))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def _seized(self) -> list[tuple[int, int]]:
        """Tiles that can be seized: those that a game marks, whatever tasks are about.

        Recordings do not name them, so they are the ones that ever were seized.
        """
        names = self["event_columns"].tolist()
        rows = self["events"][self["events"][:, names.index("event")] == Event.SEIZE_TILE]
        where = rows[:, [names.index("number"), names.index("gold")]].astype(int).tolist()
        return list(dict.fromkeys((row, col) for row, col in where))

    def optional(self, name: str, missing: Any) -> Any:
        """An array that not every recording has."""
        with np.load(self.path, allow_pickle=False) as file:
            return file[name] if name in file.files else missing

    @property
    def ticks(self) -> int:
        """Ticks of the run."""
        return len(self["act"])

    def column(self, table: str, name: str) -> np.ndarray:
        """One column of a recorded table, by its name."""
        return self[table][..., self[f"{table}_columns"].tolist().index(name)]

    @cached_property
    def npc(self) -> dict[int, dict[str, float]]:
        """Every NPC that ever lived, by id."""
        names = self["npc_columns"].tolist()
        rows = [dict(zip(names, map(float, row), strict=True)) for row in self["npc"]]
        return {int(row["id"]): row for row in rows}

    @cached_property
    def places(self) -> list[tuple[int, ...]]:
        """Free rows of entities before each tick, the first to be used first."""
        ids = self.column("ent", "id").astype(int)
        size = doubled(ids.shape[1])
        row_of = [{i: r for r, i in enumerate(row) if i} for row in ids.tolist()]
        free = deque(r for r in range(1, size) if r not in row_of[0].values())
        known = [tuple(free)]
        for before, after in itertools.pairwise(row_of):
            gone = sorted(set(before) - set(after), key=lambda i: (i < 0, abs(i)))
            free.extend(before[i] for i in gone)
            for new in sorted(set(after) - set(before), key=abs):
                assert free.popleft() == after[new]
            known.append(tuple(free))
        return known

    @cached_property
    def item_rows(self) -> list[list[int]]:
        """Free rows of items before each tick, in the order of use; and those never used."""
        free, size, known = deque(range(1, 100)), 100, []
        ops = self["item_ops"].tolist()
        for tick in range(-1, self.ticks):
            while ops and ops[0][0] == tick:
                _, row = ops.pop(0)
                if row < 0:
                    free.append(-row)
                    continue
                if not free:
                    free.extend(range(size, 2 * size))
                    size *= 2
                assert free.popleft() == row
            known.append([*free, *range(size, self.config.items)])
        return known

    def slots(self, tick: int) -> dict[int, int]:
        """The slot of each id that is in the table before a tick."""
        ids = [int(i) for i in self.column("ent", "id")[tick] if i]
        npcs = sorted((i for i in ids if i < 0), reverse=True)
        players = self.config.capacity
        return {i: i - 1 for i in ids if i > 0} | {i: players + k for k, i in enumerate(npcs)}

    def fog(self) -> np.ndarray:
        """f16[T + 1, S, S]: the fog before each tick."""
        side, rules = self.config.height, self.rules
        index = np.arange(side)
        ring = np.minimum(index, side - 1 - index)
        fog = (self.config.border - np.minimum(ring[:, None], ring)).astype(np.float16)
        near = np.abs(index - side / 2) <= int(rules.fog_safe)
        safe = near[:, None] & near
        fog[safe] = -side
        known = [fog]
        for tick in range(1, self.ticks + 1):
            if tick >= int(rules.fog_onset):
                fog = fog + np.float16(rules.fog_speed)
                fog[safe] = -side
            known.append(fog)
        return np.stack(known)


def world_at(recorded: Recorded, tick: int, fog: np.ndarray) -> World:
    """The recorded state before a tick, as numpy arrays."""
    config = recorded.config
    npcs = config.npc_capacity
    queue = recorded["danger_queue"][tick]
    dangers = np.round(queue[queue >= 0] * config.centre / 2).astype(np.int32)
    material = recorded["tile"][0].astype(np.uint8)
    return made(
        World,
        tick=np.int32(tick),
        material=material,
        ripe_at=np.where(recorded["tile"][tick] != recorded["tile"][0], NEVER, 0).astype(np.int32),
        fog=fog,
        bodies=_bodies(recorded, tick),
        items=_items(recorded, tick),
        places=_rows(list(recorded.places[tick]), doubled(recorded["ent"].shape[1]), 10**4),
        item_rows=_rows(recorded.item_rows[tick], config.items, 10**4),
        received=np.int32(1000),
        next_npc=np.int32(_next_npc(recorded, tick)),
        queue=np.pad(dangers, (0, max(0, npcs - len(dangers))))[:npcs],
        queued=np.int32(len(dangers)),
        lost_items=np.int32(0),
        seizures=_seizures(recorded, tick),
        log=log.cleared(config.events),
    )


def _seizures(recorded: Recorded, tick: int) -> Seizures:
    """Who holds which tile before a tick, from the events until then."""
    names = recorded["event_columns"].tolist()
    columns = {name: recorded["events"][:, k].astype(int) for k, name in enumerate(names)}
    holder = np.full(len(recorded.tiles), recorded.config.bodies, np.int32)
    since = np.zeros(len(recorded.tiles), np.int32)
    for tile, (row, col) in enumerate(recorded.tiles):
        here = (columns["event"] == 4) & (columns["number"] == row) & (columns["gold"] == col)
        here &= columns["tick"] - 1 <= tick
        if here.any():
            last = np.flatnonzero(here)[-1]
            holder[tile], since[tile] = columns["ent_id"][last] - 1, columns["tick"][last] - 1
    row, col = np.array(recorded.tiles, np.int32).reshape(-1, 2).T
    return made(Seizures, row=row, col=col, holder=holder, since=since)


def _next_npc(recorded: Recorded, tick: int) -> int:
    born = [i for i, npc in recorded.npc.items() if npc["spawn_tick"] < tick]
    return min(born, default=0) - 1


def _rows(free: list[int], size: int, clock: int) -> Rows:
    """Free rows in their order; those of halves that the table does not have yet are fresh."""
    stamp = np.full(size, NEVER, np.int32)
    used = set(range(1, size)) - set(free)
    length = doubled(max(used, default=0) + 1)
    for place, row in enumerate(free):
        length = max(length, doubled(row + 1)) if _out_of_turn(free, place) else length
    for place, row in enumerate(free):
        stamp[row] = place if row < length else FRESH + row
    return made(Rows, stamp=stamp, clock=np.int32(clock))


def _out_of_turn(free: list[int], place: int) -> bool:
    """Whether a row stands before a smaller one: then its half of the table is in use."""
    return any(row < free[place] for row in free[place + 1 :])


def _bodies(recorded: Recorded, tick: int) -> Bodies:
    """The table of bodies before a tick."""
    config = recorded.config
    slots = recorded.slots(tick)
    ids = recorded.column("ent", "id")[tick].astype(int)
    rows = np.flatnonzero(ids)
    at = np.array([slots[int(i)] for i in ids[rows]], int)
    names = [f for f in Bodies.__dataclass_fields__ if f not in ("alive", "resilient")]
    columns: dict[str, Any] = {name: np.zeros(config.bodies, np.int32) for name in names}
    for name in ("level", "experience"):
        columns[name] = np.zeros((config.bodies, NUM_SKILLS), np.int32)
    columns |= {name: np.zeros(config.bodies, bool) for name in ("alive", "resilient")}
    columns["id"][: config.capacity] = np.arange(1, config.capacity + 1)

    def put(name: str, values: np.ndarray) -> None:
        columns[name][at] = values[rows]

    put("id", ids)
    columns["alive"][at] = True
    columns["place"][at] = rows
    columns["turn"][at] = np.abs(ids[rows])
    for name in SAME:
        put(name, recorded.column("ent", name)[tick])
    for theirs, ours in RENAMED.items():
        put(ours, recorded.column("ent", theirs)[tick])
    for theirs, ours in HIDDEN.items():
        put(ours, recorded.column("hid", theirs)[tick])
    for k, skill in enumerate(SKILLS):
        columns["level"][at, k] = recorded.column("ent", f"{skill}_level")[tick][rows]
        columns["experience"][at, k] = recorded.column("ent", f"{skill}_exp")[tick][rows]
    for name in ("row", "col"):
        start = recorded.column("ent", name)[0]
        first = recorded.column("ent", "id")[0]
        players = np.flatnonzero(first > 0)
        columns[f"spawn_{name}"][first[players].astype(int) - 1] = start[players]
    columns["team"][: config.capacity] = recorded["team"]
    for slot, identity in zip(at, ids[rows], strict=True):
        if identity < 0:
            npc = recorded.npc[int(identity)]
            columns["style"][slot] = int(npc["style"])
            columns["gear"][slot] = int(npc["item_level"])
            columns["rank"][slot] = int(npc["level"])
            columns["offence"][slot] = int(npc["offense"])
            columns["defence"][slot] = int(npc["defense"])
            columns["danger"][slot] = round(max(npc["danger"], 0) * config.centre / 2)
            columns["armour"][slot] = max(int(npc["armor_type"]), 0)
            columns["tool"][slot] = max(int(npc["tool_type"]), 0)
    _graves(recorded, tick, columns)
    return made(Bodies, **columns)


def _graves(recorded: Recorded, tick: int, columns: dict[str, np.ndarray]) -> None:
    """Where dead players stood last, or stepped to in the tick of their death: NPCs go there."""
    ids = recorded.column("ent", "id")
    for identity in range(1, recorded.config.capacity + 1):
        if not columns["alive"][identity - 1]:
            seen = np.argwhere(ids[:tick] == identity)
            if len(seen):
                when, row = seen[-1]
                columns["row"][identity - 1] = recorded.column("ent", "row")[when, row]
                columns["col"][identity - 1] = recorded.column("ent", "col")[when, row]


def _items(recorded: Recorded, tick: int) -> Items:
    """The table of items before a tick."""
    config = recorded.config
    missing = config.items - recorded["item"].shape[1]
    slots = recorded.slots(tick)

    def column(name: str) -> np.ndarray:
        return np.pad(recorded.column("item", name)[tick].astype(np.int32), (0, missing))

    owner = np.array([slots[o] if o else config.bodies for o in column("owner_id").tolist()])
    alive = column("id") != 0
    place = np.pad(recorded["item_pos"][tick].astype(np.int32), (0, missing), constant_values=-1)
    listed = recorded["item_list_tick"][tick].astype(np.int32)
    return made(
        Items,
        alive=alive,
        id=np.arange(config.items, dtype=np.int32),
        type=column("type_id"),
        level=column("level"),
        quantity=column("quantity"),
        owner=owner.astype(np.int32),
        equipped=column("equipped") != 0,
        price=column("listed_price"),
        listed=np.pad(listed, (0, missing), constant_values=-1),
        received=np.where(place < 0, NEVER, place),
        made=np.full(config.items, -1, np.int32),
    )


def intents(recorded: Recorded) -> Intent:
    """[T, P] each: what players are about to do in each tick."""
    config = recorded.config

    def column(name: str) -> np.ndarray:
        return recorded.column("act", name).astype(np.int32)

    def item(name: str) -> np.ndarray:
        return np.where(column(name) > 0, column(name), config.items)

    slots = [recorded.slots(tick) for tick in range(recorded.ticks)]

    def body(name: str) -> np.ndarray:
        found = [
            [config.bodies if i == 0 else slots[tick].get(i, config.bodies) for i in row]
            for tick, row in enumerate(column(name).tolist())
        ]
        return np.array(found, np.int32)

    order = _complete(recorded["act_order"].astype(np.int32) - 1, config.capacity)
    move = column("move")
    return made(
        Intent,
        order=order,
        move=np.where(move < 0, NO_MOVE, move),
        style=np.maximum(column("atk_style"), 0),
        target=body("atk_target"),
        use=item("use_item"),
        destroy=item("destroy_item"),
        give=item("give_item"),
        give_to=body("give_target"),
        gold=column("givegold_amount"),
        gold_to=body("givegold_target"),
        buy=item("buy_item"),
        sell=item("sell_item"),
        price=column("sell_price"),
        message=column("comm"),
    )


def _complete(order: np.ndarray, size: int) -> np.ndarray:
    """Orders of slots, -1 for none, with the slots that they leave out at their ends."""
    full = []
    for row in order.tolist():
        named = [slot for slot in row if slot >= 0]
        full.append(named + sorted(set(range(size)) - set(named)))
    return np.array(full, np.int32)


def rolls(recorded: Recorded) -> Rolls:
    """[T, ...] each: the random numbers of each tick."""
    config, ticks = recorded.config, recorded.ticks
    npcs, size = config.npc_capacity, config.attempts
    direction, path = np.zeros((ticks, npcs), np.int32), np.zeros((ticks, npcs, 2), np.int32)
    given = np.zeros((ticks, npcs), bool)
    ids = recorded.column("ent", "id")
    for tick in range(ticks):
        for identity, slot in recorded.slots(tick).items():
            if identity > 0:
                continue
            row = int(np.argmax(ids[tick] == identity))
            npc = slot - config.capacity
            direction[tick, npc] = max(int(recorded["roll_dir"][tick, row]), 0)
            cached, fresh = recorded["astar"][tick, row, :2], recorded["astar"][tick, row, 3:]
            given[tick, npc] = bool((cached != fresh).any())
            path[tick, npc] = cached
    loot = np.zeros((ticks, config.capacity, config.items), np.int8)
    for tick, victim, *taken in recorded["roll_loot"].tolist():
        for place, item in enumerate(taken):
            if item > 0:
                loot[tick, victim - 1, item] = place
    respawn = np.zeros((ticks, config.capacity, 2), np.int32)
    for tick, player, row, col in np.asarray(recorded.optional("roll_respawn", ())).tolist():
        respawn[tick, player - 1] = row, col
    attempts = _attempts(recorded, size)
    return made(
        Rolls,
        direction=direction,
        drop=recorded["roll_drop"].astype(np.float32),
        buyers=_complete(recorded["roll_buy_order"].astype(np.int32) - 1, config.capacity),
        loot=loot,
        ripening=np.full((ticks, config.capacity, 5), NEVER, np.int32),
        regrow=recorded["roll_regrow"] == 1,
        path_given=given,
        path=path,
        respawn=respawn,
        **attempts,
    )


def _attempts(recorded: Recorded, size: int) -> dict[str, np.ndarray]:
    """[T, A, ...]: the attempts to place NPCs."""
    ticks = recorded.ticks
    names = recorded["roll_spawn_columns"].tolist()
    found: dict[str, Any] = {
        name: np.zeros((ticks, size), np.int32)
        for name in ("mirror", "offset", "style", "armour", "tool")
    }
    found["spot"] = np.zeros((ticks, size, 2), np.int32)
    found["strength"] = np.zeros((ticks, size), np.float32)
    used = np.zeros(ticks, int)
    for row in recorded["roll_spawn"]:
        roll = dict(zip(names, row.tolist(), strict=True))
        tick = int(roll["tick"])
        if tick < 0:
            continue
        at = (tick, used[tick])
        used[tick] += 1
        found["mirror"][at] = int(roll["side_u"] * 4) if roll["mode"] == 1 else 0
        found["offset"][at] = int(roll["offset"]) if roll["mode"] == 1 else 0
        if roll["mode"] == 0:
            found["spot"][at] = int(roll["r"]), int(roll["c"])
        if roll["ok"]:
            for ours, theirs in (("style", "style"), ("armour", "armor"), ("tool", "tool")):
                found[ours][at] = int(roll[theirs])
            found["strength"][at] = roll["u"]
    return found


def on_device(tree: Any) -> Any:
    """The same arrays as jax has them."""
    import jax

    return jax.tree.map(jnp.asarray, tree)
