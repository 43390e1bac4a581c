"""Evolution strategies: a search for numbers without gradients, in optax terms."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def ask(key: jax.Array, mean: jax.Array, sigma: float, pairs: int) -> tuple[jax.Array, jax.Array]:
    """Candidates around a mean, in mirrored pairs.

    Args:
      key: consumed.
      mean: f32[D].
      sigma: how far from it they are, in each direction.
      pairs: half of the candidates.

    Returns:
      f32[2 pairs, D], and the noise f32[2 pairs, D] behind them, of unit variance.
    """
    noise = jax.random.normal(key, (pairs, mean.shape[0]))
    noise = jnp.concatenate([noise, -noise])
    return mean + sigma * noise, noise


def gradient(noise: jax.Array, loss: jax.Array, sigma: float) -> jax.Array:
    """What an optimiser is given: the estimated slope of the loss in the mean.

    Losses count by rank, from -1/2 for the smallest to 1/2 for the largest, so that outliers and
    scales mean nothing. Equal losses share their ranks.

    Args:
      noise: f32[n, D], of `ask`.
      loss: f32[n], of the candidates; smaller is better. What is no number counts as the largest.
      sigma: as given to `ask`.

    Returns:
      f32[D].
    """
    loss = jnp.where(jnp.isfinite(loss), loss, jnp.inf)
    below = jnp.sum(loss[None] < loss[:, None], 1)
    equal = jnp.sum(loss[None] == loss[:, None], 1)
    rank = (below + (equal - 1) / 2) / jnp.maximum(loss.shape[0] - 1, 1) - 0.5
    return rank.astype(jnp.float32) @ noise / (loss.shape[0] * sigma)
