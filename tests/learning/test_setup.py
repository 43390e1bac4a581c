"""Networks chosen by name."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.runs.setup import NetworkConfig, make_policy

ENV = jaxmmo.make(
    height=32, width=32, capacity=8, num_populations=2, max_visible=4, initial_population=6
)


@pytest.mark.parametrize(
    "choice",
    [
        {"tiles": "convolution"},
        {"attributes": "attention"},
        {"tiles": "attention"},
        {"core": "lstm", "dtype": "bfloat16"},
        {"views": 1},
        {"views": 4},
        {"populations": "shared"},
    ],
    ids=lambda choice: "-".join(f"{k}={v}" for k, v in choice.items()),
)
@pytest.mark.slow
def test_every_choice_makes_another_network_that_acts_and_learns(choice):
    obs, state = jax.jit(ENV.reset)(jax.random.key(0))
    policy, default = (
        make_policy(ENV.spec, 2, c) for c in (NetworkConfig(**choice), NetworkConfig())
    )
    params, usual = (jax.jit(p.init)(jax.random.key(1)) for p in (policy, default))
    memory = policy.initial_carry((8,))
    newborn = jnp.zeros(8, bool)
    out = jax.jit(policy.apply)(params, obs, memory, newborn)
    plain = jax.jit(default.apply)(usual, obs, (), newborn)
    assert not np.allclose(out.logits["move"], plain.logits["move"], atol=1e-6)

    @jax.jit
    @jax.grad
    def slope(params):
        out = policy.apply(params, obs, memory, newborn)
        alive = state.players.alive[:, None]
        return jnp.sum(jnp.where(alive, jnp.square(out.logits["move"] - 1), 0))

    for leaf in jax.tree.leaves(slope(params)):
        assert np.all(np.isfinite(leaf))
    assert any(np.any(leaf) for leaf in jax.tree.leaves(slope(params)["move"]))


@pytest.mark.parametrize(
    "setting", ["attributes", "tiles", "views", "core", "populations", "dtype"]
)
def test_unknown_choices_are_refused_with_the_known_ones(setting):
    bad: Any = {setting: "other"}
    with pytest.raises(ValueError, match=rf"{setting}='other': must be one of \("):
        NetworkConfig(**bad)


def test_a_view_without_features_is_refused():
    with pytest.raises(ValueError, match="features=0: must be a positive integer"):
        NetworkConfig(features=0)
