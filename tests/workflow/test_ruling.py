"""Rules as users write them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import acting, scripted
from jaxmmo.env.ruled import WithRules, with_rules
from jaxmmo.env.rules import regrowth_table
from jaxmmo.workflow import ruling

SMALL: dict[str, Any] = {"height": 32, "width": 32, "border": 4, "capacity": 8}


def test_rules_by_name_and_value():
    parsed = ruling.parse("water_decay=2, reach=[1,4,6],regrow_probability=0.1")
    assert parsed == {"water_decay": 2, "reach": [1, 4, 6], "regrow_probability": 0.1}


@pytest.mark.parametrize("text", ["", "water_decay", "water_decay=", "=2", "a=two", "a=1,,b=2"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"must be NAME=VALUE, as in water_decay=2,reach=\[1,4,6"):
        ruling.parse(text)


def test_an_environment_with_rules_plays_by_them_and_is_equal_to_another_like_it():
    env = jaxmmo.make(**SMALL)
    ruled = with_rules(env, {"water_decay": 3, "reach": [1, 1, 2]})
    assert ruled.default_rules().water_decay == 3
    assert ruled.default_rules(food_decay=0).reach.tolist() == [1, 1, 2]
    assert ruled == with_rules(env, env.default_rules(water_decay=3, reach=[1, 1, 2]))
    assert hash(ruled) == hash(with_rules(env, {"water_decay": 3, "reach": [1, 1, 2]}))
    assert with_rules(env, {}) is env
    assert isinstance(ruled, WithRules)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"water_decoy": 1}, "did you mean 'water_decay'"),
        ({"water_decay": -1}, r"water_decay=-1: must be in \[0"),
        ({"max_population": 9}, r"max_population=9: must be in \[1, 8\]"),
        ({"reach": [1, 2]}, "does not fit"),
    ],
)
def test_rules_that_do_not_fit_are_refused(rules, said):
    with pytest.raises(ValueError, match=said):
        with_rules(jaxmmo.make(**SMALL), rules)


def test_rules_drawn_for_every_world_are_its_own_and_stay():
    env = jaxmmo.make(**SMALL, initial_population=4)

    def draw(key):
        return env.default_rules(water_decay=jax.random.randint(key, (), 1, 100))

    @jax.jit
    def begin(key):
        worlds = acting.start(env, draw, scripted.get("noop", env), jax.random.split(key, 4))
        keys = acting.world_keys(key, jnp.arange(4))
        decided = acting.act(env, scripted.get("noop", env), (), worlds, keys, 8)
        return worlds, acting.tick(env, draw, worlds, decided, keys)[0]

    worlds, after = begin(jax.random.key(0))
    decays = np.asarray(worlds.rules.water_decay)
    assert len(set(decays.tolist())) == 4
    np.testing.assert_array_equal(after.rules.water_decay, decays)
    before, now = (np.asarray(w.state.players.water) for w in (worlds, after))
    alive = np.asarray(worlds.state.players.alive & after.state.players.alive)
    dry = np.maximum(before - decays[:, None], 0)
    assert np.all((now >= dry)[alive])  # more where it drank
    assert np.mean((now == dry)[alive]) > 0.5


def law(table):
    """f64[D + 1]: chances of delays in a table of them."""
    keep, alias = np.asarray(table[0]) / 2.0**32, np.asarray(table[1]).astype(int)
    size = len(keep)
    chances = np.zeros(size + 1)
    np.add.at(chances, np.arange(1, size + 1), keep / size)
    there = alias <= size
    np.add.at(chances, alias[there], (1 - keep[there]) / size)
    return chances


def test_a_probability_that_is_only_known_when_it_runs_makes_the_same_law():
    chances = (1.0, 0.3, 0.025, 0.001, 0.0)
    make = jax.jit(
        jax.vmap(lambda p: jaxmmo.make().default_rules(regrow_probability=p).regrow_table)
    )
    for chance, table in zip(chances, make(jnp.array(chances)), strict=True):
        assert np.abs(law(table) - law(regrowth_table(chance))).sum() < 1e-4


@pytest.mark.parametrize("name", [*jaxmmo.Rules.__dataclass_fields__, "regrow_probability"])
def test_every_rule_can_be_mapped_over(name):
    env = jaxmmo.make(**SMALL)
    usual = env.default_rules()
    leaf = jnp.float32(0.1) if name == "regrow_probability" else getattr(usual, name)
    shapes = jax.eval_shape(
        jax.vmap(lambda value: env.default_rules(**{name: value})), jnp.stack([leaf] * 2)
    )
    changed = "regrow_table" if name == "regrow_probability" else name
    assert getattr(shapes, changed).shape[0] == 2
