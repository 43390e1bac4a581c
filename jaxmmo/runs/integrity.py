"""Checksums over everything in a folder, in the format of `sha256sum`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from jaxmmo.files.atomic import sync, write_atomically

SUMS = "SHA256SUMS"
"""Check by hand: `sha256sum -c SHA256SUMS` in the folder."""


class DamagedError(ValueError):
    """Something is not what was written; the text names the file."""


def seal(folder: Path) -> None:
    """Writes the checksums of a finished folder, once all of its files are on the disk."""
    lines = []
    for name in _files(folder):
        sync(folder / name)
        lines.append(f"{_sum(folder / name)}  {name}\n")
    for directory, _, _ in os.walk(folder):
        sync(Path(directory))
    write_atomically(folder / SUMS, "".join(lines).encode())


def is_sealed(folder: Path) -> bool:
    """Whether the folder has checksums."""
    return (folder / SUMS).is_file()


def verify(folder: Path) -> None:
    """Reads every file of a sealed folder.

    Raises:
      DamagedError: at the first file that is missing, was added, or has another content.
    """
    listed = _listed(folder / SUMS)
    found = _files(folder)
    for name in sorted(listed.keys() | set(found)):
        if name not in listed:
            raise DamagedError(f"{folder / name} is damaged or was added: it is not in {SUMS}")
        if name not in found:
            raise DamagedError(f"{folder / name} is missing")
        if _sum(folder / name) != listed[name]:
            raise DamagedError(f"{folder / name} is damaged: its checksum is not that in {SUMS}")


def _listed(path: Path) -> dict[str, str]:
    """Checksums by the name of the file."""
    listed = {}
    try:
        for line in path.read_bytes().decode().splitlines():
            checksum, name = line.split("  ", 1)
            listed[name] = checksum
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: it is no list of checksums") from error
    return listed


def _files(folder: Path) -> list[str]:
    """Relative names of all files but the list itself and hidden ones, which others put there."""
    names = []
    for directory, _, files in os.walk(folder):
        relative = Path(directory).relative_to(folder)
        names += [(relative / f).as_posix() for f in files if not f.startswith(".")]
    return sorted(name for name in names if name != SUMS)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
