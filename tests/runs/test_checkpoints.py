"""Checkpoints: whole or refused, and those of earlier versions."""

import hashlib
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxmmo.runs import config, integrity, library, run
from jaxmmo.runs.checkpoint import Checkpoints
from tests.campaigns import checkpoints as campaign
from tests.campaigns.checkpoints import trees

VERSION1 = Path(__file__).parents[1] / "data" / "version1"


@pytest.fixture
def store(tmp_path):
    """Two checkpoints, 1 and 2."""
    store = Checkpoints(tmp_path)
    for step in (1, 2):
        store.save(step, **trees(step))
    return store


@pytest.fixture
def old(tmp_path):
    """A run of version 0.1.0, to do with as one likes."""
    return Path(shutil.copytree(VERSION1 / "run", tmp_path / "old"))


def assert_equal(one, other) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_the_newest_are_kept_and_come_back_bit_for_bit(store):
    store.save(10, **trees(10))
    assert store.steps == [2, 10]
    assert_equal(store.restore(**trees(10)), trees(10))
    names = {path.name for path in (store.directory / "10").iterdir()}
    assert {"params", "state", "clock", "SHA256SUMS"} <= names


def test_tables_without_rows_come_back(store):
    state = {"some": np.arange(3), "none": np.zeros((2, 0), np.float32), "within": [np.zeros(0)]}
    store.save(3, state=state)
    again = store.restore(state=state)["state"]
    assert_equal(again, state)
    assert again["none"].shape == (2, 0) and again["none"].dtype == np.float32


def test_the_parameters_are_read_without_the_rest(store):
    shutil.rmtree(store.directory / "2" / "state")
    integrity.seal(store.directory / "2")
    assert_equal(store.restore(params=trees(2)["params"])["params"], trees(2)["params"])


def test_all_damage_to_any_file_is_noticed_and_an_older_one_named(tmp_path):
    """The campaign `reliability` damages every file five hundred times."""
    result = campaign.attack(tmp_path, 10)
    assert result["files"] >= 15
    assert result["noticed"] == result["damaged"] == 10 * result["files"]


def test_files_that_are_missing_or_added_are_noticed(store):
    folder = store.directory / "2"
    (folder / "params" / "more").write_bytes(b"")
    with pytest.raises(ValueError, match="params/more is damaged or was added"):
        store.restore(params=trees(2)["params"])
    (folder / "params" / "more").unlink()
    (folder / "clock" / "_METADATA").unlink()
    with pytest.raises(ValueError, match=r"clock/_METADATA is missing; checkpoint 1 is whole"):
        store.restore(params=trees(2)["params"])
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(ValueError, match="2 lacks its checksums"):
        store.restore(params=trees(2)["params"])


def test_where_no_older_one_is_whole_that_is_said(store):
    for step in (1, 2):
        (store.directory / str(step) / "SHA256SUMS").write_bytes(b"")
    with pytest.raises(ValueError, match="no older checkpoint is whole"):
        store.restore(params=trees(2)["params"])


def test_going_back_sets_later_ones_aside(store):
    with pytest.raises(ValueError, match=r"no checkpoint 7 .*; there are: 1, 2"):
        store.rewind(7)
    store.rewind(1)
    assert store.steps == [1]
    assert (store.directory / "set-aside" / "2" / "SHA256SUMS").is_file()
    store.save(2, **trees(3))
    store.rewind(1)  # again: what was set aside before gives way
    assert store.steps == [1]


def test_unfinished_ones_are_no_checkpoints_and_are_cleared_away(store):
    (store.directory / ".jaxmmo-3-0000").mkdir()
    (store.directory / "3.orbax-checkpoint-tmp").mkdir()
    assert store.latest == 2
    store.tidy()
    assert sorted(p.name for p in store.directory.iterdir()) == ["1", "2"]


def test_another_structure_is_refused_by_the_first_name_that_differs(store):
    like = trees(2)["params"]
    with pytest.raises(ValueError, match=r"fit: move/bias is not there, but .* needs float32\[3\]"):
        store.restore(params={"move": like["move"] | {"bias": np.zeros(3, np.float32)}})
    with pytest.raises(ValueError, match=r"fit: move/kernel is float32\[20, 30\], but .* none of"):
        store.restore(params={"move": {}})
    with pytest.raises(ValueError, match=r"move/kernel is float32\[20, 30\], but .* float32\[2\]"):
        store.restore(params={"move": {"kernel": np.zeros(2, np.float32)}})
    with pytest.raises(ValueError, match="no checkpoint in"):
        Checkpoints(store.directory).restore(params=like)


def test_a_renamed_column_is_found_and_a_new_one_filled(tmp_path):
    """Version 0.1.0 called the table of bodies `players`, and its agents felt no poison."""
    store = Checkpoints(tmp_path)
    health = np.arange(5)
    old = {"worlds": {"state": {"players": {"health": health}, "order": health}}}
    store.save(1, **trees(1) | {"state": old})
    like = {"bodies": {"health": health, "poison": health}, "views": {"agent": {"order": health}}}

    def absent(path, leaf):
        if path != "worlds/state/bodies/poison":
            raise KeyError(path)
        return np.full_like(leaf, 7)

    restored = store.restore(absent, state={"worlds": {"state": like}})["state"]
    bodies = restored["worlds"]["state"]["bodies"]
    np.testing.assert_array_equal(bodies["health"], health)
    np.testing.assert_array_equal(bodies["poison"], np.full(5, 7))


def test_a_policy_of_version_1_is_the_same_and_its_run_untouched(old, capsys):
    before = {p: p.read_bytes() for p in old.rglob("*") if p.is_file()}
    env = config.read(old).environment()
    params = library.load_run(old, env).params
    content = b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(params))
    known = np.load(VERSION1 / "known.npz")["run/params"].tobytes()
    assert hashlib.sha256(content).digest() == known
    assert "has no checksums" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in old.rglob("*") if p.is_file()} == before


def test_settings_of_version_1_are_read_under_the_names_of_today(old):
    learn = config.read(old).as_dict()["learn"]
    for then, now, value in (("lam", "gae_lambda", 0.8), ("max_norm", "max_grad_norm", 0.7)):
        assert learn[now if now in learn else then] == value


@pytest.mark.slow
def test_a_run_of_version_1_goes_on(old):
    learner = config.read(old).learner()
    state, elapsed, steps = run.restore(learner, 0, Checkpoints(old))
    assert (int(state.update), steps) == (3, 178)
    assert elapsed > 40
    assert jax.tree.structure(state) == jax.tree.structure(
        jax.eval_shape(learner.init, jax.random.key(0))
    )
    np.testing.assert_array_equal(state.worlds.state.tick, [0, 8])  # the first was renewed last


def test_a_damaged_one_without_checksums_is_refused_too(old):
    data = next((old / "checkpoints" / "3" / "default").glob("_METADATA"))
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"checkpoint 3 in .* is damaged: params cannot be read"):
        library.load_run(old, config.read(old).environment())
