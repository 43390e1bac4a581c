"""Tiles that games begin on or are about: the edge, a circle, the quadrants (section 13)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.v2.config import Config


def edge(config: Config) -> jax.Array:
    """i32[4 C, 2]: the tiles on which players begin; one corner counts twice, one not at all."""
    low, high = config.border, config.border + config.centre
    along = jnp.arange(low, high)
    sides = [
        (jnp.full_like(along, low), along),
        (along, jnp.full_like(along, high)),
        (jnp.full_like(along, high), along),
        (along, jnp.full_like(along, low)),
    ]
    return jnp.concatenate([jnp.stack(side, 1) for side in sides]).astype(jnp.int32)


def team_spots(config: Config) -> jax.Array:
    """i32[N, 2]: the tiles on which teams begin, at least one each, evenly spaced.

    They are on the edge, as many on each side, or on the circle of the configuration.
    """
    if config.circle:
        return jnp.asarray(_circle(config))
    many = -(-config.teams // 4)
    entries = jnp.array([config.centre * (i + 1) // (many + 1) for i in range(many)])
    sides = edge(config).reshape(4, -1, 2)
    # around the square: two sides are walked back
    sides = jnp.concatenate([sides[:2], sides[2:, ::-1]])
    return sides[:, entries].reshape(-1, 2)


def _circle(config: Config) -> np.ndarray:
    """i32[teams, 2]: tiles on a circle around the centre, the first due south, cut towards it."""
    turn = 2 * np.pi * np.arange(config.teams) / config.teams
    around = np.stack([np.cos(turn), np.sin(turn)], 1)
    return (config.height // 2 + (config.circle * around).astype(int)).astype(np.int32)


def quarters(config: Config) -> jax.Array:
    """i32[4, 2]: the centres of the quadrants of the playable square."""
    off = config.centre // 2 // 2
    signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    return jnp.asarray(config.height // 2 + off * signs, jnp.int32)


def within(config: Config, low: jax.Array, high: jax.Array) -> jax.Array:
    """bool[..., S, S]: tiles of rectangles from corners i32[..., 2] to others, both included."""
    index = jnp.arange(config.height, dtype=jnp.int32)
    inside = (index >= low[..., None]) & (index <= high[..., None])
    return inside[..., 0, :, None] & inside[..., 1, None, :]
