"""gymnax 0.x: five values."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters import gymnax_common as common
from tests.adapters.worlds import SECOND
from tests.games import FIRST_GAME

# its spaces ask for integers of 64 bits when they are sampled
pytestmark = pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_it_is_an_environment_of_gymnax(preset):
    common.check_interface(preset, 5)


def test_done_is_the_end_of_a_life_or_of_the_world():
    deaths = 0
    for tick, alive, (obs, state, reward, done, info) in common.play(25):
        over = (tick + 1) % 10 == 0
        died = np.asarray(reward) == -1
        np.testing.assert_array_equal(info["acted"], alive)
        np.testing.assert_array_equal(done, alive & (died | over))
        np.testing.assert_array_equal(np.asarray(obs).any(-1), state.world.players.alive)
        deaths += int(died.sum())
    assert deaths > 3


@pytest.mark.parametrize("preset", SECOND[1:])
def test_the_second_game_has_its_heads_and_ends(preset):
    common.check_second_game(preset, 5)


def test_rules_are_parameters():
    common.check_rules_are_parameters()


def test_worlds_are_vmapped_besides():
    common.check_worlds_under_vmap()
