"""Advantages against hand-computed numbers, with deaths and births in the middle of a window."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.learning import advantages, losses

GAMMA, LAM = 0.5, 0.5


def column(*values):
    return jnp.array(values, float)[:, None]


def flags(*values):
    return jnp.array(values, bool)[:, None]


def test_a_life_that_goes_on_is_worth_its_rewards_and_what_is_expected_after():
    advantage, target = advantages.gae(
        column(1, 2, 3),
        column(0.5, 1, 2),
        column(1, 2, 4),
        flags(0, 0, 0),
        flags(0, 0, 0),
        flags(1, 1, 1),
        gamma=GAMMA,
        gae_lambda=LAM,
    )
    # deltas: 1 + .5 - .5 = 1; 2 + 1 - 1 = 2; 3 + 2 - 2 = 3; discount of advantages 1/4
    np.testing.assert_allclose(advantage[:, 0], [1 + (2 + 3 / 4) / 4, 2 + 3 / 4, 3])
    np.testing.assert_allclose(target[:, 0], advantage[:, 0] + np.array([0.5, 1, 2]))


def test_death_empty_slot_and_birth_within_a_window():
    nan = float("nan")
    advantage, target = advantages.gae(
        column(0, -1, nan, 0, 5),
        column(-0.5, -0.75, nan, 0.25, 0.5),
        column(-0.75, nan, 0.25, 0.5, 1),
        flags(0, 1, 0, 0, 0),
        flags(0, 0, 0, 0, 0),
        flags(1, 1, 0, 1, 1),
        gamma=GAMMA,
        gae_lambda=LAM,
    )
    dying = -1 + 0.75
    last = 5 + 0.5 - 0.5
    expected = [0 - 0.375 + 0.5 + dying / 4, dying, 0, 0 + 0.25 - 0.25 + last / 4, last]
    np.testing.assert_allclose(advantage[:, 0], expected)
    values = np.array([-0.5, -0.75, 0, 0.25, 0.5])
    np.testing.assert_allclose(target[:, 0], np.array(expected) + values)


def test_birth_right_after_death_carries_nothing_back():
    def of(*rewards):
        return advantages.gae(
            column(*rewards),
            column(0, 0, 0),
            column(0, 9, 0),
            flags(0, 1, 0),
            flags(0, 0, 0),
            flags(1, 1, 1),
            gamma=GAMMA,
            gae_lambda=LAM,
        )[0]

    first, second = of(0, -1, 0), of(0, -1, 7)
    np.testing.assert_array_equal(first[:2], second[:2])
    np.testing.assert_allclose(first[:2, 0], [-1 / 4, -1])


def test_truncation_ends_the_record_but_not_the_worth_of_the_life():
    advantage, _ = advantages.gae(
        column(1, 1),
        column(0, 0),
        column(4, 4),
        flags(0, 0),
        flags(1, 0),
        flags(1, 1),
        gamma=GAMMA,
        gae_lambda=LAM,
    )
    np.testing.assert_allclose(advantage[:, 0], [1 + 2, 1 + 2])


def test_discounted_rewards_end_with_the_life():
    worth = advantages.discounted(
        column(1, -1, 3, 1, 1),
        column(9, 9, 9, 9, 8),
        flags(0, 1, 0, 0, 0),
        flags(0, 0, 0, 0, 0),
        flags(1, 1, 0, 1, 1),
        gamma=GAMMA,
    )
    np.testing.assert_allclose(worth[:, 0], [1 - 0.5, -1, 0, 1 + 0.5 * (1 + 4), 1 + 4])


def test_normalisation_knows_only_the_living():
    x = jnp.array([1.0, 3.0, jnp.nan, 1e9])
    mask = jnp.array([True, True, False, False])
    np.testing.assert_allclose(advantages.normalise(x, mask), [-1, 1, 0, 0], atol=1e-4)
    np.testing.assert_array_equal(advantages.normalise(x, mask & False), np.zeros(4))


def test_mean_ignores_rows_without_weight():
    assert losses.mean(jnp.array([1.0, jnp.nan, 3.0]), jnp.array([1.0, 0.0, 1.0])) == 2
    assert losses.mean(jnp.array([jnp.inf]), jnp.array([0.0])) == 0


@pytest.mark.parametrize(
    ("advantage", "ratio", "expected"),
    [(1.0, 1.5, -1.2), (1.0, 0.5, -0.5), (-1.0, 1.5, 1.5), (-1.0, 0.5, 0.8)],
)
def test_surrogate_has_no_gain_beyond_the_trust_region(advantage, ratio, expected):
    loss = losses.clipped_surrogate(
        jnp.log(jnp.array([ratio])), jnp.zeros(1), jnp.array([advantage]), 0.2
    )
    np.testing.assert_allclose(loss, [expected], rtol=1e-6)


def test_policy_gradient_pulls_towards_advantage():
    grad = jax.grad(lambda x: losses.policy_gradient(x, jnp.array([2.0, -1.0])).sum())(jnp.zeros(2))
    np.testing.assert_allclose(grad, [-2, 1])
