"""Jumanji's own checks, its wrappers as clients, lives and ends of worlds."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jumanji.testing.env_not_smoke import check_env_does_not_smoke, check_env_specs_does_not_smoke
from jumanji.testing.pytrees import assert_is_jax_array_tree
from jumanji.wrappers import AutoResetWrapper, JumanjiToDMEnvWrapper, MultiToSingleWrapper

from jaxmmo.adapters.jumanji import Environment
from tests.adapters.worlds import HUNGRY, SECOND, SMALL
from tests.games import FIRST_GAME


@functools.cache
def environment(preset="JaxMMO-v1", horizon=12) -> Environment:
    return Environment(preset, horizon=horizon, **SMALL)


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_its_checks_pass(preset):
    check(environment(preset))


@pytest.mark.parametrize("preset", [pytest.param(SECOND[0], marks=pytest.mark.campaign), SECOND[1]])
def test_its_checks_pass_in_the_second_game(preset):
    env = Environment(preset, horizon=12, actions="multi", **HUNGRY)
    env.reset, env.step = jax.jit(env.reset), jax.jit(env.step)  # once for all checks
    state, timestep = check(env)
    assert env.action_spec.shape == (4, 13)
    assert env.render(state).shape == (400, 400, 3)
    deaths, tick, after = 0, 0, np.zeros(4, bool)
    for tick in range(12):
        alive = np.asarray(state.world.players.alive)
        key = jax.random.key(tick)
        state, timestep = env.step(state, jax.random.randint(key, (4, 13), 0, jnp.array(5)))
        after, seen = np.asarray(state.world.players.alive), timestep.observation
        died = np.asarray(timestep.reward) == -1
        np.testing.assert_array_equal(seen.acted, alive)
        np.testing.assert_array_equal(timestep.discount, after & ~died)
        np.testing.assert_array_equal(np.asarray(seen.agents_view).any(-1), after)
        np.testing.assert_array_equal(seen.newborn, after & (died | ~alive))
        assert after.all() if preset == SECOND[1] else not after[died].any()
        deaths += died.sum()
        if timestep.last():
            break
    # nobody is left, or the horizon is reached
    assert timestep.last() and deaths and (tick == 11) == after.any()


def check(env):
    """Jumanji's own checks; returns a state and the time step."""
    check_env_does_not_smoke(env)
    check_env_specs_does_not_smoke(env)
    state, timestep = jax.jit(env.reset)(jax.random.PRNGKey(0))
    # it walks trees as dm-tree does, which takes a table of arrays for one leaf
    assert_is_jax_array_tree(jax.tree.leaves(state))
    assert_is_jax_array_tree(jax.tree.leaves(timestep))
    env.reward_spec.validate(timestep.reward)
    env.discount_spec.validate(timestep.discount)
    assert env.env.preset.name in repr(env)
    return state, timestep


def test_discounts_and_steps_tell_deaths_from_the_end():
    env = environment()
    step = jax.jit(env.step)
    state, timestep = jax.jit(env.reset)(jax.random.key(1))
    assert timestep.first() and not timestep.observation.acted.any()
    deaths, after = 0, np.zeros(6, bool)
    for tick in range(12):
        alive = np.asarray(state.world.players.alive)
        actions = jax.random.randint(jax.random.key(tick), (6,), 0, env.layout.num_actions)
        state, timestep = step(state, actions)
        after, seen = np.asarray(state.world.players.alive), timestep.observation
        np.testing.assert_array_equal(seen.acted, alive)
        np.testing.assert_array_equal(seen.newborn, after & ~alive)
        np.testing.assert_array_equal(timestep.discount, after)
        np.testing.assert_array_equal(np.asarray(seen.agents_view).any(-1), after)
        died = alive & ~after
        np.testing.assert_array_equal(timestep.reward, np.where(died, -1.0, 0.0))
        assert int(seen.step_count) == tick + 1
        assert bool(timestep.last()) == (tick == 11)
        deaths += died.sum()
    assert deaths and after.any()  # whoever lives at the end has a discount of 1: a truncation


def test_its_wrappers_work():
    env = AutoResetWrapper(environment(horizon=3))
    state, timestep = jax.jit(env.reset)(jax.random.PRNGKey(0))
    step = jax.jit(env.step)
    for tick in range(1, 8):
        state, timestep = step(state, jnp.zeros(6, jnp.int32))
        assert int(timestep.observation.step_count) == tick % 3
    single = MultiToSingleWrapper(environment())
    state, _ = jax.jit(single.reset)(jax.random.PRNGKey(0))
    _, timestep = jax.jit(single.step)(state, jnp.zeros(6, jnp.int32))
    assert timestep.reward.shape == ()
    dm = JumanjiToDMEnvWrapper(environment())
    assert dm.reset().first()
    assert dm.step(dm.action_spec().generate_value()).reward.shape == (6,)


def test_a_world_is_drawn():
    env = environment()
    state, _ = jax.jit(env.reset)(jax.random.key(0))
    assert env.render(state).shape == (200, 200, 3)


def test_bad_input_is_refused():
    bad: tuple[Any, ...] = (None, -1)
    for horizon in bad:
        with pytest.raises(ValueError, match="must be"):
            Environment(horizon=horizon, **SMALL)
    large: dict[str, Any] = SMALL | {"capacity": 8192, "max_visible": 8192}
    with pytest.raises(ValueError, match="use actions='multi'"):
        Environment(**large)
