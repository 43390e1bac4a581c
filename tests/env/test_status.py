"""Clocks and the wilderness."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.constants import Cause, Move
from jaxmmo.env.systems.status import wilderness_at
from tests.conformance.recordings import DATA
from tests.env.worlds import PRESETS, V1, V13, environment, play, world

TABLES = json.loads((DATA / "tables.json").read_text())

both = pytest.mark.parametrize("preset", PRESETS)


def grid(preset, **overrides):
    env = jaxmmo.make(preset, **overrides)
    rows, cols = jnp.mgrid[: env.config.height, : env.config.width]
    return np.asarray(wilderness_at(env.default_rules(), rows, cols))


def test_wilderness_is_as_recorded_around_the_fixed_centre_of_v13():
    assert (grid(V13) == np.asarray(TABLES["wilderness"]["grid"])).all()


def test_wilderness_is_measured_from_the_middle_of_the_map_by_default():
    for size in ({"height": 80, "width": 80}, {"height": 31, "width": 31}):
        levels = grid(V1, **size)
        assert (levels == levels[::-1]).all() and (levels == levels.T).all()
    assert levels[15, 15] == -1
    assert [levels[15, 15 + off] for off in (6, 7, 9, 10, 13)] == [-1, 0, 0, 1, 2]


@both
def test_wilderness_lags_a_move(preset):
    env = environment(preset)
    rules = env.default_rules(wilderness_centre=(14, 14), wilderness_offset=2, wilderness_scale=1)
    state = world(env, {"row": 7, "col": 9})
    state, _ = play(env, state, moves={0: Move.EAST}, rules=rules)
    assert int(state.players.wilderness[0]) == 0
    state, _ = play(env, state, rules=rules)
    assert int(state.players.wilderness[0]) == 1


@both
def test_clocks_run_down_to_zero_and_age_up(preset):
    env = environment(preset)
    state = world(env, {"immune": 2, "freeze": 1, "time_alive": 5, "damage": 7})
    seen = []
    for _ in range(3):
        state, _ = play(env, state)
        players = state.players
        columns = (players.immune, players.freeze, players.time_alive, players.damage)
        seen.append(tuple(int(column[0]) for column in columns))
    assert seen == [(1, 0, 6, 0), (0, 0, 7, 0), (0, 0, 8, 0)]


def test_the_clocks_of_the_dying_stand_still_in_v13():
    env = environment(V13)
    dying = {"health": 0, "wound": Cause.COMBAT, "immune": 5, "freeze": 2, "damage": 3}
    state, events = play(env, world(env, dying), moves={0: Move.EAST})
    players = state.players
    columns = (players.immune, players.freeze, players.damage, players.time_alive, players.col)
    assert [int(column[0]) for column in columns] == [5, 2, 3, 0, 7]
    assert int(events.deaths.cause[0]) == Cause.COMBAT
