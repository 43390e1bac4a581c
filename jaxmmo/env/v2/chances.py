"""Shares of a distribution that dangers follow, by a fixed number of steps.

JAX's own function of that name ends when it is exact enough: a loop whose length differs between
devices that each play worlds of their own.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import betaln

STEPS = 64
"""Of a continued fraction: with sums of both numbers up to 20 half of them are exact in f32."""


def beta_below(a: jax.Array, b: jax.Array, x: jax.Array) -> jax.Array:
    """f32[N]: the share of a beta distribution that lies below x, each by its own numbers.

    Args:
      a: f32[N], above 0; b likewise.
      b: f32[N].
      x: f32[N], in [0, 1].
    """
    mirrored = x > (a + 1) / (a + b + 2)
    a, b = jnp.where(mirrored, b, a), jnp.where(mirrored, a, b)
    x = jnp.where(mirrored, 1 - x, x)
    size = jnp.exp(a * jnp.log(x) + b * jnp.log1p(-x) - betaln(a, b)) / a
    half = jnp.arange(STEPS // 2, dtype=jnp.float32)[:, None]
    odd = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    even = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
    # the fraction from its end on: after each odd term comes the even one of the next half
    terms = jnp.stack([odd[:-1], even[1:]], 1).reshape(-1, *x.shape)[::-1]
    value = jax.lax.scan(lambda f, term: (1 + term / f, None), 1 + 0 * x * a * b, terms)[0]
    share = size / value
    return jnp.where(mirrored, 1 - share, share)
