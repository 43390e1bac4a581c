"""Arrays in a zip file (`.npz`), read in two steps: what there is first, contents when wanted.

NumPy's reader evaluates the text before every array and reads whatever size it claims; this one
knows only what `np.savez` writes, and reads nothing before the caller has seen names, dtypes and
shapes.
"""

from __future__ import annotations

import math
import os
import re
import zipfile
from typing import Any, BinaryIO, NamedTuple

import numpy as np

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 1024
# a shape can be read in one way only, so that no text makes the search for another one long
_HEADER = re.compile(
    rb"\{'descr': '([<>|][biuf][0-9]{1,2})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:[0-9]{1,15}, ?)*(?:[0-9]{1,15})?)\), *\} *\n"
)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1


class Entry(NamedTuple):
    """An array that can be read."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    info: zipfile.ZipInfo
    fortran: bool
    start: int  # of its bytes, after magic and header


class Archive:
    """The arrays of a file.

    Attributes:
      entries: dtype and shape of every array, by name.

    Raises:
      ValueError: unless the file is a whole archive of arrays.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Reads the names and the beginnings of the arrays."""
        try:
            self._zip = zipfile.ZipFile(file)
            self.entries = {}
            for info in self._zip.infolist():
                name = info.filename.removesuffix(".npy")
                if name in self.entries or name == info.filename:
                    raise ValueError(f"{info.filename!r:.80} is twice there, or no array")
                self.entries[name] = self._entry(info)
        except Exception as error:  # zipfile raises anything for a damaged file
            raise ValueError(_text(error)) from error

    def read(self, name: str) -> np.ndarray:
        """An array; ValueError if its bytes are not those that were written."""
        entry = self.entries[name]
        try:
            with self._zip.open(entry.info) as stream:
                content = stream.read()  # at most as announced; checks the checksum at its end
            array = np.frombuffer(content, entry.dtype, offset=entry.start)
            order = "F" if entry.fortran else "C"
            return array.reshape(entry.shape, order=order).copy(order="C")
        except Exception as error:
            raise ValueError(f"{name}: {_text(error)}") from error

    def _entry(self, info: zipfile.ZipInfo) -> Entry:
        """Dtype and shape of an array, which its size must fit."""
        if info.compress_type not in _COMPRESSIONS or info.flag_bits & _ENCRYPTED:
            raise ValueError(f"{info.filename!r:.80} is packed in an unknown way")
        with self._zip.open(info) as stream:
            start = stream.read(_MAX_HEADER)
        wide = start[6:7] != b"\x01"
        begin = 12 if wide else 10
        length = int.from_bytes(start[8:begin], "little")
        found = _HEADER.fullmatch(start[begin : begin + length])
        if start[:6] != _MAGIC or found is None:
            raise ValueError(f"{info.filename!r:.80} is no array of numbers")
        descr, fortran, sides = found.groups()
        dtype = np.dtype(descr.decode())
        shape = tuple(int(side) for side in re.findall(rb"[0-9]+", sides))
        if begin + length + dtype.itemsize * math.prod(shape) != info.file_size:
            raise ValueError(f"{info.filename!r:.80} is not as long as its shape says")
        return Entry(dtype, shape, info, fortran == b"True", begin + length)


def open_archive(path: str | os.PathLike[str]) -> BinaryIO:
    """The file; ValueError for a directory, other errors of the system as they are."""
    try:
        return open(path, "rb")
    except IsADirectoryError as error:
        raise ValueError(f"{path} is a directory") from error


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
