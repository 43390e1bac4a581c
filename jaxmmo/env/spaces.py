"""Spaces: shapes, dtypes and bounds of observations and actions, sampled with keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.records import Record
from jaxmmo.spec import Head, Spec, Table


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

    def sample(self, key: jax.Array) -> Record:
        """A uniform element of every space; the key is consumed."""
        keys = jax.random.split(key, len(self.spaces))
        return Record({n: s.sample(k) for (n, s), k in zip(self.spaces.items(), keys, strict=True)})

    def contains(self, value: Any) -> bool:
        """Whether a dict or table has exactly these fields, each in its space."""
        fields = value if isinstance(value, dict) else vars(value)
        return set(fields) == set(self.spaces) and all(
            space.contains(fields[name]) for name, space in self.spaces.items()
        )


def of_action(config: EnvConfig, spec: Spec) -> Dict:
    """One choice per head and slot."""
    shape = (config.capacity,)
    return Dict({h.name: Box(shape, jnp.int32, 0, spec.choices(h) - 1) for h in spec.heads})


def of_observation(config: EnvConfig, spec: Spec) -> Dict:
    """Packed words are bounded only by their dtype."""
    slots, full = config.capacity, 2**32 - 1

    def table(table: Table) -> Dict:
        axes = () if table.shared else (slots,)
        return Dict(
            {
                "words": Box((*axes, table.rows, table.words), jnp.uint32, 0, full),
                "present": Box((*axes, table.rows), jnp.bool_, 0, 1),
                "overflow": Box(axes, jnp.int32, 0, 2**30),
            }
        )

    def mask(head: Head) -> Box:
        return Box((slots, *spec.shape(head)), jnp.bool_, 0, 1)

    return Dict(
        {
            "tiles": Box((slots, config.window, config.window_words), jnp.uint32, 0, full),
            "tables": Dict({t.name: table(t) for t in spec.tables}),
            "masks": Dict({head.name: mask(head) for head in spec.heads}),
        }
    )
