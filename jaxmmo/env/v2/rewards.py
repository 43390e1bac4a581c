"""Progress and rewards of a tick, from the state and the log of events (section 14)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.predicates import evaluate
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.tasks import EVENT_OF, Predicate, Progress, TaskKind, Tasks


def count(tasks: Tasks, rows: jax.Array) -> jax.Array:
    """i32[P]: what a tick's events add to each task.

    Args:
      rows: i32[E, 7], of the log; unused ones are zeros.
    """
    who, event, type, level, number, gold, target = rows.T
    players = tasks.predicate.shape[0]
    actor = jnp.where((who > 0) & (who <= players), who - 1, players)
    mine = jnp.pad(tasks.subject, ((0, 0), (0, 1)))[:, actor]  # bool[P, E]
    predicate, first = tasks.predicate[:, None], tasks.first[:, None]
    second = tasks.second[:, None]
    table = jnp.zeros(len(Predicate), jnp.int32)
    for key, code in EVENT_OF.items():
        table = table.at[int(key)].set(int(code))
    named = mine & (table[predicate] == event[None]) & (event[None] > 0)
    hits = named & (predicate == Predicate.SCORE_HIT) & (type[None] == first + 1)
    kills = named & (predicate == Predicate.DEFEAT_ENTITY) & (level[None] >= second)
    kills &= (target[None] > 0) == (first == 1)
    of_items = (predicate >= Predicate.CONSUME_ITEM) & (predicate <= Predicate.BUY_ITEM)
    items = named & of_items & (type[None] == first) & (level[None] >= second)
    counts = mine & (predicate == Predicate.COUNT_EVENT) & (event[None] == first)
    earns = (predicate == Predicate.EARN_GOLD) | (predicate == Predicate.MAKE_PROFIT)
    spends = predicate == Predicate.SPEND_GOLD
    income = mine & earns & ((event == Event.EARN_GOLD) | (event == Event.LOOT_GOLD))[None]
    costs = mine & (event == Event.BUY_ITEM)[None]
    profit = predicate == Predicate.MAKE_PROFIT
    total = (hits | kills | counts).astype(jnp.int32)
    total += jnp.where(items, number[None], 0) + jnp.where(income, gold[None], 0)
    total += jnp.where(costs & spends, gold[None], 0) - jnp.where(costs & profit, gold[None], 0)
    return total.sum(1)


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
    counted = progress.counted + count(tasks, world.log.rows)
    value = jnp.clip(evaluate(config, world, tasks, counted), 0, 1)
    holds = tasks.kind == TaskKind.HOLD
    held = jnp.where(value >= 1, progress.held + 1, 0)
    lasted = held / jnp.maximum(tasks.hold, 1).astype(jnp.float32)
    value = jnp.where(holds, jnp.minimum(lasted, 1), value)
    ongoing = tasks.kind == TaskKind.ONGOING
    reward = jnp.where(ongoing, value, value - progress.value)
    reward = jnp.where(holds & (value >= 1), 1, reward)  # completion is worth a whole task
    reward = jnp.where(progress.done & ~ongoing, 0, reward)
    done = progress.done | ((value >= 1) & ~ongoing)
    value = jnp.where(progress.done, progress.value, value)
    bodies = world.bodies
    reward = jnp.where(bodies.freeze[: config.capacity] > 0, 0, reward)
    reward = jnp.where(bodies.alive[: config.capacity], reward, 0)
    if config.respawn:
        value = jnp.where(died, 0.0, value)  # whoever comes back begins its task anew
        done &= ~died
    return Progress(value, counted, held, done), jnp.where(died, -1.0, reward)
