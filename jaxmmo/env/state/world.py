"""World state: one fixed-capacity table per kind of entity, the map, and the clock.

Axis letters, fixed here for the whole project: P player slots, B body slots (players first), H W
map rows and columns, K rows of an observed table, N slots of any table, S skills. There is no world
axis: vmap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.core import Tracer

from jaxmmo.env import tiles
from jaxmmo.env.state.arrays import get_at
from jaxmmo.env.state.bodies import Bodies, Lives
from jaxmmo.records import Record


class Terrain(struct.PyTreeNode):
    """The map. What never changes is packed into the bits of `tile`, see `env.tiles`."""

    tile: jax.Array  # u8[H, W], or u16[H, W] where there are more than 8 materials
    ripe_at: jax.Array  # i32[H, W]; tick from which a harvested tile is ripe again

    @property
    def material(self) -> jax.Array:
        """The fixed original material of every tile, in the dtype of `tile`."""
        return tiles.material(self.tile)

    def depleted(self, tick: jax.Array) -> jax.Array:
        """bool[H, W]: harvested tiles that are not ripe again at `tick`."""
        return self.ripe_at > tick

    def visible(
        self, tick: jax.Array, materials: Sequence[tiles.MaterialKind] = tiles.MATERIALS
    ) -> jax.Array:
        """Materials as they look at `tick`, in the dtype of `tile`."""
        return tiles.look(materials, self.material, self.depleted(tick))


class Shown(struct.PyTreeNode):
    """What the rows of an observed table stood for in the latest observation.

    A choice among these rows is decoded with it. Where `order` is there, `rows` holds ranks, which
    are places in it: large worlds look rows up in that order.
    """

    rows: jax.Array  # i32[P, K], or i32[K] for all alike; slot (or rank) behind a row, N for none
    order: jax.Array | None  # i32[N]; slot at each rank
    size: int = struct.field(pytree_node=False)  # N, slots of the table that is shown

    @property
    def slots(self) -> jax.Array:
        """i32[P, K], or i32[K] for all alike: the slot behind each row, N for none."""
        return self.slot_of(self.rows)

    def slot_of(self, row: jax.Array) -> jax.Array:
        """i32[...]: the slots that entries of `rows` stand for, N for N."""
        if self.order is None:
            return row
        return get_at(self.order, row, self.order.shape[0])

    def chosen(self, choice: jax.Array) -> jax.Array:
        """i32[P]: the slot behind each agent's chosen row i32[P], which must be in range."""
        if self.rows.ndim == 1:
            return self.slot_of(self.rows[choice])
        return self.slot_of(jnp.take_along_axis(self.rows, choice[:, None], 1)[:, 0])


class _State(struct.PyTreeNode):
    """Lets the players, who are a view of the bodies, be replaced like a field."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        plain = cls.replace

        def replace(self: Any, **updates: Any) -> Any:
            """A copy with fields changed; `players` writes the first rows of `bodies`."""
            if "players" in updates:
                updates["bodies"] = _join_players(self, updates.pop("players"))
            return plain(self, **updates)

        cls.replace = replace


class WorldState(_State):
    """One world between two ticks."""

    tick: jax.Array  # i32[]; ticks completed
    next_id: jax.Array  # i32[]; id of the next spawn attempt
    terrain: Terrain
    bodies: Bodies
    lives: Lives
    views: Record  # `Shown` by view: what the latest observation showed
    tables: Record  # further tables of entities by name
    next_ids: Record  # i32[] by further table; id that its next row gets
    lost_spawns: jax.Array  # i32[]; births that found no empty slot: capacity is too small

    @property
    def players(self) -> Any:
        """The first P bodies; all of them in a world of players only."""
        count, rows = self.lives.distance.shape[-1], self.bodies.alive.shape[-1]
        if count == rows:
            return self.bodies
        return jax.tree.map(lambda x: x[self._rows(slice(count))], self.bodies)

    def __repr__(self) -> str:
        """What a world is in one line: its size, and its clock and living where they are known."""
        *many, height, width = jnp.shape(self.terrain.tile)
        slots = jnp.shape(self.bodies.alive)[-1]
        worlds = f"{'x'.join(map(str, many))} worlds, " if many else ""
        known = ""
        if all(_has_values(x) for x in (self.tick, self.bodies.alive)):
            first, last = int(jnp.min(self.tick)), int(jnp.max(self.tick))
            known = f"tick {first}{f' to {last}' if last > first else ''}, "
            slots = f"{int(jnp.sum(self.bodies.alive))} alive in {slots} slots"
        else:
            slots = f"{slots} slots"
        each = " each" if many else ""
        return f"{type(self).__name__}({worlds}{known}{height}x{width} tiles, {slots}{each})"

    def table(self, name: str) -> Any:
        """The table that a column `refers` to, or a view shows: "bodies" or one of `tables`."""
        return self.bodies if name == "bodies" else self.tables[name]

    def _rows(self, part: slice) -> tuple[slice, ...]:
        """An index for the rows of a table, whatever axes of worlds stand before them."""
        return (*(slice(None) for _ in range(self.bodies.alive.ndim - 1)), part)


def _has_values(x: Any) -> bool:
    """Whether an array can be looked at: not while it is traced, donated, or only a shape."""
    if isinstance(x, Tracer) or not isinstance(x, jax.Array | np.ndarray):
        return False
    return isinstance(x, np.ndarray) or not x.is_deleted()


def _join_players(state: WorldState, players: Any) -> Any:
    """The bodies, of which the first rows are these players."""
    count, axis = players.alive.shape[-1], state.bodies.alive.ndim - 1
    if count == state.bodies.alive.shape[-1]:
        return players
    others = jax.tree.map(lambda x: x[state._rows(slice(count, None))], state.bodies)
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b], axis), players, others)


class Spawns(struct.PyTreeNode):
    """The spawn attempts of one tick. A population out of range is an attempt not made."""

    population: jax.Array  # i32[spawns]
    row: jax.Array  # i32[spawns]
    col: jax.Array  # i32[spawns]


class Rolls(struct.PyTreeNode):
    """Every random number of one tick: given these, the systems are deterministic."""

    attack: jax.Array  # i32[B]; uniform in [0, 2^16), for the slot's attack
    regrow: jax.Array  # i32[B]; ticks until a tile regrows, if the slot harvests one
    spawns: Spawns
    others: Record = struct.field(default_factory=Record)  # draws of added systems, by name
