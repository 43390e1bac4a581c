"""Saves and maps that are not what they should be: a ValueError that says so, nothing else."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest

import jaxmmo
from jaxmmo.files import load_tmx
from tests.campaigns import mutations

ENV = mutations.SMALL
ALL = ("replay", "save", "map", "tileset", "config", "log")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


@pytest.fixture(scope="module")
def formats(folder):
    return mutations.formats(folder)


@pytest.mark.parametrize("kind", ALL)
def test_mutated_files_are_read_or_refused(formats, kind):
    result = mutations.attack(formats[kind], 200, seed=0)
    assert sum(result.values()) == 200
    assert (result["refused"] > 0) == (kind != "log")  # of a log, what can be read is read


def archive(path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def array(text: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A file of NumPy with a header of one's own."""
    header = text.encode() + b"\n"
    width = 2 if version[0] == 1 else 4
    return b"\x93NUMPY" + version + len(header).to_bytes(width, "little") + header + data


HOSTILE = {
    "deep": array("(" * 60_000),
    "deeper": array("[" * 5_000_000, version=b"\x02\x00"),
    "open text": array("{'descr': '''"),
    "long": array("{'descr': '|u1', 'fortran_order': False, 'shape': (" + "1," * 9000 + "), }"),
    "no end": array("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", b"12"),
    "huge": array(
        "{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"
    ),
    "objects": array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04N."),
    "width": array("{'descr': '<i3', 'fortran_order': False, 'shape': (1,), }", b"123"),
    "a shape of many digits": array(
        "{'descr': '<i4', 'fortran_order': False, 'shape': (" + 300 * "1" + "x,), }", b"123"
    ),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", ["header", "tick"])
def test_hostile_arrays_are_refused(tmp_path, kind, name):
    path = archive(tmp_path / "a.npz", {f"{name}.npy": HOSTILE[kind]})
    with pytest.raises(ValueError, match=r"a\.npz is not a saved state, or is damaged"):
        jaxmmo.load_state(path, ENV)


@pytest.mark.parametrize("kind", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions_are_refused(tmp_path, kind):
    path = archive(tmp_path / "a.npz", {"header.npy": b""}, kind)
    with pytest.raises(ValueError, match="packed in an unknown way"):
        jaxmmo.load_state(path, ENV)


def test_a_header_of_a_hundred_thousand_brackets_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", header=np.frombuffer(b"[" * 100_000, np.uint8))
    with pytest.raises(ValueError, match="no header of format"):
        jaxmmo.load_state(tmp_path / "a.npz", ENV)


def test_a_directory_is_refused(tmp_path):
    for read in (lambda path: jaxmmo.load_state(path, ENV), load_tmx):
        with pytest.raises(ValueError, match="irectory"):
            read(tmp_path)


@pytest.mark.parametrize("name", ["unknown", "tick", "players.health"])
def test_what_does_not_fit_is_refused_before_it_is_unpacked(tmp_path, folder, formats, name):
    """Four megabytes of zeros were 4.4 gigabytes before they were refused."""
    with np.load(folder / "whole.npz") as whole:
        arrays = dict(whole)
    key = next((k for k in arrays if k.endswith("." + name.split(".")[-1])), name)
    arrays[key] = np.zeros((1 << 26, 1), np.uint8)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, **arrays)
    jaxmmo.load_state(folder / "whole.npz", ENV)  # compiled, and in memory
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"bomb\.npz"):
            jaxmmo.load_state(path, ENV)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


def test_a_save_that_lies_about_its_configuration_is_refused_shortly(tmp_path, folder, formats):
    with np.load(folder / "whole.npz") as whole:
        arrays = dict(whole)
    header = json.loads(arrays.pop("header").tobytes())
    header["config"]["capacity"] = "9" * 100_000
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(tmp_path / "a.npz", header=text, **arrays)
    with pytest.raises(ValueError, match="capacity='999") as refused:
        jaxmmo.load_state(tmp_path / "a.npz", ENV)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('encoding="UTF-8"', 'encoding="klingon"'),
        ('encoding="UTF-8"', 'encoding="rot13"'),
        ('<tileset firstgid="1"', '<tileset firstgid="1" source="' + "n" * 5000 + '.tsx"'),
        ('<tileset firstgid="1"', '<tileset firstgid="1" source="' + "n/" * 5000 + 'a.tsx"'),
        ('firstgid="1"', 'firstgid="' + "1" * 5000 + '"'),
        ("<layer ", "<g>" * 10_000 + "<layer "),
    ],
)
def test_hostile_maps_are_refused_by_name(tmp_path, folder, formats, old, new):
    text = (folder / "whole.tmx").read_text()
    assert old in text
    path = tmp_path / "a.tmx"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"a\.tmx") as refused:
        load_tmx(path)
    assert len(str(refused.value)) < 12_000


def test_a_map_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.tmx"
    for content in (b"", b"\x00" * 100, b"\xff\xfe\x00", io.BytesIO(b"PK").getvalue()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.tmx is not a map"):
            load_tmx(path)
