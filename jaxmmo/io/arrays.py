"""Observations as plain numeric arrays for any framework, and flat decisions made into actions.

    dense(spec, obs)                one entry for every slot
    packed(spec, obs, size)         the living alone, brought together
    flatten(spec, obs)              one vector for every slot
    outputs(spec, decisions)        integers i32[..., heads] to an action

All are pure, can be jitted and vmapped, and follow the spec: what is added to it appears here.
`numpy.asarray` and `torch.from_dlpack` take the results as they are. Leading axes `...` are
whatever the observation has: slots, worlds and slots, time too. Whatever belongs to an empty slot,
or to a row without anyone, is zero. What everybody in a world sees alike is given to every slot.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxmmo.env import sharing
from jaxmmo.io.inputs import inputs
from jaxmmo.records import Record
from jaxmmo.spec import Attribute, Kind, Spec

Tables = dict[str, dict[str, jax.Array]]

PLACE = ("row", "col")
"""Attributes of a tile that its place in the window decides: the same in every observation."""


class Packed(NamedTuple):
    """The living of all slots, brought together; M places, N slots."""

    tables: Tables  # of `dense`, with one leading axis M
    rows: jax.Array  # i32[M]; index into the slots, all leading axes made one; N for an empty place
    living: jax.Array  # i32[]; how many live, places or not


def living(spec: Spec, obs: Any) -> jax.Array:
    """bool[...]: slots in which somebody lives: whoever sees itself."""
    return obs.tables[spec.observer.name].present[..., 0]


def dense(spec: Spec, obs: Any) -> Tables:
    """Normalised, mask-carrying arrays of every slot.

    Args:
      spec: of the environment.
      obs: an observation with leading axes `...`.

    Returns:
      For every table, "tile" among them, `index` i32[..., rows, D] (discrete attributes, for an
      embedding table), `value` f32[..., rows, C] (continuous ones, normalised as in `io.inputs`)
      and `present` bool[..., rows]; under "masks", bool arrays by head. The columns are those of
      `columns(spec)`.
    """
    here = living(spec, obs)
    readable = inputs(spec, obs)
    tables: Tables = {}
    for name, (discrete, continuous) in _attributes(spec).items():
        read = readable[name]
        if name == "tile":
            rows = spec.window**2
            present = jnp.broadcast_to(here[..., None], (*here.shape, rows))
        else:
            present = obs.tables[name].present
            if spec.table(name).shared:
                read = {key: sharing.seen(obs, column) for key, column in read.items()}
                present = sharing.seen(obs, present) & here[..., None]
        tables[name] = {
            "index": _stack([read[a.name] for a in discrete], present, jnp.int32),
            "value": _stack([read[a.name] for a in continuous], present, jnp.float32),
            "present": present,
        }
    tables["masks"] = {head.name: obs.masks[head.name] for head in spec.heads}
    return tables


def columns(spec: Spec) -> dict[str, dict[str, list[str]]]:
    """Names of the columns of `dense`: by table, those of `index` and those of `value`."""
    return {
        name: {"index": [a.name for a in discrete], "value": [a.name for a in continuous]}
        for name, (discrete, continuous) in _attributes(spec).items()
    }


def packed(spec: Spec, obs: Any, size: int | None = None) -> Packed:
    """The living alone, in the order of their slots.

    Args:
      spec: of the environment.
      obs: an observation with leading axes `...`.
      size: places (M); static, so it is needed where shapes must be: under `jit`. As many as live
        if omitted. Those who find no place are left out: compare `living` with `size`.

    Raises:
      ValueError: for a negative size, or none under `jit`.
    """
    here = living(spec, obs)
    axes = here.ndim
    if size is None:
        if isinstance(here, Tracer):
            raise ValueError("packed needs size under jit: how many living there is room for")
        size = int(here.sum())
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
        raise ValueError(f"size={size!r}: must be an integer of at least 0")
    rows = jnp.nonzero(here.reshape(-1), size=int(size), fill_value=here.size)[0]
    rows = rows.astype(jnp.int32)
    some = sharing.taken(sharing.joined(obs, axes), rows, fill=True)
    return Packed(dense(spec, some), rows, jnp.sum(here, dtype=jnp.int32))


def flatten(spec: Spec, obs: Any) -> jax.Array:
    """f32[..., F]: everything that `dense` holds but the masks, as one vector.

    Table by table: the continuous columns as they are, the discrete ones as indicators, and whether
    anyone is there. Rows and columns of tiles are left out: they are the same in every observation.
    """
    tables = dense(spec, obs)
    parts = []
    for name, (discrete, continuous) in _attributes(spec).items():
        table = tables[name]
        present = table["present"][..., None].astype(jnp.float32)
        features = [table["value"]] if continuous else []
        for i, attribute in enumerate(discrete):
            if name == "tile" and attribute.name in PLACE:
                continue
            features.append(jax.nn.one_hot(table["index"][..., i], attribute.size) * present)
        if name != "tile":
            features.append(present)
        rows = jnp.concatenate(features, -1)
        parts.append(rows.reshape(*rows.shape[:-2], -1))
    return jnp.concatenate(parts, -1)


def flat_size(spec: Spec) -> int:
    """F of `flatten`."""
    total = 0
    for name, (discrete, continuous) in _attributes(spec).items():
        tile = name == "tile"
        sizes = [a.size for a in discrete if not (tile and a.name in PLACE)]
        rows = spec.window**2 if tile else spec.table(name).rows
        total += rows * (len(continuous) + sum(sizes) + (not tile))
    return total


def flat_columns(spec: Spec) -> list[str]:
    """Names of the columns of `flatten`, in their order.

    As in agent[0].health, agent[3].population=2 (an indicator), agent[3].present, and
    tile[-1,2].material=4, at row -1 and column 2 from the observer; a discrete value counts from 0.
    """
    names = []
    for table, (discrete, continuous) in _attributes(spec).items():
        tile = table == "tile"
        own = [a.name for a in continuous]
        for attribute in discrete:
            if not (tile and attribute.name in PLACE):
                own += [f"{attribute.name}={value}" for value in range(attribute.size)]
        own += [] if tile else ["present"]
        side, middle = spec.window, spec.window // 2
        places = (
            [f"{i // side - middle},{i % side - middle}" for i in range(side**2)]
            if tile
            else [str(row) for row in range(spec.table(table).rows)]
        )
        names += [f"{table}[{place}].{name}" for place in places for name in own]
    return names


def choices(spec: Spec) -> tuple[int, ...]:
    """How many choices every head has, in the order of the spec."""
    return tuple(spec.choices(head) for head in spec.heads)


def choice_masks(spec: Spec, obs: Any) -> tuple[jax.Array, ...]:
    """bool[..., choices] by head: what is legal for some choice of the head that it is given.

    For libraries whose masks know each head by itself. A pair that the exact masks do not allow
    does nothing.
    """
    masks = []
    for head in spec.heads:
        mask = obs.masks[head.name]
        masks.append(jnp.any(mask, -2) if head.given else mask)
    return tuple(masks)


def outputs(
    spec: Spec, decisions: Any, rows: Any = None, shape: tuple[int, ...] | None = None
) -> Record:
    """Flat decisions as an action.

    Args:
      spec: of the environment.
      decisions: integers [..., H], a choice for each head in the order of the spec; or, with
        `rows`, [M, H], of the living that `packed` brought together.
      rows: of `Packed`; whoever is not among them does nothing.
      shape: the leading axes of the observation that was packed, such as (worlds, slots).

    Returns:
      i32[...] by head, as `env.step` takes it.

    Raises:
      ValueError: for decisions of another shape or dtype, or `rows` without `shape`.
    """
    flat = jnp.asarray(decisions)
    heads = len(spec.heads)
    if flat.ndim == 0 or flat.shape[-1] != heads or not jnp.issubdtype(flat.dtype, jnp.integer):
        names = ", ".join(head.name for head in spec.heads)
        raise ValueError(
            f"decisions are {flat.dtype}{list(flat.shape)}: must be integers [..., {heads}], "
            f"one for each of {names}"
        )
    flat = flat.astype(jnp.int32)
    if (rows is None) != (shape is None):
        raise ValueError("rows and shape belong together: give both or none")
    if shape is not None:
        place = jnp.asarray(rows)
        if flat.ndim != 2 or place.shape != flat.shape[:1]:
            raise ValueError(
                f"decisions [{', '.join(map(str, flat.shape))}] for rows {list(place.shape)}: "
                f"must be [M, {heads}] and [M]"
            )
        spread = jnp.zeros((math.prod(shape), heads), jnp.int32)
        flat = spread.at[place].set(flat, mode="drop").reshape(*shape, heads)
    return Record({head.name: flat[..., i] for i, head in enumerate(spec.heads)})


def decisions_of(spec: Spec, action: Any) -> jax.Array:
    """i32[..., H]: the flat decisions of an action, which `outputs` turns back into it."""
    return jnp.stack([jnp.asarray(action[h.name]).astype(jnp.int32) for h in spec.heads], -1)


def _attributes(spec: Spec) -> dict[str, tuple[list[Attribute], list[Attribute]]]:
    """By table, tiles first: the discrete attributes, and the continuous ones."""
    listed = {"tile": spec.tile} | {table.name: table.attributes for table in spec.tables}
    return {
        name: (
            [a for a in attributes if a.kind == Kind.DISCRETE],
            [a for a in attributes if a.kind == Kind.CONTINUOUS],
        )
        for name, attributes in listed.items()
    }


def _stack(columns: list[jax.Array], present: jax.Array, dtype: Any) -> jax.Array:
    """[..., rows, columns], zero where nobody is; an axis of size 0 where there is no column."""
    if not columns:
        return jnp.zeros((*present.shape, 0), dtype)
    stacked = jnp.stack([column.astype(dtype) for column in columns], -1)
    return jnp.where(present[..., None], stacked, 0)
