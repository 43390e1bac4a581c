"""One tick as the viewer keeps it: state, events and, if wanted, what the policy answered."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import struct

from jaxmmo.env.state import WorldState
from jaxmmo.env.step import Events

SPARSE = ("terrain.tile", "terrain.ripe_at", "lives.visited")
"""Large arrays of which little changes in a tick: kept as a base and changes."""

DERIVED = ("order", "seen")
"""What the latest observation was; follows from the rest of the state by `Environment.observe`."""

STEADY = ("events.", "policy.")
"""Fields that say what happened in the tick: kept as they are, not as differences."""


@dataclasses.dataclass(frozen=True)
class Frame:
    """One world after a tick; leaves are numpy arrays.

    Attributes:
      state: without `DERIVED`, which are None.
      events: of the tick that led here; all zero in the first frame.
      policy: answers by name where they were kept: `value` f32[P]; `move`, `style`, `target` and
        `attention` u8[P, n], shares in 1/255.
    """

    state: WorldState
    events: Events
    policy: dict[str, np.ndarray] | None = None

    @property
    def tick(self) -> int:
        """Ticks completed."""
        return int(self.state.tick)


class Field(NamedTuple):
    """A dense array of every frame."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Integers a frame."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def differs(self) -> bool:
        """Whether it is kept as differences from tick to tick."""
        return not self.name.startswith(STEADY)


def leaf_names(table: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of the arrays of a struct class, in order of declaration."""
    for name, kind in typing.get_type_hints(table).items():
        if isinstance(kind, type) and issubclass(kind, struct.PyTreeNode):
            yield from leaf_names(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


STATE_NAMES = tuple(n for n in leaf_names(WorldState) if n not in SPARSE + DERIVED)
EVENT_NAMES = tuple(leaf_names(Events, "events."))


def flatten(frame: Frame) -> dict[str, np.ndarray]:
    """Every kept array of a frame by its dotted name."""
    arrays = {}
    for name in STATE_NAMES + SPARSE:
        arrays[name] = np.asarray(_get(frame.state, name))
    for name in EVENT_NAMES:
        arrays[name] = np.asarray(_get(frame.events, name.removeprefix("events.")))
    for name, value in (frame.policy or {}).items():
        arrays[f"policy.{name}"] = np.asarray(value)
    return arrays


def unflatten(arrays: dict[str, np.ndarray]) -> Frame:
    """Undoes `flatten`."""
    policy = {k.removeprefix("policy."): v for k, v in arrays.items() if k.startswith("policy.")}
    return Frame(
        state=_build(WorldState, arrays, ""),
        events=_build(Events, arrays, "events."),
        policy=policy or None,
    )


def as_int32(array: np.ndarray) -> np.ndarray:
    """The array's numbers, or bits, as i32 of the same shape."""
    array = np.ascontiguousarray(array)
    return array.view(np.int32) if array.dtype.itemsize == 4 else array.astype(np.int32)


def from_int32(array: np.ndarray, dtype: str) -> np.ndarray:
    """Undoes `as_int32`."""
    kind = np.dtype(dtype)
    return np.ascontiguousarray(array).view(kind) if kind.itemsize == 4 else array.astype(kind)


def to_host(state: WorldState, events: Events) -> tuple[WorldState, Events]:
    """Copies of both in numpy, in one transfer, without what is derived."""
    return jax.device_get((state.replace(**dict.fromkeys(DERIVED)), events))


def no_events(like: Any, capacity: int) -> Events:
    """Events of a tick in which nothing happened.

    Args:
      like: `Events` of shapes and dtypes.
      capacity: the slot that stands for nobody.
    """
    events = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), like)
    nobody = np.full_like(events.attacks.target, capacity)
    return events.replace(attacks=events.attacks.replace(target=nobody))


def _get(tree: Any, name: str) -> Any:
    for part in name.split("."):
        tree = getattr(tree, part)
    return tree


def _build(table: Any, arrays: dict[str, np.ndarray], prefix: str) -> Any:
    values = {}
    for name, kind in typing.get_type_hints(table).items():
        if isinstance(kind, type) and issubclass(kind, struct.PyTreeNode):
            values[name] = _build(kind, arrays, f"{prefix}{name}.")
        else:
            values[name] = arrays.get(prefix + name)
    return table(**values)
