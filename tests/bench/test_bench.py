"""The benchmarks measure what they say, on worlds small enough for a test."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.bench import bands, measure, memory, scale, training, worlds
from jaxmmo.cli.main import main
from jaxmmo.learning.config import LearnConfig

SMALL: dict[str, Any] = {"capacity": 16, "height": 32, "width": 32, "border": 3}


def test_random_legal_actions_are_legal_and_reach_every_choice():
    mask = jnp.asarray(np.random.default_rng(0).random((5000, 7)) < 0.4).at[:, 2].set(True)
    words = jax.random.bits(jax.random.key(0), (5000,))
    chosen = worlds.nth_legal(mask, words)
    assert bool(jnp.all(jnp.take_along_axis(mask, chosen[:, None], 1)))
    everything = worlds.nth_legal(jnp.ones((5000, 7), bool), words)
    shares = np.bincount(np.asarray(everything), minlength=7) / 5000
    np.testing.assert_allclose(shares, 1 / 7, atol=0.02)


def test_the_digest_depends_on_every_element_of_an_observation():
    env = jaxmmo.make(**SMALL, initial_population=16)
    obs = jax.device_get(jax.jit(env.reset)(jax.random.key(0))[0])
    fold = jax.jit(worlds.fold)
    digest = fold(obs)
    leaves, tree = jax.tree.flatten(obs)
    for i, leaf in enumerate(leaves):
        place = np.unravel_index(leaf.size // 2, leaf.shape)
        changed = leaf.copy()
        changed[place] = ~leaf[place] if leaf.dtype == bool else leaf[place] + 1
        other = fold(jax.tree.unflatten(tree, [*leaves[:i], changed, *leaves[i + 1 :]]))
        assert not all(np.array_equal(a, b) for a, b in zip(digest, other, strict=True))


def test_env_counts_the_agents_that_acted():
    report = worlds.run("JaxMMO-v1", dict(SMALL), worlds=2, ticks=6, repeats=2, spawns=8)
    assert 0 < report["mean_acting"] <= report["mean_alive"] <= 16
    per_slot = report["slot_steps_per_s"] / 16
    assert report["agent_steps_per_s"] == pytest.approx(report["mean_acting"] * per_slot, rel=0.01)
    env = jaxmmo.make(**SMALL)
    obs, _ = jax.eval_shape(env.reset, jax.random.key(0))
    assert report["observation_bytes"] == measure.nbytes(obs) // 16


@pytest.mark.slow
def test_scale_keeps_the_density():
    row = scale.measure_one(300, ticks=2, repeats=1)
    assert row["mean_acting"] == pytest.approx(300, rel=0.05)
    assert (row["map_side"] - 18) ** 2 / 300 == pytest.approx(62**2 / 128, rel=0.05)


@pytest.mark.slow
def test_scale_fills_worlds_of_the_second_game_with_npcs():
    row = scale.measure_one(48, ticks=2, repeats=1, preset="JaxMMO-v2")
    assert row["mean_acting"] == row["npcs"] == 48
    assert (row["map_side"] - 32) ** 2 / 48 == pytest.approx(128**2 / 128, rel=0.05)


def test_a_band_has_room_for_what_it_may_hold():
    one = bands.cut(1000, 1)
    assert (one.cut.bands, one.cut.slots) == (1, 1000)
    side = one.env.config.height
    assert (side - 18) ** 2 / 1000 == pytest.approx(62**2 / 128, rel=0.05)


@pytest.mark.slow
def test_a_world_in_bands_is_measured():
    row = bands.measure_one(300, 1, ticks=2, repeats=1)
    held = row["bytes_per_device"]
    assert held["all"] == held["state"] + held["observation"] + held["temporary"]
    assert row["mean_acting"] == pytest.approx(300, rel=0.05)
    assert row["refused"] == row["unseen"] == row["lost_spawns"] == 0


@pytest.mark.slow
def test_memory_adds_up():
    report = memory.run("JaxMMO-v1", dict(SMALL), batch=2)
    parts = ("state_bytes", "observation_bytes", "temporary_bytes")
    assert report["world_bytes"] == sum(report[name] for name in parts)
    assert report["worlds_that_fit"]["16 GB"] == int(16e9 * 0.9) // report["world_bytes"]


@pytest.mark.slow
def test_train_splits_the_time():
    learn = LearnConfig(worlds=2, ticks=4, minibatch=64, chunk=64)
    report = training.run("JaxMMO-v1", dict(SMALL), learn, warm_up=1, repeats=2)
    assert report["agent_steps_per_s"] > 0
    assert set(report["share_of_time"]) == {"acting", "environment", "update"}
    assert report["flops_per_agent_step"] > report["parameters"]


def test_the_command_prints_json_last_and_refuses_nonsense(capsys):
    assert main(["bench", "memory", "--capacity", "16", "--worlds", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["capacity"] == 16
    assert main(["bench", "env", "--worlds", "0"]) == 2
    assert "--worlds 0" in capsys.readouterr().err
    for wrong, why in {
        "agents=0": "must be like worlds=4",
        "worlds=2": "must be agents=N",
        "8": "must be like worlds=4",
        "agents=4096": "needs 4096 devices, and there are",
    }.items():
        assert main(["bench", "scale", "--mesh", wrong]) == 2
        assert why in capsys.readouterr().err
    assert main(["bench", "scale", "--preset", "JaxMMO-v2", "--mesh", "agents=2"]) == 2
    assert "bands are of JaxMMO-v1 only, not of JaxMMO-v2" in capsys.readouterr().err
    assert main(["bench", "scale", "--preset", "JaxMMO-v2", "--agents", "300000"]) == 2
    assert "capacity=300000" in capsys.readouterr().err
    assert main(["bench", "env", "--mesh", "agents=2"]) == 2
    assert "uses one device, scale and train many" in capsys.readouterr().err
