"""What must hold for every world: exactness, identity, and no trace of empty slots."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, SystemId
from jaxmmo.env.random import words
from jaxmmo.env.state import WorldState
from jaxmmo.env.state.table import columns
from jaxmmo.records import Record
from tests.env.generate import random_world
from tests.env.worlds import (
    GAMES,
    PRESETS,
    TRACES,
    V1,
    V13,
    crowd,
    digester,
    observer,
    reset,
    stepper,
)
from tests.games import ENDLESS, SECOND_GAME, sized

SLOTS = 12

presets = pytest.mark.parametrize("preset", PRESETS)
games = pytest.mark.parametrize("preset", GAMES)


def act(env, state, seed):
    """Actions that depend on who an agent is, not on its slot."""
    ids = state.players.id
    first, second = words(jax.random.key(seed), SystemId.POPULATE, ids)
    action = {
        "move": (first % NUM_MOVES).astype(jnp.int32),
        "style": ((first >> 8) % NUM_STYLES).astype(jnp.int32),
        "target": (second % env.config.max_visible).astype(jnp.int32),
    }
    for head in env.spec.heads:
        if head.name not in action:
            action[head.name] = ((second >> 8) % env.spec.choices(head)).astype(jnp.int32)
    return action


def equal(left, right):
    """Whether two pytrees of arrays are the same to the bit, in structure and types too."""
    assert jax.tree.structure(left) == jax.tree.structure(right)
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    )


def stacked(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *jax.device_get(trees))


one_at_once = pytest.mark.parametrize("preset", [V1, pytest.param(V13, marks=pytest.mark.slow)])
"""Both, but where much is compiled the second one only if there is time."""


@pytest.mark.campaign  # other slow tests run a tick without compiling it
@presets
def test_compiled_and_eager_steps_are_equal(preset):
    env = crowd(preset)
    rules = env.default_rules()
    _, state = observer(env)(random_world(env, 0), rules)
    key, action = jax.random.key(1), act(env, state, 2)
    assert equal(stepper(env)(key, state, action, rules), env.step(key, state, action, rules))


@one_at_once
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


@presets
def test_one_trace_serves_every_tick_and_all_rules(preset):
    env, traced = crowd(preset), 0
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
        if tick == 0:
            traced = TRACES[env]  # here, or by another test, or by both with caches cleared between
    assert TRACES[env] == traced


@one_at_once
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


def printed(script, *words):
    """What two processes print whose sets of names have different orders."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, *words],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        for seed in (0, 1)
    ]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr + runs[1].stderr
    return [run.stdout for run in runs]


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


@pytest.mark.parametrize(
    "preset",
    [pytest.param(V1, marks=pytest.mark.slow), pytest.param(V13, marks=pytest.mark.campaign)],
)
def test_one_seed_gives_one_world_in_every_process(preset):
    first, second = printed(SCRIPT, preset)
    assert first == second
    digest = first.splitlines()[-1]
    assert digest.startswith("[") and not digest.endswith(" 0")


LOWERED = """
import hashlib, jax, json, jaxmmo, sys
env = jaxmmo.make(sys.argv[1], **json.loads(sys.argv[2]))
_, state = jax.eval_shape(env.reset, jax.random.key(0))
for program in (jax.jit(env.reset).lower(jax.random.key(0)),
                jax.jit(env.step).lower(jax.random.key(0), state, env.noop())):
    print(hashlib.sha256(program.as_text().encode()).hexdigest())
"""


@pytest.mark.parametrize("preset", [V1, ENDLESS, pytest.param(SECOND_GAME, marks=pytest.mark.slow)])
def test_a_program_is_the_same_in_every_process(preset):
    """Only then does the compilation cache find it."""
    first, second = printed(LOWERED, preset, json.dumps(sized(preset)))
    assert len(first.split()) == 2
    assert first == second


def rearranged(state: WorldState, env, places: dict[str, np.ndarray]) -> WorldState:
    """The same world with everything in other slots, which are those of `env`.

    Lives go with their players, and references with what they refer to. What the latest observation
    showed is forgotten: observe it anew.

    Args:
      places: i32[N] by table, where each of its slots goes.
    """
    fresh = env.preset.empty_state(state.terrain)

    def moved(table, into, where):
        """A table in new places, its references pointing to where things are now."""
        written = {}
        for name, column in columns(type(table)).items():
            value = getattr(table, name)
            if column.refers is not None:
                size = len(places[column.refers])
                there = np.append(places[column.refers], env.preset.slots(column.refers))
                inside = (value >= 0) & (value <= size)  # an empty slot may hold anything
                value = np.where(inside, there[np.clip(value, 0, size)], value)
            written[name] = np.array(getattr(into, name))
            written[name][where] = value
        return table.replace(**written)

    players = places["bodies"][: state.lives.distance.shape[0]]
    tables = {
        name: moved(table, fresh.tables[name], places[name]) for name, table in state.tables.items()
    }
    return state.replace(
        bodies=moved(state.bodies, fresh.bodies, places["bodies"]),
        lives=moved(state.lives, fresh.lives, players),
        tables=Record(tables),
        views=fresh.views,
    )


def shuffled(state: WorldState, env, seed: int) -> WorldState:
    """The same world with everybody in a random slot of `env`: players stay among the players."""
    rng = np.random.default_rng(seed)
    capacity, players = env.config.capacity, state.lives.distance.shape[0]
    others = state.bodies.alive.shape[0] - players
    places = {
        name: rng.permutation(table.alive.shape[0]) for name, table in sorted(state.tables.items())
    }
    places["bodies"] = np.concatenate(
        [rng.permutation(capacity)[:players], capacity + rng.permutation(others)]
    )
    return rearranged(state, env, places)


