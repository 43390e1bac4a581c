"""gymnax 1.0: six values."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.adapters import gymnax_common as common
from tests.adapters.worlds import SECOND
from tests.games import FIRST_GAME


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_it_is_an_environment_of_gymnax(preset):
    common.check_interface(preset, 6)


def test_lives_and_worlds_end_where_it_says():
    deaths = 0
    for tick, alive, told in common.play(25):
        obs, state, reward, terminated, truncated, info = told
        after = np.asarray(state.world.players.alive)
        over = (tick + 1) % 10 == 0
        assert bool(info["over"]) == over
        np.testing.assert_array_equal(info["acted"], alive)
        np.testing.assert_array_equal(np.asarray(obs).any(-1), after)
        np.testing.assert_array_equal(terminated, np.asarray(reward) == -1)
        assert not (np.asarray(terminated) & ~alive).any()
        np.testing.assert_array_equal(truncated, alive & ~np.asarray(terminated) & over)
        seen = np.asarray(info["final_observation"])
        assert not seen[np.asarray(terminated)].any() and seen[np.asarray(truncated)].any(-1).all()
        np.testing.assert_array_equal(info["newborn"], after & (~alive | over))
        deaths += int(terminated.sum())
    assert deaths > 3


@pytest.mark.parametrize(
    "preset", [SECOND[0], pytest.param(SECOND[1], marks=pytest.mark.campaign)]
)  # the second one is always tested with the older gymnax
def test_the_second_game_has_its_heads_and_ends(preset):
    common.check_second_game(preset, 6)


def test_rules_are_parameters():
    common.check_rules_are_parameters()


def test_worlds_are_vmapped_besides():
    common.check_worlds_under_vmap()


def test_its_helpers_tell_who_is_there():
    env, params = common.make()
    _, state = env.reset(jax.random.key(0), params)
    gone = ~np.asarray(state.world.players.alive)
    np.testing.assert_array_equal(env.is_terminal(state, params), gone)
    np.testing.assert_array_equal(env.discount(state, params), 1.0 - gone)
    told = env.step_env(jax.random.key(1), state, jnp.zeros(6, jnp.int32), params)
    assert len(told) == 5 and int(told[1].time) == 1
    np.testing.assert_array_equal(told[0], env.get_obs(told[1]))


@pytest.mark.parametrize("bad", [{"form": 4}, {"horizon": None}, {"horizon": 0}, {"pool": 1.5}])
def test_bad_input_is_refused(bad):
    with pytest.raises(ValueError, match="must be"):
        common.make.__wrapped__(**bad)
