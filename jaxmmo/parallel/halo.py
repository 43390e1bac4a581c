"""What bands tell their neighbours: rows of tables near the borders, and the ground there.

A band of rows knows, beside its own rows of the map, as many rows beyond each border as its agents
can see, and one more. Whoever stands there is a ghost: a copy of an agent of the neighbour, renewed
at the end of every tick. What a ghost does in a tick is computed by both bands, from the same
numbers and with the same draws, which are keyed by ids; the neighbour's result counts.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import Bodies, compact, count_before
from jaxmmo.records import Record
from jaxmmo.spec import Spec

AXIS = "agents"
"""The axis of the mesh over which a world is cut into bands."""

NOBODY = 0
"""The id that stands for no agent in messages; ids of agents are larger."""

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Cut:
    """How a map is cut into bands, and how much each of them has room for.

    Rows are counted within a band's part of the map: its own begin at `halo`, after those that it
    knows of its northern neighbour.

    Attributes:
      bands: there are, one on each device.
      rows: of the map that belong to a band.
      sight: rows beyond a border within which bodies can matter.
      slots: of a band's own agents.
      ghosts: slots for the bodies beyond each border.
      movers: agents that can cross a border in one tick, in each direction.
    """

    bands: int
    rows: int
    sight: int
    slots: int
    ghosts: int
    movers: int

    @property
    def halo(self) -> int:
        """Rows beyond each border: a ghost may take a step before it is struck at."""
        return self.sight + 1

    @property
    def height(self) -> int:
        """Rows of a band's part of the map."""
        return self.rows + 2 * self.halo

    def is_first(self) -> jax.Array:
        """bool[]: whether this is the northernmost band."""
        return jax.lax.axis_index(AXIS) == 0

    def is_last(self) -> jax.Array:
        """bool[]: whether this is the southernmost band."""
        return jax.lax.axis_index(AXIS) == self.bands - 1

    def origin(self) -> jax.Array:
        """i32[]: the row of the world that is row 0 of this band's part."""
        return jax.lax.axis_index(AXIS).astype(jnp.int32) * self.rows - self.halo


def to_words(tree: Any) -> jax.Array:
    """u32[N, words]: arrays of N rows each, side by side, so that they travel as one."""
    columns = []
    for leaf in jax.tree.leaves(tree):
        flat = leaf.reshape(leaf.shape[0], -1)
        if flat.dtype == jnp.bool_:
            columns.append(flat.astype(jnp.uint32))
        elif flat.dtype.itemsize < 4:
            narrow = jnp.dtype(f"uint{8 * flat.dtype.itemsize}")
            columns.append(jax.lax.bitcast_convert_type(flat, narrow).astype(jnp.uint32))
        else:
            words = jax.lax.bitcast_convert_type(flat, jnp.uint32)
            columns.append(words.reshape(leaf.shape[0], -1))
    return jnp.concatenate(columns, 1)


