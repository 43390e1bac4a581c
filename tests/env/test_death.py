"""How a life ends: reward, observation, and what it came to."""

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.constants import Cause, Material, Move, Style
from tests.env.worlds import (
    PRESETS,
    SIDE,
    SLOTS,
    V13,
    environment,
    levels,
    play,
    row_of,
    starved,
    stepper,
    world,
)

pytestmark = pytest.mark.parametrize("preset", PRESETS)


def do(env, state, seed=0, moves=None, attacks=None):
    """One step of the environment with actions by slot; attacks are (style, slot attacked)."""
    action = {name: np.zeros(SLOTS, np.int32) for name in ("move", "style", "target")}
    for slot, move in (moves or {}).items():
        action["move"][slot] = move
    for slot, (style, other) in (attacks or {}).items():
        action["style"][slot] = style
        action["target"][slot] = row_of(state, slot, other)
    rules = env.default_rules(spawn_attempts=0)
    return stepper(env)(jax.random.key(seed), state, action, rules)


def test_a_death_is_rewarded_reported_and_leaves_an_empty_slot(preset):
    env = environment(preset)
    state = world(env, {}, starved(health=1))
    obs, state, reward, terminated, truncated, info = do(env, state)
    if preset == V13:  # one more tick, in which it is seen and acts
        assert not np.asarray(terminated).any() and not np.asarray(reward).any()
        assert bool(obs.present[1, 0])
        obs, state, reward, terminated, truncated, info = do(env, state)
    assert np.asarray(reward).tolist() == [0, -1, 0, 0]
    assert np.asarray(terminated).tolist() == [False, True, False, False]
    assert not np.asarray(truncated).any()
    assert np.asarray(info.acted).tolist() == [True, True, False, False]
    assert np.asarray(state.players.alive).tolist() == [True, False, False, False]
    assert int(info.events.deaths.id[1]) == 3
    assert not any(np.asarray(leaf[1]).any() for leaf in (obs.tiles, obs.agents, obs.present))
    assert np.asarray(obs.masks.move[1]).tolist() == [True, False, False, False, False]
    assert np.asarray(obs.masks.style[1]).tolist() == [True, False, False]
    assert not np.asarray(obs.masks.target[1])[:, 1:].any()
    assert np.asarray(obs.present[0]).sum() == 1  # and nobody sees it any more


def test_an_empty_slot_has_no_reward_and_no_second_death(preset):
    env = environment(preset)
    state = world(env, starved(health=1))
    deaths, total = 0, 0.0
    for _ in range(5):
        _, state, reward, terminated, _, _ = do(env, state)
        deaths += int(terminated.sum())
        total += float(reward.sum())
    assert (deaths, total) == (1, -1.0)


def test_the_end_of_a_life_reports_what_it_came_to(preset):
    env = environment(preset)
    tiles = {(2, 6): Material.FOREST, (3, 7): Material.WATER}
    state = world(env, {"row": 3, "col": 6, "immune": 3, "level": levels(mage=5)}, tiles=tiles)
    state, _ = play(env, state, spawns=[(1, 2, 5)])  # slot 1, whose life is followed
    fresh = state.players
    state = state.replace(players=fresh.replace(immune=fresh.immune.at[1].set(0)))
    state, _ = play(env, state, moves={1: Move.EAST}, attacks={0: (Style.MAGE, 1)})
    assert int(state.players.freeze[1]) == 3
    for _ in range(2):
        state, _ = play(env, state, moves={1: Move.EAST}, attacks={1: (Style.MELEE, 0)})
    state, _ = play(env, state, moves={1: Move.EAST})
    state, events = play(env, state, moves={1: Move.NORTH})
    if preset == V13:
        state, events = play(env, state)
    deaths = jax.tree.map(lambda value: np.asarray(value)[1].tolist(), events.deaths)
    assert (deaths.cause, deaths.id, deaths.population) == (Cause.LAVA, 3, 1)
    assert deaths.lifetime == 5 + (preset == V13)
    assert deaths.distance == 3
    assert deaths.explored == 4
    assert deaths.damage_dealt == 5 + 6  # the first hit raised its level to 3
    assert deaths.damage_taken == 2  # of a mage of level 5
    assert deaths.level == [11, 5, 1, 1, 1, 10, 10]
    assert deaths.combat_level == 6
    assert (deaths.food_gathered, deaths.water_gathered) == (4, 2)
    others = jax.tree.map(lambda value: np.asarray(value)[[0, 2, 3]].any(), events.deaths)
    assert not any(jax.tree.leaves(others))


def test_another_reward_can_be_put_in_its_place(preset):
    def age(rules, before, after, events):
        return after.players.time_alive.astype("float32") * 0.5

    env = jaxmmo.make(
        preset, height=SIDE, width=SIDE, border=2, vision=5, capacity=SLOTS, reward_fn=age
    )
    state = world(env, {"time_alive": 3})
    assert float(stepper(env)(jax.random.key(0), state, env.noop())[2][0]) == 2.0


def test_a_world_without_anyone_goes_on(preset):
    env = environment(preset)
    state = world(env)
    for _ in range(2):
        state = do(env, state)[1]
    obs, state, reward, terminated, _, info = do(env, state)
    assert int(state.tick) == 3
    assert not np.asarray(info.acted).any() and not np.asarray(terminated).any()
    assert not np.asarray(obs.present).any() and not np.asarray(reward).any()
