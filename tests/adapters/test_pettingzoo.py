"""PettingZoo's own tests, and what they do not ask: births, deaths, ends."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

import warnings
from typing import Any

import jax
import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test, render_test, seed_test
from pettingzoo.utils import parallel_to_aec

import jaxmmo
from jaxmmo.adapters.base import Layout
from jaxmmo.adapters.pettingzoo import parallel_env
from tests.adapters.scripts import trained
from tests.adapters.worlds import EMPTY, HUNGRY, SECOND, SMALL
from tests.games import FIRST_GAME

FORMS = [("flat", "multi"), ("dense", "joint")]


@pytest.mark.parametrize("preset", FIRST_GAME)
@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_its_api_test_passes(preset, form):
    observations, actions = form
    env = parallel_env(preset, horizon=200, observations=observations, actions=actions, **SMALL)
    parallel_api_test(env, num_cycles=120)


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_its_api_test_passes_to_the_end_of_a_world_that_starts_empty(preset):
    env = parallel_env(preset, horizon=40, **EMPTY)
    with warnings.catch_warnings():  # not everybody who might have been born was
        warnings.filterwarnings("ignore", "No agents present but not all possible_agents")
        parallel_api_test(env, num_cycles=60)


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_its_seed_tests_pass(preset):
    def make():
        return parallel_env(preset, horizon=64, **SMALL)

    parallel_seed_test(make, num_cycles=20)
    seed_test(lambda: parallel_to_aec(make()), num_cycles=5)


def test_its_render_test_passes(capsys):
    render_test(lambda **mode: parallel_to_aec(parallel_env(horizon=64, **SMALL, **mode)))
    assert capsys.readouterr().out.count("\n") >= 20  # "human" prints the map


def rollout(env, seed=0, ticks=10**6):
    """Plays random legal actions; yields what every step returned, and who acted."""
    observations, infos = env.reset(seed=seed)
    assert set(observations) == set(infos) == set(env.agents)
    for _ in range(ticks):
        if not env.agents:
            return
        acting = list(env.agents)
        actions = {a: env.action_space(a).sample(observations[a]["action_mask"]) for a in acting}
        result = env.step(actions)
        observations = result[0]
        yield acting, result


def test_every_life_is_born_once_acts_and_dies_or_sees_the_end():
    env = parallel_env(horizon=150, **SMALL)
    born, gone, lived = set(), {}, {}
    first = True
    for acting, (observations, rewards, terminations, truncations, infos) in rollout(env):
        born |= set(acting) if first else set()
        first = False
        keys = set(observations)
        assert keys == set(rewards) == set(terminations) == set(truncations) == set(infos)
        newborn = keys - set(acting)
        assert not newborn & born and set(acting) <= keys
        born |= newborn
        for agent in keys:
            done = terminations[agent] or truncations[agent]
            assert env.observation_space(agent).contains(observations[agent])
            assert infos[agent]["newborn"] == (agent in newborn)
            assert (agent in env.agents) == (not done)
            lived[agent] = lived.get(agent, 0) + (agent in acting)
            if agent in newborn:
                assert not done and rewards[agent] == 0
                assert observations[agent]["observation"].any()
            if terminations[agent]:
                assert not observations[agent]["observation"].any()
                assert rewards[agent] == -1 and infos[agent]["lifetime"] == lived[agent]
                assert infos[agent]["cause"] > 0
            if truncations[agent]:
                assert observations[agent]["observation"].any()
            if done:
                assert agent not in gone
                gone[agent] = "died" if terminations[agent] else "cut"
    assert set(gone) == born and {"died", "cut"} <= set(gone.values())
    assert born <= set(env.possible_agents)
    assert len(born) > 6  # slots were used again, names were not
    assert env.step({}) == ({}, {}, {}, {}, {})


def hungry(preset, horizon=30, **settings):
    """A small world of the second game; one form for each preset, so that it is compiled once."""
    observations = "flat" if preset == SECOND[0] else "dense"
    return parallel_env(preset, horizon=horizon, observations=observations, **HUNGRY, **settings)


@pytest.mark.parametrize("preset", SECOND)
def test_its_tests_pass_in_the_second_game(preset):
    with warnings.catch_warnings():  # not everybody who might have been born was
        if preset == SECOND[1]:
            warnings.filterwarnings("ignore", "No agents present but not all possible_agents")
        parallel_api_test(hungry(preset), num_cycles=40)
    parallel_seed_test(lambda: hungry(preset), num_cycles=10)
    seed_test(lambda: parallel_to_aec(hungry(preset)), num_cycles=5)
    env = hungry(preset, render_mode="rgb_array")
    env.reset(seed=0)
    drawn: Any = env.render()
    assert drawn.shape == (400, 400, 3)
    env.render_mode = "ansi"
    assert str(env.render()).count("\n") == 39


@pytest.mark.parametrize("preset", SECOND)
def test_lives_of_the_second_game_end_for_good_or_in_another(preset):
    env = hungry(preset)
    known, dead, cut, ticks = set(), set(), set(), 0
    first = ["agent_1", "agent_2", "agent_3", "agent_4"]
    for acting, (observations, rewards, terminations, truncations, infos) in rollout(env):
        known |= set(acting)
        ticks += 1
        died = {agent for agent in acting if terminations[agent]}
        cut = {agent for agent in acting if truncations[agent]}
        assert not died & cut and (ticks == 30 or not cut)
        newborn = set(observations) - set(acting)
        for agent in died:
            seen = observations[agent]
            assert not any(leaf.any() for leaf in jax.tree.leaves(seen["observation"]))
            assert [mask.sum() for mask in seen["action_mask"]] == [1] * 13
            assert rewards[agent] == -1 and infos[agent]["cause"] > 0
            assert env.observation_space(agent).contains(seen)
        slots = {infos[agent]["slot"] for agent in died}
        assert not newborn & known and newborn <= set(env.possible_agents)
        over = ticks == 30 or not env.agents
        # the dead of the one are gone, those of the other live on under another name
        assert {infos[agent]["slot"] for agent in newborn} == (
            slots if preset == SECOND[1] and not over else set()
        )
        for agent in newborn:
            assert infos[agent]["newborn"] and not terminations[agent] and rewards[agent] == 0
            iden, life = agent.removeprefix("agent_").split("_")
            assert f"agent_{iden}" + (f"_{int(life) - 1}" if life != "2" else "") in died
            assert env.observation_space(agent).contains(observations[agent])
        dead |= died
    if preset == SECOND[0]:
        assert known == dead == set(first) and ticks == int(env.world_state.tick) < 30
    else:
        assert len(known) > 8 and ticks == 30 and set(first) <= dead
        assert cut and not known - dead - cut
    assert env.agents == [] and env.step({}) == ({}, {}, {}, {}, {})


def test_an_empty_world_goes_on_until_somebody_lives_or_it_ends():
    """`agents` is empty at the end only."""
    lonely: dict[str, Any] = EMPTY | {"capacity": 1, "num_populations": 1}
    env = parallel_env(horizon=60, **lonely)
    generations = set()
    for acting, _ in rollout(env):
        generations |= set(acting)
        assert len(acting) == 1
    assert len(generations) > 2
    assert int(env.world_state.tick) == 60


def test_it_plays_the_same_world_as_the_environment_itself():
    env = parallel_env(horizon=30, observations="dense", **SMALL)
    _, infos = env.reset(seed=7)
    own = jaxmmo.make(**SMALL)
    key, sub = jax.random.split(jax.random.key(7))
    _, state = jax.jit(own.reset)(sub)
    step = jax.jit(own.step)
    rng = np.random.default_rng(0)
    for _ in range(12):
        assert (own.digest(env.world_state) == own.digest(state)).all()
        decided = rng.integers(0, 3, (6, 3)).astype(np.int32)
        action = Layout(own.spec, actions="multi").act(decided)
        slots = {agent: infos[agent]["slot"] for agent in env.agents}
        _, _, _, _, infos = env.step({a: decided[slot] for a, slot in slots.items()})
        key, sub = jax.random.split(key)
        _, state, *_ = step(sub, state, action)


def test_a_world_without_end_has_no_list_of_all_agents():
    assert not hasattr(parallel_env(horizon=None, **SMALL), "possible_agents")


def test_bad_input_is_refused():
    env = parallel_env(horizon=10, **SMALL)
    with pytest.raises(ValueError, match="call reset first"):
        env.step({})
    env.reset(seed=1)
    with pytest.raises(ValueError, match="'agent_9999', which does not live"):
        env.step({"agent_9999": np.zeros(3, int)})
    with pytest.raises(ValueError, match=r"must be integers \[3\]"):
        env.step({env.agents[0]: np.zeros(2, int)})
    with pytest.raises(ValueError, match="seed=-1"):
        env.reset(seed=-1)
    unknown: list[dict[str, Any]] = [
        {"observations": "raw"},
        {"actions": "any"},
        {"render_mode": "vr"},
        {"horizon": 0},
    ]
    for bad in unknown:
        with pytest.raises(ValueError, match="must be"):
            parallel_env(**bad, **SMALL)


def test_the_training_script_runs():
    small = ["--capacity", "16", "--size", "24", "--ticks", "24", "--horizon", "16"]
    trained("pettingzoo_ppo.py", *small)
