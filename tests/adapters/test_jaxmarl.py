"""JaxMARL: its wrapper and the shape of its training scripts, lives and ends of worlds."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxmarl.environments.multi_agent_env import MultiAgentEnv
from jaxmarl.wrappers.baselines import LogWrapper

from jaxmmo.adapters.jaxmarl import Environment
from tests.adapters.scripts import trained
from tests.adapters.worlds import HUNGRY, SECOND, SMALL
from tests.games import FIRST_GAME


@functools.cache
def environment(preset="JaxMMO-v1", **settings) -> Environment:
    return Environment(preset, **({"horizon": 12, "pool": 3} | settings), **SMALL)


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_it_is_an_environment_of_jaxmarl(preset):
    env = environment(preset)
    assert isinstance(env, MultiAgentEnv) and env.name == preset
    obs, state = env.reset(jax.random.PRNGKey(0))
    assert list(obs) == env.agents == [f"agent_{i}" for i in range(6)]
    available = env.get_avail_actions(state)
    for agent in env.agents:
        space = env.observation_space(agent)
        assert obs[agent].shape == space.shape and obs[agent].dtype == space.dtype
        assert space.contains(obs[agent])
        assert available[agent].shape == (env.action_space(agent).n,)
        assert available[agent][0] or available[agent].any()
    assert env.agent_classes == {"agent": env.agents}


def test_lives_end_where_dones_say_and_the_world_begins_anew():
    env = environment()
    obs, state = env.reset(jax.random.key(1))
    deaths = ends = 0
    for tick in range(40):
        key = jax.random.key(tick)
        alive = np.asarray(state.world.players.alive)
        actions = {
            agent: env.action_space(agent).sample(jax.random.fold_in(key, i))
            for i, agent in enumerate(env.agents)
        }
        obs, state, rewards, dones, infos = env.step(key, state, actions)
        assert set(rewards) == set(env.agents) and set(dones) == {*env.agents, "__all__"}
        assert all(info.shape == (6,) for info in infos.values())
        np.testing.assert_array_equal(infos["acted"], alive)
        after = np.asarray(state.world.players.alive)
        for i, agent in enumerate(env.agents):
            assert bool(jnp.any(obs[agent] != 0)) == after[i]
            assert not dones[agent] or alive[i]
            if not dones["__all__"]:
                assert bool(dones[agent]) == (alive[i] and rewards[agent] == -1)
                assert bool(infos["newborn"][i]) == (after[i] and not alive[i])
                deaths += bool(dones[agent])
        over = bool(dones["__all__"])
        assert over == ((tick + 1) % 12 == 0)
        if over:
            ends += 1
            assert all(
                bool(dones[agent]) for agent, was in zip(env.agents, alive, strict=True) if was
            )
            np.testing.assert_array_equal(infos["newborn"], after)
            assert int(state.step) == int(state.world.tick) == 0
    assert deaths > 3 and ends == 3


def test_an_unavailable_action_does_nothing_and_all_others_are_legal():
    env = environment()
    _, state = env.reset(jax.random.key(3))
    for tick in range(6):
        masks = jnp.stack(list(env.get_avail_actions(state).values()))
        keys = jax.random.split(jax.random.key(tick), 6)
        logits = jnp.where(masks if tick % 2 else ~masks, 0.0, -jnp.inf)
        chosen = jax.vmap(jax.random.categorical)(keys, logits)
        actions = dict(zip(env.agents, chosen, strict=True))
        _, state, _, _, infos = env.step(jax.random.key(tick), state, actions)
        wrong = np.asarray(infos["illegal"])[np.asarray(infos["acted"])]
        assert not wrong.any() if tick % 2 else wrong.all()


@pytest.mark.parametrize("pool", [0, 3])
def test_new_worlds_come_from_the_pool_or_are_made(pool):
    env = environment(pool=pool, horizon=2)
    step = jax.jit(jax.vmap(env.step))
    _, state = jax.vmap(env.reset)(jax.random.split(jax.random.key(0), 4))
    maps = set()
    for tick in range(8):
        actions = {agent: jnp.zeros(4, jnp.int32) for agent in env.agents}
        keys = jax.random.split(jax.random.key(tick), 4)
        _, state, _, dones, _ = step(keys, state, actions)
        if dones["__all__"].all():
            maps |= {np.asarray(tile).tobytes() for tile in state.world.terrain.tile}
    assert 1 < len(maps) <= 3 if pool else len(maps) == 16


def test_a_chosen_state_is_reset_to():
    env = environment(horizon=1)
    _, state = env.reset(jax.random.key(0))
    _, other = env.reset(jax.random.key(9))
    actions = dict.fromkeys(env.agents, jnp.int32(0))
    _, after, _, _, _ = env.step(jax.random.key(1), state, actions, other)
    jax.tree.map(np.testing.assert_array_equal, after, other)


def test_a_training_script_of_its_shape_runs():
    """`LogWrapper`, worlds under `vmap`, agents batched and unbatched, `scan` over ticks."""
    obs, reward, done, info = rollout(environment(), ticks=24)
    assert obs.shape[:2] == (24, 18) and reward.shape == done.shape == (24, 18)
    assert info["returned_episode"][11].all() and info["returned_episode"][23].all()
    assert (info["returned_episode_lengths"][23] == 12).all()
    assert np.isfinite(obs).all() and done.any()


@pytest.mark.parametrize("preset", SECOND)
def test_a_training_script_of_its_shape_runs_in_the_second_game(preset):
    with pytest.raises(ValueError, match="use actions='multi'"):
        Environment(preset, **HUNGRY)
    horizon = 40 if preset == SECOND[0] else 12
    env = Environment(preset, horizon=horizon, pool=2, actions="multi", **HUNGRY)
    assert env.action_space("agent_0").shape == (13,)
    obs, reward, done, info = rollout(env, ticks=40, worlds=2)
    assert np.isfinite(obs).all()
    assert obs.shape == (40, 8, *env.observation_space("agent_0").shape)

    def by_agent(name):  # the scripts have worlds first here, and agents first elsewhere
        return np.asarray(info[name]).reshape(40, 2, 4).swapaxes(1, 2).reshape(40, 8)

    acted, newborn, over = map(by_agent, ("acted", "newborn", "returned_episode"))
    ended, seen = np.asarray(done), np.asarray(jnp.any(obs != 0, -1))
    np.testing.assert_array_equal(acted[1:], seen[:-1])  # who acts is who was there
    assert not (ended & ~acted).any() and newborn[over].all() and ended[over & acted].all()
    deaths = ended & ~over
    assert deaths.any() and (np.asarray(reward)[deaths] == -1).all()
    lasted = by_agent("returned_episode_lengths")[over]
    if preset == SECOND[0]:  # gone for good, and the world with the last of them
        assert not seen[deaths].any() and not newborn[~over].any()
        assert len(lasted) and lasted.max() < horizon
    else:  # in the same slot at once
        assert seen.all() and acted.all()
        np.testing.assert_array_equal(newborn, ended)
        assert over[11].all() and (lasted == horizon).all()


def rollout(env, ticks, worlds=3):
    """What JaxMARL's scripts collect from random actions, [ticks, agents * worlds]."""
    env = LogWrapper(env)
    agents, space = env.num_agents, env.action_space(env.agents[0])

    def batch(by_agent):
        return jnp.stack([by_agent[a] for a in env.agents]).reshape(agents * worlds, -1)

    def tick(carry, key):
        obs, state = carry
        chosen = jax.vmap(space.sample)(jax.random.split(key, agents * worlds))
        by_agent = chosen.reshape(agents, worlds, *space.shape)
        actions = {agent: by_agent[i] for i, agent in enumerate(env.agents)}
        obs, state, reward, done, info = jax.vmap(env.step)(
            jax.random.split(key, worlds), state, actions
        )
        info = jax.tree.map(lambda x: x.reshape(agents * worlds), info)
        return (obs, state), (batch(obs), batch(reward)[:, 0], batch(done)[:, 0], info)

    start = jax.vmap(env.reset)(jax.random.split(jax.random.PRNGKey(0), worlds))
    keys = jax.random.split(jax.random.PRNGKey(1), ticks)
    return jax.jit(lambda: jax.lax.scan(tick, start, keys))()[1]


def test_a_number_for_each_head():
    env = environment(actions="multi")
    _, state = env.reset(jax.random.key(0))
    space = env.action_space("agent_0")
    actions = dict.fromkeys(env.agents, space.sample(jax.random.key(0)))
    _, state, *_ = env.step(jax.random.key(1), state, actions)
    assert env.get_avail_actions(state)["agent_0"].shape == (5 + 3 + 6,)


def test_bad_input_is_refused():
    for bad in ({"horizon": None}, {"horizon": 0}, {"pool": -1}, {"actions": "any"}):
        with pytest.raises(ValueError, match="must be"):
            Environment(**bad, **SMALL)


def test_the_training_script_runs():
    small = ["--worlds", "2", "--capacity", "8", "--size", "24", "--ticks", "16"]
    trained("jaxmarl_ippo.py", *small)
