"""Reading recorded files, and what their numbers mean to jaxmmo."""

from __future__ import annotations

import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.registry import find
from jaxmmo.records import Record

DATA = Path(__file__).resolve().parent.parent / "data"

REGROW_PERMILLE = 25
"""A recorded roll k is the uniform number (k + 0.5) / 1000; a tile regrows below 0.025."""

LATER = 2**30
"""A number of ticks that no recording lasts."""

FIRST_ID = 2
"""Id of the original's first agent."""


def load(path: str | Path, fields: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of a recorded file; ValueError if it is missing or lacks one of them."""
    try:
        file = np.load(path, allow_pickle=False)
        names = sorted(file.files)
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a readable .npz file ({error})") from error
    with file:
        missing = [name for name in fields if name not in names]
        if missing:
            raise ValueError(f"{path}: lacks {missing}; it has {names}")
        return {name: file[name] for name in fields}


def maps() -> np.ndarray:
    """u8[maps, H, W]: the recorded maps, which other recordings refer to by index."""
    return load(DATA / "maps.npz", ("maps",))["maps"].astype(np.uint8)


def config(height: int, width: int, **overrides) -> EnvConfig:
    """The v1.3 preset on a map of that size, its window no larger than the map."""
    sight = min(7, (min(height, width) - 1) // 2)
    base = find("NeuralMMO-v1.3").config
    return base.replace(
        height=height,
        width=width,
        border=min(base.border, (min(height, width) - 3) // 2),
        vision=sight,
        **overrides,
    )


def attack_rolls(recorded: jax.Array) -> jax.Array:
    """i32 in [0, 2^16) that compare to every chance (a multiple of 1/200) as the recorded ones."""
    uniform = (2 * jnp.asarray(recorded, jnp.int32) + 1) * 2**16 // 2000
    return jnp.maximum(uniform, 0)


def regrows(recorded: jax.Array) -> jax.Array:
    """bool: whether a recorded roll lets its tile regrow; -1 is no roll."""
    roll = jnp.asarray(recorded, jnp.int32)
    return (roll >= 0) & (2 * roll + 1 < 2 * REGROW_PERMILLE)


def intent(config: EnvConfig, move: jax.Array, style: jax.Array, target: jax.Array) -> Record:
    """Recorded actions as jaxmmo's: -1 is none everywhere, moves are north, south, east, west.

    Args:
      config: decides the capacity.
      move: int[P]; style likewise.
      target: int[P], slots, negative for none.
    """
    move, style, target = (jnp.asarray(value, jnp.int32) for value in (move, style, target))
    attacks = (style >= 0) & (target >= 0)
    return Record(
        move=move + 1,
        style=jnp.maximum(style, 0),
        target=jnp.where(attacks, target, config.bodies),
    )
