"""Losses over a batch of decisions; rows of weight 0 contribute nothing."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def total(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Weighted sum. Rows of weight 0 may hold anything, nan too."""
    return jnp.sum(jnp.where(weight > 0, x, 0.0) * weight)


def mean(x: jax.Array, weight: jax.Array) -> jax.Array:
    """Weighted mean; 0 without weight. Rows of weight 0 may hold anything, nan too."""
    return total(x, weight) / jnp.maximum(jnp.sum(weight), 1.0)


def clipped_surrogate(
    log_prob: jax.Array, old_log_prob: jax.Array, advantage: jax.Array, clip_eps: float
) -> jax.Array:
    """f32[N]: PPO's loss (Schulman et al. 2017): no gain from leaving the trust region."""
    ratio = jnp.exp(jnp.clip(log_prob - old_log_prob, -20.0, 20.0))
    bounded = jnp.clip(ratio, 1 - clip_eps, 1 + clip_eps)
    return -jnp.minimum(ratio * advantage, bounded * advantage)


def policy_gradient(log_prob: jax.Array, advantage: jax.Array) -> jax.Array:
    """f32[N]: the policy gradient's loss, as the original trained with."""
    return -log_prob * advantage


def squared_error(value: jax.Array, target: jax.Array) -> jax.Array:
    """f32[N]."""
    return 0.5 * jnp.square(value - target)
