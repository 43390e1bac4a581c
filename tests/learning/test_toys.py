"""Learners solve worlds whose best return is known."""

import jax
import jax.numpy as jnp
import pytest

from jaxmmo.agents.network import build
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Learner
from tests.learning import toys

PPO = LearnConfig(worlds=2, ticks=16, minibatch=256, chunk=64, learning_rate=3e-3, gamma=0.9)
PG = PPO.replace(algorithm="pg")


def learn(env, config, updates):
    learner = Learner(env, build(env.spec), config)
    state = jax.jit(learner.init)(jax.random.key(0))
    advance = jax.jit(lambda s: jax.lax.scan(lambda s, _: learner.update(s), s, length=updates)[0])
    return learner, advance(state)


def probabilities(learner, state, place):
    """f32[choices]: what the policy does at a place."""
    env = learner.env
    seen = env.observe(
        toys.ToyState(
            jnp.zeros((), jnp.int32),
            jnp.full(env.capacity, place, jnp.int32),
            jnp.ones(env.capacity, bool),
        )
    )
    out = jax.jit(learner.policy.apply)(state.params, seen, (), jnp.zeros(env.capacity, bool))
    logits = jnp.where(seen.masks.move, out.logits["move"], -jnp.inf)
    return jax.nn.softmax(logits)[0], out.value[0]


both = pytest.mark.parametrize(
    "config",
    [pytest.param(PPO, id="ppo"), pytest.param(PG, id="pg", marks=pytest.mark.slow)],
)
slowly = pytest.mark.parametrize(
    "config",
    [
        pytest.param(PPO, id="ppo", marks=pytest.mark.slow),
        pytest.param(PG, id="pg", marks=pytest.mark.campaign),
    ],
)


@both
def test_bandit_finds_the_best_arm_and_its_value(config):
    learner, state = learn(toys.Bandit(), config, 60)
    chances, value = probabilities(learner, state, 0)
    assert chances[2] > 0.95
    assert abs(value - 1) < 0.1


@slowly
def test_masked_choice_follows_the_observation(config):
    learner, state = learn(toys.Matching(), config, 80)
    for place in range(3):
        chances, value = probabilities(learner, state, place)
        assert chances[place] > 0.9
        assert abs(value - 1) < 0.15
        assert chances[(place + 2) % 3] == 0
    _, value = probabilities(learner, state, 3)
    assert abs(value) < 0.15


@slowly
def test_chain_is_walked_to_its_end(config):
    learner, state = learn(toys.Chain(), config, 100)
    for place in range(4):
        chances, value = probabilities(learner, state, place)
        assert chances[1] > 0.9
        assert abs(value - 0.9 ** (3 - place)) < 0.15


@both
@pytest.mark.slow
def test_a_death_ticks_after_its_cause_is_learnt_to_be_avoided(config):
    learner, state = learn(toys.DelayedDeath(), config, 100)
    chances, value = probabilities(learner, state, 0)
    assert chances[2] > 0.9
    assert abs(value) < 0.15
    for place, known in ((1, -0.9), (2, -1.0), (3, 0.0)):  # doomed, about to die, safe
        _, value = probabilities(learner, state, place)
        assert abs(value - known) < 0.15
