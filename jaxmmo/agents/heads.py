"""Action heads: one per head of the spec, of fixed choices or pointing at rows of a table."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxmmo.agents.symmetry import facing


def choose(table: jax.Array, population: jax.Array) -> jax.Array:
    """Each agent's own slice: f32[N, G, ...] and i32[N] -> f32[N, ...]; G = 1 is everyone's."""
    if table.shape[1] == 1:
        return table[:, 0]
    own = jax.nn.one_hot(population, table.shape[1], dtype=table.dtype)
    return jnp.einsum("ng,ng...->n...", own, table)


class OwnDense(nn.Module):
    """A linear layer of which every population has its own, all the same at first.

    All are computed, and each agent keeps its population's: for the few outputs of a head that
    costs less than fetching weights agent by agent.

    Attributes:
      features: outputs.
      groups: populations with a layer of their own; 1 for one layer for all.
      scale: of the initial weights.
    """

    features: int
    groups: int = 1
    scale: float = 0.01

    @nn.compact
    def __call__(self, x: jax.Array, population: jax.Array) -> jax.Array:
        """f32[N, c], i32[N] -> f32[N, features]."""
        init = nn.initializers.variance_scaling(self.scale**2, "fan_in", "normal")
        size = (x.shape[-1], self.features)

        def same(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            return jnp.broadcast_to(init(key, size)[:, None], shape)

        kernel = self.param("kernel", same, (size[0], self.groups, size[1]))
        bias = self.param("bias", nn.initializers.zeros, (self.groups, self.features))
        every = x @ kernel.reshape(size[0], -1).astype(x.dtype)
        every = every.reshape(-1, self.groups, self.features) + bias.astype(x.dtype)[None]
        return choose(every, population).astype(jnp.float32)


class Pointer(nn.Module):
    """Dot products of the agent's queries with entity vectors: any number of choices.

    To do nothing is a choice of another kind, with a score that does not come from a row alone: it
    is added to that of row 0 where that is the agent itself, and comes before the rows elsewhere.

    Attributes:
      queries: one for each choice of the head that this one is given, 1 otherwise.
      groups: populations with queries of their own.
      own_row: row 0 is the agent itself.
    """

    queries: int
    groups: int = 1
    own_row: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, rows: jax.Array, population: jax.Array) -> jax.Array:
        """f32[N, c], f32[N, K, d], i32[N] -> f32[N, queries, choices]."""
        size = rows.shape[-1]
        own = OwnDense(self.queries * (size + 1), self.groups, scale=0.1)(x, population)
        own = own.reshape(-1, self.queries, size + 1)
        scores = jnp.einsum("nqd,nkd->nqk", own[..., :size].astype(rows.dtype), rows)
        scores = scores.astype(jnp.float32) * size**-0.5
        if self.own_row:
            return scores.at[:, :, 0].add(own[..., size])
        return jnp.concatenate([own[..., size:], scores], -1)


class ForEach(nn.Module):
    """What an agent would decide for each row that an earlier head may have pointed at.

    Attributes:
      features: of the vector for each choice.
      own_row: row 0 is the agent itself; elsewhere a choice of nothing comes before the rows.
    """

    features: int = 32
    own_row: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, rows: jax.Array) -> jax.Array:
        """f32[N, c], f32[N, K, d] -> f32[N, choices, features]."""
        if not self.own_row:
            nothing = self.param("nothing", nn.initializers.normal(0.1), (rows.shape[-1],))
            nothing = jnp.broadcast_to(nothing.astype(rows.dtype), (len(rows), 1, rows.shape[-1]))
            rows = jnp.concatenate([nothing, rows], 1)
        hidden = nn.Dense(self.features)(x)[:, None] + nn.Dense(self.features)(rows)
        return nn.relu(hidden)


class Directions(nn.Module):
    """Choices that are directions: every view of the world tells how good it is to go ahead there.

    One small network reads all views: what is learnt of going north is known of going south.

    Attributes:
      leads: (rows, columns) that each choice leads.
      given: sets of choices.
      groups: populations with a last layer of their own.
      features: of the hidden layer.
    """

    leads: tuple[tuple[int, int], ...]
    given: int = 1
    groups: int = 1
    features: int = 32

    @nn.compact
    def __call__(self, x: jax.Array, views: jax.Array, population: jax.Array) -> jax.Array:
        """f32[N, c], f32[N, V, d], i32[N] -> f32[N, given, choices]; 0 for staying."""
        count = views.shape[1]
        hidden = nn.relu(nn.Dense(self.features)(views) + nn.Dense(self.features)(x)[:, None])
        init = nn.initializers.normal(0.1 * self.features**-0.5)
        kernel = self.param("kernel", init, (self.groups, self.features, self.given))
        # every agent fetches its population's weights once, for all views; one group is everyone's
        group = population if self.groups > 1 else jnp.zeros_like(population)
        own = jnp.tensordot(jax.nn.one_hot(group, self.groups), kernel, 1)
        score = jnp.einsum("nvh,nhg->nvg", hidden, own)
        return jnp.einsum("nvg,vc->ngc", score, jnp.asarray(facing(self.leads, count)))
