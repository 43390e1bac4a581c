"""Wrappers change what they say and nothing else: the worlds inside are the bare ones."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.autoreset import RESTART, AutoReset
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.wrappers import Batch, Horizon

ENV = jaxmmo.make(
    height=20, width=20, border=3, vision=3, capacity=8, num_populations=2, initial_population=6
)
KEYS = jax.random.split(jax.random.key(0), 10)
TICKS = 5
RESET, STEP, DIGEST = jax.jit(ENV.reset), jax.jit(ENV.step), jax.jit(ENV.digest)


def rollout(env: Any, ticks: int = 10, rules: Any = None, start: Any = None) -> list[Any]:
    """Every answer of `step` while nobody does anything."""
    step = jax.jit(env.step)
    _, state = jax.jit(env.reset)(jax.random.key(1), rules) if start is None else start
    answers = []
    for key in KEYS[:ticks]:
        answers.append(step(key, state, env.noop(), rules))
        state = answers[-1][1]
    return answers


def assert_equal(left: Any, right: Any) -> None:
    jax.tree.map(np.testing.assert_array_equal, left, right)


@pytest.fixture(scope="module")
def bare() -> list[Any]:
    return rollout(ENV)


def test_the_horizon_truncates_the_living_and_nothing_else(bare):
    wrapped = rollout(Horizon(ENV, TICKS), start=RESET(jax.random.key(1)))
    for tick, (plain, cut) in enumerate(zip(bare, wrapped, strict=True), start=1):
        assert_equal(plain[:4], cut[:4])
        assert_equal(plain[5], cut[5])
        acted, terminated = np.asarray(cut[5].acted), np.asarray(cut[3])
        np.testing.assert_array_equal(cut[4], (tick >= TICKS) & acted & ~terminated)
    assert np.any(wrapped[TICKS - 1][4])


def test_whoever_dies_at_the_horizon_is_terminated_only():
    terrain = np.full((20, 20), Material.GRASS, np.uint8)
    obs, state = RESET(jax.random.key(1), None, terrain)
    doomed = jnp.arange(8) == 2
    players = state.players.replace(
        health=jnp.where(doomed, 1, state.players.health), food=jnp.zeros(8, jnp.int32)
    )
    env = Horizon(ENV, 1)
    answer = rollout(env, 1, start=(obs, state.replace(players=players)))[0]
    assert answer[3][2] and not answer[4][2]
    assert answer[5].events.deaths.cause[2] == Cause.STARVATION
    others = np.asarray(answer[5].acted & ~doomed)
    assert others.any()
    np.testing.assert_array_equal(answer[4], others)


def test_a_batch_is_a_loop_over_worlds():
    env = Batch(ENV, 3)
    obs, state = jax.jit(env.reset)(jax.random.key(4))
    start = [RESET(key) for key in jax.random.split(jax.random.key(4), 3)]
    begun = jax.device_get((obs, state))
    for world in range(3):
        assert_equal(jax.tree.map(lambda x, w=world: x[w], begun), start[world])
    answer = jax.device_get(jax.jit(env.step)(KEYS[0], state, env.noop()))
    for world, key in enumerate(jax.random.split(KEYS[0], 3)):
        alone = STEP(key, start[world][1], ENV.noop())
        assert_equal(jax.tree.map(lambda x, w=world: x[w], answer), alone)
    assert_equal(jax.jit(env.observe)(state)[0], obs)
    digests = [DIGEST(world) for _, world in start]
    np.testing.assert_array_equal(jax.jit(env.digest)(state), digests)


def test_a_batch_may_have_rules_and_maps_of_its_own():
    env = Batch(ENV, 2)
    rules = ENV.default_rules()
    both = jax.tree.map(lambda x: jnp.stack([x, x]), rules).replace(food_decay=jnp.array([0, 3]))
    maps = np.stack([np.full((20, 20), m, np.uint8) for m in (Material.GRASS, Material.SCRUB)])
    _, state = jax.jit(env.reset)(jax.random.key(0), both, maps)
    np.testing.assert_array_equal(state.terrain.material, maps)
    food = jax.jit(env.step)(KEYS[0], state, env.noop(), both)[1].players.food[:, 0]
    np.testing.assert_array_equal(food, [10, 7])
    with pytest.raises(ValueError, match="2 maps for 3 worlds"):
        Batch(ENV, 3).reset(jax.random.key(0), terrain=maps)
    with pytest.raises(ValueError, match=r"unknown materials \[9\]"):
        env.reset(jax.random.key(0), terrain=np.full((2, 20, 20), 9))


def test_mode_none_reports_the_end_and_goes_on(bare):
    start = RESET(jax.random.key(1))
    answers = rollout(AutoReset(Horizon(ENV, TICKS), "none"), start=start)
    for plain, told in zip(bare, answers, strict=True):
        assert_equal(plain[:2], told[:2])
        assert_equal(told[5].terminal_observation, told[0])
        assert bool(told[5].over) == (int(told[1].tick) >= TICKS)


def test_same_step_shows_the_end_and_starts_anew(bare):
    wrapped = rollout(AutoReset(Horizon(ENV, TICKS)))
    for tick in range(TICKS - 1):
        assert_equal(bare[tick][:2], wrapped[tick][:2])
        assert not wrapped[tick][5].over
    old, new = bare[TICKS - 1], wrapped[TICKS - 1]
    assert new[5].over
    assert_equal(new[5].terminal_observation, old[0])
    assert_equal(new[2:4], old[2:4])
    assert_equal(new[5].events, old[5].events)
    assert np.any(new[4])
    fresh = RESET(jax.random.fold_in(KEYS[TICKS - 1], RESTART))
    assert_equal(new[:2], fresh)
    np.testing.assert_array_equal(new[5].newborn, fresh[1].players.alive)
    assert int(wrapped[-1][1].tick) == 10 % TICKS
    assert_equal(jax.tree.structure(new[1]), jax.tree.structure(old[1]))


def test_same_map_keeps_the_map():
    env = AutoReset(Horizon(ENV, 2), same_map=True)
    states = [answer[1] for answer in rollout(env, 4, start=RESET(jax.random.key(1)))]
    assert [int(s.tick) for s in states] == [1, 0, 1, 0]
    for state in states:
        assert_equal(state.terrain.material, states[0].terrain.material)
    assert np.any(DIGEST(states[1]) != DIGEST(states[3]))


@pytest.mark.slow
@pytest.mark.parametrize("worlds", [None, 2])
def test_the_pool_hands_out_worlds_made_at_the_reset(worlds):
    inner = Horizon(ENV, 2)
    env = AutoReset(inner if worlds is None else Batch(inner, worlds), "pool", pool_size=3)
    start = jax.jit(env.reset)(jax.random.key(1))
    first = start[1]
    pool = jax.jit(jax.vmap(ENV.digest))(first.pool_state)
    digest_now = jax.jit(env.digest)
    assert len(pool) == (3 if worlds is None else 4)
    assert len(np.unique(np.asarray(pool), axis=0)) == len(pool)
    answers = rollout(env, start=start)
    seen = set()
    for _, state, *_, info in answers[1::2]:
        assert np.all(info.over)
        assert_equal(state.pool_state, first.pool_state)
        for digest in np.asarray(digest_now(state)).reshape(-1, 2):
            index = np.flatnonzero(np.all(np.asarray(pool) == digest, axis=1))
            assert len(index) == 1
            seen.add(int(index[0]))
    assert len(seen) > 1
    obs, state = answers[1][:2]
    assert_equal(jax.jit(env.observe)(state), (obs, state))


@pytest.mark.slow
def test_worlds_of_a_batch_end_each_in_its_time():
    env = AutoReset(Batch(Horizon(ENV, TICKS), 2))
    _, state = jax.jit(env.reset)(jax.random.key(2))
    state = state.replace(tick=jnp.array([TICKS - 1, 0], jnp.int32))
    answer = jax.jit(env.step)(KEYS[0], state, env.noop())
    np.testing.assert_array_equal(answer[5].over, [True, False])
    np.testing.assert_array_equal(answer[1].tick, [0, 1])
    assert np.any(answer[4][0]) and not np.any(answer[4][1])
    terminal = answer[5].terminal_observation
    assert_equal(terminal.tiles[1], answer[0].tiles[1])
    assert np.any(np.asarray(terminal.tiles[0]) != np.asarray(answer[0].tiles[0]))


@pytest.mark.slow
def test_auto_reset_inside_a_batch_does_the_same_to_each_world():
    env = Batch(AutoReset(Horizon(ENV, 2)), 2)
    answers = rollout(env, 3)
    np.testing.assert_array_equal([a[5].over for a in answers], [[0, 0], [1, 1], [0, 0]])
    key = jax.random.split(KEYS[1], 2)[1]
    fresh = RESET(jax.random.fold_in(key, RESTART))
    assert_equal(jax.tree.map(lambda x: x[1], answers[1][:2]), fresh)


def test_a_wrapped_state_can_be_saved(tmp_path):
    env = AutoReset(Batch(Horizon(ENV, 3), 2), "pool", pool_size=2)
    shapes = jax.eval_shape(env.reset, jax.random.key(0))[1]
    state = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 1, leaf.dtype), shapes)
    jaxmmo.save_state(tmp_path / "pool.npz", env, state)
    assert_equal(jaxmmo.load_state(tmp_path / "pool.npz", env), state)
    with pytest.raises(ValueError, match=r"unknown arrays.*pool_state"):
        jaxmmo.load_state(tmp_path / "pool.npz", ENV)


def test_what_is_passed_on():
    env = AutoReset(Batch(Horizon(ENV, 3), 2))
    assert env.config == ENV.config
    assert env.spec == ENV.spec
    assert env.action_space() == ENV.action_space()
    assert env.observation_space() == ENV.observation_space()
    assert_equal(env.default_rules(food_decay=2), ENV.default_rules(food_decay=2))
    assert hash(env) == hash(AutoReset(Batch(Horizon(ENV, 3), 2)))


def test_bad_settings_are_refused():
    for ticks in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match=r"ticks=.*: must be an integer of at least 1"):
            Horizon(ENV, ticks)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="num_worlds=0"):
        Batch(ENV, 0)
    with pytest.raises(ValueError, match=r"mode='always': must be one of \('none', 'same-step'"):
        AutoReset(ENV, "always")
    with pytest.raises(ValueError, match="pool_size=0"):
        AutoReset(ENV, "pool", pool_size=0)
