"""Who descends from whom: founders, clades, and the tree behind those who live at the end.

An agent is a row, in order of birth; its parent is an earlier row, or -1 for a founder.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

ALIVE = np.iinfo(np.int64).max
"""The tick of death of those who are still alive."""


@dataclasses.dataclass(frozen=True)
class Lineages:
    """Everybody who ever lived in a world.

    Attributes:
      parent: i64[N], an earlier row, or -1.
      born: i64[N], tick, not falling.
      died: i64[N], tick, `ALIVE` for those who live.
      population: i64[N].
    """

    parent: np.ndarray
    born: np.ndarray
    died: np.ndarray
    population: np.ndarray

    def __post_init__(self) -> None:
        """Raises ValueError for a parent that is no earlier row."""
        rows = np.arange(len(self.parent))
        if np.any(self.parent >= rows) or np.any(self.parent < -1):
            raise ValueError("a parent must be an earlier row, or -1")

    @property
    def living(self) -> np.ndarray:
        """i64[n]: rows of those who live at the end."""
        return np.flatnonzero(self.died == ALIVE)

    @property
    def founder(self) -> np.ndarray:
        """i64[N]: the row from which everybody descends in the end."""
        root = np.arange(len(self.parent))
        for row, parent in enumerate(self.parent):
            if parent >= 0:
                root[row] = root[parent]
        return root

    @property
    def generation(self) -> np.ndarray:
        """i64[N]: births between everybody and their founder."""
        depth = np.zeros(len(self.parent), np.int64)
        for row, parent in enumerate(self.parent):
            if parent >= 0:
                depth[row] = depth[parent] + 1
        return depth

    def ancestors(self, rows: np.ndarray) -> np.ndarray:
        """bool[N]: these rows and everybody from whom they descend."""
        kept = np.zeros(len(self.parent), bool)
        kept[rows] = True
        for row in range(len(self.parent) - 1, -1, -1):
            if kept[row] and self.parent[row] >= 0:
                kept[self.parent[row]] = True
        return kept

    def alive_at(self, ticks: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """i64[T]: how many of some rows live at each of the ticks."""
        births, deaths = np.sort(self.born[rows]), np.sort(self.died[rows])
        return np.searchsorted(births, ticks, "right") - np.searchsorted(deaths, ticks, "right")

    def clades(self, ticks: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        """How many descendants of each founder live at each of the ticks.

        Args:
          ticks: i64[T].
          most: founders that are told apart: those with the most descendants in all.

        Returns:
          i64[n] rows of these founders, and i64[n + 1, T]: the last for everybody else.
        """
        root = self.founder
        found, sizes = np.unique(root, return_counts=True)
        largest = found[np.argsort(-sizes, kind="stable")[:most]]
        counts = [self.alive_at(ticks, np.flatnonzero(root == f)) for f in largest]
        everybody = self.alive_at(ticks, np.arange(len(root)))
        rest = everybody - np.sum(counts, 0, dtype=np.int64)
        return largest, np.stack([*counts, rest])

    def lineages_at(self, ticks: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """i64[T]: distinct agents born by a tick from whom those alive at the end descend.

        It falls, looking back, as lineages meet: to 1 for each population if all of it has one
        ancestor. A branch counts from its birth until its first descendant in the tree is born,
        for in between it stands for one line of descent.
        """
        rows = self.living if rows is None else rows
        # a line of descent at tick t: an agent born by t in the tree, whose next step is after t
        kept = self.ancestors(rows)
        edges = np.flatnonzero(kept)
        lines = np.zeros(len(ticks), np.int64)
        for index, tick in enumerate(ticks):
            later = edges[self.born[edges] > tick]
            through = self.parent[later]
            through = through[(through >= 0) & (self.born[through] <= tick)]
            ends = rows[self.born[rows] <= tick]
            lines[index] = len(np.unique(np.concatenate([through, ends])))
        return lines

    def tree(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The tree behind some rows, ready to be drawn.

        Returns:
          i64[n] rows of the tree in order of birth, and f64[n] their places across it: the given
          rows side by side, everybody else in the middle of those who descend from them.
        """
        rows = self.living if rows is None else rows
        nodes = np.flatnonzero(self.ancestors(rows))
        place = _places(nodes, self.parent, set(rows.tolist()))
        return nodes, np.array([place[node] for node in nodes.tolist()])


def _places(nodes: np.ndarray, parent: np.ndarray, leaves: set[int]) -> dict[int, float]:
    """Where every node of a tree goes across it."""
    children: dict[int, list[int]] = {}
    roots = []
    for node in nodes.tolist():
        mother = int(parent[node])
        if mother < 0:
            roots.append(node)
        else:
            children.setdefault(mother, []).append(node)
    place: dict[int, float] = {}
    count = 0
    stack: list[tuple[int, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, returned = stack.pop()
        below = children.get(node, [])
        if not returned:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(below))
            continue
        across = [place[child] for child in below]
        if node in leaves:
            across.append(float(count))
            count += 1
        place[node] = float(np.mean(across))
    return place


def from_records(
    child: Any, parent: Any, population: Any, born: Any, dead: Any, died: Any
) -> Lineages:
    """Lineages from what a world reported, whose agents are known by ids.

    Args:
      child: i64[N], ids in order of birth.
      parent: i64[N], an id, or -1.
      population: i64[N].
      born: i64[N], tick.
      dead: i64[M], ids of those who died.
      died: i64[M], tick of each.

    Raises:
      ValueError: for a parent or a dead agent who was never born.
    """
    child, parent, dead = (np.asarray(x, np.int64) for x in (child, parent, dead))
    order = np.argsort(child, kind="stable")
    ids = child[order]

    def row(of: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(ids, of), max(len(ids) - 1, 0))
        if len(of) and not np.array_equal(ids[at], of):
            raise ValueError("an id that was never born")
        return at

    mother = np.full(len(ids), -1, np.int64)
    has = parent[order] >= 0
    mother[has] = row(parent[order][has])
    end = np.full(len(ids), ALIVE, np.int64)
    end[row(dead)] = died
    return Lineages(mother, np.asarray(born)[order], end, np.asarray(population)[order])
