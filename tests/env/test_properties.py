"""What must hold for every world: exactness, identity, and no trace of empty slots."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, SystemId
from jaxmmo.env.random import words
from jaxmmo.env.state import WorldState
from tests.env.generate import random_world
from tests.env.worlds import (
    PRESETS,
    TRACES,
    V1,
    V13,
    digester,
    environment,
    observer,
    reset,
    stepper,
)

SLOTS = 12
ROWS = 6

pytestmark = pytest.mark.parametrize("preset", PRESETS)


RESOLUTION = {V13: "sequential", V1: "simultaneous"}


def crowd(preset, capacity=SLOTS):
    """A small world; one preset resolves ticks in one way and the other in the other."""
    sizes = {"capacity": capacity, "max_visible": ROWS, "max_spawns": 2}
    return environment(preset, RESOLUTION[preset], **sizes)


def act(env, state, seed):
    """Actions that depend on who an agent is, not on its slot."""
    ids = state.players.id
    first, second = words(jax.random.key(seed), SystemId.POPULATE, ids)
    return {
        "move": (first % NUM_MOVES).astype(jnp.int32),
        "style": ((first >> 8) % NUM_STYLES).astype(jnp.int32),
        "target": (second % env.config.max_visible).astype(jnp.int32),
    }


def equal(left, right):
    """Whether two pytrees of arrays are the same to the bit, in structure and types too."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    )


def stacked(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def test_compiled_and_eager_steps_are_equal(preset):
    env = crowd(preset)
    rules = env.default_rules()
    _, state = observer(env)(random_world(env, 0), rules)
    key, action = jax.random.key(1), act(env, state, 2)
    assert equal(stepper(env)(key, state, action, rules), env.step(key, state, action, rules))


def test_a_batch_of_worlds_equals_a_loop_over_them(preset):
    env = crowd(preset)
    rules = env.default_rules()
    states = [observer(env)(random_world(env, seed), rules)[1] for seed in range(3)]
    actions = [act(env, state, seed) for seed, state in enumerate(states)]
    key = jax.random.key(0)  # the same for all
    singles = [
        stepper(env)(key, state, action, rules)
        for state, action in zip(states, actions, strict=True)
    ]
    batch = jax.jit(jax.vmap(env.step, in_axes=(None, 0, 0, None)))
    assert equal(batch(key, stacked(states), stacked(actions), rules), stacked(singles))


def test_one_trace_serves_every_tick_and_all_rules(preset):
    env = crowd(preset)
    state = reset(env, 0)
    variations = (
        {},
        {"food_decay": 2, "reach": -1},
        {"regrow_probability": 0.5, "max_population": 3},
        {"experience_thresholds": np.arange(99) * 10, "water_level": 0.1},
    )
    for tick, changed in enumerate(variations):
        rules = env.default_rules(**changed)
        state = stepper(env)(jax.random.key(tick), state, act(env, state, tick), rules)[1]
    assert TRACES[env] == 1


def test_a_batch_of_rules_plays_that_many_games(preset):
    env = crowd(preset)
    variations = [
        {},
        {"food_decay": 3},
        {"initial_immunity": 0, "spawn_attempts": 2},
        {"regrow_probability": 1.0},
        {"max_hit": 7, "hit_base": 300},
        {"max_population": 2},
    ]
    rules = [env.default_rules(**changed) for changed in variations]
    start = observer(env)(random_world(env, 3), rules[0])[1]
    batch = jax.jit(jax.vmap(env.step, in_axes=(None, 0, 0, 0)))
    singles = [start] * len(rules)
    many = stacked(singles)
    for tick in range(8):
        key = jax.random.key(tick)
        actions = [act(env, state, tick) for state in singles]
        many = batch(key, many, stacked(actions), stacked(rules))[1]
        singles = [
            stepper(env)(key, state, action, each)[1]
            for state, action, each in zip(singles, actions, rules, strict=True)
        ]
    assert equal(many, stacked(singles))
    digests = {tuple(np.asarray(digester(env)(state)).tolist()) for state in singles}
    assert len(digests) == len(variations)


SCRIPT = """
import jax, jaxmmo, sys
env = jaxmmo.make(sys.argv[1], height=15, width=15, border=2, vision=5, capacity=8)
obs, state = jax.jit(env.reset)(jax.random.key(7))
step = jax.jit(env.step)
for tick in range(20):
    action = env.noop().replace(move=state.players.id % 5, target=state.players.id % 2)
    obs, state, *_ = step(jax.random.key(tick), state, action)
print(env.digest(state).tolist(), int(state.players.alive.sum()))
"""


def test_one_seed_gives_one_world_in_every_process(preset):
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, preset],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        for seed in (0, 1)
    ]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    assert runs[0].stdout == runs[1].stdout
    digest = runs[0].stdout.splitlines()[-1]
    assert digest.startswith("[") and not digest.endswith(" 0")


