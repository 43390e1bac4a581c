"""What notebooks show of a world."""

from __future__ import annotations

import io
from typing import Any

import jax
import numpy as np


def png(state: Any, scale: int = 6) -> bytes | None:
    """A picture of one world; None for many, for a shape alone, or where Pillow is not installed.

    Args:
      state: of the environment.
      scale: pixels a tile.
    """
    if isinstance(state.tick, jax.ShapeDtypeStruct):
        return None
    if np.ndim(state.tick) != 0 or max(np.shape(state.terrain.tile)) * scale > 4096:
        return None
    try:
        from PIL import Image
    except ModuleNotFoundError:
        return None
    from jaxmmo.viewer.render import render

    file = io.BytesIO()
    Image.fromarray(render(state, scale=scale)).save(file, format="PNG")
    return file.getvalue()
