"""Several processes of one machine that begin and end together."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxmmo.cli.main import main

TELLS = (
    "import os; print(os.environ['JAXMMO_PROCESS_ID'], 'of', os.environ['JAXMMO_PROCESS_COUNT'])"
)


@contextlib.contextmanager
def launched(count: int, *words: str):
    """`jaxmmo launch` as a process; killed at the end of the block if it is still there."""
    command = [sys.executable, "-m", "jaxmmo.cli.main", "launch", "-n", str(count), "--", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    """Whether a process has ended, within ten seconds."""
    for _ in range(100):
        status = Path(f"/proc/{pid}/status")
        if not status.is_file() or "\nState:\tZ" in status.read_text():
            return True
        time.sleep(0.1)
    return False


def test_every_process_has_its_number_and_its_lines_are_marked_with_it():
    with launched(3, "python", "-c", TELLS) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert sorted(out.splitlines()) == [f"[{i}] {i} of 3" for i in range(3)]


def test_one_that_fails_ends_all_with_its_status_and_leaves_no_orphan(tmp_path):
    """The other one has started a process of its own."""
    program = tmp_path / "program.py"
    program.write_text(
        "import os, pathlib, subprocess, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "if os.environ['JAXMMO_PROCESS_ID'] == '1':\n"
        "    while not (folder / 'pids').exists(): time.sleep(0.02)\n"
        "    sys.exit(7)\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "(folder / 'new').write_text(f'{os.getpid()} {child.pid}')\n"
        "(folder / 'new').rename(folder / 'pids')\n"
        "time.sleep(600)\n"
    )
    with launched(2, "python", str(program), str(tmp_path)) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 7
    assert "process 1 of 2 ended with status 7: ending the others" in err
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_all_and_all_end(tmp_path, number):
    program = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "print(os.getpid(), flush=True)\n"
        "while True: time.sleep(0.1)"  # a signal just before a long sleep would not end it
    )
    with launched(2, "python", "-c", program) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline().split()[1]) for _ in range(2)]
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert all(gone(pid) for pid in pids)
    assert (process.returncode == 0) == (number == signal.SIGTERM), err


def test_what_is_left_unchanged_and_what_is_set_in_the_environment(monkeypatch):
    from jaxmmo.parallel import hosts, launch

    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=x --xla_force_host_platform_device_count=2")
    own = launch.variables(1, 2, "127.0.0.1:99", devices=4)
    assert own["XLA_FLAGS"] == "--xla_dump_to=x --xla_force_host_platform_device_count=4"
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    assert hosts.in_environment() == hosts.Hosts("127.0.0.1:99", 1, 2)
    monkeypatch.delenv(hosts.COUNT)
    with pytest.raises(ValueError, match="JAXMMO_PROCESS_COUNT"):
        hosts.in_environment()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-n", "0", "--", "train"], "-n 0: must be in [1, 1024]"),
        (["-n", "2", "--devices", "0", "--", "train"], "--devices 0: must be in"),
        (["-n", "2", "--"], "there is no command"),
        (["-n", "2", "--", "launch"], "cannot be launched"),
        (["-n", "2", "--", "no-such-program"], "no-such-program: is no program"),
    ],
)
def test_what_cannot_be_launched_is_refused(capsys, words, said):
    assert main(["launch", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--coordinator", "here:1"], "--coordinator: only with --distributed"),
        (["--distributed", "--coordinator", "here"], "--coordinator here: must be HOST:PORT"),
        (["--distributed", "--process-count", "0"], "--process-count 0: must be at least 1"),
        (
            ["--distributed", "--process-id", "2", "--process-count", "2"],
            "--process-id 2: must be less than --process-count 2; they begin at 0",
        ),
        (["--mesh", "worlds=x"], "mesh 'worlds=x': must be like worlds=4"),
        (["--mesh", "worlds=3"], "mesh worlds=3"),
    ],
)
def test_processes_and_meshes_that_cannot_be_are_refused(capsys, tmp_path, options, said):
    assert main(["train", "--output", str(tmp_path / "run"), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "run").exists()
