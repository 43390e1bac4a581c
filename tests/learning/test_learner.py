"""The learner on the game itself, in small worlds."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting
from jaxmmo.agents.cores import Recurrent
from jaxmmo.agents.network import build
from jaxmmo.agents.populations import unshared
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Experience, Learner
from jaxmmo.learning.rollout import rollout

SMALL: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 9,
    "capacity": 16,
    "num_populations": 2,
}
CONFIG = LearnConfig(worlds=2, ticks=8, minibatch=32, chunk=8)


@functools.cache  # the same learner is compiled once
def make(policy_of=build, config=CONFIG):
    env = jaxmmo.make(**SMALL, initial_population=6)
    return Learner(env, policy_of(env.spec), config)


@functools.cache
def begun(learner):
    return jax.jit(learner.init)(jax.random.key(0))


@functools.cache
def played(learner):
    """What `rollout` answers: worlds, steps and a tally."""
    return jax.jit(lambda state: collect(learner, state))(begun(learner))


@functools.cache
def estimated(learner):
    """A batch and the variance of its returns, where nothing is expected after it."""
    _, steps, _ = played(learner)
    return jax.jit(learner.estimate)(steps, jnp.zeros(steps.acted.shape[1]))


def collect(learner, state, key=1):
    config = learner.config
    return rollout(
        learner.env,
        learner.rules,
        learner.policy,
        state.params,
        state.worlds,
        jax.random.key(key),
        ticks=config.ticks,
        chunk=config.chunk,
    )


def garbage(x, mask):
    """The array with nonsense wherever the mask is not set."""
    mask = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
    bad = jnp.nan if jnp.issubdtype(x.dtype, jnp.floating) else jnp.ones((), x.dtype)
    return jnp.where(mask, x, bad)


@pytest.mark.slow
def test_gradients_are_equal_whether_empty_slots_hold_zeros_or_garbage():
    learner = make()
    state = begun(learner)
    _, steps, _ = played(learner)
    assert not bool(jnp.all(steps.acted))
    last = jnp.zeros(steps.acted.shape[1])

    @jax.jit
    def after(steps):
        batch, variance = learner.estimate(steps, last)
        return learner.learn(state.params, state.opt_state, batch, variance, jax.random.key(2))

    acted = steps.acted
    littered = jax.tree.map(lambda x: garbage(x, acted), steps).replace(acted=acted)
    for one, other in zip(
        jax.tree.leaves(after(steps)), jax.tree.leaves(after(littered)), strict=True
    ):
        assert bool(jnp.all(jnp.isfinite(one)))
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_gradient_of_a_padded_minibatch_is_that_of_its_living_rows():
    learner = make()
    state = begun(learner)
    batch, variance = estimated(learner)
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), batch)
    living = jnp.flatnonzero(flat.steps.acted)
    only = jax.tree.map(lambda x: x[living], flat)
    grad = jax.jit(jax.grad(lambda p, b, w: learner.loss(p, b, variance, w)[0]))
    alone = grad(state.params, only, jnp.ones(len(living)))
    padded = grad(state.params, flat, flat.steps.acted.astype(jnp.float32))
    for one, other in zip(jax.tree.leaves(alone), jax.tree.leaves(padded), strict=True):
        # sums in another order, of the size of the largest entry
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * float(jnp.max(abs(one)) + 1))


@pytest.mark.parametrize("cell", ["feedforward", "recurrent"])
@pytest.mark.slow
def test_acting_in_chunks_is_acting_at_once_and_empty_slots_do_nothing(cell):
    learner = make(recurrent) if cell == "recurrent" else make()
    state = begun(learner)
    worlds, steps, _ = played(learner)
    out = jax.jit(learner.policy.apply)(state.params, worlds.obs, worlds.carry, worlds.reset)
    evaluate = jax.jit(lambda p, w: acting.values(learner.policy, p, w, learner.config.chunk))
    packed = evaluate(state.params, worlds)
    alive = worlds.obs.present[:, 0]
    np.testing.assert_allclose(packed, jnp.where(alive, out.value, 0), atol=1e-5)
    for choice in jax.tree.leaves(steps.action):
        assert not bool(jnp.any(jnp.where(steps.acted, 0, choice)))


@pytest.mark.slow
def test_nothing_illegal_is_ever_done():
    learner = make()
    _, _, tally = played(learner)
    assert tally.illegal == 0
    assert tally.steps > 0


def recurrent(spec):
    return build(spec, core=Recurrent(8))


@pytest.mark.parametrize(
    ("policy_of", "algorithm"),
    [
        pytest.param(build, "ppo", id="shared", marks=pytest.mark.slow),
        pytest.param(build, "pg", id="shared-pg", marks=pytest.mark.campaign),
        pytest.param(
            lambda spec: build(spec, groups=2), "ppo", id="heads", marks=pytest.mark.campaign
        ),
        pytest.param(
            lambda spec: unshared(build(spec), spec, 2, chunk=8),
            "ppo",
            id="unshared",
            marks=pytest.mark.slow,
        ),
        pytest.param(recurrent, "ppo", id="gru", marks=pytest.mark.slow),
    ],
)
def test_updates_change_parameters_and_compile_once(policy_of, algorithm):
    learner = make(policy_of, CONFIG.replace(algorithm=algorithm))
    traces = []

    @jax.jit
    def advance(state):
        traces.append(1)
        return learner.update(state)

    state, metrics = begun(learner), {}
    first = state.params
    for _ in range(2):
        state, metrics = advance(state)
    assert len(traces) == 1
    assert all(bool(jnp.isfinite(v)) for v in jax.tree.leaves(metrics))
    moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), first, state.params)
    assert all(jax.tree.leaves(moved))


@pytest.mark.parametrize("renewed", [0, 2])
def test_worlds_make_place_for_new_ones_in_turn(renewed):
    learner = make(config=CONFIG.replace(worlds=3, renewed=renewed))
    state = begun(learner)
    old = state.worlds
    old = old.replace(reset=jnp.zeros_like(old.reset))
    new = jax.jit(learner.renew)(old, jnp.int32(1), jax.random.key(5))
    kept = [0, 1, 2] if not renewed else [1]  # update 1 follows on the worlds 0 and 1 of update 0
    slots = learner.env.config.capacity
    for world in range(3):
        mine = slice(world * slots, (world + 1) * slots)
        same = jax.tree.map(lambda a, b, w=world: bool(jnp.all(a[w] == b[w])), old.state, new.state)
        assert all(jax.tree.leaves(same)) == (world in kept)
        assert bool(jnp.all(new.reset[mine])) == (world not in kept)
        maps = [worlds.state.terrain.material[world] for worlds in (old, new)]
        assert bool(jnp.all(maps[0] == maps[1])) == (world in kept)


@pytest.mark.slow
def test_annealing_takes_learning_rate_and_entropy_bonus_to_a_tenth():
    annealed = make(config=CONFIG.replace(anneal=10))
    shares = [float(annealed.anneal_factor(jnp.int32(update))) for update in (0, 5, 10, 99)]
    np.testing.assert_allclose(shares, [1, 0.55, 0.1, 0.1], rtol=1e-6)
    learner = make()
    state = begun(learner)
    batch, variance = estimated(learner)
    learn = jax.jit(learner.learn)
    moved = [
        jax.tree.map(
            jnp.subtract,
            learn(state.params, state.opt_state, batch, variance, jax.random.key(2), share)[0],
            state.params,
        )
        for share in (0.0, 1.0)
    ]
    assert not any(bool(jnp.any(x)) for x in jax.tree.leaves(moved[0]))
    assert any(bool(jnp.any(x)) for x in jax.tree.leaves(moved[1]))


def test_advantages_are_those_of_the_slots_lives():
    learner = make()
    _, steps, _ = played(learner)
    batch, _ = estimated(learner)
    assert isinstance(batch, Experience)
    died = steps.terminated
    np.testing.assert_allclose(batch.target[died], -1, atol=1e-5)
    assert not bool(jnp.any(batch.target[~steps.acted]))


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("algorithm", "dqn", "ppo"),
        ("worlds", 0, "positive"),
        ("gamma", 1.5, "[0, 1]"),
        ("minibatch", 2.5, "positive"),
        ("gama", 0.9, "gamma"),
    ],
)
def test_bad_settings_are_refused_with_what_is_allowed(field, value, allowed):
    with pytest.raises(ValueError, match=field) as error:
        LearnConfig().replace(**{field: value})
    assert allowed in str(error.value)
