"""Actions and arguments as Neural MMO 1.x names them; used through `adapters.neuralmmo`."""

from __future__ import annotations

from typing import Any

MOVES = ("North", "South", "East", "West")


class Node:
    """An action or an argument; `edges` are what it can be completed with."""

    edges: list[Any] = []  # noqa: RUF012  # as the original has it

    @classmethod
    def args(cls, stim: Any, entity: Any, config: Any) -> list[Any]:
        """What can be chosen by this agent, here."""
        return cls.edges


class North(Node):
    """One tile up the map."""

    delta, index = (-1, 0), 1


class South(Node):
    """One tile down the map."""

    delta, index = (1, 0), 2


class East(Node):
    """One tile to the right."""

    delta, index = (0, 1), 3


class West(Node):
    """One tile to the left."""

    delta, index = (0, -1), 4


class Direction(Node):
    """Where to move."""

    edges = [North, South, East, West]  # noqa: RUF012


class Move(Node):
    """Takes one argument, a direction."""

    priority = 0
    edges = [Direction]  # noqa: RUF012


class Melee(Node):
    """The strongest style."""

    index, priority = 0, 1


class Range(Node):
    """The style in between."""

    index, priority = 1, 1


class Mage(Node):
    """The weakest style, which freezes."""

    index, priority = 2, 1


class Style(Node):
    """How to attack."""

    edges = [Melee, Range, Mage]  # noqa: RUF012


class Target(Node):
    """Whom to attack; oneself for nobody."""

    @classmethod
    def args(cls, stim: Any, entity: Any, config: Any) -> list[Any]:
        """Those within one tile, the agent itself first."""
        return Attack.inRange(entity, stim, config, 1)


class Attack(Node):
    """Takes two arguments, a style and a target."""

    priority = 1
    edges = [Style, Target]  # noqa: RUF012

    @staticmethod
    def inRange(entity: Any, stim: Any, config: Any, N: int) -> list[Any]:  # noqa: N802, N803
        """Agents within N tiles, the agent itself first."""
        centre = stim.shape[0] // 2
        near = stim[centre - N : centre + N + 1, centre - N : centre + N + 1]
        others = [e for tile in near.ravel() for e in tile.ents.values()]
        return [entity, *(e for e in others if e is not entity)]


class Action(Node):
    """The root: what an agent can do in a tick."""

    edges = [Move, Attack]  # noqa: RUF012
