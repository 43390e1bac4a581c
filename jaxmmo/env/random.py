"""Random numbers keyed by identity: the same draw whatever the slot order or the capacity."""

from __future__ import annotations

import zlib

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import SystemId

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def words(key: jax.Array, system: SystemId | int, ids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two uniform 32-bit words for each id: one threefry block of (id, system) under the key.

    The counter form: one pass for all ids, where a key for each would cost many times more, and a
    key for each system a little. An added system changes nobody else's words.

    Args:
      key: typed threefry key of the tick.
      system: the stream.
      ids: i32[N], identities of whatever draws.

    Returns:
      Two u32[N].
    """
    data = jax.random.key_data(key)
    counter = ids.astype(jnp.uint32)
    return threefry(data[0], data[1], counter, jnp.full_like(counter, int(system)))


def stream(name: str) -> int:
    """The stream of an added system, from its name: far from those of `SystemId`."""
    return 2**30 + zlib.crc32(name.encode()) % 2**30


def threefry(
    k0: jax.Array, k1: jax.Array, x0: jax.Array, x1: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011), the block cipher of JAX's own keys.

    Written out, because JAX's primitive is a rolled loop on CPUs, which costs ten times as much for
    the few words that a tick needs.

    Args:
      k0: u32[], first word of the key.
      k1: u32[], second word of the key.
      x0: u32[N], first word of the counter.
      x1: u32[N], second word of the counter.

    Returns:
      Two u32[N], the same as `jax.extend.random.threefry2x32_p` gives.
    """
    schedule = (k0, k1, k0 ^ k1 ^ jnp.uint32(PARITY))
    x0, x1 = x0 + schedule[0], x1 + schedule[1]
    for i in range(5):
        for turn in ROTATIONS[i % 2]:
            x0 += x1
            x1 = ((x1 << turn) | (x1 >> (32 - turn))) ^ x0
        x0 += schedule[(i + 1) % 3]
        x1 += schedule[(i + 2) % 3] + jnp.uint32(i + 1)
    return x0, x1


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