def by_id(state, obs):
    """Everybody's observations, in the order of ids."""
    alive = np.asarray(state.players.alive)
    order = np.argsort(np.where(alive, state.players.id, 2**31 - 1))[: alive.sum()]
    return [np.asarray(leaf)[order] for leaf in jax.tree.leaves(obs)]


@games
def test_capacity_and_the_order_of_slots_change_nothing(preset):
    small, large = crowd(preset), crowd(preset, 40)
    rules = small.default_rules(max_population=10, spawn_attempts=2)
    narrow = random_world(small, 5, garbage=False)
    wide = shuffled(narrow, large, 0)
    obs, narrow = observer(small)(narrow, rules)
    for tick in range(25):
        others, wide = observer(large)(wide, rules)
        assert np.array_equal(digester(small)(narrow), digester(large)(wide)), tick
        left, right = by_id(narrow, obs), by_id(wide, others)
        assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True)), tick
        key = jax.random.key(tick)
        obs, narrow, *_ = stepper(small)(key, narrow, act(small, narrow, tick), rules)
        _, wide, *_ = stepper(large)(key, wide, act(large, wide, tick), rules)
        wide = shuffled(wide, large, tick)
    assert int(narrow.lost_spawns) == int(wide.lost_spawns) == 0
    assert int(narrow.players.alive.sum()) > 0


def named(state: WorldState, name: str) -> list[np.ndarray]:
    """A table's living rows in the order of ids, with the ids of what they refer to."""
    table = state.table(name)
    alive = np.asarray(table.alive)
    order = np.argsort(np.where(alive, table.id, 2**31 - 1))[: alive.sum()]
    rows = []
    for column, declared in columns(type(table)).items():
        value = np.asarray(getattr(table, column))
        if declared.refers is not None:
            ids = np.append(state.table(declared.refers).id, -1)
            value = ids[np.where(table.alive, value, -1)]
        rows.append(value[order])
    return rows


def told(state: WorldState, answer) -> list[np.ndarray]:
    """What a step tells of everybody who was there, in the order of ids."""
    _, after, reward, terminated, truncated, info = answer
    attacks = info.events.attacks
    ids = np.append(after.bodies.id, -1)
    events = info.events.replace(attacks=attacks.replace(target=ids[attacks.target]))
    there = np.asarray(state.bodies.alive | info.events.newborn)
    order = np.argsort(np.where(there, after.bodies.id, 2**31 - 1))[: there.sum()]
    count = len(reward)
    players = order[order < count]
    leaves = jax.tree.leaves((reward, terminated, truncated, info.acted, info.illegal, events))
    return [np.asarray(x)[players if len(x) == count else order] for x in leaves]


@games
@given(seed=st.integers(0, 2**16))
@settings(max_examples=12, deadline=None)
def test_what_happens_to_whom_does_not_depend_on_their_slots(preset, seed):
    env = crowd(preset)
    rules = env.default_rules(max_population=SLOTS, spawn_attempts=2)
    state = random_world(env, seed)
    twin = shuffled(state, env, seed)
    for tick in range(3):
        answers = []
        for each in (state, twin):
            _, seen = observer(env)(each, rules)
            action = act(env, seen, seed + tick)
            answers.append((seen, stepper(env)(jax.random.key(tick), seen, action, rules)))
        for here, there in zip(*(told(*answer) for answer in answers), strict=True):
            np.testing.assert_array_equal(here, there)
        state, twin = (answer[1] for _, answer in answers)
        for table in ("bodies", *state.tables):
            for here, there in zip(named(state, table), named(twin, table), strict=True):
                np.testing.assert_array_equal(here, there)
        here, there = (by_id(each, each.lives) for each in (state, twin))
        assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
        assert np.array_equal(digester(env)(state), digester(env)(twin))
        twin = shuffled(twin, env, tick)


@games
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


def variants(state: WorldState, name: str, slot: int):
    """The state with one entry of each column of a table changed, by column."""
    table = getattr(state, name) if name in ("bodies", "lives") else state.tables[name]
    for column in columns(type(table)):
        value = getattr(table, column)
        place = (slot, *(0 for _ in value.shape[1:]))
        other = ~value[place] if value.dtype == bool else value[place] ^ 1
        changed = table.replace(**{column: value.at[place].set(other)})
        if name in ("bodies", "lives"):
            yield column, state.replace(**{name: changed})
        else:
            yield column, state.replace(tables=state.tables.replace(**{name: changed}))


@games
def test_the_digest_tells_worlds_apart(preset):
    env = crowd(preset)
    state = random_world(env, 0)
    land = state.terrain
    altered = [
        state.replace(tick=state.tick + 1),
        state.replace(next_id=state.next_id + 1),
        state.replace(terrain=land.replace(ripe_at=land.ripe_at.at[3, 3].set(999))),
        state.replace(terrain=land.replace(tile=land.tile.at[3, 3].add(1))),
    ]
    alive = {name: table.alive for name, table in state.tables.items()}
    alive |= {"bodies": state.bodies.alive, "lives": state.players.alive}
    known = np.asarray(digester(env)(state))
    for name, living in alive.items():
        altered += [world for _, world in variants(state, name, int(np.argmax(living)))]
        for column, same in variants(state, name, int(np.argmin(living))):
            if column != "alive":
                assert np.array_equal(digester(env)(same), known), column
    digests = {tuple(np.asarray(digester(env)(world)).tolist()) for world in (state, *altered)}
    assert len(digests) == len(altered) + 1
