"""Progress and rewards of a tick, from the state and the log of events (section 14)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import add_at, get_at, select
from jaxmmo.env.v2.combining import fulfilled
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import EVENT_OF, Predicate, Progress, TaskKind, Tasks


def counts(config: Config, tasks: Tasks, rows: jax.Array) -> jax.Array:
    """i32[P, T]: what a tick's events, as for `count`, add to all parts of each task."""
    parts = [count(config, tasks.part(i), rows) for i in range(config.terms - 1)]
    return jnp.stack([*parts, count(config, tasks, rows)], 1)


def count(config: Config, tasks: Tasks, rows: jax.Array) -> jax.Array:
    """i32[P]: what a tick's events add to what each task asks for itself.

    Args:
      rows: i32[E, 7], of the log; unused ones are zeros.
    """
    players = config.capacity
    who = jnp.where((rows[:, 0] > 0) & (rows[:, 0] <= players), rows[:, 0] - 1, players)
    asked = tasks.predicate, tasks.first, tasks.second
    if config.group_tasks:  # [P, E]: every event for every task
        mine = jnp.pad(tasks.subject, ((0, 0), (0, 1)))[:, who]
        added = _worth([column[:, None] for column in asked], rows[None])
        return jnp.where(mine, added, 0).sum(1)
    mine = [get_at(column, who, -1) for column in asked]
    return add_at(jnp.zeros(players, jnp.int32), who, _worth(mine, rows))


def _worth(asked: list[jax.Array], rows: jax.Array) -> jax.Array:
    """i32[...]: what events [..., 7] add to the tasks of members of whom they are.

    Args:
      asked: predicate, first and second number of those tasks, i32[...].
      rows: of the log.
    """
    predicate, first, second = asked
    _, event, type, level, number, gold, target = jnp.moveaxis(rows, -1, 0)
    named = jnp.zeros(jnp.broadcast_shapes(predicate.shape, event.shape), bool)
    for key, code in EVENT_OF.items():
        named |= (predicate == int(key)) & (event == int(code))
    hits = named & (predicate == Predicate.SCORE_HIT) & (type == first + 1)
    kills = named & (predicate == Predicate.DEFEAT_ENTITY) & (level >= second)
    kills &= (target > 0) == (first == 1)
    of_items = (predicate >= Predicate.CONSUME_ITEM) & (predicate <= Predicate.BUY_ITEM)
    items = named & of_items & (type == first) & (level >= second)
    counts = (predicate == Predicate.COUNT_EVENT) & (event == first) & (event > 0)
    earns = (predicate == Predicate.EARN_GOLD) | (predicate == Predicate.MAKE_PROFIT)
    income = earns & ((event == Event.EARN_GOLD) | (event == Event.LOOT_GOLD))
    costs = event == Event.BUY_ITEM
    total = (hits | kills | counts).astype(jnp.int32)
    total += jnp.where(items, number, 0) + jnp.where(income, gold, 0)
    total += jnp.where(costs & (predicate == Predicate.SPEND_GOLD), gold, 0)
    return total - jnp.where(costs & (predicate == Predicate.MAKE_PROFIT), gold, 0)


def proceed(
    config: Config,
    world: World,
    tasks: Tasks,
    progress: Progress,
    died: jax.Array,
) -> tuple[Progress, jax.Array]:
    """Progress and rewards of a tick; the dead get -1, the frozen 0.

    Args:
      died: bool[P].

    Returns:
      How far everybody has come, and f32[P], rewards.
    """
    counted = progress.counted + counts(config, tasks, world.log.rows)
    value = fulfilled(config, world, tasks, counted)
    holds = tasks.kind == TaskKind.HOLD
    held = jnp.where(value >= 1, jnp.maximum(progress.held, 0) + 1, 0)
    lasted = held / jnp.maximum(tasks.hold, 1).astype(jnp.float32)
    value = jnp.where(holds, jnp.minimum(lasted, 1), value)
    ongoing = tasks.kind == TaskKind.ONGOING
    reward = jnp.where(ongoing, value, value - progress.value)
    reward = jnp.where(holds & (value >= 1), 1, reward)  # completion is worth a whole task
    reward = jnp.where(progress.done & ~ongoing, 0, reward)
    if config.renewal == "completion":
        reward = jnp.where(progress.held < 0, 0, reward)
    done = progress.done | ((value >= 1) & ~ongoing)
    value = jnp.where(progress.done, progress.value, value)
    bodies = world.bodies
    reward = jnp.where(bodies.freeze[: config.capacity] > 0, 0, reward)
    reward = jnp.where(bodies.alive[: config.capacity], reward, 0)
    if config.respawn:
        value = jnp.where(died, 0.0, value)  # whoever comes back begins its task anew
        done &= ~died
    if config.reborn:
        counted, held = select(died, 0, counted), select(died, 0, held)
    return Progress(value, counted, held, done), jnp.where(died, -1.0, reward)
