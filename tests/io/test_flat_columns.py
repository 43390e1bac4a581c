"""Flat observations say what each of their numbers is."""

import functools

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo import io
from jaxmmo.io import inputs
from jaxmmo.io.arrays import flat_size
from tests.games import sized


@pytest.mark.parametrize("preset", jaxmmo.registered())
def test_every_column_of_a_flat_observation_has_its_name(preset):
    small = {"height": 32, "width": 32, "border": 4, "max_visible": 4}
    settings = sized(preset, **small, capacity=12, initial_population=10)
    env = jaxmmo.make(preset, **settings)
    assert env.num_agents == 12
    obs, _ = jax.jit(env.reset)(jax.random.key(0))
    flat = np.asarray(jax.jit(functools.partial(io.flatten, env.spec))(obs))
    names = io.flat_columns(env.spec)
    assert flat.shape == (12, flat_size(env.spec))
    assert len(names) == len(set(names)) == flat.shape[1]
    place = {name: index for index, name in enumerate(names)}
    readable = inputs.inputs(env.spec, obs)
    own = readable["agent"]
    alive = np.asarray(obs.present[:, 0])
    assert alive.any()
    for row in range(4):
        health = flat[:, place[f"agent[{row}].health"]]
        np.testing.assert_allclose(health, own["health"][:, row])
        there = flat[:, place[f"agent[{row}].present"]]
        np.testing.assert_array_equal(there, obs.present[:, row])
    side = env.spec.window
    material = np.asarray(readable["tile"]["material"]).reshape(12, side, side)
    ahead = material[:, side // 2 - 1, side // 2]
    for kind in range(6):
        shown = flat[:, place[f"tile[-1,0].material={kind}"]]
        np.testing.assert_array_equal(shown[alive], (ahead == kind)[alive])
