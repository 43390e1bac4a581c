"""What users bring is checked while it is traced, and nan stops a run."""

import dataclasses
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env.autoreset import AutoReset, lasting
from jaxmmo.env.wrappers import Batch, Horizon, Wrapper
from jaxmmo.io import decisions
from jaxmmo.learning.rollout import rollout
from jaxmmo.runs.run import NotFiniteError
from jaxmmo.runs.user_code import as_policy
from tests.workflow.idea import LEARN

SMALL: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 4,
    "capacity": 8,
    "num_populations": 2,
    "max_visible": 4,
    "initial_population": 6,
}
ENV = jaxmmo.make(**SMALL)


def step_of(env):
    """Traces a step and returns nothing: checks cost no compilation."""
    key = jax.random.key(0)
    _, state = jax.eval_shape(env.reset, key)
    jax.eval_shape(env.step, key, state, env.noop())


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (lambda: jnp.float32(1), r"float32\[\]"),
        (lambda: 1.0, r"float32\[\]"),
        (lambda: jnp.zeros(8, jnp.int32), r"int32\[8\]"),
        (lambda: jnp.zeros(3), r"float32\[3\]"),
        (lambda: jnp.zeros(8, bool), r"bool\[8\]"),
    ],
)
def test_a_reward_of_another_shape_or_dtype_is_refused_by_name(value, found):
    def glutton(rules, before, after, events):
        return value()

    with pytest.raises(ValueError, match=rf"glutton returned {found}: must be float32\[8\]"):
        step_of(jaxmmo.make(**SMALL, reward_fn=glutton))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (lambda ids: 1, r"int32\[\]"),
        (lambda ids: ids * 1.0, r"float32\[1\]"),
        (lambda ids: jnp.zeros(3, jnp.int32), r"int32\[3\]"),
    ],
)
def test_a_population_function_of_another_shape_or_dtype_is_refused_by_name(value, found):
    def rivals(config, rules, key, ids):
        return value(ids)

    with pytest.raises(ValueError, match=rf"rivals returned {found}: must be int32\[1\]"):
        step_of(jaxmmo.make(**SMALL, population_fn=rivals))


def test_keys_and_states_that_are_not_of_this_world_are_refused():
    keys = jax.random.split(jax.random.key(0), 4)
    with pytest.raises(ValueError, match=r"keys of shape \[4\]: .* jax\.vmap\(env\.reset\)"):
        ENV.reset(keys)
    with pytest.raises(ValueError, match=r"uint32\[2\]: must be a typed key, as from jax\.random"):
        ENV.reset(jax.random.PRNGKey(0))
    taller: dict[str, Any] = SMALL | {"height": 40}
    other = jaxmmo.make(**taller)
    _, state = jax.eval_shape(other.reset, jax.random.key(0))
    with pytest.raises(ValueError, match="another environment: it has 40x32 tiles and 8 slots, th"):
        jax.eval_shape(ENV.step, keys[0], state, ENV.noop())
    _, many = jax.eval_shape(jax.vmap(ENV.reset), keys)
    with pytest.raises(ValueError, match=r"a state of \[4\] worlds: step one, or jax\.vmap"):
        jax.eval_shape(ENV.step, keys[0], many, ENV.noop())


def policy_with(change):
    def apply(params, obs, carry, reset):
        logits = decisions.uniform(ENV.spec, reset.shape)
        out = Output(logits, jnp.zeros(reset.shape), carry, {})
        return change(out)

    return Policy("odd", lambda key: (), apply, lambda shape: jnp.zeros((*shape, 2)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: out.value, "returned .*: must be an Output"),
        (
            lambda out: out._replace(logits={"move": out.logits["move"]}),
            r"answered the heads \['move'\]: the spec has \['move', 'style', 'target'\]",
        ),
        (
            lambda out: out._replace(logits=out.logits | {"move": jnp.zeros((8, 4))}),
            r"logits of 'move' are float32\[8, 4\], must be float32\[8, 5\]",
        ),
        (
            lambda out: out._replace(logits=out.logits | {"move": jnp.zeros((8, 5), int)}),
            r"logits of 'move' are int32\[8, 5\]",
        ),
        (
            lambda out: out._replace(value=jnp.zeros((8, 1))),
            r"value is float32\[8, 1\], must be float32\[8\]",
        ),
        (
            lambda out: out._replace(carry=jnp.zeros((8, 3))),
            r"carry float32\[8, 2\] was returned as float32\[8, 3\]: it must keep its form",
        ),
    ],
)
def test_answers_that_do_not_fit_the_spec_are_refused(change, said):
    with pytest.raises(ValueError, match=f"policy 'odd'.*{said}"):
        as_policy(policy_with(change), ENV)


