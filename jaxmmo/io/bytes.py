"""Observations, actions and other trees of arrays as bytes and back, for actors in other processes.

A message, all numbers little-endian:

    4   magic `JMIO`
    1   version of this format
    3   zero
    16  BLAKE2b of everything after it
    8   fingerprint of the spec that the arrays follow, 0 for none
    4   length of the header
        header, UTF-8 JSON: [[path, dtype, shape], ...], a path being a list of names
        the arrays' bytes, one after another

There is no pickle in it. Whatever is damaged, cut, longer than it says, of another version or of
another spec is a ValueError; the checksum covers every byte that is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from typing import Any

import jax
import numpy as np

from jaxmmo.spec import Spec
from jaxmmo.version import BEHAVIOUR_VERSION

MAGIC, VERSION = b"JMIO", 1
DTYPES = tuple(
    np.dtype(name).name
    for name in ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
)
MOST_AXES = 32
PREFIX = struct.Struct("<4sB3x16s")
FRAME = struct.Struct("<8sI")


def to_bytes(tree: Any, spec: Spec | None = None) -> bytes:
    """A tree of arrays as bytes.

    Args:
      tree: an observation, an action, or any tree of dicts and tables of arrays.
      spec: what its numbers mean; whoever reads it with another spec, or with a version of the game
        that behaves otherwise, is refused.

    Raises:
      ValueError: for leaves that are no plain arrays.
    """
    listed, arrays = [], []
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        names = [_name(key) for key in path]
        array = np.asarray(leaf)
        if array.dtype.name not in DTYPES:
            raise ValueError(f"{names} is {array.dtype}: must be one of {', '.join(DTYPES)}")
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        listed.append([names, array.dtype.name, list(np.shape(leaf))])
        arrays.append(array.tobytes())
    header = json.dumps(listed, separators=(",", ":")).encode()
    body = b"".join([FRAME.pack(fingerprint(spec), len(header)), header, *arrays])
    return PREFIX.pack(MAGIC, VERSION, _checksum(body)) + body


def from_bytes(data: bytes, spec: Spec | None = None, like: Any = None) -> Any:
    """What `to_bytes` wrote.

    Args:
      data: one whole message.
      spec: what the reader takes the numbers to mean; not compared if omitted.
      like: a tree of the wanted structure, such as `jax.eval_shape(env.reset, key)[0]`, whose
        arrays may have any leading axes in common; nested dicts of arrays if omitted.

    Returns:
      NumPy arrays, which cannot be written to: they lie in the message.

    Raises:
      ValueError: for anything but a whole message of this version and spec, saying what is wrong.
    """
    data = bytes(data)
    if len(data) < PREFIX.size + FRAME.size:
        raise ValueError(f"not a message: {len(data)} bytes are too few")
    magic, version, checksum = PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise ValueError(f"not a message: it begins with {magic!r}, not {MAGIC!r}")
    if version != VERSION:
        raise ValueError(f"a message of version {version}; known: {VERSION}")
    if data[5:8] != b"\0\0\0" or checksum != _checksum(data[PREFIX.size :]):
        raise ValueError("the message is damaged: its checksum does not fit")
    written, length = FRAME.unpack_from(data, PREFIX.size)
    if spec is not None and written != fingerprint(spec):
        raise ValueError(
            "the message is of another spec, or of a version of the game that behaves otherwise: "
            f"{written.hex()}, expected {fingerprint(spec).hex()}"
        )
    start = PREFIX.size + FRAME.size
    arrays = _arrays(data, start + length, _header(data[start : start + length], length))
    return _nested(arrays) if like is None else _shaped(arrays, like)


def fingerprint(spec: Spec | None) -> bytes:
    """8 bytes that tell one spec and behaviour of the game from another; zeros for None."""
    if spec is None:
        return bytes(8)
    return hashlib.blake2b(f"{BEHAVIOUR_VERSION} {spec!r}".encode(), digest_size=8).digest()


def client_of(ids: Any, clients: int) -> Any:
    """i32[...]: which of several clients an agent belongs to, by a hash of its id.

    An agent keeps its client for life, and any ids spread evenly. Works on JAX and NumPy arrays.

    Args:
      ids: i32[...]; of agents.
      clients: how many there are.

    Raises:
      ValueError: unless there is at least one client.
    """
    if isinstance(clients, bool) or not isinstance(clients, int) or clients < 1:
        raise ValueError(f"clients={clients!r}: must be an integer of at least 1")
    mixed = ids.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finaliser of MurmurHash3
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    mixed = mixed ^ (mixed >> np.uint32(16))
    return (mixed % np.uint32(clients)).astype(np.int32)


def _name(key: Any) -> str:
    """One step of a path in a tree, as a word."""
    return jax.tree_util.keystr((key,), simple=True)


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


def _header(raw: bytes, length: int) -> list[tuple[tuple[str, ...], np.dtype, tuple[int, ...]]]:
    """Path, dtype and shape of every array; ValueError unless all are what they may be."""
    if len(raw) != length:
        raise ValueError("the message is cut off within its header")
    try:
        listed = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the header of the message is no JSON: {error}") from error
    if not isinstance(listed, list):
        raise ValueError("the header of the message is no list of arrays")
    entries = []
    for entry in listed:
        if not isinstance(entry, list) or len(entry) != 3:
            raise ValueError(f"the header of the message has an entry {entry!r:.60}")
        path, dtype, shape = entry
        if not isinstance(path, list) or not all(isinstance(name, str) for name in path):
            raise ValueError(f"the header of the message has a path {path!r:.60}")
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ValueError(f"{path} is {dtype!r:.60}: must be one of {', '.join(DTYPES)}")
        sizes = shape if isinstance(shape, list) and len(shape) <= MOST_AXES else [None]
        if not all(type(n) is int and 0 <= n < 2**63 for n in sizes):
            raise ValueError(f"{path} has the shape {shape!r:.60}")
        entries.append((tuple(path), np.dtype(dtype).newbyteorder("<"), tuple(sizes)))
    return entries


def _arrays(
    data: bytes, start: int, entries: list[tuple[tuple[str, ...], np.dtype, tuple[int, ...]]]
) -> dict[tuple[str, ...], np.ndarray]:
    """The arrays by path; ValueError unless they fill the message exactly."""
    arrays: dict[tuple[str, ...], np.ndarray] = {}
    for path, dtype, shape in entries:
        count = math.prod(shape)
        end = start + count * dtype.itemsize
        if end > len(data):
            raise ValueError(f"the message is cut off within {list(path)}")
        flat = np.frombuffer(data, dtype, count, start) if count else np.zeros(0, dtype)
        if dtype == np.bool_ and flat.view(np.uint8).max(initial=0) > 1:
            raise ValueError(f"{list(path)} holds bytes that are neither true nor false")
        if path in arrays:
            raise ValueError(f"the message has two arrays {list(path)}")
        try:
            arrays[path] = flat.reshape(shape)
        except ValueError as error:
            raise ValueError(f"{list(path)} has the shape {list(shape)}") from error
        start = end
    if start != len(data):
        raise ValueError(f"the message is {len(data) - start} bytes longer than it says")
    return arrays


def _nested(arrays: dict[tuple[str, ...], np.ndarray]) -> Any:
    """Dicts of dicts of arrays; an array alone for an empty path."""
    if set(arrays) == {()}:
        return arrays[()]
    root: dict[str, Any] = {}
    for path, array in arrays.items():
        node: Any = root
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                break
        if not path or not isinstance(node, dict) or path[-1] in node:
            raise ValueError(f"{list(path)} is an array and a table of arrays at once")
        node[path[-1]] = array
    return root


def _shaped(arrays: dict[tuple[str, ...], np.ndarray], like: Any) -> Any:
    """The arrays in the structure of another tree; ValueError where they do not fit."""
    wanted = {
        tuple(_name(key) for key in path): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(like)
    }
    if set(arrays) != set(wanted):
        lacks = sorted(".".join(p) for p in set(wanted) - set(arrays))
        more = sorted(".".join(p) for p in set(arrays) - set(wanted))
        raise ValueError(f"the message lacks arrays {lacks} and has unknown arrays {more}")
    leading: tuple[int, ...] | None = None
    for path, leaf in wanted.items():
        shape, dtype = arrays[path].shape, arrays[path].dtype
        own = shape[: max(0, len(shape) - len(leaf.shape))]
        leading = own if leading is None else leading
        if shape != (*leading, *leaf.shape) or dtype != leaf.dtype:
            raise ValueError(
                f"the message has {'.'.join(path)} as {dtype}{list(shape)}; must be "
                f"{np.dtype(leaf.dtype)}{[*leading, *leaf.shape]}"
            )
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[path] for path in wanted])
