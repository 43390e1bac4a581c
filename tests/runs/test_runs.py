"""Runs as people start them: in processes, killed, resumed, refused."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.cli.main import main
from jaxmmo.runs import config, library, logs, run
from jaxmmo.runs.checkpoint import Checkpoints
from jaxmmo.runs.setup import make_env
from tests.campaigns.kills import survive
from tests.runs.tiny import TINY, command, train


def state_of(directory):
    """Everything in a run's newest checkpoint but the clock."""
    learner = config.read(directory).learner()
    state, _, steps = run.restore(learner, 0, Checkpoints(directory))
    return state, steps


@pytest.mark.slow
def test_a_killed_run_ends_bit_equal_to_one_that_never_was(tmp_path):
    kills = 3
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
    path = tmp_path / "run"
    assert train(path, "--updates", "2", "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["updates"] == 2
    assert (path / "curve.png").stat().st_size > 1000
    assert len(logs.read(path)) == 2
    assert summary["steps"] == sum(r["steps"] for r in logs.read(path))
    overrides = {k: TINY[k] for k in ("height", "width", "capacity", "num_populations")}
    env = make_env("JaxMMO-v1", overrides)
    policy, params = library.load(str(path), env)
    obs, _ = jax.jit(env.reset)(jax.random.key(0))
    out = jax.jit(policy.apply)(params, obs, policy.initial_carry((8,)), jnp.zeros(8, bool))
    assert out.logits["move"].shape == (8, 5)


@pytest.mark.slow
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
    path = tmp_path / "run"
    assert train(path, "--updates", "1") == 0
    assert train(path, "--updates", "1") == 2
    assert "--resume" in capsys.readouterr().err
    assert train(path, "--updates", "1", "--overwrite") == 0
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
        (["--set", "learning_rate=abc"], "learning_rate='abc': must be a number in [0, 10]"),
        (["--set", "gamma=null"], "gamma=None: must be a number in [0, 1]"),
        (["--set", "gamma=NaN"], "gamma=nan: must be a number in [0, 1]"),
        (["--set", "renewed=0.5"], "renewed=0.5: must be an integer in [0, 2]"),
        (["--set", "ticks=1e400"], "ticks=inf: must be a positive integer"),
        (["--set", "worlds=9999999999"], "worlds=9999999999: must be a positive integer"),
        (["--set", "attacks=1"], "attacks=1: must be True or False"),
        (["--set", "height=abc"], "height"),
        (["--set", "capacity=[1]"], "capacity"),
        (["--set", "features={}"], "features={}: must be a positive integer"),
        (["--set", "height=" + "[" * 100_000], "height"),
        (["--seed", "1" + "0" * 30], "--seed 1000"),
        (["--seed", "-1"], "--seed -1: must be an integer in [0, 4294967295]"),
        (["--checkpoint", "3"], "--resume"),
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


def test_a_policy_needs_only_its_parameters_and_a_run_all_of_its_state(tmp_path, capsys):
    path = tmp_path / "run"
    assert train(path, "--updates", "1") == 0
    with pytest.raises(ValueError, match=r"does not fit the observations .*float32\["):
        library.load(str(path), make_env("JaxMMO-v1", {"num_populations": 4}))
    written = json.loads((path / "config.json").read_text())
    written["env"]["capacity"] = 16  # the worlds are others, the network is the same
    (path / "config.json").write_text(json.dumps(written))
    library.load(str(path), make_env("JaxMMO-v1", {"num_populations": 2}))
    assert train(path, "--resume", "--updates", "2") == 2
    assert "does not fit: worlds/" in capsys.readouterr().err
