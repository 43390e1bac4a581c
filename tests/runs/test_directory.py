"""Whose a run's directory is, and what is left of one that failed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jaxmmo.runs import config
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.directory import open_run

HOLD = """
import sys
from pathlib import Path
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.directory import open_run
with open_run(Path(sys.argv[1]), RunConfig()):
    print("held", flush=True)
    sys.stdin.read()
"""


def learn(path: Path) -> None:
    """Something to lose."""
    (path / "log.jsonl").write_text("{}\n")


def names(path: Path) -> set[str]:
    return {p.name for p in path.iterdir()}


def test_a_held_directory_is_refused_and_death_frees_it(tmp_path):
    path = tmp_path / "run"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        who = rf"run is in use by process {holder.pid} on {os.uname().nodename}"
        for mode in ({}, {"overwrite": True}, {"resume": True}):
            with pytest.raises(ValueError, match=who), open_run(path, RunConfig(), **mode):
                pass
    finally:
        holder.kill()
        holder.wait(30)
        holder.communicate()
    with open_run(path, RunConfig()) as directory:
        directory.check()
    assert names(path) == {"config.json"}


def test_a_directory_that_is_deleted_or_replaced_is_missed(tmp_path):
    path = tmp_path / "run"
    with open_run(path, RunConfig()) as directory:
        learn(path)
        directory.check()
        shutil.move(path, tmp_path / "elsewhere")
        with pytest.raises(FileNotFoundError, match="run was deleted or replaced"):
            directory.check()
        with open_run(path, RunConfig()) as second:
            second.check()
            with pytest.raises(FileNotFoundError, match="run was deleted or replaced"):
                directory.check()


def test_a_run_that_failed_before_it_learned_leaves_nothing(tmp_path):
    def fail(path, **mode):
        with pytest.raises(ZeroDivisionError), open_run(path, RunConfig(), **mode):
            raise ZeroDivisionError

    fail(tmp_path / "some" / "where" / "run")
    assert names(tmp_path) == set()
    (tmp_path / "empty").mkdir()
    fail(tmp_path / "empty")
    assert names(tmp_path) == {"empty"}
    with pytest.raises(ZeroDivisionError), open_run(tmp_path / "run", RunConfig()):
        learn(tmp_path / "run")
        raise ZeroDivisionError
    assert names(tmp_path / "run") == {"config.json", "log.jsonl"}
    fail(tmp_path / "run", resume=True)
    assert names(tmp_path / "run") == {"config.json", "log.jsonl"}


@pytest.mark.parametrize(
    "left", [["config.json.new"], ["config.json"], [".jaxmmo-00.json"], ["run.lock"], []]
)
def test_a_run_that_learned_nothing_is_begun_again(tmp_path, left):
    for name in left:
        (tmp_path / name).write_text("")
    with open_run(tmp_path, RunConfig(seed=3)):
        learn(tmp_path)
    assert config.read(tmp_path).seed == 3
    assert names(tmp_path) == {"config.json", "log.jsonl"}


def test_what_is_not_a_run_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="--overwrite"), open_run(tmp_path, RunConfig()):
        pass
    with (
        pytest.raises(ValueError, match="holds no run"),
        open_run(tmp_path, RunConfig(), overwrite=True),
    ):
        pass
    with (
        pytest.raises(FileExistsError, match=r"thesis\.tex is a file"),
        open_run(tmp_path / "thesis.tex", RunConfig()),
    ):
        pass
    assert names(tmp_path) == {"thesis.tex"}


CONFIGS = {
    "a list": "[]",
    "a number": "7",
    "deep": "[" * 100_000,
    "no JSON": "{",
    "no UTF-8": b"\xff\xfe",
    "large": " " * (1 << 21),
    "no format": "{}",
    "another format": {"format": 2},
    "another format, long": {"format": "9" * 10_000},
    "no seed": {"seed": None},
    "text as seed": {"seed": "1"},
    "huge seed": {"seed": 10**40},
    "preset": {"preset": ["x"]},
    "env": {"env": []},
    "env's value": {"env": {"height": "80"}},
    "learn": {"learn": 3},
    "unknown setting": {"learn": {"lerning_rate": 1}},
    "text as rate": {"learn": {"learning_rate": "x"}},
    "network": {"network": {"hidden": 64}},
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_wrong_configuration_is_refused_by_name(tmp_path, kind):
    content = CONFIGS[kind]
    if isinstance(content, dict):
        content = json.dumps({"format": 1} | RunConfig().as_dict() | content)
    data = content.encode() if isinstance(content, str) else content
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"config\.json|height") as refused:
        config.read(tmp_path).environment()
    assert len(str(refused.value)) < 1000


def test_other_cores_or_versions_are_told_on_resuming(tmp_path, monkeypatch):
    config.write(tmp_path, RunConfig())
    assert config.differences(tmp_path) == []
    monkeypatch.setenv("NPROC", "3")
    written = json.loads((tmp_path / "config.json").read_text())
    written["machine"] |= {"cores": 1, "jax": "0.1"}
    (tmp_path / "config.json").write_text(json.dumps(written))
    told = config.differences(tmp_path)
    assert told[0] == "cores 1 when it began, 3 now"
    assert told[1].startswith("jax 0.1 when it began, ")
    del written["machine"]  # as version 0.1.0 wrote it
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert config.differences(tmp_path) == []
