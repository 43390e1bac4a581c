"""Rows that come, move to other slots, or get more room: references follow, as declared."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import compact, count_before, get_at, set_at
from jaxmmo.env.state.table import Birth, Columns, born, columns
from jaxmmo.env.state.world import WorldState
from jaxmmo.records import Record


def add_rows(
    state: WorldState, name: str, birth: Birth, wanted: jax.Array, order: jax.Array, **given: Any
) -> tuple[WorldState, jax.Array]:
    """Adds rows to a further table, one for each who wants one and while there are empty slots.

    Args:
      state: of the world.
      name: of the table in `state.tables`.
      birth: what newborn values are made from.
      wanted: bool[M].
      order: i32[M], by which slots and ids are given out: ids of whoever wants the row, so that
        their own slots make no difference.
      **given: [M] each, the columns that are declared as `GIVEN`, but for `id`.

    Returns:
      The state, and i32[M]: the slot of each new row, the table's number of slots where none was
      wanted or found.
    """
    table = state.tables[name]
    slots, size = table.alive.shape[0], wanted.shape[0]
    place = jnp.argsort(jnp.argsort(jnp.where(wanted, order, NEVER)))
    free = compact(~table.alive, count_before(~table.alive), size)
    slot = jnp.where(wanted, free[place], slots)
    who = set_at(jnp.full(slots, size, jnp.int32), slot, jnp.arange(size))
    someone = jnp.minimum(who, size - 1)
    identity = state.next_ids[name] + place.astype(jnp.int32)
    values = {key: jnp.asarray(value)[someone] for key, value in given.items()}
    table = born(table, birth, who < size, size, id=identity[someone], **values)
    count = jnp.sum(slot < slots, dtype=jnp.int32)
    state = state.replace(
        tables=state.tables.replace(**{name: table}),
        next_ids=state.next_ids.replace(**{name: state.next_ids[name] + count}),
    )
    return state, slot


def reorder(state: WorldState, name: str, order: jax.Array) -> WorldState:
    """The same world with the rows of a table in other slots.

    What the latest observation showed is left as it was: observe anew.

    Args:
      state: of one world.
      name: "bodies" or a further table. Players stay among the first rows, and keep their lives.
      order: i32[N], the old slot of each new one.
    """
    size = order.shape[0]
    new_slot = jnp.zeros(size, jnp.int32).at[order].set(jnp.arange(size, dtype=jnp.int32))
    state = _with_references(state, name, lambda old: get_at(new_slot, old, size))
    if name != "bodies":
        moved = jax.tree.map(lambda x: x[order], state.tables[name])
        return state.replace(tables=state.tables.replace(**{name: moved}))
    players = order[: state.lives.distance.shape[0]]
    return state.replace(
        bodies=jax.tree.map(lambda x: x[order], state.bodies),
        lives=jax.tree.map(lambda x: x[players], state.lives),
    )


def widen(state: WorldState, like: WorldState) -> WorldState:
    """The same world in a state with more slots.

    What the latest observation showed is not taken over: observe anew.

    Args:
      state: of one world.
      like: an empty state of the larger world, with the same map, and as many NPCs as players more.
    """
    for name in ("bodies", *state.tables):
        old, new = state.table(name).alive.shape[0], like.table(name).alive.shape[0]
        state = _with_references(
            state, name, lambda slot, o=old, n=new: jnp.where(slot == o, n, slot)
        )

    def into(small: jax.Array, large: jax.Array) -> jax.Array:
        return large.at[: small.shape[0]].set(small)

    return like.replace(
        tick=state.tick,
        next_id=state.next_id,
        terrain=state.terrain,
        bodies=jax.tree.map(into, state.bodies, like.bodies),
        lives=jax.tree.map(into, state.lives, like.lives),
        tables=jax.tree.map(into, state.tables, like.tables),
        next_ids=state.next_ids,
        lost_spawns=state.lost_spawns,
    )


def _with_references(state: WorldState, name: str, renumber: Any) -> WorldState:
    """Every column that refers to a table, renumbered."""

    def renumbered(table: Columns) -> Columns:
        changed = {
            field: renumber(getattr(table, field))
            for field, column in columns(type(table)).items()
            if column.refers == name
        }
        return table.replace(**changed) if changed else table

    return state.replace(
        bodies=renumbered(state.bodies),
        lives=renumbered(state.lives),
        tables=Record({key: renumbered(table) for key, table in state.tables.items()}),
    )
