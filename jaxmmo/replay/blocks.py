"""Runs of frames as one compressed block that can be read without any other."""

from __future__ import annotations

import zlib

import numpy as np

from jaxmmo.replay import integers
from jaxmmo.replay.frames import Field, as_int32, from_int32

MAX_INTS = 1 << 24
"""Integers that the dense arrays of a block, or one sparse array over its frames, may hold."""

MAX_FRAMES = 64
"""Frames a block may hold."""


def capacity_of(fields: list[Field], base: dict[str, np.ndarray]) -> int:
    """Frames that fit in one block; ValueError if not even one does."""
    widest = max([sum(f.size for f in fields), *(a.size for a in base.values())])
    if widest > MAX_INTS:
        raise ValueError(f"a frame of {widest} integers: a replay holds at most {MAX_INTS}")
    return min(MAX_FRAMES, MAX_INTS // max(widest, 1))


def encode(
    frames: list[dict[str, np.ndarray]],
    fields: list[Field],
    base: dict[str, np.ndarray],
    level: int = 6,
) -> tuple[bytes, int]:
    """Compresses frames.

    Args:
      frames: arrays by name, see `frames.flatten`; at least one.
      fields: the dense arrays.
      base: the sparse arrays that changes are counted from.
      level: zlib's.

    Returns:
      The compressed block, and the bytes it decompresses to.
    """
    parts = []
    for field in fields:
        values = np.stack([as_int32(frame[field.name]).reshape(-1) for frame in frames])
        parts.append(integers.pack_ints(integers.difference(values) if field.differs else values))
    for name, first in base.items():
        before = as_int32(first).reshape(-1)
        counts, places, changes = [], [], []
        for frame in frames:
            after = as_int32(frame[name]).reshape(-1)
            changed = np.flatnonzero(before != after)
            counts.append(len(changed))
            places.append(np.diff(changed, prepend=0))
            changes.append(before[changed] ^ after[changed])
            before = after
        for numbers in (np.array(counts), np.concatenate(places), np.concatenate(changes)):
            parts.append(integers.pack_ints(numbers))
    payload = b"".join(parts)
    return zlib.compress(payload, level), len(payload)


def decode(
    data: bytes,
    size: int,
    count: int,
    fields: list[Field],
    base: dict[str, np.ndarray],
    what: str = "block",
) -> list[dict[str, np.ndarray]]:
    """Undoes `encode`; ValueError for anything that `encode` cannot have made.

    Args:
      data: the compressed block.
      size: bytes it decompresses to.
      count: frames in it.
      fields: the dense arrays.
      base: the sparse arrays that changes are counted from.
      what: named in errors.
    """
    if not 1 <= count <= capacity_of(fields, base):
        raise ValueError(f"{what} announces {count} frames: 1 to {capacity_of(fields, base)} fit")
    if size > 16 * MAX_INTS:
        raise ValueError(f"{what} announces {size} bytes: at most {16 * MAX_INTS} are read")
    reader = integers.Reader(integers.inflate(data, size, what), what)
    frames: list[dict[str, np.ndarray]] = [{} for _ in range(count)]
    for field in fields:
        values = reader.ints(count * field.size).reshape(count, field.size)
        if field.differs:
            values = integers.accumulate(values)
        whole = from_int32(values, field.dtype).reshape(count, *field.shape)
        for frame, value in zip(frames, whole, strict=True):
            frame[field.name] = value
    for name, first in base.items():
        for frame, value in zip(frames, _sparse(reader, first, count, what), strict=True):
            frame[name] = value
    reader.finish()
    return frames


def _sparse(reader: integers.Reader, first: np.ndarray, count: int, what: str) -> list[np.ndarray]:
    counts = reader.ints(count).astype(np.int64)
    if counts.min(initial=0) < 0 or counts.max(initial=0) > first.size:
        raise ValueError(f"{what} changes more than there is")
    total = int(counts.sum())
    if total > MAX_INTS:
        raise ValueError(f"{what} holds {total} changes: at most {MAX_INTS} are read")
    places, changes = reader.ints(total).astype(np.int64), reader.ints(total)
    ends = np.cumsum(counts)
    now, arrays = as_int32(first).reshape(-1), []
    for start, end in zip(ends - counts, ends, strict=True):
        place = np.cumsum(places[start:end])
        steps = np.diff(place, prepend=-1)
        if place.size and (steps.min() <= 0 or place[-1] >= now.size):
            raise ValueError(f"{what} changes places that are not there")
        now = now.copy()
        now[place] ^= changes[start:end]
        arrays.append(from_int32(now, first.dtype.name).reshape(first.shape))
    return arrays
