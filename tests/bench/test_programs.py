"""What is compiled: its size, that it lowers for accelerators, and that it holds no pairs."""

import re

import jax
import jax.numpy as jnp
import pytest
from jax.extend.core import jaxprs_in_params

import jaxmmo
from jaxmmo.learning.config import LearnConfig
from jaxmmo.runs.config import RunConfig
from tests.games import FIRST_GAME, SECOND_GAME

# Equations of the whole program, twice what they are now: the count varies between JAX versions.
STEP_BUDGET = {
    "JaxMMO-v1": 4000,
    "NeuralMMO-v1.3": 4000,
    "NeuralMMO-v2.1": 17000,
    "JaxMMO-v2": 18500,
}
UPDATE_BUDGET = 25000  # a new world is made in every update: a third of it


def equations(jaxpr) -> int:
    """Equations of a program, those of its inner programs included."""
    return sum(
        1 + sum(equations(inner) for inner in jaxprs_in_params(eqn.params)) for eqn in jaxpr.eqns
    )


def inner_shapes(jaxpr):
    """Shapes of everything a program computes."""
    for eqn in jaxpr.eqns:
        yield from (tuple(v.aval.shape) for v in eqn.outvars)
        for inner in jaxprs_in_params(eqn.params):
            yield from inner_shapes(inner)


def step_of(env):
    """The step, and shapes to call it with."""
    rules = env.default_rules()
    _, state = jax.eval_shape(env.reset, jax.random.key(0), rules)
    return env.step, (jax.random.key(0), state, env.noop(), rules)


@pytest.fixture(scope="module")
def learner():
    return RunConfig(learn=LearnConfig(worlds=2, ticks=4)).learner()


def update_of(learner):
    return learner.update, (jax.eval_shape(learner.init, jax.random.key(0)),)


@pytest.mark.parametrize("preset", jaxmmo.registered())
def test_the_step_stays_small(preset):
    step, args = step_of(jaxmmo.make(preset))
    assert equations(jax.make_jaxpr(step)(*args).jaxpr) < STEP_BUDGET[preset]


def test_the_update_stays_small(learner):
    update, args = update_of(learner)
    assert equations(jax.make_jaxpr(update)(*args).jaxpr) < UPDATE_BUDGET


def lowers_for_accelerators(fn, args) -> None:
    """Lowers for CUDA and TPU, without custom calls and callbacks."""
    exported = jax.export.export(jax.jit(fn), platforms=["cuda", "tpu"])(*args)
    assert not re.findall(r"stablehlo\.custom_call @(?!Sharding)", exported.mlir_module())


@pytest.mark.parametrize(
    ("preset", "capacity"),
    [*((preset, size) for preset in FIRST_GAME for size in (128, 300)), (SECOND_GAME, 128)],
)
def test_the_step_lowers_for_accelerators(preset, capacity):
    step, (key, *rest) = step_of(jaxmmo.make(preset, capacity=capacity))
    data = jax.random.key_data(key)
    lowers_for_accelerators(
        lambda k, *args: step(jax.random.wrap_key_data(k), *args), (data, *rest)
    )


@pytest.mark.slow
def test_the_update_lowers_for_accelerators(learner):
    lowers_for_accelerators(*update_of(learner))


def test_large_worlds_hold_no_pairs_of_agents():
    capacity = 1009
    step, args = step_of(jaxmmo.make(capacity=capacity, height=200, width=190, max_spawns=3))
    shapes = list(inner_shapes(jax.make_jaxpr(step)(*args).jaxpr))
    assert shapes
    assert not [
        shape for shape in shapes if sum(n >= capacity for n in shape) > 1 and 200 not in shape
    ]


def test_a_step_does_not_leave_the_device():
    env = jaxmmo.make(capacity=16, height=32, width=32, num_populations=4)
    rules = jax.device_put(env.default_rules())
    _, state = jax.jit(env.reset)(jax.random.key(0), rules)
    action, key = jax.device_put(env.noop()), jax.random.key(1)
    step = jax.jit(env.step).lower(key, state, action, rules).compile()
    with jax.transfer_guard("disallow"):
        out = step(key, state, action, rules)
    assert int(jnp.asarray(out[1].tick)) == 1
