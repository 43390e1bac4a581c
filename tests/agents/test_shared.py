"""Networks answer the same whether a table is there once a world or once an agent."""

import dataclasses
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting, entities, scripted2
from jaxmmo.agents.cores import Recurrent
from jaxmmo.agents.network import build
from jaxmmo.agents.populations import unshared
from jaxmmo.env import sharing
from jaxmmo.env.observation import blank
from jaxmmo.env.views.view import Rows, SharedRows
from jaxmmo.learning.config import LearnConfig
from jaxmmo.learning.learner import Experience, Learner
from jaxmmo.learning.rollout import Steps
from jaxmmo.records import Record
from jaxmmo.spec import Spec
from tests.env.test_sharing import EACH, ONE
from tests.games import ENDLESS, TINY_SECOND

ENV = jaxmmo.make(ENDLESS, **TINY_SECOND)
SPEC = ENV.spec
WORLDS, SLOTS = 3, 8
NETWORKS = {
    "market": (SPEC, "market", {}),
    "board": (
        ONE.spec,
        "board",
        {
            "entities": entities.QueryAttention(block=entities.SelfAttention()),
            "attributes": entities.PooledAttributes(8),
            "core": Recurrent(8),
        },
    ),
}
"""Spec, the shared table and the blocks of a network."""


def for_each(spec):
    """The spec with rows for every agent."""
    return dataclasses.replace(
        spec, tables=tuple(dataclasses.replace(t, shared=False) for t in spec.tables)
    )


def given_to_each(obs):
    """The observation with rows for every agent."""
    tables = {
        name: Rows(*(sharing.seen(obs, x) for x in vars(rows).values()))
        if isinstance(rows, SharedRows)
        else rows
        for name, rows in obs.tables.items()
    }
    return obs.replace(tables=obs.tables.replace(**tables))


def anything(spec, leading=(WORLDS, SLOTS)):
    """An observation of any bits; the last world has nothing in its shared table."""
    empty = blank(spec, leading)
    leaves, tree = jax.tree.flatten(empty)
    keys = jax.random.split(jax.random.key(0), len(leaves))
    leaves = [
        jax.random.bernoulli(key, 0.6, x.shape)
        if x.dtype == bool
        else jax.random.bits(key, x.shape).astype(x.dtype)
        for key, x in zip(keys, leaves, strict=True)
    ]
    obs = jax.tree.unflatten(tree, leaves)
    name = next(t.name for t in spec.tables if t.shared)
    table = obs.tables[name]
    table = table.replace(present=table.present.at[..., -1, :].set(False))
    return obs.replace(tables=obs.tables.replace(**{name: table}))


def close(one, other):
    """Equal but for the order of sums."""
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-3, atol=2e-4), one, other)


@pytest.mark.parametrize(
    ("spec", "name", "blocks"),
    [pytest.param(*network, id=key, marks=pytest.mark.slow) for key, network in NETWORKS.items()],
)
def test_one_table_a_world_is_answered_as_rows_for_each(spec, name, blocks):
    policy, other = build(spec, **blocks), build(for_each(spec), **blocks)
    params = jax.jit(policy.init)(jax.random.key(0))
    obs, reset = anything(spec), jnp.zeros((WORLDS, SLOTS), bool)
    carry = jax.tree.map(lambda x: x + 0.1, policy.initial_carry(reset.shape))
    apply, each = jax.jit(policy.apply), jax.jit(lambda *a: other.apply(*a))
    noisy = jax.tree.map(lambda x: x + 0.3 * jax.random.normal(jax.random.key(1), x.shape), params)
    for weights in (params, noisy):
        expected = each(weights, given_to_each(obs), carry, reset)
        close(apply(weights, obs, carry, reset), expected)
    pointing = next(head.name for head in spec.heads if head.table == name)
    assert np.std(np.asarray(expected.logits[pointing])) > 1e-3
    assert not np.asarray(expected.aux[name][-1]).any()  # nothing there to look at
    if not blocks:
        vmapped = jax.jit(jax.vmap(policy.apply, (None, 0, 0, 0)))
        close(vmapped(noisy, obs, carry, reset), expected)
    flat, answers = sharing.joined((obs, carry, reset)), sharing.joined(expected)
    for rows in (jnp.array([20, 1, 9, 8, 17]), jnp.array([23, 2])):  # more than worlds, and fewer
        close(apply(noisy, *sharing.taken(flat, rows)), sharing.taken(answers, rows))


