"""Worlds that are followed: rules of their own, draws by number, everything counted once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation import following, visits

ENV: Environment = jaxmmo.make(
    "JaxMMO-v1", height=24, width=24, border=3, capacity=16, initial_population=12
)
TICKS = 30


def add(maps, tick):
    events = tick.info.events
    kept = (events.attacks.outcome > 1, tick.info.newborn, events.deaths.cause > 0)
    return visits.count(ENV, maps, tick), (*kept, tick.after.state.players.alive)


@pytest.fixture(scope="module")
def followed():
    """Four worlds: the first two of one number and alike, the last two without combat."""
    rules = ENV.default_rules()
    games = (rules, rules, rules.without_combat(), rules.without_combat())
    own = jax.tree.map(lambda *x: jnp.stack(x), *games)
    fighter = scripted.get("fighter", ENV)

    @jax.jit
    def run(key):
        keys = jax.random.split(key, 2)[jnp.array([0, 0, 0, 1])]
        worlds = following.begin(ENV, fighter, keys, own, own=True)
        numbers, maps = jnp.array([5, 5, 5, 6]), visits.empty(ENV, 4)
        return following.follow(
            ENV, fighter, (), worlds, rules, key, TICKS, maps, add, chunk=16, numbers=numbers
        )

    return jax.tree.map(np.asarray, run(jax.random.key(0)))


@pytest.mark.slow
def test_worlds_of_one_number_and_one_beginning_are_the_same(followed):
    worlds, maps, _ = followed
    digests = np.asarray(jax.vmap(ENV.digest)(worlds.state))
    np.testing.assert_array_equal(digests[0], digests[1])
    np.testing.assert_array_equal(maps[0], maps[1])
    assert (digests[0] != digests[3]).any()


@pytest.mark.slow
def test_every_world_has_its_own_rules(followed):
    attacks = followed[2][0].sum((0, 2))
    assert attacks[0] > 0 and attacks[2] == attacks[3] == 0


@pytest.mark.slow
def test_every_tick_is_counted_once(followed):
    _, maps, (_, newborn, deaths, alive) = followed
    assert alive.shape == (TICKS, 4, 16)
    np.testing.assert_array_equal(maps.sum((1, 2, 3)), alive.sum((0, 2)))
    change = newborn.sum((0, 2)) - deaths.sum((0, 2))
    np.testing.assert_array_equal(12 + change, alive[-1].sum(1))
