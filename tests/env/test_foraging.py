"""Food, water and health: who eats, who heals, who starves."""

import numpy as np
import pytest

from jaxmmo.env.constants import Cause, Material, Skill
from tests.env.worlds import PRESETS, V1, V13, environment, levels, play, starved, world

FOREST, WATER = Material.FOREST, Material.WATER

both = pytest.mark.parametrize("preset", PRESETS)


def resources(state, slot=0):
    players = state.players
    return tuple(int(x[slot]) for x in (players.food, players.water, players.health))


@both
def test_food_and_water_run_down_by_one_a_tick(preset):
    env = environment(preset)
    after, _ = play(env, world(env, {"food": 7, "water": 1}))
    assert resources(after) == (6, 0, 10)
    after, _ = play(env, after)
    assert resources(after)[:2] == (5, 0)


@both
@pytest.mark.parametrize(
    ("level", "food", "gained"), [(10, 5, 5), (10, 10, 1), (10, 8, 3), (30, 3, 15), (1, 1, 0)]
)
def test_a_forest_feeds_half_the_level_up_to_the_maximum(preset, level, food, gained):
    env = environment(preset)
    agent = {"level": levels(hunting=level), "food": food, "food_max": level}
    state = world(env, agent, tiles={(7, 7): FOREST})
    after, events = play(env, state, regrow=5)
    assert resources(after)[0] == food - 1 + gained
    experience = after.players.experience - state.players.experience
    assert int(experience[0, Skill.HUNTING]) == 10 * gained
    assert int(events.harvests.food[0]) == int(after.lives.food_gathered[0]) == gained
    assert bool(events.harvests.harvested[0])
    assert bool(after.terrain.depleted(after.tick)[7, 7])  # used up, however little was missing


@both
def test_scrub_feeds_nobody(preset):
    env = environment(preset)
    state = world(env, {"food": 5}, tiles={(7, 7): FOREST}, depleted={(7, 7): 50})
    after, events = play(env, state)
    assert resources(after)[0] == 4
    assert not bool(events.harvests.harvested[0])


@both
@pytest.mark.parametrize("ids", [(9, 4, 6), (4, 6, 9), (9, 6, 4)])
def test_a_contested_forest_goes_to_the_oldest(preset, ids):
    env = environment(preset)
    agents = [{"id": agent, "food": 5} for agent in ids]
    state = world(env, *agents, {"id": 2, "food": 5, "row": 6}, tiles={(7, 7): FOREST})
    after, events = play(env, state)
    eats = np.asarray(events.harvests.harvested)
    assert eats.tolist() == [agent == 4 for agent in ids] + [False]
    assert np.asarray(after.players.food).tolist() == [9 if agent == 4 else 4 for agent in ids] + [
        4
    ]


@both
@pytest.mark.parametrize("delay", [1, 2, 5])
def test_a_forest_is_ripe_again_after_the_drawn_delay(preset, delay):
    env = environment(preset)
    state = world(env, {"food": 1, "row": 7}, tiles={(7, 7): FOREST}, tick=30)
    depleted, eats = [], []
    for _ in range(delay + 1):
        state, events = play(env, state, regrow=delay)
        depleted.append(bool(state.terrain.depleted(state.tick)[7, 7]))
        eats.append(bool(events.harvests.harvested[0]))
    # harvested in the first tick, forest again at the end of tick `delay`, eaten in the next one
    assert depleted[:delay] == [True] * (delay - 1) + [False]
    assert eats == [True] + [False] * (delay - 1) + [True]


@both
def test_a_draw_outlives_a_change_of_rules(preset):
    env = environment(preset)
    state, _ = play(env, world(env, {}, tiles={(7, 7): FOREST}), regrow=4)
    ripe_at = int(state.terrain.ripe_at[7, 7])
    never = env.default_rules(regrow_probability=0.0)
    for _ in range(3):
        assert bool(state.terrain.depleted(state.tick)[7, 7])
        state, _ = play(env, state, rules=never)
    assert ripe_at == 4
    assert not bool(state.terrain.depleted(state.tick)[7, 7])


@both
@pytest.mark.parametrize(
    ("place", "drinks"),
    [((6, 7), True), ((8, 7), True), ((7, 6), True), ((7, 8), True), ((6, 6), False)],
)
def test_water_is_drunk_from_the_next_tile(preset, place, drinks):
    env = environment(preset)
    state = world(env, {"water": 4}, tiles={place: WATER})
    after, events = play(env, state)
    assert resources(after)[1] == (8 if drinks else 3)
    assert int(events.harvests.water[0]) == (5 if drinks else 0)
    gained = after.players.experience - state.players.experience
    assert int(gained[0, Skill.FISHING]) == (50 if drinks else 0)
    after, _ = play(env, after)  # it never runs out, and never overflows
    assert resources(after)[1] == (10 if drinks else 2)


@both
def test_water_beyond_the_bounds_cannot_be_reached(preset):
    env = environment(preset)
    tiles = {(0, 5): WATER, (1, 5): Material.GRASS}
    after, _ = play(env, world(env, {"row": 1, "col": 5, "water": 4}, tiles=tiles))
    assert resources(after)[1] == 3


