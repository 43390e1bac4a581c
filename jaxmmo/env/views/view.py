"""Views: which rows of a table each agent observes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import NEVER, Rules
from jaxmmo.env.state import Columns, Shown, WorldState, set_at
from jaxmmo.env.state.table import observed, packed
from jaxmmo.env.views.ranking import Ranked
from jaxmmo.spec import Attribute, Encoding, Kind, Table, pack


class Rows(struct.PyTreeNode):
    """A table of entities as every slot perceives it."""

    words: jax.Array  # u32[P, K, words]; packed as the table of the spec lists
    present: jax.Array  # bool[P, K]; rows that hold something
    overflow: jax.Array  # i32[P]; rows that did not fit

    def bits(self, attribute: Attribute) -> jax.Array:
        """u32[P, K]: the packed value of one attribute."""
        return (self.words[..., attribute.word] >> attribute.shift) & (2**attribute.bits - 1)


class SharedRows(Rows):
    """A table that everybody in a world perceives alike: as `Rows`, without the axis P."""


class Sight(NamedTuple):
    """What a view finds."""

    rows: Rows  # complete: what is hidden from networks is still there
    shown: Shown
    table: Table  # where the attributes are in the rows


Look = Callable[[Any, Any, Any], tuple[jax.Array, jax.Array]]
"""(config, rules, state) -> i32[P, K] slots, the table's number of slots for none, and i32[P], how
many there are to see; i32[K] and i32[] where everybody sees the same."""


@dataclasses.dataclass(frozen=True)
class View:
    """A table that every agent observes some rows of: an inventory, a market, what lies around.

    Attributes:
      name: of the observed table, in the spec and in observations.
      table: whose rows: "bodies", or one of `state.tables`.
      rows: how many are observed (K).
      look: which ones, in the order in which they are observed; a view that finds its rows in
        another way has its own `observe` instead.
      observer_first: row 0 is the observer itself.
      shared: everybody observes the same rows, so that there is one table a world: `look` answers
        without the axis P, and no attribute may be relative to the observer.
    """

    name: str
    table: str
    rows: int
    look: Look | None = None
    observer_first: bool = False
    shared: bool = False

    def capacity(self, config: EnvConfig) -> int:
        """Rows of the observed table (K)."""
        del config
        return self.rows

    def spec(self, config: EnvConfig, kind: type[Columns]) -> Table:
        """The observed table: the observed columns of the table it shows.

        Args:
          kind: class of the table.

        Raises:
          ValueError: if nothing of the table is observed, or a shared view would show everybody
            something else.
        """
        first = [Attribute("self", Kind.DISCRETE, 0, 1, encoding=Encoding.FIRST)]
        attributes = (first if self.observer_first else []) + observed(kind, config)
        if not attributes:
            raise ValueError(f"view {self.name!r}: no column of {self.table!r} is observed")
        own = [a.name for a in attributes if a.encoding != Encoding.PLAIN]
        if self.shared and own:
            raise ValueError(
                f"view {self.name!r} is shared, but {own[0]!r} differs from observer to observer: "
                "use shared=False"
            )
        rows = self.capacity(config)
        return Table(self.name, pack(attributes), rows, self.observer_first, self.shared)

    def observe(
        self, config: EnvConfig, rules: Rules, state: WorldState, spec: Table, ranked: Ranked
    ) -> Sight:
        """Every agent's rows.

        Args:
          spec: made by `spec`.
          ranked: the bodies in order, made once for all views.

        Raises:
          ValueError: for a view that does not say where to look, or looks for each agent though it
            is shared, or the other way round.
        """
        del ranked
        if self.look is None:
            raise ValueError(f"view {self.name!r} does not say which rows to look at")
        slots, total = self.look(config, rules, state)
        wanted = (
            (self.capacity(config),) if self.shared else (config.capacity, self.capacity(config))
        )
        if slots.shape != wanted:
            raise ValueError(
                f"view {self.name!r} looks at rows i32{list(slots.shape)}: must be "
                f"i32{list(wanted)} with shared={self.shared}"
            )
        table: Any = state.table(self.table)
        size = table.alive.shape[0]
        words = jnp.stack(packed(table, config, spec.attributes, spec.words), -1)
        present, over = slots < size, jnp.maximum(total - slots.shape[-1], 0)
        if not self.shared:
            alive = state.players.alive
            present, over = present & alive[:, None], jnp.where(alive, over, 0)
        found = words[jnp.minimum(slots, size - 1)]
        kind = SharedRows if self.shared else Rows
        rows = kind(words=jnp.where(present[..., None], found, 0), present=present, overflow=over)
        return Sight(rows, Shown(jnp.where(present, slots, size), None, size), spec)

    def nothing(self, config: EnvConfig, size: int) -> Shown:
        """What is shown before the first observation: no row of the `size` slots there are."""
        rows = self.capacity(config)
        shape = (rows,) if self.shared else (config.capacity, rows)
        return Shown(jnp.full(shape, size, jnp.int32), None, size)

    def hide(self, config: EnvConfig, spec: Table, rows: Rows) -> Rows:
        """The rows as they are observed."""
        del config, spec
        return rows


def owned(table: str, owner: str, rows: int) -> Look:
    """Looks at what an agent owns, oldest first.

    Args:
      table: of `state.tables`.
      owner: its column that refers to bodies.
      rows: most that are seen (K).
    """

    def look(config: EnvConfig, rules: Rules, state: WorldState) -> tuple[jax.Array, jax.Array]:
        del rules
        things: Any = state.tables[table]
        size, players = things.alive.shape[0], config.capacity
        whose = getattr(things, owner)
        valid = things.alive & (whose >= 0) & (whose < players)
        whose = jnp.where(valid, whose, players)
        order = jnp.lexsort((jnp.where(valid, things.id, NEVER), whose))
        first = jnp.searchsorted(whose[order], jnp.arange(players + 1))
        place = jnp.arange(size) - first[whose[order]]
        slots = jnp.full((players, rows), size, jnp.int32)
        slots = set_at(slots, (whose[order], place), order.astype(jnp.int32))
        return slots, (first[1:] - first[:-1]).astype(jnp.int32)

    return look
