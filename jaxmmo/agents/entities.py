"""From the attributes of entities to entity vectors, and from many entities to one vector."""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxmmo.spec import Kind, Table

Columns = dict[str, jax.Array]

Seen = Callable[[jax.Array], jax.Array]
"""[S, ...] by world -> [N, ...] by agent."""

BOUND = 4.0
"""Normalised numbers are squashed into about this range, as ages and crowds have no limit."""

GAIN = 4.0
"""Normalised numbers mostly span one unit, a spread of 0.3: this makes them count for as much as
the indicators of discrete values from the start."""


def squash(value: jax.Array) -> jax.Array:
    """f32: nearly proportional for small numbers, never beyond +-BOUND."""
    value = GAIN * value
    return value / (1 + jnp.abs(value) / BOUND)


def planes(table: Table, columns: Columns) -> tuple[jax.Array, list[int]]:
    """Attributes as features: a number for a continuous one, an indicator per value otherwise.

    A product with these features is a look-up in embedding tables and a linear embedding at once.
    Entities lie along the last axis, where a CPU works on many of them at once.

    Args:
      table: whose attributes.
      columns: `io.inputs` of the table, [N, K] by name.

    Returns:
      f32[F, N * K], and the attribute that each of the F features belongs to.
    """
    features, owners = [], []
    for index, attribute in enumerate(table.observed):
        column = columns[attribute.name].reshape(-1)
        if attribute.kind == Kind.DISCRETE:
            found = [(column == value).astype(jnp.float32) for value in range(attribute.size)]
        else:
            found = [squash(column)]
        features += found
        owners += [index] * len(found)
    return jnp.stack(features), owners


def shape_of(columns: Columns) -> tuple[int, ...]:
    """(N, K): a network built for a table of so many rows reads tables of any other number."""
    return next(iter(columns.values())).shape


def mix(features: jax.Array, weights: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """f32[F, M], f32[F, d] -> f32[M, d]."""
    return jnp.einsum("fm,fd->md", features.astype(dtype), weights.astype(dtype))


class SummedAttributes(nn.Module):
    """The sum of an entity's attribute embeddings, and a nonlinearity.

    Attributes:
      features: size of an entity vector.
      dtype: of the products.
    """

    features: int = 32
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, table: Table, columns: Columns) -> jax.Array:
        """[N, K] columns -> f32[N, K, features]."""
        x, _ = planes(table, columns)
        embed = self.param("embed", nn.initializers.lecun_normal(), (x.shape[0], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        rows = nn.relu(mix(x, embed, self.dtype) + bias.astype(self.dtype)[None])
        return rows.reshape(*shape_of(columns), self.features)


class PooledAttributes(nn.Module):
    """Attention over the attributes of every entity, by a learned query, and a nonlinearity.

    The attention is the usual one over attribute embeddings, a value's embedding being a row of a
    table (discrete) or linear (continuous). As scores and values are then linear in the features of
    `planes`, no embedding is ever laid out: the cost is three small products an entity.

    Attributes:
      features: size of an entity vector.
      dtype: of the products.
    """

    features: int = 32
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, table: Table, columns: Columns) -> jax.Array:
        """[N, K] columns -> f32[N, K, features]."""
        x, owners = planes(table, columns)
        count, size = len(table.observed), len(owners)
        embed = self.param("embed", nn.initializers.lecun_normal(), (size, self.features))
        bias = self.param("bias", nn.initializers.normal(0.1), (count, self.features))
        query = self.param("query", nn.initializers.normal(0.1), (self.features,))
        belongs = jnp.asarray(owners)[None] == jnp.arange(count)[:, None]
        keys = jnp.where(belongs, embed @ query, 0.0)
        scores = keys @ x + (bias @ query)[:, None]
        weights = nn.softmax(scores, axis=0) * count
        weighted = (belongs.T.astype(jnp.float32) @ weights) * x
        rows = mix(weighted, embed, self.dtype) + mix(weights, bias, self.dtype)
        return nn.relu(rows).reshape(*shape_of(columns), self.features)


class TokenAttributes(nn.Module):
    """The general form: a token per attribute, any block over the tokens, and their mean.

    Attributes:
      features: size of a token.
      block: module taking tokens f32[..., A, features] to the same shape; None for the mean alone.
    """

    features: int = 32
    block: nn.Module | None = None

    @nn.compact
    def __call__(self, table: Table, columns: Columns) -> jax.Array:
        """[N, K] columns -> f32[N, K, features]."""
        tokens = []
        for attribute in table.observed:
            column = columns[attribute.name]
            if attribute.kind == Kind.DISCRETE:
                embed = nn.Embed(attribute.size, self.features, name=attribute.name)
                tokens.append(embed(column))
            else:
                embed = nn.Dense(self.features, name=attribute.name)
                tokens.append(embed(squash(column)[..., None]))
        stacked = jnp.stack(tokens, -2)
        if self.block is not None:
            stacked = self.block(stacked)
        return jnp.mean(stacked, -2)


class SelfAttention(nn.Module):
    """A pre-norm transformer block over the second-last axis, for `TokenAttributes` and the like.

    Attributes:
      heads: of the attention.
      widen: width of the feed-forward layer, in features.
    """

    heads: int = 2
    widen: int = 2

    @nn.compact
    def __call__(self, tokens: jax.Array, mask: jax.Array | None = None) -> jax.Array:
        """f32[..., n, d] -> the same; mask bool[..., n] of the tokens that exist."""
        size = tokens.shape[-1]
        allowed = None if mask is None else mask[..., None, None, :]
        normed = nn.LayerNorm()(tokens)
        tokens = tokens + nn.MultiHeadDotProductAttention(self.heads)(normed, mask=allowed)
        hidden = nn.relu(nn.Dense(self.widen * size)(nn.LayerNorm()(tokens)))
        return tokens + nn.Dense(size)(hidden)


class QueryAttention(nn.Module):
    """What one agent makes of the entities it sees: dot-product attention with its own query.

    Attributes:
      heads: each with its own query; their results are joined.
      block: module (rows f32[N, K, d], present bool[N, K]) -> f32[N, K, d] run before, such as
        `SelfAttention`, in which entities attend to each other; None for none.
      dtype: of the products.
    """

    heads: int = 2
    block: nn.Module | None = None
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(
        self, own: jax.Array, rows: jax.Array, present: jax.Array, seen: Seen | None = None
    ) -> tuple[jax.Array, jax.Array]:
        """Attends.

        Args:
          own: f32[N, c], from which the queries are made.
          rows: f32[N, K, d].
          present: bool[N, K]; rows that hold somebody.
          seen: of a table that everybody in a world sees alike: rows and present are by world,
            [S, K, ...], and this makes them every agent's.

        Returns:
          f32[N, heads * d], zero where nobody is present, and the weights f32[N, K], mean of heads.
        """
        if self.block is not None:
            rows = self.block(rows, present)
        if seen is not None:
            rows, present = seen(rows), seen(present)
        size = rows.shape[-1]
        query = nn.Dense(self.heads * size, dtype=self.dtype)(own)
        query = query.reshape(-1, self.heads, size) * size**-0.5
        scores = jnp.einsum("nhd,nkd->nhk", query, rows).astype(jnp.float32)
        scores = jnp.where(present[:, None], scores, -1e9)
        weights = nn.softmax(scores) * present[:, None].astype(jnp.float32)
        pooled = jnp.einsum("nhk,nkd->nhd", weights.astype(self.dtype), rows)
        return pooled.reshape(own.shape[0], -1), jnp.mean(weights, 1)
