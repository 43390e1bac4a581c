"""Cores: what joins everything an agent perceives, with or without memory."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class FeedForward(nn.Module):
    """Layers without memory.

    Attributes:
      features: width of each layer.
      layers: how many.
      dtype: of the products.
    """

    features: int = 64
    layers: int = 1
    dtype: jnp.dtype = jnp.float32

    def memory(self, shape: tuple[int, ...]) -> Any:
        """No memory."""
        del shape
        return ()

    @nn.compact
    def __call__(self, x: jax.Array, carry: Any, reset: jax.Array) -> tuple[jax.Array, Any]:
        """f32[N, c] -> f32[N, features]."""
        del reset
        for _ in range(self.layers):
            x = nn.relu(nn.Dense(self.features, dtype=self.dtype)(x))
        return x, carry


class Recurrent(nn.Module):
    """A recurrent cell whose memory starts afresh where an agent was born.

    Attributes:
      features: size of the memory.
      cell: `nn.GRUCell`, `nn.OptimizedLSTMCell`, or another of flax's cells.
    """

    features: int = 64
    cell: type[nn.RNNCellBase] = nn.GRUCell

    def memory(self, shape: tuple[int, ...]) -> Any:
        """Zeros, [*shape, features] for every part of the cell's memory."""
        zero = jnp.zeros((*shape, self.features))
        return (zero, zero) if issubclass(self.cell, nn.OptimizedLSTMCell) else zero

    @nn.compact
    def __call__(self, x: jax.Array, carry: Any, reset: jax.Array) -> tuple[jax.Array, Any]:
        """f32[N, c], memory, bool[N] -> f32[N, features], memory."""
        carry = jax.tree.map(lambda m: jnp.where(reset[:, None], 0, m), carry)
        cell: Any = self.cell
        carry, y = cell(self.features)(carry, nn.relu(nn.Dense(self.features)(x)))
        return y, carry
