"""A whole recorded run of the second game, replayed on its recorded random numbers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import get_at
from jaxmmo.env.v2.columns import body_table, item_table, place_in_inventory
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.decisions import Intent, Rolls
from jaxmmo.env.v2.rewards import proceed
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import Progress, Tasks, no_progress
from jaxmmo.env.v2.tick import Happened, advance
from tests.conformance import v2_recorded as rec
from tests.conformance.report import Report

CHUNK = 25
"""Ticks that are played in one call, so that all runs of one size are one program."""


def check(path: str | Path, resynchronised: bool = False, ticks: int | None = None) -> Report:
    """Every tick of a recorded run: every column of every body and item, tiles, events, rewards.

    Args:
      path: of the recording.
      resynchronised: begin every tick from the recorded state, to see where something differs
        first; else go on from what the last tick came to.
      ticks: only so many of the first ones.
    """
    recorded = rec.Recorded(path)
    got = replay(recorded, resynchronised, ticks)
    count = len(got["tile"])
    report = Report("v2-trace", "tick", np.ones(count, bool))
    ent, hid, item = (recorded[name][1 : count + 1] for name in ("ent", "hid", "item"))
    for k, name in enumerate(recorded["ent_columns"].tolist()):
        report.compare(name, got["ent"][:, : ent.shape[1], k], ent[..., k])
    for k, name in enumerate(recorded["hid_columns"].tolist()):
        report.compare(f"hidden {name}", got["hid"][:, : hid.shape[1], k], hid[..., k])
    for k, name in enumerate(recorded["item_columns"].tolist()):
        report.compare(f"item {name}", got["item"][:, : item.shape[1], k], item[..., k])
    for name in ("item_pos", "item_list_tick", "tile", "terminated"):
        expected = recorded[name][1 : count + 1] if name != "terminated" else recorded[name][:count]
        report.compare(name, got[name][:, : expected.shape[1]], expected)
    for name in ("npc_move", "npc_attack"):
        report.compare(name, got[name][:, : recorded[name].shape[1]], recorded[name][:count])
    queue = _dangers(recorded, count, got["queue"].shape[1])
    report.compare("danger_queue", got["queue"], queue)
    events = _events(recorded, count)
    width = max(events.shape[1], int(got["event_count"].max(initial=0)))
    report.compare("events", _fit(got["events"], width), _fit(events, width))
    if not resynchronised:
        _compare_rewards(report, recorded, got, count)
    report.compare("lost_items", got["lost_items"], np.zeros(count, int))
    report.extra |= {
        "events": int((events[..., 1] != 0).sum()),
        "bodies": int((ent[..., 0] != 0).sum()),
        "items": int((item[..., 0] != 0).sum()),
    }
    return report


def _compare_rewards(
    report: Report, recorded: rec.Recorded, got: dict[str, np.ndarray], count: int
) -> None:
    """Rewards of all, and the progress of the living: equal to within the precision of f32."""
    reward = recorded["reward"][:count]
    close = np.isclose(got["reward"], reward, rtol=0, atol=1e-6)
    report.compare("reward", np.where(close, reward, got["reward"]), reward)
    progress = recorded.optional("task_progress", None)
    if progress is not None:
        progress = progress[:count].astype(np.float32)
        close = np.isclose(got["progress"], progress, rtol=0, atol=1e-6)
        living = np.cumsum(recorded["terminated"][:count], 0) == 0
        report.compare(
            "task_progress", np.where(close, progress, got["progress"]), progress, living
        )


def _fit(rows: np.ndarray, width: int) -> np.ndarray:
    rows = rows[:, :width]
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1]), (0, 0)))


def _dangers(recorded: rec.Recorded, count: int, width: int) -> np.ndarray:
    """i32[T, M]: the recorded queues as distances, 0 for none."""
    queue = recorded["danger_queue"][1 : count + 1]
    found = np.where(queue >= 0, np.round(queue * recorded.config.centre / 2), 0).astype(int)
    return np.pad(found, ((0, 0), (0, max(0, width - found.shape[1]))))[:, :width]


def _events(recorded: rec.Recorded, count: int) -> np.ndarray:
    """i32[T, E, 7]: the recorded log by tick, zeros beyond its end."""
    rows = recorded["events"]
    names = recorded["event_columns"].tolist()
    late = rows[:, names.index("event")] == Event.SEIZE_TILE  # their tick is one too high
    tick = rows[:, names.index("tick")].astype(int) - 1 - late
    keep = [names.index(n) for n in ("ent_id", "event", "type", "level", "number", "gold")]
    keep.append(names.index("target_ent"))
    by_tick = [rows[tick == t][:, keep].astype(np.int32) for t in range(count)]
    longest = max(map(len, by_tick), default=0)
    return np.stack([np.pad(r, ((0, longest - len(r)), (0, 0))) for r in by_tick])


def replay(
    recorded: rec.Recorded, resynchronised: bool = False, ticks: int | None = None
) -> dict[str, np.ndarray]:
    """What jaxmmo makes of a run: [ticks, ...] under the recording's names."""
    count = recorded.ticks if ticks is None else min(ticks, recorded.ticks)
    fog = recorded.fog()
    given = (rec.intents(recorded), rec.rolls(recorded))
    world = rec.on_device(rec.world_at(recorded, 0, fog[0]))
    tasks = rec.on_device(recorded.tasks)
    carry = (world, no_progress(recorded.config.capacity))
    parts = []
    for begin in range(0, count, CHUNK):
        # the last ticks are played several times over, so that every part is of one length
        index = np.minimum(np.arange(begin, begin + CHUNK), count - 1)
        now = rec.on_device(jax.tree.map(lambda x, i=index: x[i], given))
        now = (now[0], now[1].replace(loot=now[1].loot.astype(jnp.int32)))
        worlds = None
        if resynchronised:
            each = [rec.world_at(recorded, tick, fog[tick]) for tick in index]
            worlds = jax.tree.map(lambda *x: jnp.asarray(np.stack(x)), *each)
        carry, rows = _run(recorded.config, recorded.rules, tasks, carry, worlds, now)
        parts.append(jax.device_get(rows))
    return jax.tree.map(lambda *x: np.concatenate(x)[:count], *parts)


