"""Damage done to files at random, and what reads them."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.env.constants import Material
from jaxmmo.files import load_tmx, save_tmx
from jaxmmo.replay.replay import Replay, ReplayWriter, chunk
from jaxmmo.runs import config, logs
from jaxmmo.viewer import World

SMALL = jaxmmo.make(height=24, width=24, border=3, capacity=12, initial_population=12, vision=3)


class Format(NamedTuple):
    """A kind of file: one that is whole, how damaged ones are made of it, and how it is read."""

    content: bytes
    damaged: Callable[[bytes, random.Random], bytes]
    read: Callable[[bytes], object]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Flips, cuts, repeats and overwrites parts of some bytes."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(6):
            case 0 if out:
                out[at] ^= 1 << rng.randrange(8)
            case 1 if out:
                out[at] = rng.choice((0, 1, 127, 128, 255))
            case 2:
                del out[at : at + rng.randint(1, 40)]
            case 3:
                out[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
            case 4:
                out[at : at + 8] = struct.pack("<II", rng.getrandbits(32), rng.getrandbits(32))
            case 5:
                out[at:at] = rng.choice((b"[", b"9", b"(", b'"', b"\n")) * rng.choice((1, 30, 5000))
    return bytes(out)


def chunks(data: bytes) -> list[tuple[bytes, int, bytes, int]]:
    """(tag, frames, compressed, plain size) of every chunk of a replay."""
    found, at = [], 8
    while at < len(data):
        tag, frames, length, size, _ = struct.unpack_from("<4sIIII", data, at)
        found.append((tag, frames, data[at + 20 : at + 20 + length], size))
        at += 20 + length
    return found


def rebuilt(data: bytes, tag: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The replay with the plain contents of a kind of chunk changed, checksums in order."""
    out = data[:8]
    for name, frames, body, size in chunks(data):
        if name == tag:
            plain = change(zlib.decompress(body))
            body, size = zlib.compress(plain), len(plain)
        out += chunk(name, body, size, frames)
    return out


def read_replay(data: bytes) -> None:
    """Every block of a replay."""
    replay = Replay(data)
    for index in range(0, len(replay), 64):
        _ = replay[index]


def formats(folder: Path) -> dict[str, Format]:
    """Every format that is read from a disk, with files in a folder of one's own."""

    def by_name(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
        path = folder / name

        def write_and_read(data: bytes) -> object:
            path.write_bytes(data)
            return read(path)

        return write_and_read

    return {
        "replay": Format(_replay(), damaged_replay, read_replay),
        "save": Format(
            _save(folder / "whole.npz"),
            damaged_save,
            by_name("save.npz", lambda path: jaxmmo.load_state(path, SMALL)),
        ),
        "map": Format(_map(folder / "whole.tmx"), mutate, by_name("map.tmx", load_tmx)),
        "tileset": Format(
            _tileset(folder), mutate, by_name("tiles.tsx", lambda _: load_tmx(folder / "uses.tmx"))
        ),
        "config": Format(
            json.dumps({"format": 1} | config.RunConfig().as_dict(), indent=2).encode(),
            mutate,
            by_name("config.json", lambda path: config.read(path.parent).environment()),
        ),
        "log": Format(_log(), mutate, by_name(logs.NAME, lambda path: logs.read(path.parent))),
    }


def attack(kind: Format, count: int, seed: int) -> dict[str, int]:
    """Reads damaged files: each is read or refused by a ValueError, whatever was done to it.

    Raises:
      AssertionError: for another exception, or a refusal without words.
    """
    rng = random.Random(seed)
    kind.read(kind.content)
    result = {"read": 0, "refused": 0}
    for number in range(count):
        data = kind.damaged(kind.content, rng)
        try:
            kind.read(data)
            result["read"] += 1
        except ValueError as error:
            assert str(error), f"mutation {number} of seed {seed} is refused without a word"
            result["refused"] += 1
        except Exception as error:
            what = f"mutation {number} of seed {seed}: {type(error).__name__}: {error}"
            raise AssertionError(what) from error
    return result


def damaged_replay(data: bytes, rng: random.Random) -> bytes:
    """Half are damaged as they lie, half within a chunk whose checksum is then made right."""
    if rng.random() < 0.5:
        return mutate(data, rng)
    tag = rng.choice((b"HEAD", b"BASE", b"BLCK", b"BLCK"))
    return rebuilt(data, tag, lambda plain: mutate(plain, rng))


def damaged_save(data: bytes, rng: random.Random) -> bytes:
    """Half are damaged as they lie, half within an array whose checksum is then made right."""
    import zipfile

    if rng.random() < 0.5:
        return mutate(data, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(
                name, mutate(content[:300], rng) + content[300:] if name == chosen else content
            )
    return out.getvalue()


def _replay() -> bytes:
    world = World(SMALL, scripted.get("fighter", SMALL), ())
    file = io.BytesIO()
    with ReplayWriter(file, world.env, world.rules) as writer:
        writer.append(world.frame)
        for _ in range(6):
            writer.append(world.step())
    return file.getvalue()


def _save(path: Path) -> bytes:
    import jax

    jaxmmo.save_state(path, SMALL, jax.jit(SMALL.reset)(jax.random.key(0))[1])
    return path.read_bytes()


def _map(path: Path) -> bytes:
    save_tmx(path, np.random.default_rng(0).integers(0, Material.ORE, (12, 12)))
    return path.read_bytes()


def _tileset(folder: Path) -> bytes:
    text = (folder / "whole.tmx").read_text()
    begin, end = text.index(" <tileset"), text.index(" <layer")
    using = text[:begin] + '<tileset firstgid="1" source="tiles.tsx"/>' + text[end:]
    (folder / "uses.tmx").write_text(using)
    return text[begin:end].replace(' firstgid="1"', "").encode()


def _log() -> bytes:
    numbers: Iterator[int] = iter(range(1, 6))
    lines = [
        dict.fromkeys(logs.NEEDED, 1.5) | {"update": number, "deaths": 2} for number in numbers
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
