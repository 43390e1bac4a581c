"""What an agent does follows from its world and its id: nothing about storage changes it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting, scripted
from jaxmmo.agents.network import build
from jaxmmo.io import decisions
from jaxmmo.learning.rollout import rollout

TICKS = 24
SIZES: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 4,
    "num_populations": 4,
    "max_visible": 8,
    "initial_population": 12,
    "max_spawns": 2,
}


def policy_of(name, env):
    return build(env.spec, groups=4) if name == "network" else scripted.get(name, env)


def live(name, *, capacity=16, chunk=16, numbers=(0, 1), permute=False):
    """Digests u32[B, 2] of worlds after a while, and what was counted."""
    env = jaxmmo.make(**SIZES, capacity=capacity)
    rules = env.default_rules(max_population=16)
    policy = policy_of(name, env)

    @jax.jit
    def run(key):
        keys = jax.random.split(key, 3)
        begin = jax.vmap(jax.random.fold_in, (None, 0))(keys[0], jnp.array(numbers))
        worlds = acting.start(env, rules, policy, begin)
        if permute:
            worlds = shuffled(env, rules, worlds)
        params = policy.init(keys[1])
        after, _, tally = rollout(
            env,
            rules,
            policy,
            params,
            worlds,
            keys[2],
            ticks=TICKS,
            chunk=chunk,
            numbers=jnp.array(numbers),
        )
        return jax.vmap(env.digest)(after.state), tally

    digests, tally = run(jax.random.key(3))
    assert tally.steps > 100
    return np.asarray(digests)


def shuffled(env, rules, worlds):
    """The same worlds, their agents in other slots."""
    order = jax.random.permutation(jax.random.key(9), env.config.capacity)

    def move(state):
        players, lives = jax.tree.map(lambda x: x[order], (state.players, state.lives))
        return env.observe(state.replace(players=players, lives=lives), rules)

    obs, state = jax.vmap(move)(worlds.state)
    return worlds.replace(obs=acting.join(obs), state=state)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("random", marks=pytest.mark.campaign),
        pytest.param("network", marks=pytest.mark.slow),
    ],
)
def test_neither_chunks_nor_slots_nor_capacity_nor_neighbours_change_what_anybody_does(name):
    usual = live(name)
    assert not np.array_equal(usual[0], usual[1])
    other = live(name, capacity=23, chunk=7, numbers=(1, 5, 0), permute=True)
    np.testing.assert_array_equal(other[[2, 0]], usual)


def test_draws_are_uniform_differ_by_world_agent_head_and_tick_and_follow_the_id_alone():
    spec = jaxmmo.make(**SIZES, capacity=16).spec
    ids = jnp.arange(4096)
    numbers = np.asarray(acting.uniform(spec, jax.random.key(0), ids))
    assert numbers.shape == (4096, len(spec.heads))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.stack([np.histogram(column, 16, (0, 1))[0] for column in numbers.T])
    assert np.all(np.sum((counts - 256) ** 2 / 256, 1) < 45)  # chi squared, 15 degrees, p < 1e-4
    assert np.all(np.abs(np.corrcoef(numbers.T) - np.eye(len(spec.heads))) < 0.07)
    reversed_ = acting.uniform(spec, jax.random.key(0), ids[::-1])
    np.testing.assert_array_equal(reversed_, numbers[::-1])
    other = np.asarray(acting.uniform(spec, jax.random.key(1), ids))
    assert np.mean(other == numbers) < 0.01


def test_given_numbers_decide_as_cumulative_weights_say():
    env = jaxmmo.make(**SIZES, capacity=16)
    obs, _ = jax.jit(env.reset)(jax.random.key(0))
    logits = decisions.uniform(env.spec, (16,))
    legal = np.asarray(obs.masks.move)
    alive = legal.any(-1)
    for number in (0.0, 0.5, 1 - 2.0**-24):
        numbers = jnp.full((16, len(env.spec.heads)), number)
        move = np.asarray(decisions.choose(numbers, env.spec, logits, obs.masks).move)
        for row in np.flatnonzero(alive):
            choices = np.flatnonzero(legal[row])
            assert move[row] == choices[int(number * len(choices))]
