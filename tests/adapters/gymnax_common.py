"""What holds of both forms of gymnax; the two cannot be installed side by side."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from gymnax.environments.environment import Environment as Base

from jaxmmo.adapters import gymnax as adapter
from tests.adapters.worlds import HUNGRY, SECOND, SMALL


@functools.cache
def make(preset="JaxMMO-v1", **settings):
    second = preset in SECOND
    settings = {"horizon": 10, "pool": 2 if second else 3} | settings
    if second:
        return adapter.make(preset, **({"actions": "multi"} | settings), **HUNGRY)
    return adapter.make(preset, **settings, **SMALL)


def check_interface(preset: str, form: int) -> None:
    env, params = make(preset)
    assert isinstance(env, Base) and env.form == form and env.name == preset
    obs, state = env.reset(jax.random.PRNGKey(0), params)
    space = env.observation_space(params)
    assert obs.shape == (env.num_agents, *space.shape) and obs.dtype == space.dtype
    assert env.action_space(params).n == env.num_actions == env.action_mask(state).shape[-1]
    assert len(env.step(jax.random.PRNGKey(1), state, jnp.zeros(6, jnp.int32), params)) == form


def play(ticks: int, **settings):
    """Random actions; yields who lived before, and what the step returned."""
    env, params = make(**settings)
    _, state = env.reset(jax.random.key(2), params)
    sample = jax.jit(jax.vmap(env.action_space(params).sample))
    for tick in range(ticks):
        alive = np.asarray(state.world.players.alive)
        key = jax.random.key(tick)
        actions = sample(jax.random.split(key, env.num_agents))
        told = env.step(key, state, actions, params)
        state = told[1]
        yield tick, alive, told


def check_second_game(preset: str, form: int) -> None:
    """Its heads, and how its lives and worlds end, in six values or in five."""
    env, params = make(preset)
    assert env.form == form and env.num_actions == sum(env.layout.choices)
    obs, state = env.reset(jax.random.key(0), params)
    assert obs.shape == (4, *env.observation_space(params).shape)
    mask = np.asarray(env.action_mask(state))
    assert mask.shape == (4, env.num_actions) and mask[:, 0].all()
    deaths, begun = 0, 0
    for _, alive, (obs, state, reward, *ends, info) in play(24, preset=preset):
        over = bool(info["over"])
        after = np.asarray(state.world.players.alive)
        last = np.asarray(info["final_observation"]).any(-1)
        done = np.asarray(ends[0] if form == 5 else ends[0] | ends[1])
        died = alive & ~last
        np.testing.assert_array_equal(info["acted"], alive)
        np.testing.assert_array_equal(np.asarray(obs).any(-1), after)
        np.testing.assert_array_equal(np.asarray(reward) == -1, died)
        if form == 6:
            np.testing.assert_array_equal(ends[0], died)
            assert not (np.asarray(ends[0]) & np.asarray(ends[1])).any()
        assert over == (int(state.time) == 0) and (done[died]).all()
        if over:
            np.testing.assert_array_equal(info["newborn"], after)
            np.testing.assert_array_equal(done, alive)
        elif preset == SECOND[0]:
            assert not np.asarray(info["newborn"]).any() and after.any()
        else:
            np.testing.assert_array_equal(info["newborn"], died)
            assert after.all()
        deaths, begun = deaths + died.sum(), begun + over
    assert deaths > 3 and begun >= 2


def check_rules_are_parameters() -> None:
    """They change without compiling anew, and differ from world to world under `vmap`."""
    env, params = make()
    traced = []

    @jax.jit
    def step(key, state, action, params):
        traced.append(None)
        return env.step(key, state, action, params)

    _, state = env.reset(jax.random.key(0), params)
    nothing = jnp.zeros(6, jnp.int32)
    water = []
    for decay in (0, 3):
        harsh = params.replace(rules=params.rules.replace(water_decay=jnp.int32(decay)))
        told = step(jax.random.key(1), state, nothing, harsh)
        water.append(int(told[1].world.players.water.sum()))
    assert len(traced) == 1 and water[0] > water[1] + 3
    short = params.replace(max_steps_in_episode=jnp.int32(1))
    assert bool(step(jax.random.key(1), state, nothing, short)[-1]["over"])
    assert len(traced) == 1


def check_worlds_under_vmap() -> None:
    env, params = make()
    obs, state = jax.vmap(env.reset, (0, None))(jax.random.split(jax.random.key(0), 3), params)
    step = jax.jit(jax.vmap(env.step, (0, 0, 0, None)))
    for tick in range(12):
        keys = jax.random.split(jax.random.key(tick), 3)
        told = step(keys, state, jnp.zeros((3, 6), jnp.int32), params)
        obs, state = told[:2]
        assert told[-1]["over"].all() == (tick == 9)
    assert obs.shape[:2] == (3, 6)