def test_whatever_has_init_and_apply_is_a_policy():
    class Mine:
        def init(self, key):
            return ()

        def apply(self, params, obs, carry, reset):
            return Output(decisions.uniform(ENV.spec, reset.shape), jnp.zeros(reset.shape), (), {})

    assert as_policy(Mine(), ENV, "mine.py:Mine").name == "mine.py:Mine"
    with pytest.raises(ValueError, match="returned dict, which has no init"):
        as_policy({}, ENV, "mine.py:f")


def test_a_batch_is_refused_where_worlds_are_made():
    with pytest.raises(ValueError, match=r"an environment of 3 worlds \(Batch\)"):
        jaxmmo.evaluate(Batch(ENV, 3), "random", ticks=4, worlds=2, quiet=True)


@dataclasses.dataclass(frozen=True)
class Diary(Wrapper):
    """A wrapper with a state of its own around the game's."""

    def reset(self, key, rules=None, terrain=None):
        obs, state = self.env.reset(key, rules, terrain)
        return obs, {"game": state, "days": jnp.int32(0)}

    def step(self, key, state, action, rules=None) -> Any:
        obs, game, *rest = self.env.step(key, state["game"], action, rules)
        result: Any = (obs, {"game": game, "days": state["days"] + 1}, *rest)
        return result

    def world(self, state):
        return self.env.world(state["game"])


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda env: Diary(env), id="own state"),
        pytest.param(lambda env: AutoReset(Horizon(env, 4)), id="same-step"),
        pytest.param(lambda env: AutoReset(Horizon(env, 4), "pool", 2), id="pool"),
        pytest.param(lambda env: Horizon(Diary(env), 4), id="horizon over own state"),
    ],
)
@pytest.mark.slow
def test_worlds_of_wrappers_are_lived_in_and_their_ends_are_worth_what_was_seen(wrap):
    env = wrap(ENV)
    rules = env.default_rules()
    worth = Policy(
        "worth",
        lambda key: (),
        lambda params, obs, carry, reset: Output(
            decisions.uniform(env.spec, reset.shape), obs.overflow + 5.0, carry, {}
        ),
    )

    @jax.jit
    def run(key):
        worlds = acting.start(env, rules, worth, jax.random.split(key, 2))
        return rollout(env, rules, worth, (), worlds, key, ticks=6, chunk=8)

    worlds, steps, tally = run(jax.random.key(0))
    assert tally.steps > 20
    cut = np.asarray(steps.truncated)
    if isinstance(env, AutoReset):
        last = np.asarray(steps.last_value)
        assert cut.any()
        assert np.all(last[cut] >= 5)
        assert not np.any(last[~cut])
        assert np.all(np.asarray(acting.world_of(env, worlds.state).tick) == 2)
        assert (
            acting.world_of(lasting(env), jax.jit(lasting(env).reset)(jax.random.key(0))[1]).tick
            == 0
        )
    else:
        assert steps.last_value == ()


@pytest.mark.slow
def test_rewards_that_are_no_numbers_stop_a_run_and_keep_the_checkpoint_before(tmp_path):
    def reward(rules, before, after, events):
        late = before.tick >= 9
        return jnp.where(late & before.players.alive, jnp.nan, 0.0)

    env = jaxmmo.make(**SMALL, reward_fn=reward)
    run = tmp_path / "run"
    with pytest.raises(NotFiniteError, match=r"update 3: .* rewards are nan or infinite") as error:
        jaxmmo.train(
            env,
            learn=LEARN | {"renewed": 0},
            directory=run,
            updates=5,
            save_every=0,
            quiet=True,
        )
    assert "the checkpoint of update 2 is kept" in str(error.value)
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [record["update"] for record in records] == [1, 2]
    again = jaxmmo.Run.load(run, env=env)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(again.params))
    assert "2 updates" in repr(again)


def test_a_player_alone_is_no_place_to_play():
    with pytest.raises(ValueError, match="who plays there"):
        jaxmmo.evaluate(ENV)
