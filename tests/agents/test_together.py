"""Policies that share worlds do what each would do alone, and those of one structure are one."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting, scripted, together
from jaxmmo.agents.cores import Recurrent
from jaxmmo.agents.network import build
from jaxmmo.runs.setup import NetworkConfig, make_policy

SIZES: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 4,
    "num_populations": 4,
    "max_visible": 4,
    "capacity": 16,
    "initial_population": 12,
}


@pytest.mark.slow
def test_policies_that_share_worlds_do_what_each_would_do_there():
    env = jaxmmo.make(**SIZES)
    network = build(env.spec, core=Recurrent(8))
    named = dataclasses.replace(network, name="another name")
    params = [jax.jit(network.init)(jax.random.key(seed)) for seed in (1, 2)]
    contestants = [
        (network, params[0]),
        (scripted.get("forager", env), ()),
        (named, params[1]),
        (scripted.get("random", env), ()),
    ]
    shared = together.company(contestants)
    assert [len(jax.tree.leaves(p)) > 0 for p in shared.params] == [True, False, False]
    assert shared.number.tolist() == [0, 2, 1, 3]
    keys = jax.random.split(jax.random.key(0), 2)

    @jax.jit
    def begin(keys):
        worlds = acting.start(env, env.default_rules(), network, keys)
        carry = jax.tree.map(lambda x: x + 0.5, worlds.carry)
        return worlds.replace(carry=carry, reset=worlds.reset & False)

    worlds = begin(keys)
    player = np.asarray(worlds.state.players.population).reshape(-1) % 4
    place = jnp.asarray(shared.number[player])
    mixed = jax.jit(together.act, static_argnums=(0, 1, 5))(
        env, shared.policies, shared.params, worlds.replace(carry=(worlds.carry, (), ())), keys,
        3, place,
    )  # fmt: skip
    own = jax.jit(acting.act, static_argnums=(0, 1, 5))
    alive = np.asarray(worlds.obs.present[:, 0])
    assert set(player[alive]) == {0, 1, 2, 3}
    for index, (policy, parameters) in enumerate(contestants):
        here = worlds if policy.name not in scripted.names() else worlds.replace(carry=())
        alone = own(env, policy, parameters, here, keys, 16)
        mine = alive & (player == index)
        for one, other in zip(
            jax.tree.leaves((mixed.action, mixed.log_prob)),
            jax.tree.leaves((alone.action, alone.log_prob)),
            strict=True,
        ):
            np.testing.assert_allclose(one[mine], other[mine], rtol=1e-4)
        for kept, other in zip(
            jax.tree.leaves(mixed.carry[0]), jax.tree.leaves(alone.carry), strict=False
        ):
            np.testing.assert_allclose(kept[mine], other[mine], rtol=1e-4, atol=1e-6)
    for leaf in jax.tree.leaves(mixed.action):
        assert not np.any(np.asarray(leaf)[~alive])


def zeros_of(policy):
    shapes = jax.eval_shape(policy.init, jax.random.key(0))
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)


@pytest.mark.slow
def test_eight_policies_of_one_structure_are_one_program():
    env = jaxmmo.make(**SIZES)
    setting = NetworkConfig(populations="shared", features=4)
    made = [make_policy(env.spec, 4, setting) for _ in range(8)]
    params = zeros_of(made[0])
    other = make_policy(env.spec, 4, dataclasses.replace(setting, features=5))

    def program(policies):
        shared = together.company([(policy, params) for policy in policies])
        assert len(shared.policies) == 1

        def decide(keys, owner):
            worlds = acting.start(env, env.default_rules(), policies[0], keys)
            worlds = worlds.replace(carry=together.memory(shared.policies, 16))
            return together.act(env, shared.policies, shared.params, worlds, keys, 16, owner)

        keys = jax.random.split(jax.random.key(0), 1)
        traced = jax.make_jaxpr(decide)(keys, jnp.zeros(16, jnp.int32))
        return str(traced).count("dot_general")

    assert program(made) == program(made[:2]) > 0
    mixed = [(made[0], params), (other, zeros_of(other)), (made[1], params)]
    assert together.company(mixed).number.tolist() == [0, 2, 1]
    scripts = [(scripted.get(name, env), ()) for name in ("random", "careful", "random")]
    assert together.company(scripts).number.tolist() == [0, 1, 0]
