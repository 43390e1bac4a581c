"""Packed observations made readable: raw integers by name, and the normalised inputs of networks.

Both follow `Spec` alone: an attribute added there appears here. Leading axes `...` are whatever the
observation has: slots, worlds and slots, time too. Rows are the K rows of a table of entities, or
the window's tiles in raster order (T = window * window). A table that everybody in a world sees
alike has no axis of slots: what is read in it is read once a world.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.observation import Observation
from jaxmmo.spec import Attribute, Encoding, Kind, Spec, Table

Columns = dict[str, jax.Array]


def unpack(spec: Spec, obs: Observation) -> dict[str, Columns]:
    """The observed integers by table and name, hidden ones too.

    Returns:
      {"agent": {name: i32[..., K]}, "tile": {name: i32[..., T]}}. Rows without anyone, and all rows
      of an empty slot, hold what zero bits mean; `obs.tables[name].present` tells them apart.
      Further tables of the spec are there under their names; shared ones have the leading axes of
      worlds alone, and `env.sharing.seen` makes them every agent's own.
    """
    columns = {table.name: _rows(spec, table, obs) for table in spec.tables}
    columns["tile"] = _tiles(spec, obs.tiles)
    return columns


def inputs(spec: Spec, obs: Observation) -> dict[str, Columns]:
    """What a network reads: an index for what is discrete, a scaled number for the continuous.

    Returns:
      {"agent": {name: [..., K]}, "tile": {name: [..., T]}}: i32 indices from 0 on, and f32
      `value / divisor - offset`, correctly rounded. Zero where no row is present. Hidden
      attributes are left out.

    Source: v1.3 section 7; with that preset, the recorded inputs to the last bit.
    """
    raw = unpack(spec, obs)
    readable: dict[str, Columns] = {}
    for table in spec.tables:
        columns, present = raw[table.name], obs.tables[table.name].present
        readable[table.name] = {
            a.name: jnp.where(present, normalise(a, columns), 0) for a in table.observed
        }
    readable["tile"] = {
        a.name: normalise(a, raw["tile"]) for a in spec.tile if a.kind != Kind.HIDDEN
    }
    return readable


def normalise(attribute: Attribute, columns: Columns) -> jax.Array:
    """One attribute as a network reads it.

    Args:
      attribute: discrete or continuous.
      columns: raw integers by name: its own, and the one it is divided by.

    Returns:
      i32 index from 0 on, or f32 `value / divisor - offset`, where 0 / 0 counts as 0.
    """
    value = columns[attribute.name]
    if attribute.kind == Kind.DISCRETE:
        return value - attribute.low
    offset, divisor = attribute.offset, attribute.divisor
    value = value.astype(jnp.float32)
    # (value - offset * divisor) / divisor: the numerator is exact, so that only the quotient rounds
    if isinstance(divisor, str):
        scale = columns[divisor].astype(jnp.float32)
        shifted = jnp.where(scale > 0, value - np.float32(offset) * scale, -np.float32(offset))
        return shifted / jnp.maximum(scale, 1)
    shifted = value - np.float32(offset * divisor)
    if divisor == 1:
        return shifted
    # by a scalar, XLA would multiply with the rounded reciprocal instead: one bit off, now and then
    return shifted / jnp.where(shifted == 0, 1, np.float32(divisor))


def _rows(spec: Spec, table: Table, obs: Observation) -> Columns:
    """i32[..., K] by name: the bits of every attribute of a table of entities."""
    rows = obs.tables[table.name]
    columns = {}
    for attribute in table.attributes:
        if attribute.encoding == Encoding.FIRST:
            first = jnp.arange(rows.present.shape[-1]) == 0
            first = jnp.broadcast_to(first, rows.present.shape)
            columns[attribute.name] = (first & rows.present).astype(jnp.int32)
            continue
        mask = jnp.uint32(2**attribute.bits - 1)
        bits = (rows.words[..., attribute.word] >> attribute.shift) & mask
        if attribute.encoding == Encoding.RELATIVE:
            here = spec.observer[attribute.name]
            itself = obs.tables[spec.observer.name].words[..., :1, here.word]
            observer = itself >> here.shift
            bits = jnp.where(rows.present, bits - observer + jnp.uint32(-attribute.low), 0) & mask
        columns[attribute.name] = bits.astype(jnp.int32) + attribute.low
    return columns


def _tiles(spec: Spec, words: jax.Array) -> Columns:
    """i32[..., T] by name, from u32[..., side, words]; row and col from the tile's place."""
    side, bits = spec.window, spec.tile_bits
    shifts = jnp.arange(0, 32, bits, dtype=jnp.uint32)
    shifts = shifts.reshape(*(1 for _ in words.shape), -1)
    tiles = (words[..., None] >> shifts) & (2**bits - 1)
    tiles = tiles.reshape(*words.shape[:-1], -1)[..., :side]
    tiles = tiles.reshape(*words.shape[:-2], side * side).astype(jnp.int32)
    place = jnp.arange(side * side, dtype=jnp.int32)
    columns, shift = {}, 0
    for attribute in spec.tile:
        if attribute.name in ("row", "col"):
            here = place // side if attribute.name == "row" else place % side
            columns[attribute.name] = jnp.broadcast_to(here, tiles.shape)
            continue
        value = (tiles >> shift) & (2**attribute.bits - 1)
        columns[attribute.name] = value + attribute.low
        shift += attribute.bits
    return columns