def from_words(words: jax.Array, like: T) -> T:
    """The arrays that `to_words` has put side by side; as many rows, otherwise like those."""
    leaves, tree = jax.tree.flatten(like)
    rows, start, found = words.shape[0], 0, []
    for leaf in leaves:
        shape = (rows, *leaf.shape[1:])
        width = max(leaf.dtype.itemsize // 4, 1)
        entries = leaf.size // leaf.shape[0]
        part = words[:, start : start + entries * width]
        start += entries * width
        if leaf.dtype == jnp.bool_:
            value = part != 0
        elif leaf.dtype.itemsize < 4:
            narrow = part.astype(jnp.dtype(f"uint{8 * leaf.dtype.itemsize}"))
            value = jax.lax.bitcast_convert_type(narrow, leaf.dtype)
        else:
            part = part if width == 1 else part.reshape(rows, entries, width)
            value = jax.lax.bitcast_convert_type(part, leaf.dtype)
        found.append(value.reshape(shape))
    return jax.tree.unflatten(tree, found)


def swap(cut: Cut, north: T, south: T) -> tuple[T, T]:
    """Sends each neighbour something and returns what they sent, all zero beyond the map's edge.

    Args:
      cut: of the map.
      north: arrays of N rows, for the band to the north.
      south: the same arrays for the band to the south.

    Returns:
      What came from the north, and from the south.
    """

    def send(tree: T, step: int) -> T:
        words = to_words(tree)
        there = [(i, i + step) for i in range(cut.bands) if 0 <= i + step < cut.bands]
        came = jax.lax.ppermute(words, AXIS, there) if there else words & 0
        return from_words(came, tree)

    return send(south, 1), send(north, -1)


def rows_at(table: T, index: jax.Array, size: int) -> T:
    """The rows of arrays at an index i32[N], any where it is `size`, their number of rows."""
    return jax.tree.map(lambda x: x[jnp.minimum(index, size - 1)], table)


def bodies_at(bodies: Bodies, index: jax.Array, size: int, shift: int) -> Bodies:
    """Bodies at an index, nobody where it is `size`, as a neighbour counts their rows.

    Args:
      shift: rows that the neighbour counts more.
    """
    rows = rows_at(bodies, index, size)
    alive = rows.alive & (index < size)
    return rows.replace(alive=alive, row=jnp.where(alive, rows.row + shift, 0))


def first_of(mask: jax.Array, most: int) -> jax.Array:
    """i32[most]: where a mask is set, its length where it is not set so often."""
    return compact(mask, count_before(mask), most)


def near_borders(cut: Cut, bodies: Bodies) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Which own agents the neighbours have to know of.

    Returns:
      i32[ghosts] slots for the northern neighbour and for the southern one, `cut.slots` where there
      are fewer; and i32[]: how many did not fit.
    """
    row = bodies.row[: cut.slots] - cut.halo
    alive = bodies.alive[: cut.slots]
    north = alive & (row < cut.sight) & ~cut.is_first()
    south = alive & (row >= cut.rows - cut.sight) & ~cut.is_last()
    lost = sum(jnp.maximum(jnp.sum(m, dtype=jnp.int32) - cut.ghosts, 0) for m in (north, south))
    return first_of(north, cut.ghosts), first_of(south, cut.ghosts), jnp.asarray(lost)


def renew_ghosts(cut: Cut, bodies: Bodies) -> tuple[Bodies, jax.Array]:
    """The own agents, and copies of the neighbours' that stand near the borders.

    Args:
      bodies: [slots or more], the own agents first.

    Returns:
      The bodies [slots + 2 ghosts], and i32[]: how many the neighbours have no room to see.
    """
    own = jax.tree.map(lambda x: x[: cut.slots], bodies)
    north, south, lost = near_borders(cut, own)
    from_north, from_south = swap(
        cut,
        bodies_at(own, north, cut.slots, cut.rows),
        bodies_at(own, south, cut.slots, -cut.rows),
    )
    together = jax.tree.map(lambda *x: jnp.concatenate(x), own, from_north, from_south)
    return together, lost


def renew_rows(cut: Cut, plane: jax.Array) -> jax.Array:
    """An array of tiles [height, W] with the rows beyond the borders as the neighbours have them.

    Beyond the map's edge it is zero.
    """
    own = plane[cut.halo : cut.halo + cut.rows]
    from_north, from_south = swap(cut, own[: cut.halo], own[cut.rows - cut.halo :])
    return jnp.concatenate([from_north, own, from_south])


def share_intents(
    cut: Cut, spec: Spec, bodies: Bodies, intent: Record, near: tuple[jax.Array, jax.Array]
) -> Record:
    """What the ghosts are about to do, beside the own agents: i32[slots + 2 ghosts] by head.

    Whom somebody aims at is told by id, as slots differ between bands. A target that this band does
    not know is none of its own agents, and counts as nobody.

    Args:
      bodies: own agents and ghosts.
      intent: of the own agents, `actions.decoding.decode`.
      near: slots of the own agents that are ghosts in the north and in the south.
    """
    pointers = [head.name for head in spec.heads if head.table is not None]
    size = bodies.alive.shape[0]
    own = Record({name: value[: cut.slots] for name, value in intent.items()})
    told = own.replace(**{name: ids_at(bodies, own[name]) for name in pointers})
    ghosts = swap(cut, *(rows_at(told, index, cut.slots) for index in near))
    seniority = jnp.argsort(jnp.where(bodies.alive, bodies.id, NEVER))
    for came in ghosts:
        for name in pointers:
            came[name] = slots_of(bodies, seniority, came[name], size)
    return jax.tree.map(lambda *x: jnp.concatenate(x), own, *ghosts)


def ids_at(bodies: Bodies, slot: jax.Array) -> jax.Array:
    """i32[N]: the ids in slots i32[N], NOBODY where that is the number of slots."""
    size = bodies.alive.shape[0]
    return jnp.where(slot < size, bodies.id[jnp.minimum(slot, size - 1)], NOBODY)


def slots_of(bodies: Bodies, seniority: jax.Array, ids: jax.Array, missing: int) -> jax.Array:
    """i32[N]: the slots of ids i32[N], `missing` for those that are not here.

    Args:
      seniority: i32[B], slots in order of the ids in them.
    """
    ranked = jnp.where(bodies.alive, bodies.id, NEVER)[seniority]
    place = jnp.minimum(jnp.searchsorted(ranked, ids), ranked.shape[0] - 1)
    return jnp.where(ranked[place] == ids, seniority[place], missing).astype(jnp.int32)
