"""Work for the living only: rows packed before the network, results put back in their slots.

A fraction of the slots is alive, and which ones changes every tick. Living rows are therefore
brought together and worked through in chunks of a fixed size, as many as are needed: nobody is ever
left out, and what empty slots hold is never read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.env.sharing import taken


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
      inputs: arrays [N, ...], and joined observations (`env.sharing`).
      alive: bool[N].
      chunk: rows at a time, on all devices that share them together.
      shards: which devices share these rows.

    Returns:
      What `fn` returns, [N, ...].
    """
    results = _nothing(fn, inputs, alive, chunk, shards)
    return shards.over_agents(_filled(results, fn, inputs, alive, chunk, shards))


def over_owners(
    fn: Callable[[Any, Any], Any],
    params: Any,
    inputs: Any,
    alive: jax.Array,
    owner: jax.Array,
    chunk: int,
    shards: Shards = ALONE,
) -> Any:
    """As `over_living`, where rows belong to owners with parameters of their own.

    The owners follow one another in one loop of one program: it costs the work for their own
    living rows, and less than a chunk for each.

    Args:
      fn: (parameters of one owner, rows) -> arrays, see `over_living`.
      params: arrays [G, ...], an entry for each owner.
      inputs: arrays [N, ...].
      alive: bool[N].
      owner: i32[N]; rows whose owner is not in 0 to G - 1 stay 0.
      chunk: see `over_living`.
      shards: see `over_living`.
    """
    count = jax.tree.leaves(params)[0].shape[0]
    first = jax.tree.map(lambda x: x[0], params)
    results = _nothing(functools.partial(fn, first), inputs, alive, chunk, shards)

    def each(results: Any, one: tuple[Any, jax.Array]) -> tuple[Any, None]:
        own, number = one
        mine = alive & (owner == number)
        of_one = functools.partial(fn, own)
        return _filled(results, of_one, inputs, mine, chunk, shards), None

    results, _ = jax.lax.scan(each, results, (params, jnp.arange(count, dtype=jnp.int32)))
    return shards.over_agents(results)


def _nothing(
    fn: Callable[[Any], Any], inputs: Any, alive: jax.Array, chunk: int, shards: Shards
) -> Any:
    """What `fn` returns, [N, ...], all 0."""
    few = jnp.zeros(-(-chunk // shards.agents), jnp.int32)
    shapes = jax.eval_shape(fn, taken(inputs, few))
    return jax.tree.map(lambda x: jnp.zeros((alive.shape[0], *x.shape[1:]), x.dtype), shapes)


def _filled(
    results: Any,
    fn: Callable[[Any], Any],
    inputs: Any,
    alive: jax.Array,
    chunk: int,
    shards: Shards,
) -> Any:
    """The results with those of this device's share of the living rows."""
    chunk = -(-chunk // shards.agents)
    together = chunk * shards.agents
    rows, count = living(alive, together)

    def step(index: jax.Array, results: Any) -> Any:
        first = (index * shards.agents + shards.turn) * chunk
        here = jax.lax.dynamic_slice(rows, (first,), (chunk,))
        answer = fn(taken(inputs, here))
        return jax.tree.map(lambda r, a: r.at[here].set(a, mode="drop"), results, answer)

    return jax.lax.fori_loop(0, (count + together - 1) // together, step, results)
