"""Every experiment, cut down to seconds: it runs, goes on, and refuses what does not fit."""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "experiments"
FIGURES = {
    "evolution": {"lifetime", "phylogeny", "clades", "places"},
    "rules": {"sweep", "balance"},
    "counterfactuals": {"futures"},
    "niches": {"maps"},
    "exploration": {"maps"},
    "population_size": {"competence"},
    "cross_play": {"cross_play"},
}


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    """Scripts find what they share beside themselves, as when they are run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    for name in (*FIGURES, "common", "figures", "policies", "evolution_figures", "rules_figures"):
        sys.modules.pop(name, None)


def module(name: str):
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("experiments")


def tables(out: Path) -> tuple[list, dict[Path, int]]:
    """The rows of an experiment, and when its parts were written."""
    table = json.loads((out / "table.json").read_text())
    return table["rows"], {path: path.stat().st_mtime_ns for path in (out / "data").iterdir()}


LONG = ("evolution", "rules")
"""These compile the most; what they are made of has tests of its own."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=getattr(pytest.mark, "campaign" if n in LONG else "slow"))
        for n in FIGURES
    ],
)
def test_an_experiment_runs(name, shared, capsys):
    out = shared / name
    module(name).main(["--tiny", "--out", str(out)])
    assert {path.stem for path in out.glob("*.png")} == FIGURES[name]
    assert all(path.stat().st_size > 5000 for path in out.glob("*.png"))
    rows, data = tables(out)
    assert rows and (out / "table.csv").read_text().count("\n") == len(rows) + 1
    assert data and str(out) in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_finished_is_not_made_again(tmp_path):
    module("exploration").main(["--tiny", "--out", str(tmp_path), "--seeds", "0,1"])
    rows, data = tables(tmp_path)
    assert len(data) == 2
    next(iter(data)).unlink()  # as if it had been stopped before this part was finished
    module("exploration").main(["--tiny", "--out", str(tmp_path), "--seeds", "0,1"])
    same, again = tables(tmp_path)
    assert set(again) == set(data) and sum(again[p] != data[p] for p in data) == 1
    assert same == rows


def test_a_folder_holds_one_set_of_settings(tmp_path, capsys):
    common = module("common")
    sizes = {size: {"agents": 1} for size in common.SIZES}
    common.Experiment("one", sizes, ["--tiny", "--out", str(tmp_path / "a")], "")
    with pytest.raises(SystemExit):
        common.Experiment("two", sizes, ["--tiny", "--out", str(tmp_path / "a")], "")
    assert "holds another experiment" in capsys.readouterr().err
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("keep")
    with pytest.raises(SystemExit):
        common.Experiment("one", sizes, ["--tiny", "--out", str(tmp_path / "b")], "")
    with pytest.raises(SystemExit):
        common.Experiment("one", sizes, ["--seeds", "a"], "")
    assert "must be integers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("speed=3", "--set speed=3: must be one of agents, decisions, slots, ticks, horizon"),
        ("ticks=many", "--set ticks=many: the value must be JSON, as in ticks=1"),
        ("agents=4", "--set agents=4: must be like [4]"),
    ],
)
def test_other_values_of_settings_are_checked(tmp_path, capsys, given, said):
    with pytest.raises(SystemExit) as stopped:
        module("population_size").main(["--tiny", "--set", given, "--out", str(tmp_path)])
    assert stopped.value.code == 2 and said in capsys.readouterr().err


def test_other_values_are_settings_of_the_folder(tmp_path):
    common, sizes = module("common"), module("population_size").SIZES
    given = ["--tiny", "--out", str(tmp_path), "--set", "agents=[4, 8]", "--set", "ticks=9"]
    experiment = common.Experiment("population_size", sizes, given, "")
    assert experiment.settings == sizes["tiny"] | {"agents": [4, 8], "ticks": 9}
    assert json.loads((tmp_path / "settings.json").read_text())["settings"]["agents"] == [4, 8]


