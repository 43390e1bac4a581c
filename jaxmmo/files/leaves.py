"""Stored arrays, by path, brought to the structure of today: the one place that knows old names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

RENAMED = (
    ("players", "bodies"),
    ("order", "views/agent/order"),
    ("seen", "views/agent/rows"),
)
"""Paths in a world's state, or their beginnings, and what they are called since."""


def named(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by their path, `a/b/0`, in the order of the tree."""

    def name(key: Any) -> str:
        return str(next(getattr(key, a) for a in ("key", "name", "idx") if hasattr(key, a)))

    paths = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join(name(key) for key in path): leaf for path, leaf in paths}


def digest(tree: Any) -> str:
    """A fingerprint of the leaves: paths, dtypes, shapes and every bit; 16 hexadecimal digits."""
    told = hashlib.sha256()
    for name, leaf in sorted(named(tree).items()):
        array = np.asarray(leaf)
        told.update(f"{name} {array.dtype} {array.shape}\n".encode())
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()[:16]


def renamed(
    stored: Mapping[str, Any],
    known: Mapping[str, Any],
    roots: Sequence[str] = ("",),
    separator: str = "/",
) -> dict[str, Any]:
    """The stored leaves under the names of today.

    A leaf keeps a name that is still known. Otherwise its old beginning is replaced, if that
    leads to a name that is known and not taken.

    Args:
      stored: leaves by path.
      known: leaves of today's structure by path.
      roots: paths of worlds' states in both, each empty or ending in the separator.
      separator: between the parts of a path.
    """
    table = [
        (root + old.replace("/", separator), root + new.replace("/", separator))
        for root in roots
        for old, new in RENAMED
    ]

    def today(path: str) -> str:
        for old, new in table:
            if path == old or path.startswith(old + separator):
                candidate = new + path.removeprefix(old)
                if candidate in known and candidate not in stored:
                    return candidate
        return path

    return {path if path in known else today(path): leaf for path, leaf in stored.items()}


def fit(
    stored: Mapping[str, Any],
    like: Any,
    source: str,
    absent: Callable[[str, Any], Any] | None = None,
) -> Any:
    """A tree of the structure of `like` from leaves by path, shapes and dtypes checked.

    Args:
      stored: arrays by path, under the names of today.
      like: a tree of anything with shapes and dtypes.
      source: what is read, for errors.
      absent: (path, leaf of `like`) -> array, for leaves that are not stored; none may be absent
        if omitted. It raises KeyError for those that it does not know.

    Raises:
      ValueError: naming the first leaf that is absent, unknown, or of another shape or dtype.
    """
    wanted = named(like)
    for path in sorted(set(stored) - set(wanted)):
        raise ValueError(
            f"{source} does not fit: {path} is {describe(stored[path])}, "
            "but this run needs none of that name"
        )
    result = []
    for path, leaf in wanted.items():
        if path not in stored:
            try:
                result.append(_filled(path, leaf, absent))
            except KeyError:
                need = f"but this run needs {describe(leaf)}"
                raise ValueError(f"{source} does not fit: {path} is not there, {need}") from None
        elif describe(stored[path]) != describe(leaf):
            raise ValueError(
                f"{source} does not fit: {path} is {describe(stored[path])}, "
                f"but this run needs {describe(leaf)}"
            )
        else:
            result.append(stored[path])
    return jax.tree.unflatten(jax.tree.structure(like), result)


def _filled(path: str, leaf: Any, absent: Callable[[str, Any], Any] | None) -> Any:
    if absent is None:
        raise KeyError(path)
    return absent(path, leaf)


def describe(leaf: Any) -> str:
    """dtype[shape] of an array."""
    return f"{np.dtype(leaf.dtype).name}{list(np.shape(leaf))}"
