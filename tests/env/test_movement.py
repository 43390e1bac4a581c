"""Steps: where one may go, and what stops one."""

import numpy as np
import pytest

from jaxmmo.env.constants import Cause, Material, Move
from tests.env.worlds import PRESETS, V1, V13, environment, play, world

pytestmark = pytest.mark.parametrize("preset", PRESETS)


def place(state, slot=0):
    return int(state.players.row[slot]), int(state.players.col[slot])


@pytest.mark.parametrize(
    ("move", "to"),
    [
        (Move.STAY, (7, 7)),
        (Move.NORTH, (6, 7)),
        (Move.SOUTH, (8, 7)),
        (Move.EAST, (7, 8)),
        (Move.WEST, (7, 6)),
    ],
)
def test_a_step_goes_one_tile(preset, move, to):
    env = environment(preset)
    after, _ = play(env, world(env, {}), moves={0: move})
    assert place(after) == to
    assert int(after.lives.distance[0]) == (move != Move.STAY)


@pytest.mark.parametrize("material", [Material.WATER, Material.STONE, Material.ORE])
def test_water_and_rock_cannot_be_walked_on(preset, material):
    env = environment(preset)
    state = world(env, {}, tiles={(6, 7): material})
    after, _ = play(env, state, moves={0: Move.NORTH})
    assert place(after) == (7, 7)


def test_ripe_and_depleted_forest_can_be_walked_on(preset):
    env = environment(preset)
    tiles = {(6, 7): Material.FOREST, (5, 7): Material.FOREST, (4, 7): Material.SCRUB}
    state = world(env, {}, tiles=tiles, depleted={(5, 7): 100})
    for row in (6, 5, 4):
        state, _ = play(env, state, moves={0: Move.NORTH})
        assert place(state) == (row, 7)


def test_the_first_row_and_column_are_out_of_bounds_and_the_last_are_not(preset):
    env = environment(preset)
    grass = Material.GRASS
    tiles = {(r, 7): grass for r in (0, 1, 13, 14)} | {(7, c): grass for c in (0, 1, 13, 14)}
    agents = [{"row": 1}, {"col": 1}, {"row": 13}, {"col": 13}]
    moves = {0: Move.NORTH, 1: Move.WEST, 2: Move.SOUTH, 3: Move.EAST}
    state, _ = play(env, world(env, *agents, tiles=tiles), moves=moves)
    assert [place(state, slot) for slot in range(4)] == [(1, 7), (7, 1), (14, 7), (7, 14)]
    state, _ = play(env, state, moves=moves)  # beyond the edge
    assert [place(state, slot) for slot in range(4)] == [(1, 7), (7, 1), (14, 7), (7, 14)]


def test_the_frozen_stay_until_their_clock_has_run_out(preset):
    env = environment(preset)
    state = world(env, {"freeze": 3})
    places = []
    for _ in range(3):
        state, _ = play(env, state, moves={0: Move.EAST})
        places.append(place(state)[1])
    assert places == [7, 7, 8]


def test_agents_share_tiles_and_swap_places(preset):
    env = environment(preset)
    state = world(env, {"col": 6}, {"col": 7}, {"col": 7})
    after, _ = play(env, state, moves={0: Move.EAST, 1: Move.WEST})
    assert [place(after, slot)[1] for slot in range(3)] == [7, 6, 7]


def test_lava_kills_whoever_steps_on_it(preset):
    env = environment(preset)
    state, events = play(env, world(env, {"row": 2}), moves={0: Move.NORTH})
    if preset == V13:  # noticed at the start of the next tick, in which it may still walk
        assert bool(state.players.alive[0])
        assert int(events.deaths.cause[0]) == Cause.NONE
        state, events = play(env, state, moves={0: Move.SOUTH})
        assert place(state) == (2, 7)
    assert not bool(state.players.alive[0])
    assert int(events.deaths.cause[0]) == Cause.LAVA
    assert int(events.deaths.lifetime[0]) == (2 if preset == V13 else 1)


def test_whoever_dies_of_lava_is_not_counted_as_killed(preset):
    env = environment(preset)
    state = world(env, {"row": 2, "health": 1}, {"row": 2, "health": 9})
    attacks = {1: (0, 0)}
    state, events = play(env, state, moves={0: Move.NORTH}, attacks=attacks if preset == V1 else {})
    if preset == V13:
        state, events = play(env, state, attacks=attacks)
        assert int(state.players.health[0]) == 0  # the blow pays the attacker all the same
    assert int(events.deaths.cause[0]) == Cause.LAVA


def test_distinct_tiles_are_counted_once(preset):
    env = environment(preset)
    state, _ = play(env, world(env), spawns=[(0, 2, 5)])
    for move in (Move.EAST, Move.WEST, Move.EAST, Move.EAST, Move.STAY):
        state, _ = play(env, state, moves={0: move})
    assert int(state.lives.distance[0]) == 4
    assert int(state.lives.explored[0]) == 3
    bits = np.unpackbits(np.asarray(state.lives.visited[0]).view(np.uint8))
    assert bits.sum() == 3
