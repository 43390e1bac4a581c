"""Agents that cross a border: who may, and how they get to the other side.

Whoever would step over a border asks the band beyond it for one of the slots that are empty there
after this tick's births; the oldest are served first. Who gets none stays where it is this tick, as
if it had chosen so, and is counted. At the end of the tick those who stepped over the border and
live move into their slots, with all that belongs to them.
"""

from __future__ import annotations

from typing import TypeVar

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import Bodies, count_before, get_at, set_at
from jaxmmo.parallel.halo import NOBODY, Cut, bodies_at, first_of, rows_at, swap

T = TypeVar("T")


def crossing(cut: Cut, bodies: Bodies) -> tuple[jax.Array, jax.Array]:
    """bool[slots], bool[slots]: own agents that stand beyond the northern, the southern border."""
    row, alive = bodies.row[: cut.slots], bodies.alive[: cut.slots]
    return alive & (row < cut.halo), alive & (row >= cut.halo + cut.rows)


def refused(cut: Cut, before: Bodies, after: Bodies) -> jax.Array:
    """bool[slots]: own agents for whom there is no slot beyond the border that they would cross.

    Args:
      before: this tick's moves, and after its births.
      after: what they would be if everybody could move.
    """
    masks = crossing(cut, after)
    leaving = [first_of(mask, cut.movers) for mask in masks]
    asking = [jnp.where(i < cut.slots, get_at(before.id, i, NOBODY), NOBODY) for i in leaving]
    asked = jnp.concatenate(swap(cut, *asking))
    empty = cut.slots - jnp.sum(before.alive[: cut.slots], dtype=jnp.int32)
    wants = asked != NOBODY
    seniority = jnp.argsort(jnp.where(wants, asked, NEVER))
    served = jnp.zeros_like(wants).at[seniority].set(jnp.arange(2 * cut.movers) < empty) & wants
    answers = swap(cut, served[: cut.movers], served[cut.movers :])
    may = jnp.zeros_like(before.alive[: cut.slots])
    for index, answer in zip(leaving, answers, strict=True):
        may = set_at(may, jnp.where(answer, index, cut.slots), True)
    return (masks[0] | masks[1]) & ~may


def share_refusals(cut: Cut, refusals: jax.Array, near: tuple[jax.Array, jax.Array]) -> jax.Array:
    """bool[slots + 2 ghosts]: who has to stay, of the own agents and of the ghosts.

    Args:
      refusals: bool[slots].
      near: slots of the own agents that are ghosts in the north and in the south.
    """
    told = (rows_at(refusals, index, cut.slots) & (index < cut.slots) for index in near)
    return jnp.concatenate([refusals, *swap(cut, *told)])


def migrate(cut: Cut, bodies: Bodies, luggage: T) -> tuple[Bodies, T]:
    """Moves whoever has crossed a border into the band beyond it.

    Args:
      bodies: own agents, then ghosts.
      luggage: arrays [slots, ...] whose rows go with the agents.

    Returns:
      The own agents, and the luggage.
    """
    masks = crossing(cut, bodies)
    leaving = [first_of(mask, cut.movers) for mask in masks]
    own = jax.tree.map(lambda x: x[: cut.slots], bodies)
    parties = [
        (bodies_at(own, index, cut.slots, shift), rows_at(luggage, index, cut.slots))
        for index, shift in zip(leaving, (cut.rows, -cut.rows), strict=True)
    ]
    came = swap(cut, *parties)
    arrivals, arriving = jax.tree.map(lambda *x: jnp.concatenate(x), *came)
    own = own.replace(alive=own.alive & ~(masks[0] | masks[1]))
    free = first_of(~own.alive, 2 * cut.movers)
    slot = get_at(free, count_before(arrivals.alive), cut.slots)
    slot = jnp.where(arrivals.alive, slot, cut.slots)
    return jax.tree.map(lambda x, rows: set_at(x, slot, rows), (own, luggage), (arrivals, arriving))
