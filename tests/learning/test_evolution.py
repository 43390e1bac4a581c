"""Brains, inheritance and the search without gradients."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxmmo
from jaxmmo.agents.brains import AHEAD, Brain, individuals
from jaxmmo.learning import evolution, strategies
from jaxmmo.learning.evolution import FOUNDER, Heredity
from tests.examples import INVENTORY

SIZES: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 3,
    "capacity": 24,
    "num_populations": 2,
}
ENV = jaxmmo.make("JaxMMO-v1", **SIZES, initial_population=20, max_spawns=4)
RULES = ENV.default_rules(spawn_attempts=4)
BRAIN = Brain(ENV.spec)


def lived(heredity: Heredity, ticks: int = 40):
    """Worlds before and after each tick of a run, and what happened."""

    def tick(evolving, key):
        after, passed = evolution.tick(ENV, BRAIN, heredity, RULES, evolving, key, 16)
        return after, (evolving.brains, evolving.worlds.state.players, after.brains, passed)

    start = evolution.start(ENV, BRAIN, heredity, RULES, jax.random.key(0))
    run = jax.jit(lambda s: jax.lax.scan(tick, s, jax.random.split(jax.random.key(1), ticks)))
    return jax.tree.map(np.asarray, run(start))


@pytest.fixture(scope="module")
def by_the_living():
    return lived(Heredity(rate=0.0))


@pytest.mark.slow
def test_a_newborn_has_the_brain_of_a_living_agent_of_its_population(by_the_living):
    _, (brains, players, after, passed) = by_the_living
    births = 0
    for tick in range(len(passed.child)):
        for child, parent, population in zip(
            passed.child[tick], passed.parent[tick], passed.population[tick], strict=True
        ):
            if child == FOUNDER or parent == FOUNDER:
                continue
            (slot,) = np.flatnonzero(players.alive[tick, 0] & (players.id[tick, 0] == parent))
            assert players.population[tick, 0, slot] == population
            assert (after[tick] == brains[tick, slot]).all(1).sum() >= 2  # parent and child
            births += 1
    assert births > 20


@pytest.mark.slow
def test_the_brains_of_those_who_live_on_stay_as_they_are(by_the_living):
    _, (brains, players, after, passed) = by_the_living
    born = (passed.child >= 0).sum(1)
    changed = (brains != after).any(2)
    assert (changed.sum(1) <= born).all()
    assert not (changed & players.alive[:, 0]).any()


def test_everybody_decides_with_a_brain_of_its_own():
    obs, _ = jax.jit(ENV.reset)(jax.random.key(3))
    brains = BRAIN.init(jax.random.key(4), 24)
    policy = individuals(BRAIN)
    apply = jax.jit(policy.apply)
    both = apply(brains, obs, (), jnp.zeros(24, bool)).logits
    other = apply(brains.at[5].set(0.0), obs, (), jnp.zeros(24, bool)).logits
    for name, logits in both.items():
        same = (np.asarray(logits) == np.asarray(other[name])).reshape(24, -1).all(1)
        assert same[np.arange(24) != 5].all() and not same[5], name
    assert {k: v.shape for k, v in both.items()} == {
        "move": (24, 5), "style": (24, 3), "target": (24, 3, 16),
    }  # fmt: skip


@pytest.mark.slow
def test_the_four_directions_are_read_by_the_same_weights():
    obs, _ = jax.jit(ENV.reset)(jax.random.key(3))
    first = BRAIN.senses * BRAIN.hidden
    avoid = jnp.zeros(BRAIN.size).at[first + BRAIN.hidden * BRAIN.outputs].set(-9.0)
    logits = BRAIN.apply(jnp.tile(avoid, (24, 1)), obs)["move"]
    ahead = np.asarray(BRAIN._ahead(obs))
    assert ahead.shape == (24, 4, AHEAD)
    np.testing.assert_allclose(logits[:, 1:], -9 * ahead[:, :, 0], rtol=1e-6)
    assert not np.asarray(logits[:, 0]).any()


@pytest.mark.slow
def test_without_selection_parents_are_among_the_last_births_dead_or_alive():
    heredity = Heredity("born", rate=0.0)
    end, (_, players, _, passed) = lived(heredity)
    real = passed.child >= 0
    assert (passed.parent[real] >= 0).all()
    dead = 0
    for tick, row in enumerate(passed.parent):
        living = players.id[tick, 0][players.alive[tick, 0]]
        dead += sum(parent not in living for parent in row[real[tick]])
    assert dead > 5
    last = np.concatenate([players.id[0, 0][players.alive[0, 0]], passed.child[real]])[-24:]
    assert set(end.bank.id.tolist()) == set(last.tolist())


def test_parents_are_drawn_with_equal_chances_within_the_population():
    member = jnp.array([0, 1, 1, 2, 0, 1])
    word = jax.random.bits(jax.random.key(0), (3000,), jnp.uint32)
    chosen, found = jax.jit(evolution.choose, static_argnums=3)(
        member, jnp.ones(3000, jnp.int32), word, 2
    )
    counts = np.bincount(chosen, minlength=6)
    assert found.all() and counts[[0, 3, 4]].sum() == 0
    assert (np.abs(counts[[1, 2, 5]] - 1000) < 120).all()
    _, found = evolution.choose(jnp.full(6, 2), jnp.array([0, 2]), word[:2], 2)
    assert not found.any()


@pytest.mark.slow
def test_mutation_changes_the_share_of_weights_that_it_says():
    end, (_, _, _, passed) = lived(Heredity(rate=1.0, strength=0.0))
    same, (_, _, _, other) = lived(Heredity(rate=0.0))
    np.testing.assert_array_equal(end.brains, same.brains)
    np.testing.assert_array_equal(passed.parent, other.parent)


def test_other_games_and_bad_settings_are_refused():
    with pytest.raises(ValueError, match="a brain answers move, style, target alone"):
        Brain(INVENTORY.spec)
    with pytest.raises(ValueError, match=r"rate=2: must be in \[0, 1\]"):
        Heredity(rate=2)
    with pytest.raises(ValueError, match="unknown parents 'best'"):
        Heredity("best")


def test_an_evolution_strategy_finds_the_bottom_of_a_bowl():
    goal = jnp.array([1.0, -2.0, 0.5])
    optimiser = optax.adam(0.1)
    mean: Any = jnp.zeros(3)
    state = optimiser.init(mean)
    for generation in range(60):
        tried, noise = strategies.ask(jax.random.key(generation), mean, 0.2, 8)
        loss = jnp.sum(jnp.square(tried - goal), 1)
        step, state = optimiser.update(strategies.gradient(noise, loss, 0.2), state)
        mean = optax.apply_updates(mean, step)
    np.testing.assert_allclose(mean, goal, atol=0.25)


def test_equal_losses_and_nan_give_no_direction_of_their_own():
    noise = jnp.array([[1.0], [2.0], [-1.0], [-2.0]])
    assert not strategies.gradient(noise, jnp.ones(4), 1.0).any()
    worst = strategies.gradient(noise, jnp.array([1.0, jnp.nan, 2.0, 3.0]), 1.0)
    assert worst[0] > 0  # away from what was no number