@both
@pytest.mark.parametrize(
    ("food", "water", "level", "healed"),
    [(6, 6, 10, 1), (5, 6, 10, 0), (6, 5, 10, 0), (10, 10, 9, 0), (10, 10, 35, 3)],
)
def test_the_well_fed_heal_by_a_tenth_of_their_level(preset, food, water, level, healed):
    env = environment(preset)
    agent = {"food": food, "water": water, "health": 4, "level": levels(constitution=level)}
    after, _ = play(env, world(env, agent))
    assert resources(after)[2] == 4 + healed


@both
def test_healing_stops_at_the_maximum(preset):
    env = environment(preset)
    agent = {"health": 34, "level": levels(constitution=35)}
    after, _ = play(env, world(env, agent))
    assert resources(after)[2] == 35
    assert int(after.players.health_max[0]) == 35


@both
@pytest.mark.parametrize(
    ("food", "water", "lost"), [(0, 5, 1), (5, 0, 1), (0, 0, 2), (1, 1, 0), (5, 5, 0)]
)
def test_hunger_and_thirst_cost_health_each_a_tick_after_they_set_in(preset, food, water, lost):
    env = environment(preset)
    after, _ = play(env, world(env, {"food": food, "water": water}))
    assert resources(after)[2] == 10 - lost


@both
@pytest.mark.parametrize(
    ("food", "water", "health", "cause"),
    [
        (0, 5, 1, Cause.STARVATION),
        (5, 0, 1, Cause.DEHYDRATION),
        (0, 0, 1, Cause.STARVATION),  # hunger is felt first
        (0, 0, 2, Cause.DEHYDRATION),
    ],
)
def test_the_cause_is_what_took_the_last_health(preset, food, water, health, cause):
    env = environment(preset)
    state, events = play(env, world(env, {"food": food, "water": water, "health": health}))
    if preset == V13:
        assert int(events.deaths.cause[0]) == Cause.NONE
        state, events = play(env, state)
    assert int(events.deaths.cause[0]) == cause
    assert not bool(state.players.alive[0])


@pytest.mark.parametrize(("preset", "lifetime"), [(V13, 16), (V1, 15)])
def test_who_does_nothing_away_from_water_lives_as_long_as_recorded(preset, lifetime):
    env = environment(preset)
    state, _ = play(env, world(env), spawns=[(0, 2, 5)])
    for tick in range(1, lifetime + 1):
        assert bool(state.players.alive[0])
        state, events = play(env, state)
        assert int(events.deaths.lifetime[0]) == (lifetime if tick == lifetime else 0)
    assert not bool(state.players.alive[0])


@both
def test_maxima_follow_levels_with_a_tick_of_delay(preset):
    env = environment(preset)
    agent = {"experience": [1154, 0, 0, 0, 0, 1154, 1358 - 50], "food": 5}
    state, events = play(env, world(env, agent, tiles={(7, 7): FOREST}))
    assert int(state.players.level[0, Skill.HUNTING]) == 11
    assert int(events.level_ups[0, Skill.HUNTING]) == 1
    assert int(state.players.food_max[0]) == 10
    state, events = play(env, state)
    assert int(state.players.food_max[0]) == 11
    assert not np.asarray(events.level_ups).any()


def test_beyond_the_last_level_of_v13_everything_is_zero():
    env = environment(V13)
    agent = {"experience": [11_805_606, 0, 0, 0, 0, 11_805_606, 11_805_606], "health": 9}
    state, events = play(env, world(env, agent, tiles={(7, 6): WATER, (7, 7): FOREST}))
    assert resources(state) == (0, 0, 0)
    # a negative gain takes experience away again, which brings level 97 back
    assert int(state.players.experience[0, Skill.HUNTING]) == 11_805_606 - 90
    assert int(events.level_ups[0, Skill.HUNTING]) == 97
    state, events = play(env, state)
    assert int(events.deaths.cause[0]) == Cause.STARVATION


def test_levels_98_and_99_work_in_the_default_preset():
    env = environment(V1)
    for level in (98, 99):
        agent = {"level": levels(constitution=level, hunting=level), "food": 50, "health": 50}
        agent |= {"food_max": level, "water": 60}
        state, _ = play(env, world(env, agent, tiles={(7, 7): FOREST}))
        assert resources(state) == (50 - 1 + level // 2, 59, 50 + level // 10)
        assert int(state.players.food_max[0]) == int(state.players.health_max[0]) == level


@both
def test_nobody_forages_while_dead(preset):
    env = environment(preset)
    state = world(env, starved(health=1), tiles={(7, 7): FOREST, (7, 6): WATER})
    state, events = play(env, state)  # eats in the tick in which hunger takes the last health
    assert bool(events.harvests.harvested[0])
    state, events = play(env, state, regrow=1)
    assert not np.asarray(events.harvests.harvested).any()
    assert not np.asarray(events.harvests.water).any()


def test_experience_of_foraging_stops_at_the_largest_number():
    env = environment(V1)  # where whoever knows so much forages with level 99
    most = 2**31 - 1
    agent = {"experience": [most, 0, 0, 0, 0, most - 1, most - 489], "food": 50, "water": 50}
    agent |= {"food_max": 99, "water_max": 99}
    state = world(env, agent, tiles={(7, 7): FOREST, (7, 6): WATER})
    after, events = play(env, state)
    assert (int(events.harvests.food[0]), int(events.harvests.water[0])) == (49, 49)
    experience = np.asarray(after.players.experience)[0]
    assert experience[[Skill.FISHING, Skill.HUNTING]].tolist() == [most, most]
    assert np.asarray(after.players.level)[0, Skill.HUNTING] == 99
