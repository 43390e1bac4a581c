"""Observations: packed tile windows, tables of entities, and exact masks."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.actions.head import ActionHead
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.env.views.ranking import rank_bodies
from jaxmmo.env.views.view import Rows, SharedRows, View
from jaxmmo.env.views.window import cut_windows
from jaxmmo.records import Record
from jaxmmo.spec import Spec, Table

Masks = Record
"""Legal choices by head: bool[P, choices], with an axis for the choices of the head that one is
given before them. An empty slot may only do nothing."""


class Observation(struct.PyTreeNode):
    """What every slot perceives; all zero where a slot is empty. `io.inputs` makes it readable.

    `tiles` holds `32 / tile_bits` tiles a word, lowest bits first, row by row, what exceeds the
    window being 0. A tile is its material in the lowest bits (3 in worlds of up to 8 materials) and
    the number of bodies on it above, saturated. `tables` holds the observed tables of the spec by
    name, packed as the spec lists; those that are shared are there once a world, without the axis
    P, and are not zero for empty slots: there is nobody who sees them.
    """

    tiles: jax.Array  # u32[P, 2 vision + 1, words]
    tables: Record  # `Rows` by name of the table
    masks: Masks

    def __repr__(self) -> str:
        """What is observed in one line, without the numbers."""
        *leading, side, _ = jnp.shape(self.tiles)
        rows = ", ".join(
            f"{jnp.shape(table.present)[-1]} rows of {name}" for name, table in self.tables.items()
        )
        slots = "x".join(map(str, leading)) or "1"
        return f"Observation({slots} slots, {side}x{side} tiles, {rows})"

    @property
    def agents(self) -> jax.Array:
        """u32[P, K, words]: the rows of nearby bodies; row 0 is the agent itself."""
        return self.tables["agent"].words

    @property
    def present(self) -> jax.Array:
        """bool[P, K]: rows of nearby bodies that hold somebody; column 0 says who is alive."""
        return self.tables["agent"].present

    @property
    def overflow(self) -> jax.Array:
        """i32[P]: bodies in the window that did not fit."""
        return self.tables["agent"].overflow


def observe(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    spec: Spec,
    materials: Sequence[MaterialKind],
    views: Sequence[View],
    heads: Sequence[ActionHead],
) -> tuple[Observation, WorldState]:
    """Every agent sees the tiles in its window and what its views show (v1.3 section 7).

    Args:
      spec: of the game, which the other arguments belong to.
      materials: of the game, as the three below.
      views: what is observed.
      heads: whose masks are made.

    Returns:
      The observation, and the state that remembers what the observed rows stand for.
    """
    ranked = rank_bodies(config, state.bodies)
    sights, rows = {}, Record()
    for view in views:
        table = spec.table(view.name)
        with jax.named_scope(f"view_{view.name}"):
            sights[view.name] = sight = view.observe(config, rules, state, table, ranked)
            rows[view.name] = view.hide(config, table, sight.rows)
    state = state.replace(views=Record({name: sight.shown for name, sight in sights.items()}))
    masks = Record()
    for head in heads:
        with jax.named_scope(f"mask_{head.name}"):
            masks[head.name] = mask = head.mask(config, rules, state, sights)
        wanted = (config.capacity, *spec.shape(spec.head(head.name)))
        if mask.shape != wanted or mask.dtype != jnp.bool_:
            found = f"{mask.dtype}{list(mask.shape)}"
            raise ValueError(f"mask of head {head.name!r} is {found}: must be bool{list(wanted)}")
    with jax.named_scope("tiles"):
        tiles = cut_windows(config, materials, spec.tile, state, ranked)
    return Observation(tiles=tiles, tables=rows, masks=masks), state


def blank(spec: Spec, leading: tuple[int, ...] = (1,)) -> Observation:
    """The observation of empty slots: all zero, nothing legal.

    Args:
      spec: of the world.
      leading: axes before those of an observation: slots, worlds and slots.
    """
    side_words = -(-spec.window // (32 // spec.tile_bits))

    def rows(table: Table) -> Rows:
        axes = leading[:-1] if table.shared else leading
        kind = SharedRows if table.shared else Rows
        return kind(
            jnp.zeros((*axes, table.rows, table.words), jnp.uint32),
            jnp.zeros((*axes, table.rows), bool),
            jnp.zeros(axes, jnp.int32),
        )

    return Observation(
        tiles=jnp.zeros((*leading, spec.window, side_words), jnp.uint32),
        tables=Record({table.name: rows(table) for table in spec.tables}),
        masks=Record({h.name: jnp.zeros((*leading, *spec.shape(h)), bool) for h in spec.heads}),
    )
