"""Tables of entities: each field says in one line what it is, and all else follows from that.

A table is a `flax.struct.PyTreeNode` whose fields are declared with `column`: dtype, what a newborn
holds, how it is observed, and which table it refers to. Empty tables, births, packed observations,
fingerprints, the order of slots, and saves that lack a column are all made from these lines.

A slot is alive or empty. An empty slot affects nothing, whatever numbers are left in it. A
reference that points nowhere is the number of rows of the table that it points into (see
`env.state.arrays`), never -1, which would wrap.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from jaxmmo.env import levels
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state.arrays import compact, count_before, select, set_at
from jaxmmo.spec import Attribute, Encoding

WIDE = 64
"""Entries a row from which a column's newborn rows are written one by one, not by a select."""


class _Given:
    """The type of `GIVEN`."""

    def __repr__(self) -> str:
        return "GIVEN"


GIVEN = _Given()
"""What a newborn holds in this column is told by whoever makes it."""


class Observed(NamedTuple):
    """An observed number that is made from a column."""

    attribute: Attribute
    of: Callable[[jax.Array], jax.Array]  # the column -> integers, one for each row


Seen = Attribute | Sequence[Attribute | Observed]
"""How a column is observed: as it is, or as several numbers made from it."""


@dataclasses.dataclass(frozen=True)
class Column:
    """What a field of a table is; see `column`."""

    dtype: Any
    shape: tuple[int | str, ...]
    newborn: Any
    seen: Seen | Callable[[EnvConfig], Seen | None] | None
    refers: str | None
    at_death: bool

    def trailing(self, config: EnvConfig) -> tuple[int, ...]:
        """The shape of a row's entry."""
        return tuple(getattr(config, n) if isinstance(n, str) else n for n in self.shape)

    def observed(self, config: EnvConfig) -> list[Observed]:
        """The attributes under which the column is observed, and how they are made from it."""
        seen = self.seen(config) if callable(self.seen) else self.seen
        several = [seen] if isinstance(seen, Attribute) else list(seen or [])
        return [Observed(s, lambda x: x) if isinstance(s, Attribute) else s for s in several]


def column(
    dtype: Any = jnp.int32,
    *,
    shape: tuple[int | str, ...] = (),
    newborn: Any = None,
    seen: Seen | Callable[[EnvConfig], Seen | None] | None = None,
    refers: str | None = None,
    at_death: bool = False,
) -> Any:
    """Declares a field of a table.

        poison: jax.Array = column(seen=Attribute("poison", Kind.CONTINUOUS, 0, 31, 10))  # i32[B]

    Args:
      dtype: of the array.
      shape: of a row's entry, () for a number; a string names a property of the configuration.
      newborn: what a newborn holds: a number (0 if omitted), (`Birth`) -> a number or array, or
        `GIVEN`.
      seen: the attribute under which others observe it, several of them, or (config) -> these.
        None, or a function that returns None, hides it.
      refers: name of the table whose slots it holds; what a newborn's points to must be said.
      at_death: it is part of what is reported when a life ends.

    Raises:
      ValueError: for a reference without `newborn`: slot 0 would be somebody.
    """
    if refers is not None and newborn is None:
        raise ValueError(f"a column that refers to {refers!r} must say what a newborn refers to")
    newborn = 0 if newborn is None else newborn
    return struct.field(
        metadata={"column": Column(dtype, tuple(shape), newborn, seen, refers, at_death)}
    )


class Birth:
    """What newborn values are made from.

    Attributes:
      config: of the world.
      rules: of the world.
    """

    def __init__(self, config: EnvConfig, rules: Rules):
        self.config, self.rules = config, rules

    @functools.cached_property
    def level(self) -> jax.Array:
        """i32[S]: levels that belong to the experience one is born with."""
        return levels.level_of(self.rules, self.rules.initial_experience)


class Columns(struct.PyTreeNode):
    """Fields declared with `column`: a table, or what is added to one."""


class Table(Columns):
    """Entities in slots. Tables of a game are subclasses."""

    alive: jax.Array = column(jnp.bool_, newborn=True)  # bool[N]; the slot holds somebody
    id: jax.Array = column(newborn=GIVEN, at_death=True)  # i32[N]; unique for ever


T = TypeVar("T", bound=Columns)


