"""Files appear whole or not at all, however their writers end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxmmo.files import atomic
from jaxmmo.viewer import Replay

RECORD = ["-m", "jaxmmo.cli.main", "record", "noop", "--size", "24", "--capacity", "12"]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def recording(path: Path, ticks: int) -> subprocess.Popen[str]:
    """A process that records, once it has begun to write."""
    line = [sys.executable, *RECORD, "--ticks", str(ticks), "-o", str(path)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(path.parent.glob(".jaxmmo-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"before")
    with atomic.replacing(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["a.bin"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), atomic.replacing(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["a.bin"]
    with pytest.raises(OSError, match="no"), atomic.replacing(tmp_path / "no" / "b"):
        pass


def test_two_writers_share_nothing(tmp_path):
    path = tmp_path / "a.bin"
    with atomic.replacing(path) as one, atomic.replacing(path) as other:
        one.write(b"one" * 1000)
        other.write(b"other")
    assert path.read_bytes() == b"one" * 1000  # who ends last
    assert names(tmp_path) == ["a.bin"]


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda _: "guessed")
    (tmp_path / ".jaxmmo-guessed.bin").symlink_to(victim)
    with pytest.raises(FileExistsError):
        atomic.write_atomically(tmp_path / "a.bin", b"content")
    assert victim.read_bytes() == b"precious"


def test_a_file_that_appeared_meanwhile_is_not_replaced_unasked(tmp_path):
    path = tmp_path / "a.bin"
    with (
        pytest.raises(FileExistsError, match=r"a\.bin exists: choose another name"),
        atomic.replacing(path, overwrite=False) as file,
    ):
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.bin"]


def test_the_longest_name_that_a_file_may_have(tmp_path):
    path = tmp_path / ("n" * 251 + ".bin")
    atomic.write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


@pytest.mark.slow
def test_two_recordings_to_one_name_are_one_whole_file(tmp_path):
    path = tmp_path / "run.jmmo"
    processes = [recording(path, 30) for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2]
    assert any("run.jmmo exists" in text for text in told)
    assert len(Replay.load(path)) == 31
    assert names(tmp_path) == ["run.jmmo"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_recording_that_is_ended_leaves_nothing(tmp_path, number, status):
    process = recording(tmp_path / "run.jmmo", 10_000_000)
    process.send_signal(number)
    assert process.wait(30) == status
    assert process.communicate()[1] == "\njaxmmo record: interrupted\n"
    assert names(tmp_path) == []
