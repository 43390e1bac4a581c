"""Ray as a launcher, on a cluster that the test starts on this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from jaxmmo.cli.launch import resumed
from jaxmmo.cli.main import main
from jaxmmo.files import leaves
from jaxmmo.runs import config, logs, run
from jaxmmo.runs.checkpoint import Checkpoints
from tests.runs.tiny import command

UPDATES = 40


def words(path: Path) -> list[str]:
    train = command(path, "--set=worlds=4", "--updates", str(UPDATES), "--save-every", "0")
    launch = ["launch", "-n", "2", "--devices", "2", "--ray", "local", "--"]
    return [sys.executable, "-m", "jaxmmo.cli.main", *launch, *train]


def actors() -> list[int]:
    """Processes of this machine that are actors of ours."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            title = entry.read_bytes()
        except OSError:
            continue
        if title.startswith(b"ray::Member"):
            found.append(int(entry.parent.name))
    return found


@pytest.mark.campaign
def test_a_lost_actor_is_replaced_and_the_run_ends_as_if_nothing_had_happened(tmp_path):
    pytest.importorskip("ray")
    states = []
    for name in ("whole", "killed"):
        path = tmp_path / name
        process = subprocess.Popen(
            words(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            if name == "killed":
                deadline = time.monotonic() + 300
                while len(logs.read(path)) < 5:
                    assert process.poll() is None, process.communicate()
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                os.kill(actors()[0], signal.SIGKILL)
            _, err = process.communicate(timeout=600)
        finally:
            process.kill()
        assert process.returncode == 0, err
        assert ("an actor was lost" in err) == (name == "killed")
        learner = config.read(path).learner()
        states.append(run.restore(learner, 0, Checkpoints(path))[0])
        assert [record["update"] for record in logs.read(path)] == list(range(1, UPDATES + 1))
    for one, other in zip(*(leaves.named(state).values() for state in states), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_command_that_is_started_again_goes_on_from_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = ["train", "--output", "run", "--updates", "3"]
    own = ["train", "--output", str(tmp_path / "run"), "--updates", "3"]
    assert resumed(train) == own
    (tmp_path / "run/checkpoints/2").mkdir(parents=True)
    assert resumed(train) == resumed([*train, "--resume"]) == [*own, "--resume"]


@pytest.mark.parametrize(
    "extra", [["evaluate", "x"], ["train"], ["train", "--output", "x", "--overwrite"]]
)
def test_what_cannot_be_started_again_is_refused(capsys, extra):
    assert main(["launch", "-n", "2", "--ray", "--", *extra]) == 2
    assert "--ray: is for train --output DIRECTORY" in capsys.readouterr().err
