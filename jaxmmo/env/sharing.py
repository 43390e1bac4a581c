"""What everybody in a world observes alike, beside what each agent observes.

A shared table (`View.shared`) is there once a world. An observation therefore has arrays by agent
and arrays by world, in one of three forms, N agents and S worlds:

* as `env.observe` makes it: [..., P, ...] by agent, and shared tables without the axis P;
* joined: all agents along one axis, [N, ...], the shared tables [S, ...], and the agents of a world
  following one another, as many in each;
* `Gathered`: any agents, with the number of the world whose tables they see.

`joined` and `taken` lead from one form to the next and pass everything else by; for observations
without shared tables the three are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.observation import Observation
from jaxmmo.env.views.view import SharedRows
from jaxmmo.records import Record

Map = Callable[[jax.Array], jax.Array]


class Gathered(Observation):
    """Observations of agents out of several worlds; shared tables are [..., S, ...]."""

    world: jax.Array  # i32[..., N]; whose tables each agent sees, 0 to S - 1


def joined(tree: Any, axes: int = 2) -> Any:
    """The first axes of all arrays as one: those of agents, [B, P, ...] -> [B P, ...].

    Args:
      tree: of arrays by agent, and observations.
      axes: how many, the last of which are the slots of a world; shared tables have the others.
    """

    def join(x: jax.Array) -> jax.Array:
        return x.reshape(-1, *x.shape[axes:])

    def one(x: Any) -> Any:
        shared = _shared(x)
        if shared is None:
            return jax.tree.map(join, x)
        by_world = axes - (shared.ndim < x.tiles.ndim)
        obs = _mapped(x, join, lambda leaf: leaf.reshape(-1, *leaf.shape[by_world:]))
        if isinstance(x, Gathered):
            many = math.prod(x.world.shape[: axes - 1])
            first = shared.shape[axes - 1] * jnp.arange(many, dtype=jnp.int32)
            world = (x.world.reshape(many, -1) + first[:, None]).reshape(-1)
            return Gathered(**vars(obs), world=world)
        return obs

    return jax.tree.map(one, tree, is_leaf=_is_observation)


def taken(tree: Any, rows: jax.Array, axis: int = 0, *, fill: bool = False) -> Any:
    """Some agents' rows of every array; a row beyond the last one reads the last.

    Shared tables stay whole, so that what a network makes of them is made once a world; where
    fewer agents are taken than there are worlds, each brings its own.

    Args:
      tree: of arrays by agent, and observations, joined or gathered.
      rows: i32[n].
      axis: of the agents.
      fill: a row beyond the last one is zero instead; of a shared table it sees any world's.
    """
    at = (*(slice(None) for _ in range(axis)), rows)

    def take(x: jax.Array) -> jax.Array:
        if fill:
            return x.at[at].get(mode="fill", fill_value=0)
        return x.at[at].get(mode="clip")

    def one(x: Any) -> Any:
        shared = _shared(x)
        if shared is None:
            return jax.tree.map(take, x)
        x = joined(x, 1) if shared.ndim < x.tiles.ndim else x
        size, worlds = x.tiles.shape[axis], shared.shape[axis] if shared.ndim == x.tiles.ndim else 1
        if isinstance(x, Gathered):
            world = x.world.at[rows].get(mode="clip")
        else:
            world = jnp.minimum(rows, size - 1) // (size // worlds)
        if worlds <= rows.shape[0]:
            obs = _mapped(x, take, lambda leaf: leaf)
            world = jnp.broadcast_to(world, (*x.tiles.shape[:axis], *world.shape))
            return Gathered(**vars(obs), world=world)
        each = (*at[:-1], world)
        return _mapped(x, take, lambda leaf: leaf.at[each].get(mode="clip"))

    return jax.tree.map(one, tree, is_leaf=_is_observation)


def seen(obs: Observation, x: jax.Array) -> jax.Array:
    """[..., N, ...]: what was made of a shared table, as every agent's own.

    Args:
      obs: in any form, with its agents along the last leading axis.
      x: of all worlds, with the leading axes of the shared tables.
    """
    shared: Any = _shared(obs)
    axes = obs.tiles.ndim - 2
    agents = obs.tiles.shape[axes - 1]
    if shared.ndim < obs.tiles.ndim:
        shape = (*x.shape[: axes - 1], agents, *x.shape[axes - 1 :])
        return jnp.broadcast_to(jnp.expand_dims(x, axes - 1), shape)
    if not isinstance(obs, Gathered):
        return jnp.repeat(x, agents // x.shape[axes - 1], axes - 1)
    pick: Any = lambda x, world: x.at[world].get(mode="promise_in_bounds")  # noqa: E731
    for _ in range(axes - 1):
        pick = jax.vmap(pick)
    return pick(x, obs.world)


def _is_observation(x: Any) -> bool:
    return isinstance(x, Observation)


def _shared(x: Any) -> Any:
    """The words of some shared table, None where there is none."""
    if not isinstance(x, Observation):
        return None
    tables = (t for t in x.tables.values() if isinstance(t, SharedRows))
    return next((table.words for table in tables), None)


def _mapped(obs: Observation, by_agent: Map, by_world: Map) -> Observation:
    """The observation with its arrays by agent, and those by world, made into others."""
    return Observation(
        tiles=by_agent(obs.tiles),
        tables=Record(
            {
                name: jax.tree.map(by_world if isinstance(table, SharedRows) else by_agent, table)
                for name, table in obs.tables.items()
            }
        ),
        masks=jax.tree.map(by_agent, obs.masks),
    )
