"""The log of a tick's events."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import at, count_before, set_at
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.state import Draft, Log, World
from jaxmmo.env.v2.worldwide import for_those

COLUMNS = ("ent_id", "event", "type", "level", "number", "gold", "target_ent")

Number = jax.Array | int

EVENTS = 256
"""So many events at a time are written down, of all that might have happened."""


def cleared(size: int) -> Log:
    """A log without events."""
    return Log(rows=jnp.zeros((size, len(COLUMNS)), jnp.int32), count=jnp.int32(0))


def record(
    world: World,
    when: jax.Array,
    who: jax.Array,
    event: Event,
    *,
    type: Number = 0,
    level: Number = 0,
    number: Number = 0,
    gold: Number = 0,
    target: Number = 0,
) -> World:
    """The world with an event logged, or with one of a kind for each of several bodies.

    Args:
      world: of which.
      when: bool[] or bool[N], whether it happened.
      who: i32[] or i32[N], slot of the body that did it; all else is likewise.
      event: what it did.
      type: of the item, skill or style.
      level: of the item, skill or victim.
      number: how much, or how many.
      gold: coins.
      target: id of the item or body that it was done to.
    """
    values = (world.bodies.id[who], int(event), type, level, number, gold, target)
    columns = [jnp.broadcast_to(jnp.asarray(v, jnp.int32), when.shape) for v in values]
    log: Log | Draft = world.log
    if isinstance(log, Draft):
        entry = jnp.atleast_1d(when), tuple(jnp.atleast_1d(column) for column in columns)
        return world.replace(log=Draft((*log.entries, entry)))
    return world.replace(log=_add(log, when, jnp.stack(columns, -1)))


def written(draft: Draft, size: int) -> Log:
    """The log of all that did happen, in the order of a draft."""
    when = jnp.concatenate([happened for happened, _ in draft.entries])
    parts = zip(*(columns for _, columns in draft.entries), strict=True)
    columns = [jnp.concatenate(part) for part in parts]
    place = count_before(when)
    fits = when & (place < size)

    def some(index: jax.Array, rows: jax.Array) -> jax.Array:
        at_end = jnp.minimum(index, when.shape[0] - 1)
        row = jnp.stack([at(column, at_end) for column in columns], -1)
        there = index < when.shape[0]
        return set_at(rows, jnp.where(there, at(place, at_end), size), row)

    empty = cleared(size)
    rows = for_those(fits, EVENTS, some, empty.rows)
    return Log(rows=rows, count=jnp.sum(when, dtype=jnp.int32))


def _add(log: Log, when: jax.Array, row: jax.Array) -> Log:
    """The log with rows i32[..., 7] where `when`, bool[...], holds."""
    place = log.count if when.ndim == 0 else log.count + count_before(when)
    rows = set_at(log.rows, jnp.where(when, place, log.rows.shape[0]), row)
    return Log(rows=rows, count=log.count + jnp.sum(when, dtype=jnp.int32))


def record_item(
    world: World, when: jax.Array, who: jax.Array, event: Event, item: jax.Array, gold: Number = 0
) -> World:
    """As `record`, for an item, a row of the table."""
    items = world.items
    return record(
        world,
        when,
        who,
        event,
        type=items.type[item],
        level=items.level[item],
        number=items.quantity[item],
        gold=gold,
        target=item,
    )