@functools.cache
def columns(kind: type[Columns]) -> dict[str, Column]:
    """The columns of a table, by name, in order of declaration.

    Raises:
      ValueError: for a field that is not declared with `column`.
    """
    found = {}
    for field in dataclasses.fields(kind):
        if "column" not in field.metadata:
            raise ValueError(f"{kind.__name__}.{field.name}: declare it with column(...)")
        found[field.name] = field.metadata["column"]
    return found


@functools.cache
def extended(kind: type[T], more: tuple[type[Columns], ...]) -> type[T]:
    """The table with the columns of others added, after its own; one class for one combination.

    Raises:
      ValueError: if two of them declare the same column.
    """
    if not more:
        return kind
    known = set(columns(kind))
    for each in more:
        twice = known & set(columns(each))
        if twice:
            raise ValueError(f"{each.__name__} declares {sorted(twice)} once more")
        known |= set(columns(each))
    # fields are collected from the last base to the first
    bases: Any = (*reversed(more), kind)
    return type(kind.__name__, bases, {"__module__": kind.__module__})


def empty(kind: type[T], config: EnvConfig, rows: int, nowhere: Callable[[str], int]) -> T:
    """A table without anyone in it.

    Args:
      kind: of table.
      config: decides shapes.
      rows: slots.
      nowhere: name of a table -> the reference that points to none of its slots.
    """
    return kind(
        **{
            name: jnp.full(
                (rows, *c.trailing(config)), nowhere(c.refers) if c.refers else 0, c.dtype
            )
            for name, c in columns(kind).items()
        }
    )


def born(table: T, birth: Birth, newborn: jax.Array, most: int, **given: Any) -> T:
    """Writes newborn rows: every column gets what its declaration says, no old value stays.

    Args:
      table: to write into.
      birth: what newborn values are made from.
      newborn: bool[N], at most `most` of them.
      most: an upper bound that is known when compiling.
      **given: the columns declared as `GIVEN`, read where `newborn`.

    Raises:
      ValueError: if a `GIVEN` column is missing, or something else is given.
    """
    declared = columns(type(table))
    wanted = {name for name, c in declared.items() if c.newborn is GIVEN}
    if wanted != set(given):
        raise ValueError(f"{sorted(given)} given to a newborn of columns {sorted(wanted)}")
    written = {}
    for name, c in declared.items():
        old = getattr(table, name)
        value: Any = given.get(name, c.newborn)
        value = value(birth) if callable(value) else value
        if np.prod(old.shape[1:]) >= WIDE:
            # a select over the whole column would move all of it
            slots = compact(newborn, count_before(newborn), most)
            written[name] = set_at(old, slots, jnp.asarray(value, old.dtype))
        else:
            written[name] = select(newborn, value, old)
    return table.replace(**written)


def observed(kind: type[Columns], config: EnvConfig) -> list[Attribute]:
    """The attributes of a table's columns, in order of declaration."""
    return [o.attribute for c in columns(kind).values() for o in c.observed(config)]


def packed(
    table: Columns, config: EnvConfig, attributes: Sequence[Attribute], words: int
) -> list[jax.Array]:
    """u32[N] for each word: every row's attributes in the bits that the spec assigns.

    What is observed as relative is packed modulo a power of two: that tells it apart within a
    window.

    Args:
      table: whose columns.
      config: decides what is observed.
      attributes: with their places; those of `Encoding.FIRST` are not packed.
      words: 32-bit words of a row.
    """
    numbers = {}
    for name, c in columns(type(table)).items():
        for attribute, of in c.observed(config):
            numbers[attribute.name] = of(getattr(table, name))
    rows = next(iter(numbers.values())).shape[0]
    packed_words = [jnp.zeros(rows, jnp.uint32) for _ in range(words)]
    for attribute in attributes:
        if attribute.encoding == Encoding.FIRST:
            continue
        value = numbers[attribute.name]
        if attribute.encoding == Encoding.RELATIVE:
            value &= 2**attribute.bits - 1
        else:
            value = jnp.clip(value, attribute.low, attribute.high) - attribute.low
        packed_words[attribute.word] |= value.astype(jnp.uint32) << attribute.shift
    return packed_words


def reported(table: Columns, mask: jax.Array) -> dict[str, jax.Array]:
    """i32 by name: the columns that are part of the report of a life, 0 where not masked."""
    return {
        name: select(mask, getattr(table, name), jnp.zeros_like(getattr(table, name), jnp.int32))
        for name, c in columns(type(table)).items()
        if c.at_death
    }