def widened(state: WorldState, env) -> WorldState:
    """The same world in an environment with more slots."""
    extra = env.config.capacity - state.players.alive.shape[0]

    def widen(table):
        return jax.tree.map(lambda x: jnp.pad(x, [(0, extra)] + [(0, 0)] * (x.ndim - 1)), table)

    return state.replace(players=widen(state.players), lives=widen(state.lives))


def shuffled(state: WorldState, seed: int) -> WorldState:
    """The same world with everybody, and every empty slot, in another place."""
    order = np.random.default_rng(seed).permutation(state.players.alive.shape[0])
    move = lambda table: jax.tree.map(lambda x: x[order], table)  # noqa: E731
    return state.replace(players=move(state.players), lives=move(state.lives))


def by_id(state, obs):
    """Everybody's observations, in the order of ids."""
    alive = np.asarray(state.players.alive)
    order = np.argsort(np.where(alive, state.players.id, 2**31 - 1))[: alive.sum()]
    return [np.asarray(leaf)[order] for leaf in jax.tree.leaves(obs)]


def test_capacity_and_the_order_of_slots_change_nothing(preset):
    small, large = crowd(preset), crowd(preset, 40)
    rules = small.default_rules(max_population=10, spawn_attempts=2)
    narrow = random_world(small, 5, garbage=False)
    wide = shuffled(widened(narrow, large), 0)
    obs, narrow = observer(small)(narrow, rules)
    for tick in range(25):
        others, wide = observer(large)(wide, rules)
        assert np.array_equal(digester(small)(narrow), digester(large)(wide)), tick
        left, right = by_id(narrow, obs), by_id(wide, others)
        assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True)), tick
        key = jax.random.key(tick)
        obs, narrow, *_ = stepper(small)(key, narrow, act(small, narrow, tick), rules)
        _, wide, *_ = stepper(large)(key, wide, act(large, wide, tick), rules)
        wide = shuffled(wide, tick)
    assert int(narrow.lost_spawns) == int(wide.lost_spawns) == 0
    assert int(narrow.players.alive.sum()) > 0


def test_empty_slots_may_hold_anything(preset):
    env = crowd(preset)
    rules = env.default_rules(max_population=SLOTS)
    step = stepper(env)
    for seed in range(4):
        clean, dirty = (random_world(env, seed, garbage) for garbage in (False, True))
        (seen, clean), (seen_too, dirty) = (observer(env)(state, rules) for state in (clean, dirty))
        assert not bool(clean.players.alive.all())
        assert equal(seen, seen_too)
        for tick in range(4):
            key = jax.random.key(tick)
            clean_out = step(key, clean, act(env, clean, tick), rules)
            dirty_out = step(key, dirty, act(env, dirty, tick), rules)
            (seen, clean), (seen_too, dirty) = clean_out[:2], dirty_out[:2]
            assert np.array_equal(digester(env)(clean), digester(env)(dirty))
            assert equal(seen, seen_too)
            assert equal(clean_out[2:5], dirty_out[2:5])  # reward, terminated, truncated
            assert equal(clean_out[5].events.deaths, dirty_out[5].events.deaths)
            assert equal(clean_out[5].illegal, dirty_out[5].illegal)


def test_the_digest_tells_worlds_apart(preset):
    env = crowd(preset)
    state = random_world(env, 0)
    players, land = state.players, state.terrain
    slot = int(np.argmax(players.alive))
    altered = [
        state.replace(tick=state.tick + 1),
        state.replace(next_id=state.next_id + 1),
        state.replace(players=players.replace(food=players.food.at[slot].add(1))),
        state.replace(players=players.replace(experience=players.experience.at[slot, 6].add(1))),
        state.replace(lives=state.lives.replace(distance=state.lives.distance.at[slot].add(1))),
        state.replace(terrain=land.replace(ripe_at=land.ripe_at.at[3, 3].set(999))),
        state.replace(terrain=land.replace(tile=land.tile.at[3, 3].add(1))),
    ]
    digests = {tuple(np.asarray(digester(env)(world)).tolist()) for world in (state, *altered)}
    assert len(digests) == len(altered) + 1
    empty = int(np.argmin(players.alive))
    same = state.replace(players=players.replace(food=players.food.at[empty].add(1)))
    assert np.array_equal(digester(env)(state), digester(env)(same))
