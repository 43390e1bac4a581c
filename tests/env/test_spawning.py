"""Births: where, when they are refused, and what a newborn is."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.constants import Cause, Material, Move
from jaxmmo.env.systems import spawning
from tests.conformance.recordings import DATA
from tests.env.worlds import PRESETS, SIDE, environment, ground, play, reset, stepper, world

TABLES = json.loads((DATA / "tables.json").read_text())

pytestmark = pytest.mark.parametrize("preset", PRESETS)


def born(state, events):
    """(id, population, row, column) of every newborn, in the order of ids."""
    players = state.players
    rows = zip(
        *(np.asarray(x).tolist() for x in (players.id, players.population, players.row)),
        np.asarray(players.col).tolist(),
        strict=True,
    )
    return sorted(row for row, new in zip(rows, np.asarray(events.newborn), strict=True) if new)


def test_births_fall_on_the_ring_as_recorded_with_corners_twice(preset):
    many = 2**17
    config = jaxmmo.make(preset, capacity=many, max_spawns=many).config
    rules = jaxmmo.make(preset).default_rules(spawn_attempts=many)
    state = world(environment(preset))
    drawn = spawning.draw_spawns(
        config, rules, state, jax.random.key(0), spawning.random_population
    )
    counts = np.zeros((80, 80))
    np.add.at(counts, (np.asarray(drawn.row), np.asarray(drawn.col)), 1)
    expected = np.zeros((80, 80))
    for row, col, weight in TABLES["spawn"]["rows"]:
        expected[row, col] = many * weight / 248
    assert ((counts > 0) == (expected > 0)).all()
    ring = expected > 0
    chi_square = ((counts - expected)[ring] ** 2 / expected[ring]).sum()
    freedom = ring.sum() - 1
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)
    populations = np.bincount(np.asarray(drawn.population))
    assert len(populations) == 8
    assert abs(populations - many / 8).max() < 5 * np.sqrt(many / 8)


def test_the_ring_follows_the_shape_of_the_map(preset):
    env = jaxmmo.make(preset, height=24, width=40, border=5, capacity=4096, max_spawns=4096)
    rules = env.default_rules(spawn_attempts=4096)
    state = world(environment(preset))
    drawn = spawning.draw_spawns(
        env.config, rules, state, jax.random.key(1), spawning.random_population
    )
    places = set(zip(np.asarray(drawn.row).tolist(), np.asarray(drawn.col).tolist(), strict=True))
    ring = {(r, c) for r in (5, 18) for c in range(5, 35)}
    ring |= {(r, c) for r in range(5, 19) for c in (5, 34)}
    assert places == ring


def test_only_the_attempts_that_the_rules_say_are_made(preset):
    env = environment(preset)
    state = world(env)
    for attempts in range(4):
        rules = env.default_rules(spawn_attempts=attempts)
        drawn = spawning.draw_spawns(
            env.config, rules, state, jax.random.key(0), spawning.random_population
        )
        assert int((drawn.population < env.config.num_populations).sum()) == attempts


def test_a_birth_is_refused_when_its_population_is_full(preset):
    env = environment(preset)  # four may live, two of each population
    state = world(env, {"population": 0}, {"population": 0})
    after, events = play(env, state, spawns=[(0, 2, 5), (1, 2, 6)])
    assert born(after, events) == [(5, 1, 2, 6)]  # the refused attempt used up id 4
    assert int(after.next_id) == 6
    assert int(after.lost_spawns) == 0


def test_attempts_of_one_tick_count_each_other(preset):
    env = environment(preset)
    state = world(env, {"population": 0})
    after, events = play(env, state, spawns=[(0, 2, 5), (0, 2, 6), (1, 2, 7)])
    assert born(after, events) == [(3, 0, 2, 5), (5, 1, 2, 7)]


def test_a_birth_is_refused_when_the_world_is_full(preset):
    env = environment(preset)
    state = world(env, {"population": 0}, {"population": 0}, {"population": 0})
    rules = env.default_rules(max_population=2)
    after, events = play(env, state, spawns=[(1, 2, 5)], rules=rules)  # its population has room
    assert born(after, events) == []
    assert int(after.next_id) == int(state.next_id) + 1


def test_a_death_makes_room_from_the_next_tick_on(preset):
    env = environment(preset)
    doomed: dict[str, Any] = {"population": 0, "food": 0, "water": 0, "health": 1}
    state = world(env, doomed, {"population": 0})
    if preset == "NeuralMMO-v1.3":
        state, _ = play(env, state)  # where death is noticed a tick later
    state, events = play(env, state, spawns=[(0, 2, 5)])
    assert events.deaths.cause[0] != Cause.NONE
    assert born(state, events) == []
    state, events = play(env, state, spawns=[(0, 2, 5)])
    assert len(born(state, events)) == 1
    assert events.newborn[0]  # the empty slot is used again


def test_births_beyond_the_capacity_are_counted_as_lost(preset):
    env = environment(preset)
    state = world(env, *({"population": i} for i in (0, 0, 0, 1)))
    # as within jit, where no value is known that could be refused
    rules = env.default_rules().replace(max_population=jnp.int32(100))
    after, events = play(env, state, spawns=[(0, 2, 5), (1, 2, 6)], rules=rules)
    assert born(after, events) == []
    assert int(after.lost_spawns) == 2


def test_the_last_slot_is_used(preset):
    env = environment(preset)
    state = world(env, *({"population": i} for i in (0, 0, 1)))
    after, events = play(env, state, spawns=[(1, 2, 5)])
    assert born(after, events) == [(5, 1, 2, 5)]
    assert bool(after.players.alive.all())


def test_a_newborn_is_as_recorded(preset):
    env = environment(preset)
    after, _ = play(env, world(env), spawns=[(1, 2, 5)])
    got = jax.tree.map(lambda value: np.asarray(value)[0].tolist(), after.players)
    expected = TABLES["init"]
    skills = ("constitution", "melee", "range", "mage", "defense", "fishing", "hunting")
    assert got.experience == [expected["exp"][name] for name in skills]
    assert got.level == [expected["level"][name] for name in skills]
    assert (got.food, got.water, got.health) == (10, 10, 10)
    assert (got.food_max, got.water_max, got.health_max) == (10, 10, 10)
    assert (got.immune, got.freeze, got.wilderness, got.time_alive) == (10, 0, -1, 0)
    assert (got.alive, got.population, got.row, got.col, got.damage) == (True, 1, 2, 5, 0)
    lives = jax.tree.map(lambda value: np.asarray(value)[0], after.lives)
    assert (lives.distance, lives.explored, lives.food_gathered) == (0, 1, 0)


def test_a_newborn_first_acts_in_the_next_tick(preset):
    env = environment(preset)
    state = world(env, {"row": 3, "col": 5})
    attacks = {0: (0, 1), 1: (0, 0)}
    after, events = play(
        env, state, spawns=[(1, 2, 5)], moves={1: Move.EAST}, attacks=attacks, rolls={}
    )
    assert np.asarray(events.newborn).tolist() == [False, True, False, False]
    assert np.asarray(events.acted).tolist() == [True, False, False, False]
    assert (int(after.players.col[1]), int(after.players.time_alive[1])) == (5, 0)
    assert int(after.players.health[0]) == 10
    after, events = play(env, after, moves={1: Move.EAST})
    assert (int(after.players.col[1]), int(after.players.time_alive[1])) == (6, 1)


def test_an_empty_world_gets_one_agent_a_tick(preset):
    env = environment(preset)
    rules = env.default_rules(max_population=4)
    state = reset(env, 0, rules)
    assert np.asarray(state.players.id)[np.asarray(state.players.alive)].tolist() == [2]
    for tick in range(1, 6):
        _, state, _, _, _, info = stepper(env)(jax.random.key(tick), state, env.noop(), rules)
        assert int(state.next_id) == 3 + tick
        assert int(info.newborn.sum()) <= 1


def test_an_initial_population_stands_on_dry_walkable_land(preset):
    env = environment(preset, capacity=64, max_visible=4, initial_population=40)
    material = ground({(r, c): Material.WATER for r in range(2, 13) for c in range(2, 12)})
    state = reset(env, 0, material=material)
    alive = np.asarray(state.players.alive)
    assert alive.sum() == 40
    assert set(np.asarray(state.players.col)[alive].tolist()) == {12}
    rows = np.asarray(state.players.row)[alive]
    assert rows.min() >= 2 and rows.max() <= 12 and len(set(rows.tolist())) > 5
    assert np.bincount(np.asarray(state.players.population)[alive]).tolist() == [20, 20]
    assert np.asarray(state.players.id)[alive].tolist() == list(range(2, 42))
    assert int(state.next_id) == 42


def test_an_initial_population_keeps_to_the_limits(preset):
    env = environment(preset, capacity=64, max_visible=4, initial_population=40)
    state = reset(env, 0, env.default_rules(max_population=11))
    populations = np.asarray(state.players.population)[np.asarray(state.players.alive)]
    assert np.bincount(populations).tolist() == [5, 5]
    state = reset(env, 0, material=np.full((SIDE, SIDE), Material.STONE, np.uint8))
    assert not np.asarray(state.players.alive).any()


def test_the_assignment_of_populations_can_be_replaced(preset):
    def always_the_second(config, rules, key, ids):
        return jnp.ones_like(ids)

    env = jaxmmo.make(
        preset,
        height=SIDE,
        width=SIDE,
        border=2,
        vision=5,
        capacity=4,
        num_populations=2,
        population_fn=always_the_second,
    )
    assert int(reset(env, 0).players.population[0]) == 1


def test_a_limit_below_the_number_of_populations_does_not_keep_the_world_empty(preset):
    env = jaxmmo.make(preset, capacity=4, height=SIDE, width=SIDE, border=2, vision=5, max_spawns=2)
    rules = env.default_rules(spawn_attempts=2)
    _, state = jax.jit(env.reset)(jax.random.key(0), rules)
    step = jax.jit(env.step)
    for tick in range(12):
        _, state, *_ = step(jax.random.key(tick), state, env.noop(), rules)
        populations = np.asarray(state.players.population)[np.asarray(state.players.alive)]
        assert len(set(populations.tolist())) == len(populations)
    assert int(state.players.alive.sum()) == 4
