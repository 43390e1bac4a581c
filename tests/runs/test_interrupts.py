"""Runs as processes: interrupted, doubled, deleted under way, or without room on the disk."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxmmo.runs import logs
from jaxmmo.runs.checkpoint import Checkpoints
from tests.runs.tiny import command

LONG = ["--time", "1h", "--save-every", "1h"]


@contextlib.contextmanager
def running(path: Path, *extra: str, **options):
    """A process that trains; killed at the end of the block if it is still there."""
    words = [sys.executable, "-m", "jaxmmo.cli.main", *command(path, *extra)]
    words.remove("--quiet")
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], condition) -> None:
    """Waits for a condition while the process goes on."""
    deadline = time.monotonic() + 600
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def learning(process: subprocess.Popen[str], path: Path, updates: int = 3) -> None:
    until(process, lambda: len(logs.read(path)) >= updates)


SIGNALS = [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 0, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_an_interrupted_run_saves_draws_and_says_how_to_go_on(tmp_path, number, status):
    path = tmp_path / "run"
    with running(path, *LONG, "--json") as process:
        learning(process, path)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in err
    assert "ending after this update, then saving" in err
    line, summary = out.splitlines()
    assert line.endswith(f"go on with: jaxmmo train --output {path} --resume")
    assert json.loads(summary)["updates"] == Checkpoints(path).latest == len(logs.read(path))
    assert (path / "curve.png").stat().st_size > 1000
    assert not (path / "run.lock").exists()


@pytest.mark.slow
def test_the_second_signal_ends_a_run_at_once(tmp_path):
    """The process stands still until both have come, so that it cannot save between them."""
    path = tmp_path / "run"
    with running(path, *LONG) as process:
        learning(process, path)
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode in (130, 143)  # the second one's; which that is, threads decide
    assert "ended at once: what is not saved is lost" in err
    assert "Traceback" not in err
    assert Checkpoints(path).steps == []


@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 0, marks=pytest.mark.campaign),
    ],
)
def test_a_signal_while_it_compiles_ends_a_run_soundly(tmp_path, number, status):
    path = tmp_path / "run"
    environment = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    with running(path, *LONG, env=environment) as process:
        assert process.stderr is not None
        assert "compiling" in process.stderr.readline()
        time.sleep(2)
        process.send_signal(number)
        began = time.monotonic()
        _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert time.monotonic() - began < 10
    assert "interrupted before anything was learned" in err
    assert "Traceback" not in err
    with running(path, "--updates", "1") as process:  # nothing stands in its way
        process.communicate(timeout=300)
        assert process.returncode == 0


@pytest.mark.slow
def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path):
    path = tmp_path / "run"
    with running(path, *LONG) as process:
        learning(process, path, 1)
        for mode in ("--resume", "--overwrite"):
            with running(path, mode, "--updates", "1") as second:
                _, err = second.communicate(timeout=60)
            assert second.returncode == 2
            assert err.count("\n") == 1
            assert f"in use by process {process.pid} on {os.uname().nodename}" in err
        done = len(logs.read(path))
        learning(process, path, done + 3)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    updates = [record["update"] for record in logs.read(path)]
    assert updates == list(range(1, Checkpoints(path).steps[-1] + 1))


@pytest.mark.slow
def test_a_directory_deleted_under_a_run_ends_it_with_a_line(tmp_path):
    path = tmp_path / "run"
    with running(path, *LONG) as process:
        learning(process, path)
        shutil.rmtree(path)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "run was deleted or replaced while the run went on" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not path.exists()


@pytest.mark.slow
def test_a_full_disk_ends_a_run_with_a_line_and_keeps_what_was_saved(tmp_path):
    """A limit on the size of files stands for the disk: checkpoints do not fit, logs do."""
    path = tmp_path / "run"
    with running(path, "--updates", "1") as process:
        process.communicate(timeout=300)
    assert Checkpoints(path).steps == [1]

    with running(path, "--resume", "--updates", "2") as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (60_000, 60_000))
        _, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("jaxmmo train: checkpoint 2 could not be written: ")
    assert [p.name for p in (path / "checkpoints").iterdir()] == ["1"]
    Checkpoints(path).verify(1)


@pytest.mark.slow
def test_a_damaged_checkpoint_is_fallen_back_from_only_when_told(tmp_path):
    path = tmp_path / "run"

    def resumed(*extra: str) -> tuple[int, str]:
        with running(path, "--updates", "3", "--save-every", "0", *extra) as process:
            _, err = process.communicate(timeout=300)
        return process.returncode, err

    assert resumed()[0] == 0
    largest = max((path / "checkpoints" / "3").rglob("*"), key=lambda p: p.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    (path / "log.jsonl").write_bytes(b"\xff\n")  # that a log is lost does not matter
    code, err = resumed("--resume")
    assert (code, "Traceback" in err) == (2, False)
    assert f"{largest.name} is damaged" in err
    assert "checkpoint 2 is whole: go on from it with --resume --checkpoint 2" in err
    code, err = resumed("--resume", "--checkpoint", "2")
    assert code == 0, err
    assert "1 lines of the log were no records" in err
    assert Checkpoints(path).steps == [2, 3]
    Checkpoints(path).verify(3)
