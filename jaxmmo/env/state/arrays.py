"""What tables are written and searched with: masked writes, counts, compaction."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def select(mask: jax.Array, new: jax.Array | int, old: jax.Array) -> jax.Array:
    """The one masked write: `new` where `mask`, else `old`, in the dtype of `old`.

    `mask` covers the leading axes of `old`.
    """
    mask = mask.reshape(mask.shape + (1,) * (old.ndim - mask.ndim))
    return jnp.where(mask, jnp.asarray(new, old.dtype), old)


def count_before(mask: jax.Array) -> jax.Array:
    """i32[N]: how many of a mask bool[N] are set before each index.

    By the bits of 32 indices at a time: on a CPU a running sum costs many times more.
    """
    size, words = mask.shape[0], -(-mask.shape[0] // 32)
    lane = jnp.arange(32, dtype=jnp.uint32)
    bits = jnp.pad(mask, (0, 32 * words - size)).reshape(words, 32)
    word = jnp.sum(jnp.where(bits, jnp.uint32(1) << lane, 0), 1, dtype=jnp.uint32)
    ones = jax.lax.population_count(word).astype(jnp.int32)
    if words <= 8:
        earlier = jnp.arange(words)[:, None] < jnp.arange(words)
        start = jnp.sum(jnp.where(earlier, ones[:, None], 0), 0)
    else:
        start = jnp.cumsum(ones) - ones
    below = word[:, None] & ((jnp.uint32(1) << lane) - 1)
    count = start[:, None] + jax.lax.population_count(below).astype(jnp.int32)
    return count.reshape(-1)[:size]


def compact(mask: jax.Array, place: jax.Array, size: int) -> jax.Array:
    """i32[size]: indices of a mask's set elements in order, the mask's length where there is none.

    Args:
      mask: bool[N].
      place: i32[N], how many are set before each index.
      size: how many are kept.
    """
    length = mask.shape[0]
    found = jnp.full(size, length, jnp.int32)
    return found.at[jnp.where(mask, place, size)].set(jnp.arange(length), mode="drop")
