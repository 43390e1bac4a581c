"""The eight symmetries of a square: the world has no preferred direction, nor need networks."""

from __future__ import annotations

import numpy as np

VIEWS = np.array(
    [
        [[1, 0], [0, 1]],
        [[0, -1], [1, 0]],
        [[-1, 0], [0, -1]],
        [[0, 1], [-1, 0]],
        [[1, 0], [0, -1]],
        [[0, 1], [1, 0]],
        [[-1, 0], [0, 1]],
        [[0, -1], [-1, 0]],
    ]
)
"""i64[8, 2, 2]: what each view does to (row, column): quarter turns, then the mirrored ones."""


def turns(side: int, order: np.ndarray) -> np.ndarray:
    """Which place of the table reads each place of the window, view by view.

    Args:
      side: of the window.
      order: i64[places], raster index of every place; side * side or more for none.

    Returns:
      i64[8, places]; places that are none read themselves.
    """
    middle = side // 2
    offset = np.stack([order // side - middle, order % side - middle])
    place_of = np.zeros(side * side, int)
    exists = order < side * side
    place_of[order[exists]] = np.nonzero(exists)[0]
    found = []
    for view in VIEWS:
        row, col = view @ offset + middle
        inside = np.where(exists, row * side + col, 0)
        found.append(np.where(exists, place_of[inside], np.arange(len(order))))
    return np.stack(found)


def facing(leads: tuple[tuple[int, int], ...], views: int) -> np.ndarray:
    """f32[views, choices]: the choices that lead ahead, seen in each view.

    A view reads its window with a table in which ahead is north: row -1.
    """
    turned = np.einsum("vij,cj->vci", VIEWS[:views], np.asarray(leads))
    return np.all(turned == (-1, 0), -1).astype(np.float32)