@pytest.mark.slow
def test_a_policy_is_trained_once_and_belongs_to_its_configuration(tmp_path, capsys):
    from jaxmmo.learning.config import LearnConfig
    from jaxmmo.runs.config import RunConfig
    from jaxmmo.runs.setup import NetworkConfig

    common, policies = module("common"), module("policies")
    sizes = {size: {"decisions": 20} for size in common.SIZES}
    config = RunConfig(
        env={"height": 24, "width": 24, "border": 3, "capacity": 8, "initial_population": 8},
        learn=LearnConfig(worlds=2, ticks=4, minibatch=16, chunk=8),
        network=NetworkConfig(populations="shared", features=2, views=1),
    )
    first = common.Experiment("one", sizes, ["--tiny", "--out", str(tmp_path / "a")], "")
    (_, params), env = policies.policy_of(first, "mine", config)
    assert "training mine for 20 decisions" in capsys.readouterr().out
    path = tmp_path / "policies-tiny" / "mine-20.npz"
    with np.load(path.with_suffix(".curve.npz")) as file:
        assert file["curve"][-1, 0] >= 20 and np.isfinite(file["curve"]).all()
    second = common.Experiment("two", sizes, ["--tiny", "--out", str(tmp_path / "b")], "")
    (_, again), there = policies.policy_of(second, "mine", config)
    assert "training" not in capsys.readouterr().out
    assert there is env and second.seconds["training mine"] > 0
    for one, other in zip(_leaves(params), _leaves(again), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(SystemExit, match="was trained otherwise"):
        policies.policy_of(second, "mine", dataclasses.replace(config, seed=1))


def _leaves(tree):
    import jax

    return jax.tree.leaves(tree)


def test_intervals_are_written_for_people():
    written = module("common").written
    assert written({"mean": 1.23456, "low": 1.0, "high": 1.5}) == "1.23 [1, 1.5]"
    assert written({"mean": 1234.5, "low": 1200.2, "high": 1300.0}) == "1234 [1200, 1300]"
    assert written({"mean": None, "low": None, "high": None}) == "-"
    assert written("x") == "x"


def test_an_agent_a_population_and_a_forest_are_taken_out(monkeypatch):
    import jax
    import jax.numpy as jnp

    import jaxmmo

    counterfactuals = module("counterfactuals")
    env = jaxmmo.make(
        "JaxMMO-v1", height=24, width=24, border=3, capacity=16, initial_population=12,
        num_populations=4,
    )  # fmt: skip
    _, state = jax.jit(env.reset)(jax.random.key(0))
    alive = np.asarray(state.players.alive)
    one = np.asarray(counterfactuals.without_agent(state, jnp.int32(3)).players.alive)
    assert alive.sum() - one.sum() == 1 and not (one & ~alive).any()
    group = np.asarray(
        counterfactuals.without_population(env.config, state, jnp.int32(6)).players.alive
    )
    np.testing.assert_array_equal(group, alive & (np.asarray(state.players.population) != 2))
    material = np.asarray(state.terrain.material)
    bare, (row, col) = counterfactuals.cut(material)
    changed = material != bare
    assert changed.any() and (material[changed] == 4).all() and (bare[changed] == 2).all()
    rows, cols = np.nonzero(changed)
    assert max(np.abs(rows - row).max(), np.abs(cols - col).max()) <= counterfactuals.PATCH
    moved = state.players.replace(row=state.players.row.at[0].add(1))
    assert counterfactuals.unchanged(state.players, state.players) == 12
    assert counterfactuals.unchanged(moved, state.players) == 11
    swapped = jax.tree.map(lambda x: x[::-1], state.players)
    assert counterfactuals.unchanged(swapped, state.players) == 12


@pytest.mark.slow
def test_specialists_attack_in_their_own_style_alone():
    rules = module("rules")
    settings = rules.SIZES["tiny"] | {"ticks": 40}
    env = rules.game(settings)
    import jax

    games = jax.tree.map(lambda x: x[None], env.default_rules(spawn_attempts=2))
    reached = {}
    for style in range(3):
        only = games.replace(reach=games.reach.at[:].set(-1).at[:, style].set(3))
        attacks = rules.play(env, settings, only, 0)["attacks"].sum((0, 1))
        reached[style] = attacks
    for style, attacks in reached.items():
        assert attacks[style] > 0 and attacks.sum() == attacks[style]
    assert rules.unevenness(np.array([5.0, 5, 5])) == pytest.approx(0)
    assert rules.unevenness(np.array([5.0, 0, 0])) == pytest.approx(0.816, abs=1e-3)
