"""Checks on the host, and the fingerprint of a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.state import WorldState, get_at, varying_like
from jaxmmo.env.state.table import columns
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.spec import Spec


def check_terrain(config: EnvConfig, materials: Sequence[MaterialKind], terrain: Any) -> jax.Array:
    """u8[H, W] materials; ValueError for another shape or materials that maps do not hold."""
    shape = (config.height, config.width)
    if np.shape(terrain) != shape:
        raise ValueError(f"terrain of shape {np.shape(terrain)}: this world's map is {shape}")
    if not isinstance(terrain, Tracer):
        known = {i: kind.name for i, kind in enumerate(materials) if kind.placed}
        unknown = [v for v in np.unique(np.asarray(terrain)).tolist() if v not in known]
        if unknown:
            allowed = ", ".join(f"{number} {name}" for number, name in known.items())
            raise ValueError(f"terrain has unknown materials {unknown}; known: {allowed}")
    return jnp.asarray(terrain).astype(jnp.uint8)


def check_action(config: EnvConfig, spec: Spec, action: Any) -> None:
    """ValueError unless each head is there as an integer array of one entry per slot."""
    heads = [head.name for head in spec.heads]
    given = sorted(action) if isinstance(action, Mapping) else type(action).__name__
    if not isinstance(action, Mapping) or set(action) != set(heads):
        raise ValueError(f"action has {given}: its heads are {heads}")
    for name in heads:
        value = action[name]
        if np.shape(value) != (config.capacity,):
            raise ValueError(
                f"action {name!r} of shape {np.shape(value)}: must be ({config.capacity},), one "
                "entry per slot (for a batch of worlds, vmap)"
            )
        dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
        if not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(f"action {name!r} of {dtype}: must be integers")


def check_key(key: Any) -> None:
    """ValueError unless it is one typed key."""
    dtype = getattr(key, "dtype", None)
    if dtype is None or not jnp.issubdtype(dtype, jax.dtypes.prng_key):
        found = type(key).__name__ if dtype is None else f"{dtype}{list(key.shape)}"
        raise ValueError(f"key is {found}: must be a typed key, as from jax.random.key(0)")
    if key.shape:
        raise ValueError(
            f"keys of shape {list(key.shape)}: one world takes one key; for many worlds, "
            "jax.vmap(env.reset)(keys), and likewise env.step"
        )


def check_state(config: EnvConfig, state: Any) -> None:
    """ValueError unless a state has the sizes of this environment's worlds."""
    if not isinstance(state, WorldState):
        raise ValueError(f"state is {type(state).__name__}: must be that of the last reset or step")
    tile: tuple[int, ...] = jnp.shape(state.terrain.tile)
    alive: tuple[int, ...] = jnp.shape(state.bodies.alive)
    if len(tile) > 2:
        raise ValueError(f"a state of {list(tile[:-2])} worlds: step one, or jax.vmap(env.step)")
    here = (config.height, config.width), (config.bodies,)
    if (tile, alive) != here:
        raise ValueError(
            f"a state of another environment: it has {'x'.join(map(str, tile))} tiles and "
            f"{'x'.join(map(str, alive))} slots, this one has {config.height}x{config.width} and "
            f"{config.bodies}"
        )


def check_reward(config: EnvConfig, function: Any, reward: Any) -> jax.Array:
    """f32[P]; ValueError, which names the function, for another shape or numbers without point."""
    name = getattr(function, "__name__", type(function).__name__)
    shape, dtype = jnp.shape(reward), jnp.result_type(reward)
    if shape != (config.capacity,) or not jnp.issubdtype(dtype, jnp.floating):
        raise ValueError(
            f"the reward function {name} returned {dtype}{list(shape)}: must be "
            f"float32[{config.capacity}], one number for each slot"
        )
    return jnp.asarray(reward, jnp.float32)


def check_population(function: Any, population: Any, ids: jax.Array) -> jax.Array:
    """i32[N]; ValueError, which names the function, for another shape or dtype."""
    name = getattr(function, "__name__", type(function).__name__)
    shape, dtype = jnp.shape(population), jnp.result_type(population)
    if shape != ids.shape or not jnp.issubdtype(dtype, jnp.integer):
        raise ValueError(
            f"the population function {name} returned {dtype}{list(shape)}: must be "
            f"int32{list(ids.shape)}, one for each id"
        )
    return jnp.asarray(population, jnp.int32)


def digest(state: WorldState) -> jax.Array:
    """u32[2]; see `Environment.digest`. Sums of hashes, so that order does not matter."""
    total = _hash_table(state, state.bodies)
    life = _hash_columns(state, state.lives, state.players.id.astype(jnp.uint32))
    total += jnp.sum(jnp.where(state.players.alive[:, None], life, 0), 0, dtype=jnp.uint32)
    for name in sorted(state.tables):
        total = total * jnp.uint32(3) + _hash_table(state, state.tables[name])
    terrain = state.terrain
    # a time of ripening that has passed makes no difference any more
    ripe_at = jnp.where(terrain.ripe_at > state.tick, terrain.ripe_at, 0).reshape(-1)
    ground = jnp.stack([terrain.tile.reshape(-1).astype(jnp.uint32), ripe_at.astype(jnp.uint32)], 1)
    tiles = _hash_rows(ground, jnp.arange(ground.shape[0], dtype=jnp.uint32))
    counters = [state.next_ids[name] for name in sorted(state.next_ids)]
    clock = jnp.stack([state.tick, state.next_id, *counters]).astype(jnp.uint32)[None]
    total += jnp.sum(tiles, 0, dtype=jnp.uint32)
    return total + _hash_rows(clock, jnp.zeros(1, jnp.uint32))[0]


def _hash_table(state: WorldState, table: Any) -> jax.Array:
    """u32[2]: what a table's living rows hold, whatever their slots."""
    rows = _hash_columns(state, table, table.id.astype(jnp.uint32))
    return jnp.sum(jnp.where(table.alive[:, None], rows, 0), 0, dtype=jnp.uint32)


def _hash_columns(state: WorldState, table: Any, salt: jax.Array) -> jax.Array:
    """u32[N, 2]: each row folded; a reference counts as the id of what it refers to."""
    rows = []
    for name, column in columns(type(table)).items():
        value = getattr(table, name)
        if column.refers is not None:
            other = state.table(column.refers)
            ids = jnp.where(other.alive, other.id, -1)  # an empty slot is nobody too
            value = get_at(ids, value, -1)
        rows.append(value.reshape(value.shape[0], -1).astype(jnp.uint32))
    return _hash_rows(jnp.concatenate(rows, 1), salt)


def _hash_rows(table: jax.Array, salt: jax.Array) -> jax.Array:
    """u32[N, 2]: each row of a u32[N, F] table folded into two words."""

    def fold(seed: int) -> jax.Array:
        def mix(acc: jax.Array, column: jax.Array) -> tuple[jax.Array, None]:
            acc = (acc ^ column) * jnp.uint32(0x85EBCA6B)
            acc = (acc ^ (acc >> 15)) * jnp.uint32(0xC2B2AE35)
            return acc ^ (acc >> 13), None

        return jax.lax.scan(mix, varying_like(salt ^ jnp.uint32(seed), table), table.T)[0]

    return jnp.stack([fold(0x9E3779B9), fold(0x7F4A7C15)], 1)
