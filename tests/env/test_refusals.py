"""Bad input is refused with a message that names what was given and what is allowed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from tests.env.worlds import V1, environment, ground, world
from tests.games import ENDLESS, FIRST_GAME, SECOND_GAME


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"capacity": 0}, r"capacity=0: must be an integer in \[1, "),
        ({"capacity": True}, "capacity=True"),
        ({"height": 14}, r"height=14.*\(the window is 15x15\)"),
        ({"vision": 0}, "vision=0"),
        ({"num_populations": 0}, "num_populations=0"),
        ({"initial_population": 129}, r"initial_population=129.*\[0, 128\]"),
        ({"border": 60}, "border=60"),
        ({"resolution": "both"}, "resolution='both'.*simultaneous.*sequential"),
        ({"tile_bits": 4}, "tile_bits=4.*8 or 16"),
        ({"lagging_death": 1}, "lagging_death=1.*True or False"),
        ({"capcity": 3}, "unknown EnvConfig field 'capcity'; did you mean 'capacity'"),
    ],
)
def test_impossible_configurations_are_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        jaxmmo.make(V1, **overrides)


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown preset 'v2'.*JaxMMO-v1, NeuralMMO-v1\.3"):
        jaxmmo.make("v2")
    assert jaxmmo.registered() == [*FIRST_GAME, SECOND_GAME, ENDLESS]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"food_dekay": 1}, "unknown rule 'food_dekay'; did you mean 'food_decay'"),
        ({"leech": 0.5}, r"leech=0\.5: does not fit int32"),
        ({"leech": "much"}, "leech='much'"),
        ({"reach": [1, 2]}, r"reach=\[1, 2\]: does not fit int32\[3\]"),
        ({"max_population": 2**40}, "max_population=1099511627776"),
        ({"max_population": 0}, r"max_population=0: must be in \[1, 4\]"),
        ({"spawn_attempts": -1}, r"spawn_attempts=-1: must be in \[0, "),
        ({"reach": [1, -2, 3]}, r"reach=\[1, -2, 3\]: must be in \[-1, "),
        ({"regrow_probability": 2.0}, r"2\.0: must be a number in \[0, 1\]"),
    ],
)
def test_impossible_rules_are_refused(overrides, message):
    with pytest.raises(ValueError, match=message):
        environment(V1).default_rules(**overrides)


@pytest.mark.parametrize(
    ("terrain", "message"),
    [
        (np.zeros((3, 3), np.uint8), r"shape \(3, 3\).*\(15, 15\)"),
        (np.full((15, 15), 9), r"unknown materials \[9\].*0 lava"),
        (np.full((15, 15), -1), r"unknown materials \[-1\]"),
        (np.full((15, 15), 1.5), r"unknown materials \[1\.5\]"),
    ],
)
def test_impossible_terrain_is_refused(terrain, message):
    with pytest.raises(ValueError, match=message):
        environment(V1).reset(jax.random.key(0), terrain=terrain)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": None}, r"action has \['move', 'style'\]"),
        ({"move": jnp.zeros(5, jnp.int32)}, r"'move' of shape \(5,\): must be \(4,\)"),
        ({"style": jnp.zeros(4)}, "'style' of float32: must be integers"),
        ({"jump": jnp.zeros(4, jnp.int32)}, "jump"),
    ],
)
def test_actions_of_another_form_are_refused(changed, message):
    env = environment(V1)
    action = dict(env.noop()) | changed
    action = {name: value for name, value in action.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        env.step(jax.random.key(0), world(env, {}), action)


def test_a_terrain_as_large_as_the_map_is_taken():
    _, state = jax.jit(environment(V1).reset)(jax.random.key(0), terrain=ground())
    assert (np.asarray(state.terrain.material) == ground()).all()
