"""Runs as people start them: in processes, killed, resumed, refused."""

import json
import random
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.cli.main import main
from jaxmmo.runs import checkpoint, library, logs
from jaxmmo.runs.setup import make_env

TINY = {
    "height": 32,
    "width": 32,
    "capacity": 8,
    "num_populations": 2,
    "worlds": 2,
    "ticks": 4,
    "minibatch": 16,
    "chunk": 8,
}
SETTINGS = [f"--set={name}={value}" for name, value in TINY.items()]


def command(directory, *extra):
    return ["train", "--output", str(directory), *SETTINGS, "--quiet", *extra]


def train(directory, *extra):
    return main(command(directory, *extra))


def state_of(directory):
    """Everything in a run's newest checkpoint but the clock."""
    config = checkpoint.read_config(directory)
    learner = library.RunConfig.from_dict(config).learner()
    like = jax.eval_shape(learner.init, jax.random.key(0))
    clock = {"elapsed": np.zeros((), np.float64), "steps": np.zeros((), np.int64)}
    store = checkpoint.Checkpoints(directory)
    tree = store.restore({"state": like, "clock": clock})
    store.close()
    return tree["state"], int(tree["clock"]["steps"])


def survive(directory, kills, updates):
    """Starts a run, kills it as often at random moments, and resumes it each time to the end."""
    budget = ["--updates", str(updates), "--save-every", "0"]
    moments = random.Random(0)
    for attempt in range(kills + 1):
        mode = ["--resume"] if attempt else []
        line = [sys.executable, "-m", "jaxmmo.cli.main", *command(directory, *budget, *mode)]
        before = len(logs.read(directory))
        if attempt == kills:
            assert subprocess.run(line, timeout=600, check=False).returncode == 0
            return
        process = subprocess.Popen(line)
        try:
            deadline = time.monotonic() + 600
            while len(logs.read(directory)) <= before and time.monotonic() < deadline:
                assert process.poll() is None
                before = min(before, len(logs.read(directory)))
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 1.0))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(30)


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_a_killed_run_ends_bit_equal_to_one_that_never_was(tmp_path, kills):
    updates = 8 * (kills + 1)
    assert train(tmp_path / "whole", "--updates", str(updates)) == 0
    survive(tmp_path / "killed", kills, updates)
    whole, steps = state_of(tmp_path / "whole")
    killed, killed_steps = state_of(tmp_path / "killed")
    assert steps == killed_steps
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(killed), strict=True):
        np.testing.assert_array_equal(one, other)
    records = logs.read(tmp_path / "killed")
    assert [r["update"] for r in records] == list(range(1, updates + 1))


def test_a_run_leaves_a_curve_a_log_and_a_policy_that_can_be_evaluated(tmp_path, capsys):
    run = tmp_path / "run"
    assert train(run, "--updates", "2", "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["updates"] == 2
    assert (run / "curve.png").stat().st_size > 1000
    assert len(logs.read(run)) == 2
    assert summary["steps"] == sum(r["steps"] for r in logs.read(run))
    overrides = {k: TINY[k] for k in ("height", "width", "capacity", "num_populations")}
    env = make_env("JaxMMO-v1", overrides)
    policy, params = library.load(str(run), env)
    obs, _ = jax.jit(env.reset)(jax.random.key(0))
    out = jax.jit(policy.apply)(params, obs, policy.initial_carry((8,)), jnp.zeros(8, bool))
    assert out.logits["move"].shape == (8, 5)


def test_evaluating_on_the_way_changes_nothing_of_what_is_learned(tmp_path):
    plain, watched = tmp_path / "plain", tmp_path / "watched"
    assert train(plain, "--updates", "3") == 0
    assert train(watched, "--updates", "3", "--eval-every", "1h") == 0  # at the end alone
    for one, other in zip(
        jax.tree.leaves(state_of(plain)), jax.tree.leaves(state_of(watched)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    records = logs.read(watched)
    assert ["eval_steady_state_lifetime" in record for record in records] == [False, False, True]
    last = records[-1]
    for name in ("eval_restricted_mean_lifetime", "eval_steady_state_lifetime"):
        assert 0 < last[f"{name}_low"] <= last[name] <= last[f"{name}_high"]


def test_a_run_whose_time_went_into_compiling_makes_one_update(tmp_path, capsys):
    words = command(tmp_path / "run", "--time", "0")
    words.remove("--quiet")
    assert main(words) == 0
    assert ": lifetime " in capsys.readouterr().out
    assert len(logs.read(tmp_path / "run")) == 1


def test_nothing_is_overwritten_unasked(tmp_path, capsys):
    run = tmp_path / "run"
    assert train(run, "--updates", "1") == 0
    assert train(run, "--updates", "1") == 2
    assert "--resume" in capsys.readouterr().err
    assert train(run, "--updates", "1", "--overwrite") == 0
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("precious")
    assert train(foreign, "--updates", "1", "--overwrite") == 2
    assert (foreign / "thesis.tex").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "NeuralMMO-v9"], "NeuralMMO-v1.3"),
        (["--set", "gama=0.9"], "gamma"),
        (["--set", "gamma=2"], "[0, 1]"),
        (["--set", "core=transformer"], "gru"),
        (["--time", "soon"], "10m"),
        (["--updates", "0"], "at least 1"),
        (["--overwrite", "--resume"], "choose one"),
    ],
)
def test_bad_options_end_with_one_line_and_code_2(tmp_path, capsys, arguments, said):
    assert train(tmp_path / "run", *arguments) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert said in errors[0]
    assert not (tmp_path / "run").exists()


def test_resuming_what_is_not_there_is_refused(tmp_path, capsys):
    assert train(tmp_path / "none", "--resume", "--updates", "1") == 2
    assert "holds no run" in capsys.readouterr().err


def test_a_checkpoint_of_another_shape_is_refused(tmp_path, capsys):
    run = tmp_path / "run"
    assert train(run, "--updates", "1") == 0
    env = make_env("JaxMMO-v1", {"num_populations": 4})
    with pytest.raises(ValueError, match="does not fit"):
        library.load(str(run), env)
    config = json.loads((run / "config.json").read_text())
    config["env"]["capacity"] = 16
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="checkpoint"):
        library.load(str(run), make_env("JaxMMO-v1", {}))
