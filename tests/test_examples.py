"""The games that the documentation builds in a file of the user's own work like those that ship."""

from __future__ import annotations

import io
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents.network import build
from jaxmmo.agents.scripted import get
from jaxmmo.env.environment import Environment
from jaxmmo.env.state.slots import reorder, widen
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from jaxmmo.replay import Replay, ReplayWriter
from jaxmmo.viewer.world import World
from tests.env.generate import random_world
from tests.examples import FOLDER, INVENTORY, MUSHROOMS

GAMES = (MUSHROOMS, INVENTORY)
games = pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
inventory_first = pytest.mark.parametrize(
    "game",
    [INVENTORY, pytest.param(MUSHROOMS, marks=pytest.mark.slow)],
    ids=lambda game: game.name,
)
"""Both, but where much is compiled the smaller one only if there is time."""

SMALL: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 3,
    "capacity": 12,
    "num_populations": 2,
}
TICKS = 25


def environment(game: jaxmmo.Preset, **overrides) -> Environment:
    full: dict[str, Any] = {"initial_population": 12, "max_spawns": 2}
    return jaxmmo.make(game, **SMALL | full | overrides)


@pytest.fixture(scope="module")
def played() -> dict:
    """For each game its environment, compiled step, and a world after some ticks of foraging."""
    found = {}
    for game in GAMES:
        env = environment(game)
        rules = env.default_rules(spawn_attempts=2, regrow_probability=0.3)
        policy = get("forager", env)

        def tick(carry, key, env=env, rules=rules, policy=policy):
            obs, state = carry
            logits = policy.apply((), obs, (), state.players.alive).logits
            action = policy.decide(key, env.spec, logits, obs.masks)
            obs, state, _, _, _, info = env.step(key, state, action, rules)
            return (obs, state), (info.events, info.illegal)

        def live(key, env=env, rules=rules, tick=tick):
            keys = jax.random.split(key, 120)
            return jax.lax.scan(tick, env.reset(keys[0], rules), keys)

        (obs, state), (events, illegal) = jax.jit(live)(jax.random.key(0))
        found[game.name] = (env, rules, jax.jit(env.step), obs, state, events, illegal)
    return found


