"""Questions to all worlds of a batch at once, so that what none of them needs is not computed.

A branch or a loop whose condition differs between the worlds of a batch is taken by all of them,
and the results thrown away where they were not wanted. What is asked here is the same for the whole
batch: a branch stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

from jaxmmo.env.state.arrays import compact, count_before, varying_like


@custom_vmap
def greatest(value: jax.Array) -> jax.Array:
    """i32[]: the greatest of the numbers i32[] that the worlds of a batch give, their own alone."""
    return value


@greatest.def_vmap
def _greatest_of_worlds(size: int, batched: Any, value: jax.Array) -> tuple[jax.Array, bool]:
    del size
    return greatest(value.max(0) if batched[0] else value), False


T = TypeVar("T")


def anywhere(mask: jax.Array) -> jax.Array:
    """bool[]: whether a mask bool[N] is set for anybody in any world of the batch."""
    return greatest(mask.any().astype(jnp.int32)) > 0


def where_any(asked: jax.Array, compute: Callable[[], T], shapes: T) -> T:
    """What a function gives, or zeros if nobody asks for it in any world of the batch.

    Args:
      asked: bool[N].
      compute: gives arrays.
      shapes: theirs, as `jax.eval_shape` tells them.
    """
    nothing = jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)
    return jax.lax.cond(
        anywhere(asked),
        lambda: varying_like(compute(), asked),
        lambda: varying_like(nothing, asked),
    )


def for_those(wanted: jax.Array, few: int, act: Callable[[jax.Array, T], T], state: T) -> T:
    """Acts for a few at a time: in as many rounds as the fullest world of the batch needs.

    Args:
      wanted: bool[N], for whom.
      few: how many at a time (K) where there are not more than sixteen times as many; else it is a
        sixteenth of all.
      act: (index i32[K], state) -> state, where N stands for nobody; in a round in which a world
        has nobody left it must leave its state as it is.
      state: arrays, before the first round.
    """
    size = wanted.shape[0]
    most = min(size, max(few, size // 16))
    index = compact(wanted, count_before(wanted), size + most)
    rounds = -(-greatest(jnp.sum(wanted, dtype=jnp.int32)) // most)

    def turn(i: jax.Array, state: T) -> T:
        return act(jax.lax.dynamic_slice(index, (i * most,), (most,)), state)

    return jax.lax.fori_loop(0, rounds, turn, varying_like(state, index))
