"""A run's directory: made, found, held against other processes, and left as it was on failure."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxmmo.files.atomic import PREFIX
from jaxmmo.parallel import hosts
from jaxmmo.runs import checkpoint, config, lock, logs, sources
from jaxmmo.runs.checkpoint import Checkpoints
from jaxmmo.runs.config import RunConfig

CURVE = "curve.png"
TENSORBOARD = "tensorboard"
_STARTED = (
    config.NAME,
    f"{config.NAME}.new",
    logs.NAME,
    checkpoint.STEPS,
    TENSORBOARD,
    sources.KEPT,
)
"""What a run that learned nothing may have left behind; version 0.1.0 wrote `config.json.new`."""


class RunDirectory:
    """The directory of a run that this process begins or continues.

    Attributes:
      path: of the directory.
      config: the run's own.
      checkpoints: in the directory.
    """

    def __init__(self, path: Path, config: RunConfig, held: lock.Lock | None) -> None:
        self.path, self.config = path, config
        self.checkpoints = Checkpoints(path)
        self._lock = held

    def check(self) -> None:
        """FileNotFoundError once the directory was deleted, or replaced by another one."""
        if self._lock is not None and not self._lock.held:
            raise FileNotFoundError(
                f"{self.path} was deleted or replaced while the run went on: there is nowhere to "
                "save it"
            )


@contextlib.contextmanager
def open_run(path: Path, own: RunConfig, **how: Any) -> Iterator[RunDirectory]:
    """Makes a run's directory, or finds the run to resume in it, and holds it for the block.

    Of several processes the first one does so, and the others, which must see the same files, go by
    what it says. Arguments and errors are those of `hold_run`.
    """
    with contextlib.ExitStack() as stack:
        if not hosts.is_first():
            yield _seen(path, own, hosts.same(""), resume=bool(how.get("resume")))
            return
        try:
            directory = stack.enter_context(hold_run(path, own, **how))
        except BaseException as error:
            hosts.same(str(error) or type(error).__name__)
            raise
        hosts.same("")
        yield directory


def _seen(path: Path, own: RunConfig, refused: str, *, resume: bool) -> RunDirectory:
    """The directory as processes other than the first have it."""
    if refused:
        raise ValueError(f"process 0: {refused}")
    if not (path / config.NAME).is_file():
        raise ValueError(
            f"{path}: process {hosts.index()} does not see what process 0 wrote there; all "
            "processes need the same files"
        )
    return RunDirectory(path, config.read(path) if resume else own, None)


@contextlib.contextmanager
def hold_run(
    path: Path,
    own: RunConfig,
    *,
    overwrite: bool = False,
    resume: bool = False,
    from_checkpoint: int | None = None,
) -> Iterator[RunDirectory]:
    """Makes a run's directory, or finds the run to resume in it, and holds it for the block.

    A directory in which nothing was learned yet (its run was interrupted while it compiled, say)
    is begun again without being asked. If a new run fails before it learned anything, nothing of
    it is left.

    Args:
      path: of the directory.
      own: configuration to run with; a resumed run goes on with its own.
      overwrite: deletes a run that is there.
      resume: continues it.
      from_checkpoint: to resume from instead of the newest one; later ones are set aside.

    Raises:
      FileExistsError: if the directory is in use and neither `overwrite` nor `resume` is set.
      ValueError: if there is nothing to resume, or another process holds the directory.
    """
    if from_checkpoint is not None and not resume:
        raise ValueError("--checkpoint: only a run that is continued (--resume) has one")
    if resume:
        own = config.read(path)
        with _held(path) as held:
            directory = RunDirectory(path, own, held)
            if from_checkpoint is not None:
                directory.checkpoints.rewind(from_checkpoint)
            yield directory
        return
    _refuse(path, overwrite)
    made = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    with _held(path) as held:
        _refuse(path, overwrite)  # again: somebody may have been faster
        try:
            _clear(path)
            config.write(path, own)
            yield RunDirectory(path, own, held)
        except BaseException:
            if held.held and not _learned(path):
                _clear(path, made)
            raise


@contextlib.contextmanager
def _held(path: Path) -> Iterator[lock.Lock]:
    """Holds the lock for the block."""
    held = lock.Lock(path)
    try:
        yield held
    finally:
        held.release()


def _refuse(path: Path, overwrite: bool) -> None:
    """Raises what `open_run` does for a directory that may not be written to."""
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"{path} is a file: --output must be a directory")
    names = [p.name for p in path.iterdir()] if path.is_dir() else []
    names = [n for n in names if n != lock.NAME and not n.startswith(PREFIX)]
    if not names or (set(names) <= set(_STARTED) and not _learned(path)):
        return
    if not overwrite:
        raise FileExistsError(f"{path} exists: --resume it, --overwrite it, or --output")
    if not (path / config.NAME).is_file():
        raise ValueError(f"{path}: holds no run of jaxmmo train, so it is not overwritten")


def _learned(path: Path) -> bool:
    """Whether there is anything to lose: a checkpoint, or a record of an update."""
    log = path / logs.NAME
    if log.is_file() and log.stat().st_size:
        return True
    steps = path / checkpoint.STEPS
    return steps.is_dir() and any(not p.name.startswith(PREFIX) for p in steps.iterdir())


def _clear(path: Path, made: list[Path] | None = None) -> None:
    """Empties a directory but for its lock; or deletes it and its parents, as far as `made`."""
    for entry in list(path.iterdir()):
        if entry.name == lock.NAME:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if made:
        (path / lock.NAME).unlink(missing_ok=True)
    for directory in made or []:
        with contextlib.suppress(OSError):
            directory.rmdir()
