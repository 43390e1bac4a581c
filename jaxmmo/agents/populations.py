"""Populations that share nothing: a policy with stacked parameters, one set each."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env.observation import Observation
from jaxmmo.env.sharing import joined, taken
from jaxmmo.spec import Spec

CHUNK = 128


def population_of(spec: Spec, obs: Observation) -> jax.Array:
    """i32[...]: the population of every observer, from its own row."""
    attribute = spec.observer["population"]
    word = obs.tables[spec.observer.name].words[..., 0, attribute.word]
    return ((word >> attribute.shift) & (2**attribute.bits - 1)).astype(jnp.int32)


def unshared(policy: Policy, spec: Spec, num_populations: int, chunk: int = CHUNK) -> Policy:
    """Every population acts with parameters of its own, stacked along a leading axis.

    Agents are brought together by population in chunks, each run with one set of parameters, so
    that the work is that of one policy plus at most a chunk for each population, and nobody is
    left out however populations are mixed.

    Args:
      policy: for one population.
      spec: says where the population is observed.
      num_populations: sets of parameters (G).
      chunk: agents that act at once.
    """

    def init(key: jax.Array) -> Any:
        return jax.vmap(policy.init)(jax.random.split(key, num_populations))

    def apply(params: Any, obs: Observation, carry: Any, reset: jax.Array) -> Output:
        shape = reset.shape
        flat = joined((obs, carry, reset), len(shape))
        population = population_of(spec, obs).reshape(-1)
        size = population.shape[0]
        step = min(chunk, size)
        chunks = -(-size // step) + num_populations - 1
        rows, group = _chunks(population, num_populations, step, chunks)

        def run(_: None, chunk: tuple[jax.Array, jax.Array]) -> tuple[None, Output]:
            here, group = chunk
            own = jax.tree.map(lambda p: p[group], params)
            return None, policy.apply(own, *taken(flat, here))

        _, outputs = jax.lax.scan(run, None, (rows, group))
        place = (
            jnp.zeros(size, jnp.int32)
            .at[rows.reshape(-1)]
            .set(jnp.arange(rows.size, dtype=jnp.int32), mode="drop")
        )
        return jax.tree.map(
            lambda x: x.reshape(-1, *x.shape[2:])[place].reshape(*shape, *x.shape[2:]), outputs
        )

    return Policy(f"{policy.name} x {num_populations}", init, apply, policy.initial_carry)


def _chunks(
    population: jax.Array, groups: int, step: int, chunks: int
) -> tuple[jax.Array, jax.Array]:
    """Rows by population: i32[chunks, step], N where a chunk is not full; i32[chunks] groups."""
    size = population.shape[0]
    order = jnp.argsort(population, stable=True)
    member = population[:, None] == jnp.arange(groups)[None]
    count = jnp.sum(member, 0)
    needed = -(-count // step)
    first_chunk = jnp.cumsum(needed) - needed
    first_rank = jnp.cumsum(count) - count
    ranked = population[order]
    slot = first_chunk[ranked] * step + jnp.arange(size) - first_rank[ranked]
    rows = jnp.full(chunks * step, size, jnp.int32).at[slot].set(order.astype(jnp.int32))
    group = jnp.searchsorted(jnp.cumsum(needed), jnp.arange(chunks), side="right")
    return rows.reshape(chunks, step), jnp.minimum(group, groups - 1)
