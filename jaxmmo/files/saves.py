"""Saved worlds: a documented file that refuses what it does not know, and copies in memory.

A save is a NumPy `.npz` archive (no pickles) of

* `header`: UTF-8 JSON as u8: `format`, `version`, `behaviour` (the `BEHAVIOUR_VERSION` of the game
  that wrote it), `config` (the fields of its `EnvConfig`) and `arrays` (the names of the arrays);
* one array per leaf of the state, named by its path: `tick`, `bodies.health`, ...

The rules are not part of a state: save them beside it if they are not the preset's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import math
import os
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.absent import absent_leaf
from jaxmmo.env.environment import Environment
from jaxmmo.env.wrappers import Wrapper
from jaxmmo.files import leaves as leaves_
from jaxmmo.files.archive import Archive, open_archive
from jaxmmo.files.atomic import write_atomically
from jaxmmo.version import BEHAVIOUR_VERSION

FORMAT, VERSION = "jaxmmo-state", 1
HEADER, MAX_HEADER = "header", 1 << 20
SIZES = ("height", "width", "capacity", "num_populations", "max_visible", "exploration_words")
"""Configuration that a save must share with the environment that goes on with it."""

State = TypeVar("State")


def fork(state: State, n: int) -> State:
    """Copies of a state along a new leading axis: one past, many futures.

    Raises:
      ValueError: if n is not a positive integer.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"fork into n={n!r}: must be a positive integer")
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (n, *jnp.shape(leaf))), state)


def save_state(path: str | os.PathLike[str], env: Environment | Wrapper, state: Any) -> None:
    """Writes a state, or a batch of them, to a file; whatever was there stays until it is whole.

    Args:
      path: of the file, by custom ending in `.npz`.
      env: the environment the state is of.
      state: a `WorldState`, its leaves with any leading axes.

    Raises:
      ValueError: if the state is not one of this environment.
    """
    leaves: dict[str, Any] = {name: np.asarray(leaf) for name, leaf in _named(state).items()}
    _check(f"the state for {path}", env, leaves, dataclasses.asdict(env.config))
    header = {
        "format": FORMAT,
        "version": VERSION,
        "behaviour": BEHAVIOUR_VERSION,
        "config": dataclasses.asdict(env.config),
        "arrays": sorted(leaves),
    }
    content = io.BytesIO()
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez_compressed(content, header=text, **leaves)
    write_atomically(path, content.getvalue())


def load_state(
    path: str | os.PathLike[str], env: Environment | Wrapper, *, any_behaviour: bool = False
) -> Any:
    """Reads a state that `save_state` wrote, bit for bit; `env.observe` then says what it shows.

    Args:
      path: of the file.
      env: the environment to go on with. Its sizes must be those of the save; its switches, such
        as `resolution`, may differ.
      any_behaviour: accept a world of a version of the game that behaved otherwise.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: for anything but a whole save of a known version that fits the environment.
    """
    with open_archive(path) as file:
        try:
            archive = Archive(file)
            raw = _header_of(archive)
        except ValueError as error:
            raise ValueError(f"{path} is not a saved state, or is damaged: {error}") from error
        header = _header(path, raw)
        current = BEHAVIOUR_VERSION
        if header["behaviour"] != current and not any_behaviour:
            raise ValueError(
                f"{path} is a world of behaviour version {header['behaviour']!r:.60}, this game "
                f"has version {current}: it would go on differently; any_behaviour=True allows it"
            )
        entries: dict[str, Any] = {k: e for k, e in archive.entries.items() if k != HEADER}
        template = _named(_template(env))
        listed = header.get("arrays")
        named = map(str, listed) if isinstance(listed, list) else ()
        lost = [name for name in named if name not in entries]
        if lost:
            raise ValueError(f"{path} lacks arrays {lost[:8]}, which it says that it holds")
        entries = _renamed(entries, template)
        absent = _absent(env, entries, template)
        _check(os.fspath(path), env, entries | absent, header["config"])
        try:
            stored = {name: archive.read(name) for name in archive.entries if name != HEADER}
        except ValueError as error:
            raise ValueError(f"{path} is not a saved state, or is damaged: {error}") from error
    stored = _renamed(stored, template) | absent
    ordered = [jnp.asarray(stored[name]) for name in template]
    return jax.tree.unflatten(jax.tree.structure(_template(env)), ordered)


