"""Checks on the host, and the fingerprint of a state."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Material
from jaxmmo.env.state import WorldState


def check_terrain(config: EnvConfig, terrain: Any) -> jax.Array:
    """u8[H, W] materials; ValueError for another shape or unknown materials."""
    shape = (config.height, config.width)
    if np.shape(terrain) != shape:
        raise ValueError(f"terrain of shape {np.shape(terrain)}: this world's map is {shape}")
    if not isinstance(terrain, Tracer):
        values = np.unique(np.asarray(terrain))
        unknown = values[(values < 0) | (values > Material.ORE) | (values != np.floor(values))]
        if unknown.size:
            known = ", ".join(f"{m.value} {m.name.lower()}" for m in Material if m < Material.VOID)
            raise ValueError(f"terrain has unknown materials {unknown.tolist()}; known: {known}")
    return jnp.asarray(terrain).astype(jnp.uint8)


def check_action(config: EnvConfig, action: Any) -> None:
    """ValueError unless each head is there as an integer array of one entry per slot."""
    heads = ("move", "style", "target")
    fields = action if isinstance(action, dict) else getattr(action, "__dict__", {})
    if set(fields) != set(heads):
        raise ValueError(f"action has {sorted(fields)}: its heads are {list(heads)}")
    for name in heads:
        value = fields[name]
        if np.shape(value) != (config.capacity,):
            raise ValueError(
                f"action {name!r} of shape {np.shape(value)}: must be ({config.capacity},), one "
                "entry per slot (for a batch of worlds, vmap)"
            )
        if not jnp.issubdtype(jnp.asarray(value).dtype, jnp.integer):
            raise ValueError(f"action {name!r} of {jnp.asarray(value).dtype}: must be integers")


def digest(state: WorldState) -> jax.Array:
    """u32[2]; see `Environment.digest`. Sums of hashes, so that order does not matter."""
    players, lives = state.players, state.lives
    rows = []
    for table in (players, lives):
        for field in dataclasses.fields(table):
            value = getattr(table, field.name)
            rows.append(value.reshape(value.shape[0], -1).astype(jnp.uint32))
    agent = _hash_rows(jnp.concatenate(rows, 1), players.id.astype(jnp.uint32))
    agent = jnp.where(players.alive[:, None], agent, 0)
    terrain = state.terrain
    # a time of ripening that has passed makes no difference any more
    ripe_at = jnp.where(terrain.ripe_at > state.tick, terrain.ripe_at, 0).reshape(-1)
    ground = jnp.stack([terrain.tile.reshape(-1).astype(jnp.uint32), ripe_at.astype(jnp.uint32)], 1)
    tiles = _hash_rows(ground, jnp.arange(ground.shape[0], dtype=jnp.uint32))
    clock = jnp.stack([state.tick, state.next_id]).astype(jnp.uint32)[None]
    return (
        jnp.sum(agent, 0, dtype=jnp.uint32)
        + jnp.sum(tiles, 0, dtype=jnp.uint32)
        + _hash_rows(clock, jnp.zeros(1, jnp.uint32))[0]
    )


def _hash_rows(table: jax.Array, salt: jax.Array) -> jax.Array:
    """u32[N, 2]: each row of a u32[N, F] table folded into two words."""

    def fold(seed: int) -> jax.Array:
        def mix(acc: jax.Array, column: jax.Array) -> tuple[jax.Array, None]:
            acc = (acc ^ column) * jnp.uint32(0x85EBCA6B)
            acc = (acc ^ (acc >> 15)) * jnp.uint32(0xC2B2AE35)
            return acc ^ (acc >> 13), None

        return jax.lax.scan(mix, salt ^ jnp.uint32(seed), table.T)[0]

    return jnp.stack([fold(0x9E3779B9), fold(0x7F4A7C15)], 1)