@partial(jax.jit, static_argnums=0)
def _run(
    config: Config,
    rules: Rules,
    tasks: Tasks,
    carry: tuple[World, Progress],
    worlds: World | None,
    given: Any,
) -> Any:
    """Some ticks in one scan, each from the state before it or from the given one."""

    def tick(carry: tuple[World, Progress], now: Any) -> Any:
        other, (intent, rolls) = now
        before, progress = carry
        before = before if other is None else other
        intent, rolls = with_slots(config, before, intent, rolls)
        after, happened = advance(config, rules, before, intent, rolls)
        died = happened.died[: config.capacity]
        progress, reward = proceed(config, after, tasks, progress, died)
        row = _row(config, rules, before, after, happened)
        return (after, progress), row | {"reward": reward, "progress": progress.value}

    return jax.lax.scan(tick, carry, (worlds, given))


def with_slots(config: Config, world: World, intent: Intent, rolls: Rolls) -> tuple[Intent, Rolls]:
    """Actions and random numbers by the slots of NPCs, which were by the order of their births."""
    if config.npc_capacity == 0:
        return intent, rolls
    bodies = jax.tree.map(lambda column: column[config.capacity :], world.bodies)
    slot = jnp.argsort(jnp.where(bodies.alive, bodies.turn, NEVER)).astype(jnp.int32)

    def of_npc(target: jax.Array) -> jax.Array:
        npc = slot[jnp.clip(target - config.capacity, 0, config.npc_capacity - 1)] + config.capacity
        is_npc = (target >= config.capacity) & (target < config.bodies)
        return jnp.where(is_npc, npc, target)

    names = ("target", "give_to", "gold_to")
    intent = intent.replace(**{name: of_npc(getattr(intent, name)) for name in names})
    names = ("direction", "path", "path_given")
    moved = {n: getattr(rolls, n) for n in names}
    return intent, rolls.replace(
        **{n: jnp.zeros_like(old).at[slot].set(old) for n, old in moved.items()}
    )


def _row(
    config: Config, rules: Rules, before: World, after: World, happened: Happened
) -> dict[str, jax.Array]:
    """A state under the recording's names."""
    bodies = after.bodies
    size = after.places.stamp.shape[0]
    at = jnp.where(bodies.alive, bodies.place, size)

    def placed(columns: list[jax.Array]) -> jax.Array:
        values = jnp.stack([jnp.asarray(c, jnp.int32) for c in columns], -1)
        empty = jnp.zeros((size, len(columns)), jnp.int32)
        return empty.at[at].set(values, mode="drop").astype(jnp.int16)

    hidden = [getattr(bodies, name) for name in rec.HIDDEN.values()]
    plans = happened.plans
    npcs = config.capacity + jnp.arange(plans.move.shape[0])
    mine = jnp.where(before.bodies.alive[npcs], before.bodies.place[npcs], size)
    target = get_at(before.bodies.id, plans.target, 0)
    move = jnp.where(plans.move < 5, plans.move, -1)
    return {
        "ent": placed(list(body_table(after).T)),
        "hid": placed(hidden),
        "npc_move": jnp.full(size, -1).at[mine].set(move, mode="drop").astype(jnp.int8),
        "npc_attack": jnp.zeros(size, jnp.int32).at[mine].set(target, mode="drop"),
        "terminated": happened.died[: config.capacity],
        "tile": after.look().astype(jnp.int8),
        "queue": after.queue,
        "events": after.log.rows.astype(jnp.int16),
        "event_count": after.log.count,
        "lost_items": after.lost_items,
        **_item_rows(rules, after),
    }


def _item_rows(rules: Rules, world: World) -> dict[str, jax.Array]:
    """The table of items under the recording's names."""
    items = world.items
    offered = items.alive & (items.price > 0)
    return {
        "item": item_table(rules, world).astype(jnp.int16),
        "item_pos": place_in_inventory(world),
        "item_list_tick": jnp.where(offered, items.listed, -1),
    }
