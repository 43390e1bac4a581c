"""Spaces: shapes, dtypes and bounds of observations and actions, sampled with keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo import spec as io_spec
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES


@dataclasses.dataclass(frozen=True)
class Box:
    """Integers or booleans between two bounds, both included.

    Attributes:
      shape: of the array.
      dtype: of the array.
      low: smallest value.
      high: largest value.
    """

    shape: tuple[int, ...]
    dtype: Any
    low: int
    high: int

    def sample(self, key: jax.Array) -> jax.Array:
        """A uniform element; the key is consumed."""
        if self.high - self.low >= 2**31:
            return jax.random.bits(key, self.shape, jnp.uint32).astype(self.dtype)
        return jax.random.randint(key, self.shape, self.low, self.high + 1).astype(self.dtype)

    def contains(self, value: Any) -> bool:
        """Whether an array has this shape and dtype and lies within the bounds."""
        array = np.asarray(value)
        return bool(
            array.shape == self.shape
            and array.dtype == np.dtype(self.dtype)
            and np.all(array >= self.low)
            and np.all(array <= self.high)
        )


@dataclasses.dataclass(frozen=True)
class Dict:
    """Named spaces; of nested ones too."""

    spaces: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """The space of that name."""
        return self.spaces[name]

    def sample(self, key: jax.Array) -> dict[str, Any]:
        """A uniform element of every space; the key is consumed."""
        keys = jax.random.split(key, len(self.spaces))
        return {n: s.sample(k) for (n, s), k in zip(self.spaces.items(), keys, strict=True)}

    def contains(self, value: Any) -> bool:
        """Whether a dict or table has exactly these fields, each in its space."""
        fields = value if isinstance(value, dict) else vars(value)
        return set(fields) == set(self.spaces) and all(
            space.contains(fields[name]) for name, space in self.spaces.items()
        )


def of_action(config: EnvConfig) -> Dict:
    """One choice per head and slot."""
    shape = (config.capacity,)
    return Dict(
        {
            "move": Box(shape, jnp.int32, 0, NUM_MOVES - 1),
            "style": Box(shape, jnp.int32, 0, NUM_STYLES - 1),
            "target": Box(shape, jnp.int32, 0, config.max_visible - 1),
        }
    )


def of_observation(config: EnvConfig) -> Dict:
    """Packed words are bounded only by their dtype."""
    slots, rows = config.capacity, config.max_visible
    words = io_spec.of(config).table("agent").words
    full = 2**32 - 1
    return Dict(
        {
            "tiles": Box((slots, config.window, config.window_words), jnp.uint32, 0, full),
            "agents": Box((slots, rows, words), jnp.uint32, 0, full),
            "present": Box((slots, rows), jnp.bool_, 0, 1),
            "overflow": Box((slots,), jnp.int32, 0, slots),
            "masks": Dict(
                {
                    "move": Box((slots, NUM_MOVES), jnp.bool_, 0, 1),
                    "style": Box((slots, NUM_STYLES), jnp.bool_, 0, 1),
                    "target": Box((slots, NUM_STYLES, rows), jnp.bool_, 0, 1),
                }
            ),
        }
    )
