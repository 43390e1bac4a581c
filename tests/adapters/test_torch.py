"""Tensors over JAX's memory: the same numbers at the same address."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import jaxmmo
from jaxmmo import io
from jaxmmo.adapters.torch import Worlds, from_torch, same_memory, to_torch
from tests.adapters.scripts import trained
from tests.adapters.worlds import SMALL


@pytest.fixture(scope="module")
def world():
    env = jaxmmo.make(**SMALL)
    obs, state = jax.jit(env.reset)(jax.random.key(0))
    return env, obs, state


def test_everything_that_a_network_reads_is_shared_not_copied(world):
    env, obs, _ = world
    tables = jax.jit(lambda obs: io.dense(env.spec, obs))(obs)
    tensors = to_torch(tables)
    assert set(tensors) == set(tables)
    pairs = zip(jax.tree.leaves(tables), jax.tree.leaves(tensors), strict=True)
    dtypes = set()
    for array, tensor in pairs:
        assert isinstance(tensor, torch.Tensor) and tensor.shape == array.shape
        assert array.size == 0 or same_memory(array, tensor)
        np.testing.assert_array_equal(array, tensor.numpy())
        dtypes.add(tensor.dtype)
    assert dtypes == {torch.bool, torch.int32, torch.float32}


def test_a_step_is_shared_too(world):
    env, _, state = world
    told = jax.jit(env.step)(jax.random.key(1), state, env.noop())
    for array in (told[2], told[3], told[5].acted):
        assert same_memory(array, to_torch(array))


def test_decisions_come_back_without_a_copy(world):
    env, _, state = world
    chosen = torch.zeros((6, 3), dtype=torch.int32)
    array = from_torch(chosen)
    assert same_memory(array, chosen) and array.dtype == jnp.int32
    action = io.outputs(env.spec, array)
    jax.jit(env.step)(jax.random.key(1), state, action)


def test_what_jax_has_not_is_made_to_fit():
    assert from_torch(torch.tensor([1, 2])).dtype == jnp.int32
    assert from_torch(torch.tensor([1.0], dtype=torch.float64)).dtype == jnp.float32
    turned = torch.arange(6).reshape(2, 3).T
    np.testing.assert_array_equal(from_torch(turned), turned.numpy())
    learnt = torch.ones(2, requires_grad=True)
    np.testing.assert_array_equal(from_torch({"a": learnt})["a"], [1, 1])


def test_worlds_for_a_network_in_torch_tell_who_lives_and_who_died():
    worlds = Worlds(num_worlds=2, horizon=20, **SMALL)
    seen = worlds.reset(3)
    assert worlds.size == 12 and seen.observation.shape[0] == 12
    again = Worlds(num_worlds=2, horizon=20, **SMALL).reset(3)
    assert torch.equal(seen.observation, again.observation)
    deaths = cut = 0
    for _ in range(45):
        decisions = torch.stack(
            [torch.randint(0, worlds.spec.choices(h), (12,)) for h in worlds.spec.heads], -1
        ).int()
        before, (seen, told) = seen.living, worlds.step(decisions)
        assert torch.equal(told.acted, before)
        assert torch.equal(seen.observation.any(-1), seen.living)
        assert torch.equal(told.reward, -told.terminated.float())
        assert torch.equal(told.lifetime > 0, told.terminated)
        assert set(seen.masks) == {"move", "style", "target"}
        deaths, cut = deaths + int(told.terminated.sum()), cut + int(told.truncated.sum())
    assert deaths > 10 and cut > 0


def test_the_training_script_runs():
    small = ["--worlds", "2", "--capacity", "8", "--size", "24", "--ticks", "16"]
    trained("torch_ppo.py", *small)