@pytest.mark.parametrize("name", ["mushrooms", "inventory"])
def test_the_file_is_short_and_is_the_page(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert len(text.splitlines()) < 60
    assert f"```python\n{text}```\n" in (FOLDER.parent / "extending.md").read_text()


def test_mushrooms_feed_and_poison(played):
    env, _, _, obs, state, events, illegal = played["Mushrooms"]
    eaten, damage = events.mushrooms["ate"], events.mushrooms["damage"]
    assert eaten.sum() >= 5 and damage.sum() > 10 and not illegal.any()
    assert 8 in np.asarray(state.terrain.material)
    poisoned = np.asarray(state.bodies.poison)[np.asarray(state.bodies.alive)]
    seen = env.spec.table("agent")["poison"]
    own = np.asarray(obs.tables["agent"].bits(seen))[:, 0][np.asarray(state.players.alive)]
    np.testing.assert_array_equal(own, poisoned)
    assert env.spec.tile[0].size == 9


def test_apples_are_found_and_used_for_the_apple_that_was_chosen(played):
    env, rules, step, obs, state, events, illegal = played["Inventory"]
    assert events.items_used["eaten"].sum() > 5 and not illegal.any()
    items, alive = state.tables["items"], np.asarray(state.bodies.alive)
    owned = np.asarray(items.owner)[np.asarray(items.alive)]
    assert len(owned) > 3 and alive[owned].all()
    shown, present = state.views["inventory"], obs.tables["inventory"].present
    np.testing.assert_array_equal(
        np.asarray(present).sum(1)[alive], np.bincount(owned, minlength=12)[alive].clip(max=4)
    )
    owner = int(owned[0])
    second = int(shown.slots[owner, 0])
    action = env.noop()
    action = action.replace(item=action.item.at[owner].set(1), use=action.use.at[owner].set(2))
    _, after, *_, info = step(jax.random.key(3), state, action, rules)
    assert not bool(info.illegal[owner]) and not bool(after.tables["items"].alive[second])
    nothing = env.noop()
    nothing = nothing.replace(use=nothing.use.at[owner].set(1))
    _, _, *_, info = step(jax.random.key(3), state, nothing, rules)
    assert bool(info.illegal[owner])  # to eat is legal given an apple, not given none


@games
def test_any_integers_are_safe_and_empty_slots_inert(played, game):
    env, rules, step, *_ = played[game.name]
    observe, digest = jax.jit(env.observe), jax.jit(env.digest)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        state = random_world(env, seed)
        action = {
            head.name: rng.integers(-(2**31), 2**31, 12).astype(np.int32) for head in env.spec.heads
        }
        clean = random_world(env, seed, garbage=False)
        worlds = [observe(s, rules)[1] for s in (state, clean)]
        results = [step(jax.random.key(seed), s, action, rules) for s in worlds]
        obs, after, reward, terminated, *_ = results[0]
        assert env.observation_space().contains(jax.device_get(obs))
        digests = [np.asarray(digest(result[1])) for result in results]
        np.testing.assert_array_equal(digests[0], digests[1])
        np.testing.assert_array_equal(reward, results[1][2])
        np.testing.assert_array_equal(terminated, results[1][3])
        for table in obs.tables.values():
            assert not np.asarray(table.words)[~np.asarray(after.players.alive)].any()


@inventory_first
def test_capacity_and_the_order_of_slots_change_nothing(played, game):
    env, rules, step, _, state, *_ = played[game.name]
    wide = environment(game, capacity=20, max_visible=12)
    more = wide.preset.empty_state(state.terrain)
    order = jnp.asarray(np.random.default_rng(0).permutation(12))
    moved = jax.jit(reorder, static_argnums=1)
    variants = [
        (env, state),
        (env, moved(state, "bodies", order)),
        (wide, jax.jit(widen)(state, more)),
    ]
    for name in state.tables:
        rows = state.tables[name].alive.shape[0]
        order = jnp.asarray(np.random.default_rng(1).permutation(rows))
        variants.append((env, moved(state, name, order)))
    digests = []
    compiled = {
        each: (
            jax.jit(each.observe),
            step if each is env else jax.jit(each.step),
            jax.jit(each.digest),
        )
        for each in (env, wide)
    }
    for each, world in variants:
        observe, advance, digest = compiled[each]
        world = observe(world, rules)[1]
        for tick in range(5):
            world = advance(jax.random.key(tick), world, each.noop(), rules)[1]
        digests.append(np.asarray(digest(world)))
    assert (np.stack(digests) == digests[0]).all()


@games
def test_worlds_are_saved_and_loaded(played, game, tmp_path):
    env, _, _, _, state, *_ = played[game.name]
    jaxmmo.save_state(tmp_path / "world.npz", env, state)
    again = jaxmmo.load_state(tmp_path / "world.npz", env)
    jax.tree.map(np.testing.assert_array_equal, state, again)


def test_a_batch_of_the_added_rules_plays_that_many_games(played):
    env, _, _, _, state, *_ = played["Mushrooms"]
    state = state.replace(bodies=state.bodies.replace(poison=jnp.full(12, 5)))
    rules = jax.vmap(lambda damage: env.default_rules(poison_damage=damage))(jnp.arange(3))
    games = jax.jit(jax.vmap(env.step, (None, None, None, 0)))
    _, _, _, _, _, info = games(jax.random.key(0), state, env.noop(), rules)
    alive = np.asarray(state.bodies.alive)
    damage = np.asarray(info.events.mushrooms["damage"])
    np.testing.assert_array_equal(damage, np.arange(3)[:, None] * alive)
    with pytest.raises(ValueError, match=r"poison_ticks=40: must be in \[0, 31\]"):
        env.default_rules(poison_ticks=40)


@pytest.mark.parametrize(
    "game",
    [
        pytest.param(INVENTORY, marks=pytest.mark.slow),
        pytest.param(MUSHROOMS, marks=pytest.mark.campaign),
    ],
    ids=lambda game: game.name,
)
def test_policies_learn_in_it(game):
    env = environment(game)
    learner = Learner(env, build(env.spec), LearnConfig(worlds=2, ticks=8, chunk=16, minibatch=64))
    state = jax.jit(learner.init)(jax.random.key(0))
    update = jax.jit(learner.update)
    first = state.params
    state, metrics = update(state)
    for _ in range(2):
        state, metrics = update(state)
    assert metrics["steps"] > 0 and np.isfinite(metrics["policy_loss"])
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), first, state.params)
    for head in env.spec.heads:
        assert any(jax.tree.leaves(moved[head.name])), head.name


@inventory_first
def test_recordings_hold_what_was_added_and_describe_it(played, game):
    env = environment(game)
    world = World(env, get("forager", env), (), seed=1)
    file = io.BytesIO()
    with ReplayWriter(file, env, world.rules, "a test", 1) as writer:
        writer.append(world.frame)
        for _ in range(TICKS):
            writer.append(world.step())
    replay = Replay(file.getvalue())
    names = {field.name for field in replay.header.fields}
    if game is MUSHROOMS:
        assert {"bodies.poison", "events.mushrooms.ate"} <= names
        assert replay.header.world["materials"][8]["name"] == "mushroom"
        assert "poison" in replay.header.world["tables"]["bodies"]["columns"]
    else:
        assert {"tables.items.owner", "tables.items.food", "events.items_used.eaten"} <= names
        assert (
            replay.header.world["tables"]["tables.items"]["columns"]["owner"]["refers"] == "bodies"
        )
    state = replay.state(TICKS, env)
    digest = jax.jit(env.digest)
    np.testing.assert_array_equal(digest(state), digest(world._live[1]))
