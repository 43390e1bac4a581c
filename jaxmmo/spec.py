"""The attributes of every observation table and the action heads, as data.

Everything downstream follows this page: the environment packs what is listed here, `io.inputs`
unpacks and normalises it, and networks are assembled from it. Adding an attribute is adding a line.
"""

from __future__ import annotations

import dataclasses
from enum import IntEnum

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import DELTAS, NUM_MOVES, NUM_STYLES, Material, Skill

LEADS = tuple((int(row), int(col)) for row, col in DELTAS)
"""Where each `Move` leads."""


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
    """

    name: str
    attributes: tuple[Attribute, ...]
    rows: int

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
      tables: tables of entities, row 0 of "agent" being the observer.
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


def of(config: EnvConfig) -> Spec:
    """The observation and action spec of a configuration. Sources: v1.3 section 7."""
    discrete, continuous, hidden = Kind.DISCRETE, Kind.CONTINUOUS, Kind.HIDDEN
    sight = config.vision
    wildest = max(config.height, config.width) // 6 + 1  # half a map, three tiles a level
    attributes = [
        Attribute("self", discrete, 0, 1, encoding=Encoding.FIRST),
        Attribute("population", discrete, 0, config.num_populations - 1),
        Attribute("row", continuous, -sight, sight, sight, encoding=Encoding.RELATIVE),
        Attribute("col", continuous, -sight, sight, sight, encoding=Encoding.RELATIVE),
        Attribute("damage", continuous, 0, 127, 100),
        Attribute("freeze", continuous, 0, 15, 3, 0.5),
        Attribute("immune", continuous, 0, 31, 10, 0.5),
        Attribute("wilderness", continuous, -1, wildest, 127, 0.5 - 1 / 127),
        Attribute("time_alive", continuous, 0, 65535, 100),
    ]
    for name in ("food", "water", "health"):
        attributes.append(Attribute(name, continuous, 0, 127, f"{name}_max", 0.5))
        attributes.append(Attribute(f"{name}_max", hidden, 0, 127, 100))
    if config.observe_skills:
        attributes += [
            Attribute(f"level_{skill.name.lower()}", continuous, 0, 127, 100) for skill in Skill
        ]
        attributes.append(Attribute("combat_level", continuous, 0, 127, 100))
    agents = 2 ** (config.tile_bits - 3) - 1
    return Spec(
        tables=(Table("agent", pack(attributes), config.max_visible),),
        tile=(
            Attribute("material", discrete, 0, max(Material)),
            Attribute("agents", continuous, 0, agents),
            Attribute("row", discrete, 0, config.window - 1),
            Attribute("col", discrete, 0, config.window - 1),
        ),
        window=config.window,
        tile_bits=config.tile_bits,
        heads=(
            Head("move", size=NUM_MOVES, leads=LEADS),
            Head("style", size=NUM_STYLES),
            Head("target", table="agent", given="style"),
        ),
    )
