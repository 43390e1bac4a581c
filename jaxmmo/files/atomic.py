"""Files written whole or not at all: the one way in which anything here is written.

A file is written under a name of its own in the folder where it belongs, flushed to the disk, and
renamed. The name is unguessable and made exclusively, so that two writers never share it and a
planted symbolic link is refused instead of followed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREFIX = ".jaxmmo-"
"""Names of unfinished files begin so; one that a killed process left behind may be deleted."""

_EXCLUSIVE = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_unfinished: set[Path] = set()


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes bytes; no reader ever sees half of them.

    Raises:
      OSError: if they cannot be written; what was there before is untouched.
    """
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """An empty file to write to, which takes its name when the block ends without an error.

    Args:
      path: of the file.
      overwrite: False refuses to replace a file, one that appeared in the meantime included.

    Raises:
      FileExistsError: if the file exists and may not be overwritten.
      OSError: if it cannot be written; what was there before is untouched.
    """
    with named(path, overwrite=overwrite) as temporary, open(temporary, "r+b") as file:
        yield file


@contextlib.contextmanager
def named(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """The same for writers that want a name: an empty file with the same suffix."""
    path = Path(path)
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{path.suffix}")
    os.close(os.open(temporary, _EXCLUSIVE, 0o666))
    _unfinished.add(temporary)
    try:
        yield temporary
        sync(temporary)
        if overwrite:
            os.replace(temporary, path)
        else:
            _place(temporary, path)
        sync(path.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        _unfinished.discard(temporary)


def discard_unfinished() -> None:
    """Deletes what is being written, for a process that is about to end at once."""
    for temporary in list(_unfinished):
        with contextlib.suppress(OSError):
            temporary.unlink()


def sync(path: Path) -> None:
    """Returns when a file's content, or a folder's list of names, is on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(temporary: Path, path: Path) -> None:
    """Gives a file its name unless that is taken; FileExistsError if it is."""
    refusal = f"{path} exists: choose another name, or overwrite it"
    try:
        os.link(temporary, path)  # fails where the name is taken, unlike a rename
    except FileExistsError as error:
        raise FileExistsError(refusal) from error
    except OSError as error:  # a file system without links
        if path.exists():
            raise FileExistsError(refusal) from error
        os.replace(temporary, path)