@functools.lru_cache(maxsize=8)  # tracing a reset takes a while
def _template(env: Environment | Wrapper) -> Any:
    """Shapes and dtypes of a state, without making one."""
    return jax.eval_shape(env.reset, jax.random.key(0))[1]


def _named(state: Any) -> dict[str, Any]:
    """The leaves by path, in the order of the tree."""
    paths = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(p, simple=True, separator="."): leaf for p, leaf in paths}


def _renamed(stored: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    """Arrays of an older version under the names of today, those of `AutoReset`'s pool too."""
    return leaves_.renamed(stored, template, ("", "pool_state."), ".")


def _absent(
    env: Environment | Wrapper, stored: dict[str, Any], template: dict[str, Any]
) -> dict[str, np.ndarray]:
    """What stands in for arrays of today that an older version did not have."""
    fill, found = absent_leaf(env.preset), {}
    clock = stored.get("tick")
    leading = () if clock is None else clock.shape
    for name in template.keys() - stored.keys():
        want = template[name]
        leaf = jax.ShapeDtypeStruct((*leading, *want.shape), want.dtype)
        with contextlib.suppress(KeyError):
            found[name] = fill(name.removeprefix("pool_state.").replace(".", "/"), leaf)
    return found


def _header_of(archive: Archive) -> bytes | None:
    """The bytes of the header; None where there is none of a size that one may have."""
    entry = archive.entries.get(HEADER)
    if entry is None or entry.dtype != np.uint8 or math.prod(entry.shape) > MAX_HEADER:
        return None
    return archive.read(HEADER).tobytes()


def _header(path: str | os.PathLike[str], raw: bytes | None) -> dict[str, Any]:
    """The parsed header; ValueError unless its format and version are known."""
    try:
        header = json.loads(raw or b"")
        known = header["format"] == FORMAT and isinstance(header["config"], dict)
        version = header["version"]
        header["behaviour"] = header.get("behaviour")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        known, version, header = False, None, {}
    if not known:
        raise ValueError(f"{path} is not a saved state: it has no header of format {FORMAT!r}")
    if version != VERSION:
        raise ValueError(f"{path} is a save of version {version!r:.60}; known: {VERSION}")
    return header


def _check(
    source: str, env: Environment | Wrapper, leaves: dict[str, Any], config: dict[str, Any]
) -> None:
    """ValueError unless the arrays are, up to common leading axes, a state of the environment."""
    own = dataclasses.asdict(env.config)
    other = [f"{name}={config.get(name)!r:.40}" for name in SIZES if config.get(name) != own[name]]
    if other:
        wanted = [f"{name}={own[name]!r}" for name in SIZES if config.get(name) != own[name]]
        raise ValueError(
            f"{source} is of a world with {', '.join(other)}; this one has {', '.join(wanted)}"
        )
    template = _named(_template(env))
    if set(leaves) != set(template):
        missing, unknown = sorted(set(template) - set(leaves)), sorted(set(leaves) - set(template))
        raise ValueError(
            f"{source} lacks arrays {missing[:8]} and has unknown arrays {unknown[:8]}"
        )
    first = next(iter(template))
    leading = leaves[first].shape[: len(leaves[first].shape) - len(template[first].shape)]
    for name, want in template.items():
        shape, dtype = leaves[name].shape, leaves[name].dtype
        if (*leading, *want.shape) != shape or dtype != want.dtype:
            raise ValueError(
                f"{source} has {name!r} as {dtype}{list(shape)}; must be "
                f"{want.dtype}{[*leading, *want.shape]}"
            )
