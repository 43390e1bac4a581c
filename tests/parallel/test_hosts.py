"""Processes that train as one: saved together, killed, resumed on other devices, told to end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from jaxmmo.files import leaves
from jaxmmo.parallel import hosts, launch
from jaxmmo.runs import config, logs, run
from jaxmmo.runs.checkpoint import Checkpoints
from tests.parallel.meshes import virtual
from tests.runs.tiny import command

LAUNCHED = (hosts.COORDINATOR, hosts.COUNT, hosts.INDEX)
EIGHT = ["--set=worlds=8", "--set=learning_rate=0.001"]


@contextlib.contextmanager
def processes(path, *extra: str, count: int = 2, devices: int = 2, told=None):
    """Processes that train together in a directory; killed at the end of the block.

    `told` says what each one's environment says of the others, if not what the launcher says.
    """
    words = [sys.executable, "-m", "jaxmmo.cli.main", *command(path, *EIGHT, *extra)]
    coordinator = f"127.0.0.1:{launch.free_port()}"
    started = []
    try:
        for index in range(count):
            own = launch.variables(index, count, coordinator, devices)
            if told is not None:
                own = {name: own[name] for name in own if name not in LAUNCHED} | told(index)
            started.append(
                subprocess.Popen(
                    words,
                    env=os.environ | own,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def ended(process, seconds: float = 300) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def until_learned(started, path, updates: int) -> None:
    deadline = time.monotonic() + 300
    while len(logs.read(path)) < updates:
        for process in started:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def parameters(path) -> str:
    """Fingerprint of the parameters in the newest checkpoint."""
    learner = config.read(path).learner()
    state, _, _ = run.restore(learner, 0, Checkpoints(path))
    return leaves.digest(state.params)


@pytest.mark.slow
def test_two_processes_train_as_one_and_go_on_as_one_on_other_devices(tmp_path):
    path = tmp_path / "run"
    with processes(path, "--updates", "2", "--json") as (first, second):
        code, out, err = ended(first)
        assert code == 0, err
        code, told, err = ended(second)
        assert code == 0, err
        assert not {"{", "update", "run"} & set(told.split())  # it speaks not; Gloo does
    summary = json.loads(out.splitlines()[-1])
    assert summary["mesh"] == {"worlds": 4, "agents": 1}
    assert summary["processes"] == 2
    assert summary["params_digest"] == parameters(path)
    assert set(summary["time"]) >= {"compile", "update", "collectives", "waiting", "logging"}
    assert len(logs.read(path)) == 2
    words = command(path, "--resume", "--updates", "3", "--json", "--mesh", "worlds=2")
    alone = subprocess.run(
        [sys.executable, "-m", "jaxmmo.cli.main", *words],
        env=os.environ | {"XLA_FLAGS": virtual(2)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert alone.returncode == 0, alone.stderr
    summary = json.loads(alone.stdout.splitlines()[-1])
    assert (summary["updates"], summary["processes"]) == (3, 1)


@pytest.mark.slow
def test_one_that_is_told_to_end_ends_all_and_everything_is_saved(tmp_path):
    path = tmp_path / "run"
    with processes(path, "--time", "1h", "--save-every", "1h") as (first, second):
        until_learned((first, second), path, 3)
        second.send_signal(signal.SIGTERM)
        code, out, err = ended(first, 60)
        assert code == 0, err
        assert "go on with: jaxmmo train" in out
        assert ended(second, 60)[0] == 0
    assert Checkpoints(path).latest == len(logs.read(path))


@pytest.mark.parametrize(
    "victim", [pytest.param(0, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.campaign)]
)
def test_a_lost_process_ends_the_other_which_names_it(tmp_path, victim):
    path = tmp_path / "run"
    with processes(path, "--time", "1h", "--save-every", "0") as started:
        until_learned(started, path, 3)
        started[victim].kill()
        began = time.monotonic()
        code, _, err = ended(started[1 - victim], 60)
        assert time.monotonic() - began < 60
    if code == hosts.LOST:
        assert f"process {victim} of 2 is lost" in err
    else:  # JAX was quicker: the service in the first process is gone
        assert (victim, code) == (0, -signal.SIGABRT) and "leader task" in err
    saved = Checkpoints(path).latest
    assert saved is not None
    Checkpoints(path).verify(saved)
    before = parameters(path)
    with processes(path, "--resume", "--updates", str(saved), "--json", count=1, devices=4) as (
        one,
    ):
        code, out, err = ended(one)
        assert code == 0, err
    assert json.loads(out.splitlines()[-1])["params_digest"] == before


@pytest.mark.campaign
def test_one_process_and_two_learn_alike(tmp_path):
    for count, devices in ((1, 4), (2, 2)):
        with processes(
            tmp_path / str(count),
            "--updates",
            "5",
            "--mesh",
            "worlds=4",
            count=count,
            devices=devices,
        ) as started:
            for process in started:
                assert ended(process)[0] == 0
    states = []
    for count in (1, 2):
        learner = config.read(tmp_path / str(count)).learner()
        states.append(run.restore(learner, 0, Checkpoints(tmp_path / str(count)))[0])
    for one, other in zip(*(leaves.named(s.params).values() for s in states), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_coordinator_that_is_not_there_is_waited_for_no_longer_than_told(tmp_path):
    words = command(
        tmp_path / "run",
        *("--distributed", "--coordinator", f"127.0.0.1:{launch.free_port()}"),
        *("--process-id", "1", "--process-count", "2", "--coordinator-wait", "2s"),
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "jaxmmo.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert time.monotonic() - began < 60
    assert done.returncode == 2
    assert "process 1 of 2 could not join the others within 2 s" in done.stderr.splitlines()[-1]
