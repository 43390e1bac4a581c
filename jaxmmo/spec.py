"""Observations and actions as data: attributes, tables of entities, action heads.

Everything downstream follows a `Spec`: the environment packs what it lists, `io.inputs` unpacks and
normalises it, networks are assembled from it. This module knows no game: the attributes of a game
are declared beside the columns of its tables (`env.state`), its heads in `env.actions`.
"""

from __future__ import annotations

import dataclasses
from enum import IntEnum


class Kind(IntEnum):
    """How an attribute enters a network."""

    DISCRETE = 0  # an index in [low, high]: an embedding table
    CONTINUOUS = 1  # a number: a linear embedding of its normalised value
    HIDDEN = 2  # carried for normalising others, not an input itself


class Encoding(IntEnum):
    """How an attribute is packed."""

    PLAIN = 0  # value - low
    RELATIVE = 1  # modulo 2^bits; observed relative to the observer's attribute of this name
    FIRST = 2  # not packed at all: 1 in row 0, else 0


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One observed integer.

    Attributes:
      name: unique within its table.
      kind: discrete, continuous or hidden.
      low: smallest value; smaller ones are observed as this.
      high: largest value; larger ones are observed as this.
      divisor: the normalised value is `value / divisor - offset`; a string names the attribute of
        the same table to divide by (0 / 0 counts as 0).
      offset: see divisor.
      encoding: how it is packed.
      word: 32-bit word of the packed row that holds it, set by `pack`.
      shift: lowest bit within the word, set by `pack`.
    """

    name: str
    kind: Kind
    low: int
    high: int
    divisor: float | str = 1.0
    offset: float = 0.0
    encoding: Encoding = Encoding.PLAIN
    word: int = 0
    shift: int = 0

    @property
    def bits(self) -> int:
        """Bits the packed value takes."""
        if self.encoding == Encoding.FIRST:
            return 0
        return max(1, (self.high - self.low).bit_length())

    @property
    def size(self) -> int:
        """Number of distinct values."""
        return self.high - self.low + 1


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of entities, each a row of packed attributes.

    Attributes:
      name: key of the table in `io.inputs`.
      attributes: with their places in the packed row.
      rows: entities in the table.
      observer_first: row 0 is the observer itself: as a choice of an action it means nobody else.
      shared: everybody in a world observes the same rows: there is one table a world.
    """

    name: str
    attributes: tuple[Attribute, ...]
    rows: int
    observer_first: bool = False
    shared: bool = False

    @property
    def words(self) -> int:
        """32-bit words of a packed row."""
        return 1 + max(attribute.word for attribute in self.attributes)

    @property
    def observed(self) -> tuple[Attribute, ...]:
        """The attributes that are inputs."""
        return tuple(a for a in self.attributes if a.kind != Kind.HIDDEN)

    def __getitem__(self, name: str) -> Attribute:
        """The attribute of that name; KeyError otherwise."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(f"{name!r} (table {self.name!r} has {[a.name for a in self.attributes]})")


@dataclasses.dataclass(frozen=True)
class Head:
    """One head of the action.

    Attributes:
      name: key in the action, the masks and the logits.
      size: number of choices, for a head with fixed choices.
      table: name of the table whose rows are the choices, for a head with variable choices.
      given: name of the head that this one is conditioned on: logits and mask have an axis for its
        choices, and the choice is made among those of the one taken.
      leads: (rows, columns) that each choice leads, for a head whose choices are directions.
    """

    name: str
    size: int = 0
    table: str | None = None
    given: str | None = None
    leads: tuple[tuple[int, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything a network needs to know of observations and actions.

    Attributes:
      tables: tables of entities; exactly one of them has the observer in its first row.
      tile: attributes of every tile of the window; material and agents are packed in the
        environment's order, row and col follow from the tile's place.
      window: side of the window, tiles.
      tile_bits: bits a packed tile takes.
      heads: of the action, in the order in which they are decided.
    """

    tables: tuple[Table, ...]
    tile: tuple[Attribute, ...]
    window: int
    tile_bits: int
    heads: tuple[Head, ...]

    def table(self, name: str) -> Table:
        """The table of that name; KeyError otherwise."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"{name!r} (tables: {[t.name for t in self.tables]})")

    @property
    def observer(self) -> Table:
        """The table whose row 0 is the observer; what is relative is relative to that row."""
        return next(table for table in self.tables if table.observer_first)

    def choices(self, head: Head) -> int:
        """How many choices a head has: its own, or the rows of the table it points into.

        Choice 0 does nothing. Row 0 stands for that where it is the observer; in any other table
        that choice comes before the rows.
        """
        if head.table is None:
            return head.size
        table = self.table(head.table)
        return table.rows if table.observer_first else table.rows + 1

    def shape(self, head: Head) -> tuple[int, ...]:
        """Trailing axes of a head's masks and logits: its choices, after those it is given."""
        given = (self.choices(self.head(head.given)),) if head.given else ()
        return (*given, self.choices(head))

    def head(self, name: str) -> Head:
        """The head of that name; KeyError otherwise."""
        for head in self.heads:
            if head.name == name:
                return head
        raise KeyError(f"{name!r} (heads: {[h.name for h in self.heads]})")


def pack(attributes: list[Attribute]) -> tuple[Attribute, ...]:
    """Assigns each attribute a place: the first word with enough bits left."""
    free: list[int] = []
    placed = []
    for attribute in attributes:
        if not attribute.bits:
            placed.append(attribute)
            continue
        fits = [i for i, bits in enumerate(free) if bits >= attribute.bits]
        if not fits:
            free.append(32)
        word = fits[0] if fits else len(free) - 1
        placed.append(dataclasses.replace(attribute, word=word, shift=32 - free[word]))
        free[word] -= attribute.bits
    return tuple(placed)
