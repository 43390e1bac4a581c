"""What version 0.1.0 wrote is still read: saves, recordings, checkpoints, and what policies say."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.replay import Replay
from jaxmmo.runs import library
from tests.games import FIRST_GAME

FILES = Path(__file__).parents[1] / "data" / "version1"
SMALL: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 4,
    "capacity": 16,
    "initial_population": 12,
}
presets = pytest.mark.parametrize("preset", FIRST_GAME)


def known(name: str) -> np.ndarray:
    with np.load(FILES / "known.npz") as file:
        return file[name]


@presets
def test_a_save_loads_and_goes_on(preset):
    env = jaxmmo.make(preset, **SMALL, num_populations=4)
    state = jaxmmo.load_state(FILES / f"{preset}.npz", env)
    assert int(state.tick) == 30
    np.testing.assert_array_equal(state.players.health, known(f"{preset}/saved_health"))
    assert not state.bodies.kind.any()
    _, after, *_ = jax.jit(env.step)(jax.random.key(0), state, env.noop())
    assert int(after.tick) == 31


@presets
def test_a_recording_plays_and_its_world_goes_on(preset):
    replay = Replay.load(FILES / f"{preset}.jmmo")
    assert len(replay) == 41 and replay.header.config.preset == preset
    frame = replay[40]
    assert frame.state.bodies.alive.any() and frame.policy is not None
    state = replay.state(40)
    np.testing.assert_array_equal(state.bodies.health, frame.state.bodies.health)


def test_a_checkpoint_gives_the_policy_that_was_trained(tmp_path):
    shutil.copytree(FILES / "run", tmp_path / "run")
    env = jaxmmo.make(**SMALL, num_populations=4, max_visible=16)
    _, params = library.load_run(tmp_path / "run", env)
    text = b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(params))
    digest = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    np.testing.assert_array_equal(digest, known("run/params"))


@presets
def test_the_shipped_baselines_say_the_same(preset):
    env = jaxmmo.make(preset, **SMALL)
    policy, params = library.load_baseline(preset, env)
    material = np.full((32, 32), 2, np.uint8)
    material[::5, ::3], material[7, 4:20] = 4, 1
    obs, _ = jax.jit(env.reset)(jax.random.key(1), env.default_rules(), material)
    out = jax.jit(policy.apply)(params, obs, policy.initial_carry((16,)), jnp.ones(16, bool))
    for name, logits in out.logits.items():
        np.testing.assert_allclose(logits, known(f"{preset}/logits/{name}"), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(out.value, known(f"{preset}/value"), rtol=1e-5, atol=1e-5)
