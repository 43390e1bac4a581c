"""Checkpoints of whole runs: parameters, the rest of the learner's state, and the clock.

A checkpoint is a folder, `checkpoints/UPDATE`, with three of orbax's trees (`params`, `state`,
`clock`) and `SHA256SUMS` over all of their files. It gets its name when it is complete and on the
disk: a run that is killed while it writes one finds the one before. Version 0.1.0 wrote one tree,
`default`, without checksums; it is read, with a warning.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxmmo.files import leaves
from jaxmmo.files.atomic import PREFIX, sync
from jaxmmo.files.errors import one_line
from jaxmmo.parallel import hosts
from jaxmmo.runs import integrity
from jaxmmo.runs.integrity import DamagedError

STEPS = "checkpoints"
ASIDE = "set-aside"
ITEMS = ("params", "state", "clock")
OLD_ITEM = "default"
WORLD = "worlds/state/"
"""Path of the worlds in the state, for names that changed."""


def _orbax() -> Any:
    try:
        import orbax.checkpoint as ocp
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("orbax is needed: pip install 'jaxmmo[train]'") from error
    return ocp


class Checkpoints:
    """The checkpoints in a run's directory.

    Only the run itself, which holds the directory's lock, calls what writes: `save`, `tidy`,
    `rewind`.

    Attributes:
      directory: of the checkpoints.
      warn: is told of checkpoints without checksums.
    """

    def __init__(self, directory: Path, keep: int = 2) -> None:
        """Nothing is read or written yet.

        Args:
          directory: of the run.
          keep: newest ones that are kept.

        Raises:
          ModuleNotFoundError: if orbax is not installed: told here, not after hours of learning.
        """
        _orbax()
        self.directory = (directory / STEPS).absolute()
        self.warn: Callable[[str], None] = _warn
        self._keep = keep

    @property
    def steps(self) -> list[int]:
        """Numbers of the complete checkpoints, ascending."""
        if not self.directory.is_dir():
            return []
        names = [path.name for path in self.directory.iterdir() if path.is_dir()]
        return sorted(int(name) for name in names if re.fullmatch(r"0|[1-9][0-9]{0,17}", name))

    @property
    def latest(self) -> int | None:
        """Number of the newest checkpoint."""
        return self.steps[-1] if self.steps else None

    def save(self, step: int, **items: Any) -> None:
        """Writes a checkpoint; returns when it is complete and on the disk.

        Of several processes every one calls it, and writes what its devices have.

        Args:
          step: its number.
          **items: a tree for each of `ITEMS`.

        Raises:
          OSError: if it cannot be written; the checkpoints before stay.
        """
        ocp = _orbax()
        temporary = self.directory / f"{PREFIX}{step}-{hosts.same(secrets.token_hex(4))}"
        try:
            trees = {name: ocp.args.StandardSave(_filled(tree)) for name, tree in items.items()}
            writer = ocp.Checkpointer(ocp.CompositeCheckpointHandler())
            with _threads_ended():
                try:
                    writer.save(temporary, args=ocp.args.Composite(**trees))
                finally:
                    writer.close()
            if hosts.is_first():
                self._complete(temporary, step)
            hosts.wait("checkpoint")
        except Exception as error:  # orbax and tensorstore raise anything where a disk is full
            if hosts.is_first():
                self._tidy_until_quiet()
            why = one_line(error)
            raise OSError(f"checkpoint {step} could not be written: {why}") from error

    def _complete(self, temporary: Path, step: int) -> None:
        """Gives a written checkpoint its checksums and its name, and deletes the oldest one."""
        integrity.seal(temporary)
        final = self.directory / str(step)
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
        sync(self.directory)
        for old in self.steps[: -self._keep]:
            shutil.rmtree(self.directory / str(old), ignore_errors=True)

    def tidy(self) -> bool:
        """Deletes what killed runs left unfinished; whether there was anything."""
        found = False
        for path in self.directory.glob("*"):
            unfinished = path.name.startswith(PREFIX) or "orbax-checkpoint-tmp" in path.name
            if unfinished and path.is_dir():
                found = True
                shutil.rmtree(path, ignore_errors=True)
        return found

    def _tidy_until_quiet(self, quiet: float = 0.5, seconds: float = 10.0) -> None:
        """Deletes what a save that failed left, and what its threads still put there afterwards.

        Threads of tensorstore cannot be waited for, and make the folders that they miss.

        Args:
          quiet: seconds in which nothing came back, after which it is over.
          seconds: after which it is over in any case.
        """
        end = time.monotonic() + seconds
        seen = time.monotonic()
        while (now := time.monotonic()) < min(end, seen + quiet):
            if self.tidy():
                seen = now
            time.sleep(0.02)

    def rewind(self, step: int) -> None:
        """Makes a checkpoint the newest one: later ones are set aside, not deleted.

        Raises:
          ValueError: if there is no such checkpoint.
        """
        if step not in self.steps:
            known = ", ".join(map(str, self.steps)) or "none"
            raise ValueError(f"no checkpoint {step} in {self.directory}; there are: {known}")
        for later in [s for s in self.steps if s > step]:
            aside = self.directory / ASIDE / str(later)
            shutil.rmtree(aside, ignore_errors=True)
            aside.parent.mkdir(exist_ok=True)
            (self.directory / str(later)).rename(aside)

    def restore(
        self,
        absent: Callable[[str, Any], Any] | None = None,
        ignored: Iterable[str] = (),
        **like: Any,
    ) -> dict[str, Any]:
        """Items of the newest checkpoint; nothing else is read.

        Args:
          absent: (path, leaf) -> array, for leaves that were not stored, see `leaves.fit`.
          ignored: beginnings of the paths of leaves that may be left out if they are unknown now.
          **like: for each item a tree of the structure, shapes and dtypes that it has.

        Raises:
          ValueError: if there is no checkpoint, it is damaged, or it holds something else.
        """
        for _ in range(3):  # a run that goes on may delete what we are about to read
            step = self.latest
            if step is None:
                raise ValueError(f"no checkpoint in {self.directory}")
            try:
                return self._restore(step, absent, tuple(ignored), like)
            except (DamagedError, OSError):
                if self.latest == step:
                    raise
        raise ValueError(f"the checkpoints in {self.directory} change faster than they can be read")

    def _restore(
        self, step: int, absent: Any, ignored: tuple[str, ...], like: dict[str, Any]
    ) -> dict[str, Any]:
        self.verify(step)
        result = {}
        source = f"checkpoint {step} in {self.directory}"
        for name, tree in like.items():
            try:
                stored = _read(self.directory / str(step), name)
            except Exception as error:  # what is damaged can make orbax raise anything
                advice = self._advice(step)
                why = f"{source} is damaged: {name} cannot be read ({one_line(error)})"
                raise DamagedError(f"{why}; {advice}") from error
            known = leaves.named(tree)
            stored = leaves.renamed(stored, known, (WORLD,))
            stored = {k: v for k, v in stored.items() if k in known or not k.startswith(ignored)}
            stored |= {k: np.zeros(v.shape, v.dtype) for k, v in known.items() if _is_empty(v)}
            result[name] = leaves.fit(stored, tree, source, absent)
        return result

    def verify(self, step: int) -> None:
        """Compares a checkpoint with its checksums.

        Raises:
          DamagedError: naming the file, and the newest older checkpoint that is whole.
        """
        folder = self.directory / str(step)
        if not integrity.is_sealed(folder) and (folder / OLD_ITEM).is_dir():
            self.warn(f"checkpoint {step} in {self.directory} has no checksums: damage is unseen")
            return
        try:
            integrity.verify(folder)
        except (DamagedError, FileNotFoundError) as error:
            why = str(error) if isinstance(error, DamagedError) else f"{folder} lacks its checksums"
            raise DamagedError(f"{why}; {self._advice(step)}") from error

    def _advice(self, damaged: int) -> str:
        for step in reversed([s for s in self.steps if s < damaged]):
            try:
                integrity.verify(self.directory / str(step))
            except (DamagedError, OSError):
                continue
            return f"checkpoint {step} is whole: go on from it with --resume --checkpoint {step}"
        return "no older checkpoint is whole"


def _is_empty(leaf: Any) -> bool:
    """Whether an array has no elements, as of a table without rows."""
    return 0 in np.shape(leaf)


def _filled(tree: Any) -> Any:
    """A tree without its empty arrays, which orbax refuses."""
    return jax.tree.map(lambda leaf: None if _is_empty(leaf) else leaf, tree)


def _read(folder: Path, item: str) -> dict[str, np.ndarray]:
    """The arrays of an item by path."""
    ocp = _orbax()
    old = (folder / OLD_ITEM).is_dir()
    place = folder / (OLD_ITEM if old else item)
    handler = ocp.PyTreeCheckpointHandler()
    try:
        tree = handler.metadata(place)
        tree = getattr(tree, "tree", tree)
        how = jax.tree.map(lambda _: ocp.RestoreArgs(restore_type=np.ndarray), tree)
        tree = handler.restore(place, args=ocp.args.PyTreeRestore(restore_args=how))
    finally:
        handler.close()
    return leaves.named(_old_item(tree, item) if old else tree)


def _old_item(tree: Any, item: str) -> Any:
    """What is an item today, out of the one tree of version 0.1.0."""
    if item == "clock":
        return tree["clock"]
    if item == "params":
        return tree["state"]["params"]
    return {name: part for name, part in tree["state"].items() if name != "params"}


NOISY = ("absl", "asyncio", "concurrent.futures")
"""Loggers to which orbax's threads tell what is raised here anyway."""


@contextlib.contextmanager
def _threads_ended(seconds: float = 5.0) -> Iterator[None]:
    """Quiet: what fails is raised, and orbax's threads that fail beside it neither log nor outlive.

    Left alone they go on while the interpreter ends, and print one traceback after the other. After
    a failure their loggers stay silent: some of them wait in pools, and complain later.
    """
    before = set(threading.enumerate())
    silenced = [x for x in map(logging.getLogger, NOISY) if not x.disabled]
    for logger in silenced:
        logger.disabled = True
    hook = sys.unraisablehook

    def quiet(raised: Any) -> None:
        if "Event loop is closed" not in str(raised.exc_value):  # of every array left unwritten
            hook(raised)

    sys.unraisablehook = quiet
    try:
        yield
    except BaseException:
        deadline = time.monotonic() + seconds
        for thread in set(threading.enumerate()) - before:
            thread.join(max(0.0, deadline - time.monotonic()))
        raise
    sys.unraisablehook = hook
    for logger in silenced:
        logger.disabled = False


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
