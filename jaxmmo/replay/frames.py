"""One tick as the viewer keeps it: state, events and, if wanted, what the policy answered.

Nothing here knows a game. Whatever arrays a world's state and events hold are kept under the names
that lead to them, and come back as attributes of the same names: `frame.state.bodies.health`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxmmo.records import Record

DERIVED = ("views.", "order", "seen")
"""What the latest observation was; follows from the rest of the state by `Environment.observe`."""

STORED = {"players.": "bodies."}
"""Where the state's own name for a table is another than that in recordings."""

STEADY = ("events.", "policy.")
"""Fields that say what happened in the tick: kept as they are, not as differences."""

WIDE = 32
"""Arrays of state with longer rows, such as sets of visited tiles, count as sparse."""


@jax.tree_util.register_pytree_with_keys_class
class Snapshot(Record):
    """A world's state as nested records of numpy arrays; `players` is a view of the first bodies.

    Attributes:
      num_players: how many of the bodies are players, the first ones.
    """

    num_players: int = 0

    @property
    def players(self) -> Record:
        """Every column of the bodies, cut to the players."""
        return Record({k: v[: self.num_players] for k, v in self["bodies"].items()})

    def replace(self, **updates: Any) -> Snapshot:
        """A copy with entries changed or added; `players` changes the first of the bodies."""
        players = updates.pop("players", None)
        made = Snapshot(self | updates)
        made.num_players = self.num_players
        if players is not None:
            rest = {k: v[self.num_players :] for k, v in self["bodies"].items()}
            made["bodies"] = Record({k: np.concatenate([players[k], v]) for k, v in rest.items()})
        return made

    def tree_flatten(self) -> tuple[list[Any], Any]:
        """Children, and what tells them apart."""
        names = tuple(sorted(self))
        return [self[name] for name in names], (names, self.num_players)

    def tree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], Any]:
        """Children with their keys, and what tells them apart."""
        children, about = self.tree_flatten()
        return [
            (jax.tree_util.DictKey(k), v) for k, v in zip(about[0], children, strict=True)
        ], about

    @classmethod
    def tree_unflatten(cls, names: Any, children: Any) -> Snapshot:
        """Undoes `tree_flatten`."""
        made = cls(zip(names[0], children, strict=True))
        made.num_players = names[1]
        return made


@dataclasses.dataclass(frozen=True)
class Frame:
    """One world after a tick; leaves are numpy arrays.

    Attributes:
      state: everything but what is `DERIVED`, by name.
      events: of the tick that led here, by name; nothing happens in the first frame.
      policy: answers by name where they were kept: `value` f32[P]; for every action head, and as
        `attention`, u8[P, n], shares in 1/255.
    """

    state: Snapshot
    events: Record
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


def named_leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves by the dotted names that lead to them, in the order of the tree."""
    found = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        parts = [str(getattr(key, "name", getattr(key, "key", key))) for key in path]
        found[prefix + ".".join(parts)] = leaf
    return found


def stored_name(name: str) -> str:
    """The name under which a leaf of the state is kept."""
    for own, kept in STORED.items():
        if name.startswith(own):
            return kept + name.removeprefix(own)
    return name


def is_derived(name: str) -> bool:
    """Whether a leaf of the state follows from the others and is not kept."""
    return any(name == d or (d.endswith(".") and name.startswith(d)) for d in DERIVED)


def capture(state: Any, events: Any, answers: dict[str, Any], num_players: int) -> Frame:
    """A frame of copies on the host, fetched in one transfer.

    Args:
      state: of one world; any tree of named arrays.
      events: likewise.
      answers: of the policy, by name; empty if they are not kept.
      num_players: how many of the bodies are players.
    """
    kept = {k: v for k, v in named_leaves(state).items() if not is_derived(k)}
    leaves = {stored_name(name): leaf for name, leaf in kept.items()}
    leaves |= named_leaves(events, "events.")
    leaves |= {f"policy.{name}": leaf for name, leaf in answers.items()}
    leaves = {name: leaf for name, leaf in leaves.items() if np.size(leaf)}  # nothing to be kept
    values = jax.device_get(list(leaves.values()))  # as a list, which keeps the order
    return unflatten(dict(zip(leaves, map(np.asarray, values), strict=True)), num_players)


def flatten(frame: Frame) -> dict[str, np.ndarray]:
    """Every kept array of a frame by its dotted name."""
    arrays = {**_flat(frame.state), **_flat(frame.events, "events.")}
    return arrays | _flat(frame.policy or {}, "policy.")


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    found = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = np.asarray(value)
    return found


def unflatten(arrays: dict[str, np.ndarray], num_players: int) -> Frame:
    """Undoes `flatten`."""
    parts: dict[str, dict[str, Any]] = {"state": {}, "events": {}, "policy": {}}
    for name, value in arrays.items():
        first, _, rest = name.partition(".")
        part, path = (first, rest) if first in ("events", "policy") else ("state", name)
        parts[part][path] = value
    state = Snapshot(nested(parts["state"]))
    state.num_players = num_players
    return Frame(state, nested(parts["events"]), parts["policy"] or None)


def nested(arrays: dict[str, Any]) -> Record:
    """Records within records of dotted names."""
    tree = Record()
    for name, value in arrays.items():
        *folders, last = name.split(".")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, Record())
        node[last] = value
    return tree


def is_sparse(name: str, shape: tuple[int, ...], grid: tuple[int, int]) -> bool:
    """Whether an array is large and changes little in a tick: kept as a base and changes."""
    if name.startswith(STEADY):
        return False
    return shape == grid or (len(shape) > 1 and int(np.prod(shape[1:])) > WIDE)


def as_int32(array: np.ndarray) -> np.ndarray:
    """The array's numbers, or bits, as i32 of the same shape."""
    array = np.ascontiguousarray(array)
    return array.view(np.int32) if array.dtype.itemsize == 4 else array.astype(np.int32)


def from_int32(array: np.ndarray, dtype: str) -> np.ndarray:
    """Undoes `as_int32`."""
    kind = np.dtype(dtype)
    return np.ascontiguousarray(array).view(kind) if kind.itemsize == 4 else array.astype(kind)


def no_events(like: Any, nobody: int) -> Any:
    """Events of a tick in which nothing happened.

    Args:
      like: a tree of shapes and dtypes.
      nobody: what an array named `target`, which refers to a body, holds where there is none.
    """

    def quiet(path: Any, leaf: Any) -> np.ndarray:
        last = getattr(path[-1], "name", getattr(path[-1], "key", ""))
        return np.full(leaf.shape, nobody if last == "target" else 0, leaf.dtype)

    return jax.tree_util.tree_map_with_path(quiet, like)
