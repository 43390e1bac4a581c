"""One process at a time in a run's directory."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None

NAME = "run.lock"


class Lock:
    """Holds a directory until it is released or the process dies, however it dies.

    The lock is the system's (`flock`) on a file that says who holds it. Where there is no such lock
    (Windows, some network file systems), nothing is held.

    Raises:
      ValueError: naming process and host, if another process holds the directory.
    """

    def __init__(self, directory: Path) -> None:
        """Takes the lock."""
        self.directory = directory
        self._path = directory / NAME
        self._descriptor = _take(self._path)
        owner = f"process {os.getpid()} on {socket.gethostname()}\n"
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, owner.encode())

    @property
    def held(self) -> bool:
        """False once the directory was deleted or replaced by another one."""
        return _is_at(self._descriptor, self._path)

    def release(self) -> None:
        """Deletes the file, if it is still ours, and lets the lock go."""
        if self.held:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._descriptor)


def _take(path: Path) -> int:
    """The descriptor of a locked file of that name."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, 0o666)
        if not _lock(descriptor):
            owner = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise ValueError(
                f"{path.parent} is in use by {owner or 'another process'}: wait for it to end, or "
                "choose another --output"
            )
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its owner deleted it between our opening and our locking it


def _lock(descriptor: int) -> bool:
    """False if another process holds the file."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return False
