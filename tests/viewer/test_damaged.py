"""Files and messages that are not what they should be: a ValueError that says so, nothing else."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from jaxmmo.replay import integers
from jaxmmo.replay.replay import chunk
from jaxmmo.viewer import Replay
from tests.campaigns import mutations
from tests.campaigns.mutations import chunks, rebuilt
from tests.campaigns.mutations import read_replay as read_all
from tests.viewer.conftest import Recording, record, tiny_world


@pytest.fixture(scope="module")
def small() -> bytes:
    return record(tiny_world(), 6).data


def test_rebuilding_without_a_change_changes_nothing_that_counts(small: bytes):
    read_all(rebuilt(small, b"BLCK", lambda plain: plain))


@pytest.mark.parametrize("data", [b"", b"JMM", b"GIF89a" + bytes(50), b"PK\x03\x04" * 9])
def test_other_files_are_not_replays(data: bytes):
    with pytest.raises(ValueError, match="not a jaxmmo replay"):
        Replay(data)


def test_other_versions_are_named(small: bytes):
    with pytest.raises(ValueError, match=r"version 7\.0.*reads 1, 2"):
        Replay(small[:4] + b"\x07\x00" + small[6:])


def test_every_truncation_is_noticed(small: bytes):
    for length in [*range(8, 200, 7), *range(200, len(small), 97), len(small) - 1]:
        with pytest.raises(ValueError, match=r"cut off|damaged"):
            read_all(small[:length])


def test_a_flipped_byte_is_noticed(small: bytes):
    middle = len(small) // 2
    broken = small[:middle] + bytes([small[middle] ^ 4]) + small[middle + 1 :]
    with pytest.raises(ValueError, match="damaged between bytes"):
        read_all(broken)


def test_missing_blocks_are_noticed(small: bytes):
    kept = [c for c in chunks(small) if c[0] != b"BLCK"]
    data = small[:8] + b"".join(chunk(t, b, s, f) for t, f, b, s in kept)
    with pytest.raises(ValueError, match="does not fit"):
        Replay(data)


def test_bytes_after_the_end_are_noticed(small: bytes):
    with pytest.raises(ValueError, match="does not fit"):
        Replay(small + b"more")


@pytest.mark.parametrize("tag", [b"HEAD", b"BASE", b"BLCK"])
def test_decompression_bombs_are_not_unpacked(small: bytes, tag: bytes):
    bomb = zlib.compress(bytes(1 << 26), 9)
    for announced in (1 << 31, 1 << 26, 100):
        out = small[:8]
        for name, frames, body, size in chunks(small):
            replaced = (bomb, announced) if name == tag else (body, size)
            out += chunk(name, *replaced, frames)
        with pytest.raises(ValueError, match=r"announces|damaged|JSON|inconsistent|bytes too many"):
            read_all(out)


def test_blocks_of_more_frames_than_allowed_are_refused(small: bytes):
    out = small[:8]
    for tag, frames, body, size in chunks(small):
        out += chunk(tag, body, size, 1 << 30 if tag in (b"BLCK", b"DONE") else frames)
    with pytest.raises(ValueError, match="1073741824 frames"):
        Replay(out)


def field(document: dict, name: str) -> list:
    return next(entry for entry in document["fields"] if entry[0] == name)


HEADERS = {
    "not JSON": lambda d: b"{",
    "deep": lambda d: b"[" * 100_000,
    "a list": lambda d: b"[]",
    "no config": lambda d: json.dumps({k: v for k, v in d.items() if k != "config"}),
    "capacity": lambda d: d["config"].update(capacity=-1),
    "vision": lambda d: d["config"].update(vision="7"),
    "huge capacity": lambda d: d["config"].update(capacity=2**24),
    "unknown setting": lambda d: d["config"].update(colour=1),
    "rule name": lambda d: d["rules"].update({"a b": d["rules"]["leech"]}),
    "rule values": lambda d: d["rules"]["leech"].update(values=["x"]),
    "rule shape": lambda d: d["rules"]["reach"].update(values=[1, [2], 3]),
    "missing field": lambda d: d["fields"].pop(),
    "field order": lambda d: d["fields"].reverse(),
    "no tick": lambda d: field(d, "tick").__setitem__(0, "tock"),
    "no bodies": lambda d: field(d, "bodies.alive").__setitem__(0, "bodies.dead"),
    "few bodies": lambda d: field(d, "bodies.row").__setitem__(1, [5]),
    "shape": lambda d: d["fields"][0].__setitem__(1, [1 << 40]),
    "deep shape": lambda d: d["fields"][0].__setitem__(1, [1] * 9),
    "negative shape": lambda d: d["fields"][4].__setitem__(1, [-3]),
    "dtype": lambda d: d["fields"][0].__setitem__(2, "object"),
    "a name that leads elsewhere": lambda d: d["fields"][0].__setitem__(0, "../tick"),
    "a name within a name": lambda d: d["fields"][0].__setitem__(0, "tick.tock"),
    "no world": lambda d: d.pop("world"),
    "another world": lambda d: d.update(world=[]),
    "no map": lambda d: d["world"]["tile"].update(path="nowhere"),
    "too many players": lambda d: d["world"].update(players=99),
    "map": lambda d: d["arrays"][0].__setitem__(1, [5, 5]),
    "twice": lambda d: d["fields"].append(d["fields"][0]),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_wrong_headers_are_refused(small: bytes, kind: str):
    def change(plain: bytes) -> bytes:
        document = json.loads(plain)
        result = HEADERS[kind](document)
        if isinstance(result, str):
            return result.encode()
        return result if isinstance(result, bytes) else json.dumps(document).encode()

    with pytest.raises(ValueError):
        read_all(rebuilt(small, b"HEAD", change))


def test_mutated_files_are_read_or_refused(small: bytes):
    """Half are mutated as they lie, half within a chunk whose checksum is then made right.

    The campaign `reliability` reads ten thousand.
    """
    count = 2_000
    kind = mutations.Format(small, mutations.damaged_replay, read_all)
    result = mutations.attack(kind, count, seed=1)
    assert result["refused"] > 0.8 * count


def test_packed_integers_come_back():
    rng = np.random.default_rng(0)
    for high in (1, 100, 40_000, 2**31 - 1):
        values = rng.integers(-high, high, 1000, dtype=np.int32, endpoint=True)
        reader = integers.Reader(integers.pack_ints(values), "test")
        np.testing.assert_array_equal(reader.ints(1000), values)
        reader.finish()
    extremes = np.array([-(2**31), 2**31 - 1, 0, -1], np.int32)
    np.testing.assert_array_equal(
        integers.Reader(integers.pack_ints(extremes), "test").ints(4), extremes
    )
    rows = rng.integers(-(2**31), 2**31 - 1, (7, 9), dtype=np.int32)
    np.testing.assert_array_equal(integers.accumulate(integers.difference(rows)), rows)


def test_damage_to_a_recording_is_named_with_the_file(tiny: Recording, tmp_path):
    path = tmp_path / "broken.jmmo"
    path.write_bytes(tiny.data[:-30])
    with pytest.raises(ValueError, match=r"broken\.jmmo: the replay was cut off"):
        Replay.load(path)
