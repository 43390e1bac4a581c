"""Rows of tables that are used again, as the original chooses them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import compact, count_before, get_at, select, set_at

FRESH = 2**29
"""Stamps from here on belong to rows that were never free."""


class Rows(struct.PyTreeNode):
    """Rows that are used again, the one that has been free for longest first.

    A table begins with a hundred rows and doubles whenever none is free. Row 0 is never used.
    """

    stamp: jax.Array  # i32[N]; order in which free rows are taken, NEVER for those in use
    clock: jax.Array  # i32[]; the next stamp

    @classmethod
    def all_free(cls, size: int, first: int = 100) -> Rows:
        """Rows none of which is in use."""
        row = jnp.arange(size, dtype=jnp.int32)
        stamp = jnp.where(row < first, row, FRESH + row)
        return cls(stamp=stamp.at[0].set(NEVER), clock=jnp.int32(first))

    def take(self, when: jax.Array) -> tuple[Rows, jax.Array]:
        """The next free row i32[], N if there is none or `when` does not hold."""
        size = self.stamp.shape[0]
        row = jnp.argmin(self.stamp).astype(jnp.int32)
        stamp = self.stamp[row]
        when &= stamp != NEVER
        index = jnp.arange(size, dtype=jnp.int32)
        doubles = when & (stamp >= FRESH)
        block = doubles & (index >= row) & (index < 2 * row)
        stamps = jnp.where(block, self.clock + index - row, self.stamp)
        row = jnp.where(when, row, size)
        clock = self.clock + jnp.where(doubles, row, 0)
        return Rows(stamp=set_at(stamps, row, NEVER), clock=clock), row

    def take_each(self, when: jax.Array) -> tuple[Rows, jax.Array]:
        """The smallest free rows i32[M] for those who want one, bool[M]; N for all others.

        In which order rows became free does not matter here, so that nothing is searched for.
        """
        size = self.stamp.shape[0]
        free = self.stamp != NEVER
        smallest = compact(free, count_before(free), size)
        row = jnp.where(when, get_at(smallest, count_before(when), size), size)
        # rows of a part that the table did not have until now are as good as any from here on
        stamp = select(free, jnp.minimum(self.stamp, FRESH - 1), self.stamp)
        return self.replace(stamp=set_at(stamp, row, NEVER)), row

    def take_all(self, when: jax.Array, in_turn: bool) -> tuple[Rows, jax.Array]:
        """As `take_each`; or, `in_turn`, as `take` for one after another, which takes longer."""
        return jax.lax.scan(Rows.take, self, when) if in_turn else self.take_each(when)

    def free_each(self, mask: jax.Array) -> Rows:
        """The rows with those of a mask bool[N] given back, for `take_each`."""
        return self.replace(stamp=jnp.where(mask, self.clock, self.stamp))

    def free_at(self, row: jax.Array, when: jax.Array) -> Rows:
        """As `free_each`, of rows i32[M]."""
        slot = jnp.where(when, row, self.stamp.shape[0])
        return self.replace(stamp=set_at(self.stamp, slot, self.clock))

    def free(self, row: jax.Array, when: jax.Array) -> Rows:
        """The rows with one given back."""
        slot = jnp.where(when, row, self.stamp.shape[0])
        clock = self.clock + when.astype(jnp.int32)
        return Rows(stamp=set_at(self.stamp, slot, self.clock), clock=clock)
