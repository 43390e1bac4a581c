"""Work for the living only: rows packed before the network, results put back in their slots.

A fraction of the slots is alive, and which ones changes every tick. Living rows are therefore
brought together and worked through in chunks of a fixed size, as many as are needed: nobody is ever
left out, and what empty slots hold is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents.shards import ALONE, Shards


def living(alive: jax.Array, chunk: int) -> tuple[jax.Array, jax.Array]:
    """Rows of the living, in order.

    Args:
      alive: bool[N].
      chunk: the result is padded to a multiple of it.

    Returns:
      i32[M], M >= N: rows, N beyond the last; and i32[]: how many.
    """
    size = -(-alive.shape[0] // chunk) * chunk
    rows = jnp.nonzero(alive, size=size, fill_value=alive.shape[0])[0]
    return rows.astype(jnp.int32), jnp.sum(alive, dtype=jnp.int32)


def take(tree: Any, rows: jax.Array) -> Any:
    """Rows of every array; a row beyond the last reads the last."""
    return jax.tree.map(lambda x: x.at[rows].get(mode="clip"), tree)


def over_living(
    fn: Callable[[Any], Any],
    inputs: Any,
    alive: jax.Array,
    chunk: int,
    shards: Shards = ALONE,
) -> Any:
    """Applies `fn` to the living rows, chunk by chunk; every other row of the result is 0.

    Args:
      fn: rows of `inputs` with leading axis `chunk` -> arrays with leading axis `chunk`. Not
        differentiated: the number of chunks is dynamic.
      inputs: arrays [N, ...].
      alive: bool[N].
      chunk: rows at a time, on all devices that share them together.
      shards: which devices share these rows.

    Returns:
      What `fn` returns, [N, ...].
    """
    chunk = -(-chunk // shards.agents)
    rows, count = living(alive, chunk * shards.agents)
    shapes = jax.eval_shape(fn, take(inputs, rows[:chunk]))
    results = jax.tree.map(lambda x: jnp.zeros((alive.shape[0], *x.shape[1:]), x.dtype), shapes)

    def step(index: jax.Array, results: Any) -> Any:
        first = (index * shards.agents + shards.turn) * chunk
        here = jax.lax.dynamic_slice(rows, (first,), (chunk,))
        answer = fn(take(inputs, here))
        return jax.tree.map(lambda r, a: r.at[here].set(a, mode="drop"), results, answer)

    together = chunk * shards.agents
    results = jax.lax.fori_loop(0, (count + together - 1) // together, step, results)
    return shards.over_agents(results)
