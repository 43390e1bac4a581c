"""Work for the living only, and nobody left out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.agents import living


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 20])
def test_every_living_row_is_worked_on_whatever_the_number(count):
    alive = jax.random.permutation(jax.random.key(count), jnp.arange(20) < count)
    x = jnp.where(alive, jnp.arange(20.0), jnp.nan)

    def double(rows):
        assert rows.shape == (8,)
        return {"twice": 2 * rows, "worked": jnp.ones(8, jnp.int32)}

    result = living.over_living(double, x, alive, 8)
    np.testing.assert_array_equal(result["twice"], np.where(alive, 2 * np.arange(20), 0))
    np.testing.assert_array_equal(result["worked"], alive)


def test_rows_of_the_living_come_in_order_and_padding_points_nowhere():
    rows, count = living.living(jnp.array([False, True, False, True, True]), 4)
    assert rows.tolist() == [1, 3, 4, 5, 5, 5, 5, 5]
    assert count == 3
