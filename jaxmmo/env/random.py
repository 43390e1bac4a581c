"""Random numbers keyed by identity: the same draw whatever the slot order or the capacity."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.extend.random import threefry2x32_p

from jaxmmo.env.constants import SystemId


def words(key: jax.Array, system: SystemId, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two uniform 32-bit words for each id.

    Counter form of threefry: one call for all ids, where a key for each would cost many times more.

    Args:
      key: typed threefry key of the tick; consumed by this system only.
      system: the stream.
      ids: i32[N], identities of whatever draws.

    Returns:
      Two u32[N].
    """
    data = jax.random.key_data(jax.random.fold_in(key, system))
    counter = ids.astype(jnp.uint32)
    k0, k1 = (jnp.broadcast_to(data[i], counter.shape) for i in (0, 1))
    return tuple(threefry2x32_p.bind(k0, k1, counter, jnp.zeros_like(counter)))


def below(word: jax.Array, limit: jax.Array | int) -> jax.Array:
    """i32, uniform in [0, limit) from 32-bit words; the bias is below limit / 2^32."""
    return (word % jnp.asarray(limit, jnp.uint32)).astype(jnp.int32)


def regrow_delay(table: jax.Array, word: jax.Array) -> jax.Array:
    """i32[N]: ticks until a harvested tile regrows, at least 1, from 32-bit words.

    Args:
      table: u32[2, D], see `rules.regrowth_table`.
      word: u32[N], uniform.
    """
    size = table.shape[1]
    shift = 32 - (size.bit_length() - 1)
    column = word >> shift
    remainder = word << (32 - shift)
    index = column.astype(jnp.int32)
    own = remainder < table[0, index]
    return jnp.where(own, column + 1, table[1, index]).astype(jnp.int32)
