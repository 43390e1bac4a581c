"""Replays: a versioned binary file of frames, `.jmmo`, without pickle.

The file is `JMMO`, a u16 version, u16 zero, and chunks. A chunk is a four-letter tag, u32 frames,
u32 compressed and u32 plain bytes, u32 CRC-32 of the rest of these numbers and of the compressed
bytes, and the compressed bytes:

* `HEAD` the header, JSON (see `header.py`),
* `BASE` the sparse arrays (the map above all) of the first frame, one after another,
* `BLCK` up to 64 frames that can be read without any other block (see `blocks.py`), repeated,
* `DONE` empty; says how many frames there are. A file without it was cut off.

A stream of a live world is the same, with blocks of one frame each and no end.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.replay import blocks, header, integers
from jaxmmo.replay.frames import (
    Frame,
    as_int32,
    flatten,
    from_int32,
    is_derived,
    named_leaves,
    stored_name,
    unflatten,
)

MAGIC, VERSION = b"JMMO", 2
READABLE = (1, 2)
"""Versions that are read. The first had no description of its world and named bodies players."""

MAX_FILE = 1 << 30
_PREFIX = struct.Struct("<4sHH")
_CHUNK = struct.Struct("<4sIIII")
_ASIDE = ("events.", "policy.")


def chunk(tag: bytes, data: bytes, size: int, frames: int = 0) -> bytes:
    """A chunk of the file; `data` is compressed and was `size` bytes long."""
    crc = zlib.crc32(data, zlib.crc32(struct.pack("<4sIII", tag, frames, len(data), size)))
    return _CHUNK.pack(tag, frames, len(data), size, crc) + data


def prologue(head: header.Header, base: dict[str, np.ndarray]) -> bytes:
    """The beginning of a file or stream: everything that holds for all frames."""
    plain = header.to_json(head)
    ground = b"".join(integers.pack_ints(as_int32(base[name])) for name in base)
    return (
        _PREFIX.pack(MAGIC, VERSION, 0)
        + chunk(b"HEAD", zlib.compress(plain, 9), len(plain))
        + chunk(b"BASE", zlib.compress(ground, 9), len(ground))
    )


class ReplayWriter:
    """Writes frames to a file as they come; a context manager.

    The file is complete once closed without an error; a recording that was cut off is refused by
    `Replay`.
    """

    def __init__(
        self, file: BinaryIO, env: Environment, rules: Rules, title: str = "", seed: int = 0
    ):
        self._file, self._env, self._rules = file, env, rules
        self._about = (title, seed)
        self._header: header.Header | None = None
        self._base: dict[str, np.ndarray] = {}
        self._pending: list[dict[str, np.ndarray]] = []
        self._count = 0

    def __enter__(self) -> ReplayWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()

    def append(self, frame: Frame) -> None:
        """Adds a frame; its arrays are not copied. ValueError if it is not like the first one."""
        arrays = flatten(frame)
        if self._header is None:
            self._header = header.describe(self._env, self._rules, frame, *self._about)
            self._base = self._header.base(arrays)
            self._limit = blocks.capacity_of(self._header.fields, self._base)
            self._file.write(prologue(self._header, self._base))
        for field in self._header.fields + self._header.arrays:
            if field.name not in arrays or arrays[field.name].shape != field.shape:
                raise ValueError(f"{field.name} of this frame is not {field.shape} as in the first")
        self._pending.append(arrays)
        self._count += 1
        if len(self._pending) == self._limit:
            self._flush()

    def close(self) -> None:
        """Writes what is left and the end mark. ValueError if there was no frame."""
        if self._header is None:
            raise ValueError("a replay needs at least one frame")
        self._flush()
        self._file.write(chunk(b"DONE", b"", 0, self._count))

    def _flush(self) -> None:
        if self._pending and self._header is not None:
            data, size = blocks.encode(self._pending, self._header.fields, self._base)
            self._file.write(chunk(b"BLCK", data, size, len(self._pending)))
            self._pending = []


class Replay:
    """A recording in memory; `replay[i]` is a frame, decoded when asked for.

    Attributes:
      header: what holds for all frames.
      data: the file's bytes.
    """

    def __init__(self, data: bytes):
        """Checks everything but the insides of blocks, which are checked when read.

        Raises:
          ValueError: for a file that is not a replay, is damaged, cut off, too large, or of another
            version.
        """
        if len(data) > MAX_FILE:
            raise ValueError(f"the file has {len(data)} bytes: replays have at most {MAX_FILE}")
        self.data = data
        tags = self._chunks()
        self.header = header.from_json(self._read(next(tags), b"HEAD", header.MAX_HEADER))
        self._base = self._read_base(next(tags))
        self._limit = blocks.capacity_of(self.header.fields, self._base)
        self._index: list[tuple[int, int, int, int]] = []
        self._starts = [0]
        for tag, frames, start, length, size in tags:
            if tag == b"DONE":
                if not self._index or frames != len(self) or start + length != len(data):
                    raise ValueError(f"the replay's end does not fit its {len(self)} frames")
                break
            if tag != b"BLCK" or not 1 <= frames <= self._limit:
                raise ValueError(f"not a replay: a chunk {tag!r} of {frames} frames among blocks")
            self._index.append((frames, start, length, size))
            self._starts.append(self._starts[-1] + frames)
        self._cache: OrderedDict[int, list[dict[str, np.ndarray]]] = OrderedDict()

    @classmethod
    def load(cls, path: str | Path) -> Replay:
        """Reads a file; ValueError as the constructor, with the file's name."""
        path = Path(path)
        if path.stat().st_size > MAX_FILE:
            raise ValueError(f"{path}: {path.stat().st_size} bytes; the limit is {MAX_FILE}")
        try:
            return cls(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def __len__(self) -> int:
        return self._starts[-1]

    def __repr__(self) -> str:
        megabytes = len(self.data) / 1e6
        return f"Replay({len(self)} frames of {self.header.title!r}, {megabytes:.2f} MB)"

    def __getitem__(self, index: int) -> Frame:
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        index %= len(self)
        block = int(np.searchsorted(self._starts, index, side="right")) - 1
        arrays = self._block(block)[index - self._starts[block]]
        return unflatten(arrays, self.header.config.capacity)

    def __iter__(self) -> Iterator[Frame]:
        return (self[i] for i in range(len(self)))

    @property
    def rules(self) -> Rules:
        """The rules the world was played by; those that came later hold their default.

        Raises:
          ValueError: for a recording with rules that this version does not know, by name.
        """
        return self._rules(Environment(self.header.config))

    def _rules(self, env: Environment) -> Rules:
        return _filled(env.default_rules(), self.header.rules, "rules")

    def state(self, index: int, env: Environment | None = None) -> WorldState:
        """The complete state of a frame, from which the world can go on.

        Args:
          index: of the frame.
          env: the environment it was recorded in, for a game with additions of its own.

        Raises:
          ValueError: for a recording with arrays that the environment does not know, by name.
        """
        env = Environment(self.header.config) if env is None else env
        rules = self._rules(env)
        like = jax.eval_shape(env.reset, jax.random.key(0), rules)[1]
        blank = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), like)
        arrays = {n: v for n, v in flatten(self[index]).items() if not n.startswith(_ASIDE)}
        state = _filled(blank, arrays, "arrays")
        return jax.jit(env.observe)(state, rules)[1]

    def _chunks(self) -> Iterator[tuple[bytes, int, int, int, int]]:
        """(tag, frames, start, length, plain size) of every chunk, their checksums verified."""
        if len(self.data) < _PREFIX.size or self.data[:4] != MAGIC:
            raise ValueError("not a jaxmmo replay")
        _, version, flags = _PREFIX.unpack_from(self.data)
        if version not in READABLE or flags:
            known = ", ".join(map(str, READABLE))
            raise ValueError(f"replay version {version}.{flags}: this jaxmmo reads {known}")
        at = _PREFIX.size
        while True:
            if at + _CHUNK.size > len(self.data):
                raise ValueError(f"the replay was cut off at byte {len(self.data)}")
            tag, frames, length, size, crc = _CHUNK.unpack_from(self.data, at)
            start = at + _CHUNK.size
            at = start + length
            if at > len(self.data):
                raise ValueError(f"the replay was cut off at byte {len(self.data)}")
            content = zlib.crc32(struct.pack("<4sIII", tag, frames, length, size))
            if zlib.crc32(memoryview(self.data)[start:at], content) != crc:
                raise ValueError(f"the replay is damaged between bytes {start} and {at}")
            yield tag, frames, start, length, size

    def _read(self, entry: tuple[bytes, int, int, int, int], tag: bytes, limit: int) -> bytes:
        found, _, start, length, size = entry
        if found != tag:
            raise ValueError(f"not a replay: chunk {found!r} where {tag!r} belongs")
        if size > limit:
            raise ValueError(f"{tag.decode()} announces {size} bytes: at most {limit} are read")
        return integers.inflate(self.data[start : start + length], size, tag.decode())

    def _read_base(self, entry: tuple[bytes, int, int, int, int]) -> dict[str, np.ndarray]:
        specs = self.header.arrays
        total = sum(spec.size for spec in specs)
        if total > blocks.MAX_INTS:
            raise ValueError(f"the map takes {total} integers: at most {blocks.MAX_INTS} are read")
        reader = integers.Reader(self._read(entry, b"BASE", 5 * total + 64), "BASE")
        base = {
            spec.name: from_int32(reader.ints(spec.size), spec.dtype).reshape(spec.shape)
            for spec in specs
        }
        reader.finish()
        return base

    def _block(self, number: int) -> list[dict[str, np.ndarray]]:
        if number not in self._cache:
            frames, start, length, size = self._index[number]
            what = f"block {number} of the replay"
            self._cache[number] = blocks.decode(
                self.data[start : start + length],
                size,
                frames,
                self.header.fields,
                self._base,
                what,
            )
            while len(self._cache) > 2:
                self._cache.popitem(last=False)
        return self._cache[number]


def _filled(tree: Any, arrays: dict[str, np.ndarray], what: str) -> Any:
    """The tree with its leaves replaced by name; ValueError for arrays that have no place in it."""
    names = [stored_name(name) for name in named_leaves(tree)]
    unknown = sorted(set(arrays) - set(names))
    if unknown:
        raise ValueError(f"{what} of the recording that this game does not have: {unknown}")
    leaves, treedef = jax.tree.flatten(tree)
    for place, name in enumerate(names):
        if name not in arrays or is_derived(name):
            continue
        if arrays[name].shape != leaves[place].shape:
            expected = f"this game's is {leaves[place].shape}"
            raise ValueError(f"{name} of the recording is {arrays[name].shape}, {expected}")
        leaves[place] = jnp.asarray(arrays[name], leaves[place].dtype)
    return jax.tree.unflatten(treedef, [jnp.asarray(leaf) for leaf in leaves])
