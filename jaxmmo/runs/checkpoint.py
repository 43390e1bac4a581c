"""Checkpoints of whole runs: parameters, optimiser, worlds, keys, and the clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

FORMAT = 1
CONFIG = "config.json"
STEPS = "checkpoints"


def _orbax() -> Any:
    try:
        import orbax.checkpoint as ocp
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("orbax is needed: pip install 'jaxmmo[train]'") from error
    return ocp


class Checkpoints:
    """The checkpoints in a run's directory; the newest ones are kept.

    A checkpoint appears under its final name only when it is complete: a run that is killed while
    it writes one finds the one before.
    """

    def __init__(self, directory: Path, keep: int = 2) -> None:
        """Opens or creates `directory`/checkpoints."""
        ocp = _orbax()
        self._args = ocp.args
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep, create=True, enable_async_checkpointing=False
        )
        self._manager = ocp.CheckpointManager(
            (directory / STEPS).absolute(),
            options=options,
            item_handlers=ocp.StandardCheckpointHandler(),
        )

    @property
    def latest(self) -> int | None:
        """Number of the newest checkpoint."""
        return self._manager.latest_step()

    def save(self, step: int, tree: Any) -> None:
        """Writes a checkpoint; returns when it is complete."""
        self._manager.save(step, args=self._args.StandardSave(tree))
        self._manager.wait_until_finished()

    def restore(self, like: Any) -> Any:
        """The newest checkpoint, of the structure, shapes and dtypes of `like`.

        Raises:
          ValueError: if there is none, or it holds something else.
        """
        if self.latest is None:
            raise ValueError(f"no checkpoint in {self._manager.directory}")
        # compared before anything is read: orbax leaves its tasks lying about when a read fails
        found = self._manager.item_metadata(self.latest)
        _check(getattr(found, "tree", found), like, str(self._manager.directory))
        shapes = jax.tree.map(_shape, like)
        return self._manager.restore(self.latest, args=self._args.StandardRestore(shapes))

    def close(self) -> None:
        """Releases orbax's threads."""
        self._manager.close()


def _shape(x: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(np.shape(x), x.dtype)


def _check(found: Any, expected: Any, where: str) -> None:
    """ValueError at the first array that is missing, unknown, or of another shape or dtype."""
    there, wanted = _arrays(found), _arrays(expected)
    for name in sorted(there.keys() | wanted.keys()):
        if there.get(name) != wanted.get(name):
            raise ValueError(
                f"checkpoint in {where} does not fit: {name} is {there.get(name, 'not there')}, "
                f"but this run needs {wanted.get(name, 'none of that name')}"
            )


def _arrays(tree: Any) -> dict[str, str]:
    """dtype[shape] of every array by path, whatever the containers are."""

    def name(key: Any) -> str:
        return str(next(getattr(key, a) for a in ("key", "name", "idx") if hasattr(key, a)))

    return {
        "/".join(name(key) for key in path): f"{np.dtype(x.dtype).name}{list(x.shape)}"
        for path, x in jax.tree_util.tree_leaves_with_path(tree)
    }


def write_config(directory: Path, config: dict[str, Any]) -> None:
    """Writes what a run was started with."""
    text = json.dumps({"format": FORMAT} | config, indent=2)
    fresh = directory / (CONFIG + ".new")
    fresh.write_text(text + "\n")
    fresh.replace(directory / CONFIG)


def read_config(directory: Path) -> dict[str, Any]:
    """What a run was started with.

    Raises:
      ValueError: if the directory holds no run, or one of another format.
    """
    path = directory / CONFIG
    if not path.is_file():
        raise ValueError(f"{directory}: holds no run of jaxmmo train (no {CONFIG})")
    try:
        config = json.loads(path.read_text())
        found = config.pop("format")
    except (json.JSONDecodeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: not a run's configuration") from error
    if found != FORMAT:
        raise ValueError(f"{path}: format {found}, but this version reads {FORMAT}")
    return config
