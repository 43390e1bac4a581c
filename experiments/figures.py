"""What experiments draw with: a grid of axes that is saved whole, colours, lines with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxmmo.files.atomic import replacing

COLORS = ("#1b7f5c", "#c4572e", "#31688e", "#8e5ea2", "#b59f00", "#5b5b5b", "#d1495b", "#2e86ab")


class Figure:
    """A grid of axes to draw on, within a `with` block that saves it if no error ends it.

    Args:
      path: of the picture, a PNG file.
      rows: of axes.
      columns: of axes.
      size: of the whole, in inches.
    """

    def __init__(self, path: Path, rows: int, columns: int, size: tuple[float, float]) -> None:
        import matplotlib

        matplotlib.use("agg")
        import matplotlib.pyplot as plt

        self._path, self._plt = path, plt
        self._figure, self.axes = plt.subplots(
            rows, columns, figsize=size, squeeze=False, constrained_layout=True
        )

    def __enter__(self) -> Any:
        return self._figure, self.axes

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            with replacing(self._path) as file:
                self._figure.savefig(file, dpi=110, format="png")
        self._plt.close(self._figure)


def band(axis: Any, x: Any, intervals: Sequence[dict[str, Any]], label: str, color: str) -> None:
    """A line through means with their intervals as bars."""
    mean, low, high = (np.array([i[k] for i in intervals], float) for k in ("mean", "low", "high"))
    bars = np.maximum(np.stack([mean - low, high - mean]), 0)
    axis.errorbar(x, mean, bars, fmt="o-", capsize=3, label=label, color=color)
