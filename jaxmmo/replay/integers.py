"""Integers as bytes: differences, zigzag, byte planes, zlib; and back, with every size checked.

Little-endian throughout. A packed vector of N integers is one byte k (0 to 4) and k planes of N
bytes: the lowest bytes of all numbers, then the next. Numbers near 0 need one plane, and zlib makes
almost nothing of planes that repeat themselves.
"""

from __future__ import annotations

import zlib

import numpy as np

MAX_PLANES = 4


def pack_ints(values: np.ndarray) -> bytes:
    """Packs i32[N], small magnitudes of either sign in fewest bytes."""
    values = np.ascontiguousarray(values, np.int32).reshape(-1)
    zigzag = ((values << 1) ^ (values >> 31)).view(np.uint32)
    high = int(zigzag.max(initial=0))
    planes = (high.bit_length() + 7) // 8
    raw = zigzag.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :planes]
    return bytes([planes]) + raw.T.tobytes()


class Reader:
    """Reads packed vectors from one decompressed payload; ValueError on any inconsistency."""

    def __init__(self, data: bytes, what: str):
        self._data = data
        self._at = 0
        self._what = what

    def ints(self, count: int) -> np.ndarray:
        """The next `count` integers, i32[count]."""
        if self._at >= len(self._data):
            raise ValueError(f"{self._what} ends early")
        planes = self._data[self._at]
        end = self._at + 1 + planes * count
        if planes > MAX_PLANES or end > len(self._data):
            raise ValueError(f"{self._what} is inconsistent: {planes} planes of {count} integers")
        raw = np.zeros((count, 4), np.uint8)
        body = np.frombuffer(self._data, np.uint8, planes * count, self._at + 1)
        raw[:, :planes] = body.reshape(planes, count).T
        self._at = end
        zigzag = raw.view("<u4").reshape(-1)
        return ((zigzag >> 1) ^ (0 - (zigzag & 1))).view(np.int32)

    def finish(self) -> None:
        """ValueError unless everything was read."""
        if self._at != len(self._data):
            raise ValueError(f"{self._what} has {len(self._data) - self._at} bytes too many")


def inflate(data: bytes, size: int, what: str) -> bytes:
    """Decompresses to exactly `size` bytes, never holding more; ValueError otherwise."""
    decoder = zlib.decompressobj()
    try:
        plain = decoder.decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError(f"{what} is damaged: {error}") from error
    if len(plain) != size or not decoder.eof or decoder.unused_data:
        raise ValueError(f"{what} does not decompress to the {size} bytes it announces")
    return plain


def difference(values: np.ndarray) -> np.ndarray:
    """i32[T, n] -> i32[T, n]: each row less the one before, the first as it is (wraps)."""
    unsigned = values.view(np.uint32)
    return np.concatenate([unsigned[:1], unsigned[1:] - unsigned[:-1]]).view(np.int32)


def accumulate(values: np.ndarray) -> np.ndarray:
    """Undoes `difference`."""
    return np.cumsum(values.view(np.uint32), 0, dtype=np.uint32).view(np.int32)
