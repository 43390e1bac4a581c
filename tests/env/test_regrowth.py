"""The drawn delay of a forest equals, in law, a coin flip a tick."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env import random
from jaxmmo.env.rules import NEVER, regrowth_table
from tests.env.worlds import V1, environment


def law(table):
    """Probability of every delay from 1 on, as the alias table gives it to uniform words."""
    keep, alias = table[0] / 2.0**32, table[1].astype(int)
    mass = np.zeros(max(alias.max(), len(keep)) + 1)
    np.add.at(mass, np.arange(1, len(keep) + 1), keep)
    np.add.at(mass, alias, 1 - keep)
    return mass[1:] / len(keep)


@pytest.mark.parametrize("probability", [0.025, 0.3, 0.5, 1.0, 0.01])
def test_the_table_holds_the_geometric_law(probability):
    mass = law(regrowth_table(probability))
    delays = np.arange(1, len(mass) + 1)
    geometric = probability * (1 - probability) ** (delays - 1)
    np.testing.assert_allclose(mass[:-1], geometric[:-1], atol=1e-9)
    assert mass[-1] < 1e-12 + geometric[-1]  # what lies beyond the table
    assert abs(mass.sum() - 1) < 1e-9


def test_draws_follow_the_table():
    table = environment(V1).default_rules().regrow_table
    words = jax.random.bits(jax.random.key(0), (400_000,), "uint32")
    delays = np.asarray(random.regrow_delay(table, words))
    assert delays.min() == 1
    expected = 400_000 * law(np.asarray(table))
    likely = expected > 20
    counts = np.bincount(delays, minlength=len(expected) + 1)[1:]
    chi_square = ((counts - expected)[likely] ** 2 / expected[likely]).sum()
    assert abs(chi_square - likely.sum()) < 5 * np.sqrt(2 * likely.sum())


def test_never_and_at_once():
    words = jnp.asarray(np.arange(0, 2**32, 2**22, dtype=np.uint32))
    never = random.regrow_delay(jnp.asarray(regrowth_table(0.0)), words)
    assert (np.asarray(never) == NEVER).all()
    at_once = random.regrow_delay(jnp.asarray(regrowth_table(1.0)), words)
    assert (np.asarray(at_once) == 1).all()


@pytest.mark.parametrize("probability", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(probability):
    with pytest.raises(ValueError, match="must be a number in"):
        regrowth_table(probability)
