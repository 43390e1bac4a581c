"""Where agents are: maps of visits, how far they spread, and how much two of them overlap."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.acting import world_of
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation.following import Happened


def empty(env: Environment, worlds: int) -> jax.Array:
    """i32[B, G, H, W]: no visits yet, by world, population and tile."""
    config = env.config
    return jnp.zeros((worlds, config.num_populations, config.height, config.width), jnp.int32)


def count(env: Environment, maps: jax.Array, happened: Happened) -> jax.Array:
    """Maps with one more visit to the tile of everybody who lives after a tick.

    Args:
      env: of each world.
      maps: i32[B, G, H, W].
      happened: the tick.
    """
    players = world_of(env, happened.after.state).players
    return add(maps, players)


def add(maps: jax.Array, players: Any) -> jax.Array:
    """Maps i32[B, G, H, W] with a visit more for each of the living of a table [B, P]."""
    worlds = jnp.arange(maps.shape[0])[:, None]
    group = jnp.where(players.alive, players.population, maps.shape[1])
    return maps.at[worlds, group, players.row, players.col].add(1, mode="drop")


def overlap(one: Any, other: Any) -> np.ndarray:
    """How much of their time two groups spend in the same places: 0 apart, 1 alike.

    The sum over tiles of the smaller of the two shares of visits. Few visits overlap less than the
    habits behind them: compare with the overlap of two halves of one group's visits.

    Args:
      one: [..., H, W], visits.
      other: likewise.

    Returns:
      f64[...]; nan where one of them was nowhere.
    """
    return np.minimum(_share(one), _share(other)).sum((-2, -1))


def spread(maps: Any) -> np.ndarray:
    """f64[...]: tiles that are visited, in effect: exp of the entropy of visits [..., H, W].

    As many as there are tiles if all are visited alike, 1 if only one is; nan without a visit.
    """
    share = _share(maps)
    surprise = -np.log(np.where(share > 0, share, 1))
    return np.exp((share * surprise).sum((-2, -1)))


def pairs(maps: Any, others: Any | None = None, *, same: bool = True) -> np.ndarray:
    """Mean overlap between different groups of a world.

    Args:
      maps: [B, G, H, W], visits.
      others: maps of another run, or of another time, in the same worlds, each of whose groups is
        then compared with each of these; if omitted, every two different groups of `maps` are
        compared.
      same: False leaves out the comparisons of a group with the one of the same number.

    Returns:
      f64[B], by world; nan where there is nothing to compare.
    """
    maps = np.asarray(maps)
    own = others is None
    second = maps if others is None else np.asarray(others)
    found = [
        overlap(maps[:, i], second[:, j])
        for i in range(maps.shape[1])
        for j in range(second.shape[1])
        if (i < j if own else same or i != j)
    ]
    return known(found, 0) if found else np.full(maps.shape[0], np.nan)


def known(values: Any, axis: int) -> np.ndarray:
    """The mean over an axis of what is not nan; nan where nothing else is."""
    values = np.asarray(values, float)
    there = np.isfinite(values)
    total = np.where(there, values, 0).sum(axis)
    return np.where(there.any(axis), total / np.maximum(there.sum(axis), 1), np.nan)


def _share(maps: Any) -> np.ndarray:
    """Visits [..., H, W] as shares of all; nan where there are none."""
    maps = np.asarray(maps, float)
    total = maps.sum((-2, -1), keepdims=True)
    return np.where(total > 0, maps / np.where(total > 0, total, 1), np.nan)