def test_populations_find_the_board_of_their_world():
    spec, reset = ONE.spec, jnp.zeros((WORLDS, SLOTS), bool)
    obs = anything(spec)
    policy, other = (unshared(build(s), s, 2, chunk=4) for s in (spec, for_each(spec)))
    params = jax.jit(policy.init)(jax.random.key(0))
    one = jax.jit(policy.apply)(params, obs, (), reset)
    close(one, jax.jit(lambda *a: other.apply(*a))(params, given_to_each(obs), (), reset))


def test_scripts_find_the_market_of_their_world():
    obs, reset = anything(SPEC), jnp.zeros((WORLDS, SLOTS), bool)
    policy, other = (scripted2.build("trader", spec) for spec in (SPEC, for_each(SPEC)))
    carry = policy.initial_carry(reset.shape)
    expected = jax.jit(lambda *a: other.apply(*a))((), given_to_each(obs), carry, reset)
    some = sharing.taken(sharing.joined((obs, carry, reset)), jnp.array([20, 1, 9, 8, 17]))
    one, few = jax.jit(lambda: (policy.apply((), obs, carry, reset), policy.apply((), *some)))()
    close(one, expected)
    close(few, sharing.taken(sharing.joined(expected), jnp.array([20, 1, 9, 8, 17])))


@dataclasses.dataclass(frozen=True)
class Described:
    """What of an environment the gradient steps ask for."""

    spec: Spec


@pytest.mark.parametrize(
    "core",
    [
        pytest.param(None, id="decisions", marks=pytest.mark.slow),
        pytest.param(Recurrent(8), id="records", marks=pytest.mark.campaign),
    ],
)
def test_minibatches_find_the_board_of_their_world(core):
    """A rollout [T, N] as it is stored: decisions are shuffled, records of slots kept whole."""
    ticks, size, keys = 4, WORLDS * SLOTS, jax.random.split(jax.random.key(3), 6)
    obs = jax.vmap(sharing.joined)(anything(ONE.spec, (ticks, WORLDS, SLOTS)))
    nothing = jnp.zeros((ticks, size), bool)
    numbers = [jax.random.normal(key, (ticks, size)) for key in keys[:4]]
    action = Record({head.name: jnp.zeros((ticks, size), jnp.int32) for head in ONE.spec.heads})
    obs = obs.replace(masks=jax.tree.map(lambda x: x.at[..., 0].set(True), obs.masks))
    acted = jax.random.bernoulli(keys[4], 0.7, (ticks, size))
    log_prob, value, reward = numbers[:3]
    steps = Steps(obs, action, log_prob, value, reward, nothing, nothing, acted, nothing)
    learned = []
    for spec, seen in ((ONE.spec, obs), (for_each(ONE.spec), jax.vmap(given_to_each)(obs))):
        policy = build(spec, core=core)
        config = LearnConfig(worlds=WORLDS, ticks=ticks, minibatch=40, learning_rate=1e-2)
        learner: Any = Learner(cast(Any, Described(spec)), policy, config)
        batch = Experience(
            steps.replace(obs=seen), numbers[3], numbers[0], policy.initial_carry((size,))
        )

        def learn(batch=batch, learner=learner):
            params = learner.policy.init(keys[5])
            start = params, learner.optimiser.init(params)
            params, moments, terms = learner.learn(*start, batch, jnp.float32(1), keys[5])
            return moments[1].mu, terms, jax.tree.map(jnp.subtract, params, start[0])

        learned.append(jax.jit(learn)())
    (gradients, terms, moved), (other, told, _) = learned
    close(gradients, other)
    close(terms, told)
    assert all(jnp.any(x != 0) for x in jax.tree.leaves(moved["read"]))


@pytest.mark.campaign
def test_a_run_is_the_same_with_one_board_a_world():
    config = LearnConfig(worlds=3, ticks=8, minibatch=32, chunk=8, renewed=1)
    after = []
    for env in (ONE, EACH):
        learner = Learner(env, build(env.spec), config)
        state = jax.jit(learner.init)(jax.random.key(0))
        update = jax.jit(learner.update)
        state, _ = update(state)
        state, metrics = update(state)
        board = state.worlds.obs.tables["board"]
        assert board.present.shape[0] == (3 if env is ONE else 3 * env.num_agents)
        after.append((state.params, metrics, acting.world_of(env, state.worlds.state).bodies))
    (params, metrics, bodies), (other, told, same) = after
    jax.tree.map(np.testing.assert_array_equal, bodies, same)
    close(metrics, told)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=2e-4), params, other)
    assert metrics["steps"] > 0
