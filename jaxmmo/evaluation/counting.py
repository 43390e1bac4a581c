"""What is counted in worlds that are watched: lives, deaths and their causes, by population."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.constants import Cause


class Counts(struct.PyTreeNode):
    """What is counted, by world B and population G."""

    lives: jax.Array  # i32[B, G, H + 1]; by capped length, of agents born early enough
    steps: jax.Array  # i32[B, G]; of the living, once steady
    deaths: jax.Array  # i32[B, G]; once steady
    causes: jax.Array  # i32[B, G, causes]; all deaths
    levels: jax.Array  # i32[B, G, S]; summed over deaths
    explored: jax.Array  # i32[B, G]; summed over deaths
    dealt: jax.Array  # i32[B, G]; damage, summed over deaths
    economy: Any = ()  # [B, G, ...]; of games that have one, see `economies`


def zero(worlds: int, groups: int, horizon: int, skills: int, economy: Any = ()) -> Counts:
    """Nothing is counted yet, in B worlds of G populations; `skills` are how many a life has."""

    def none(*shape: int) -> jax.Array:
        return jnp.zeros((worlds, groups, *shape), jnp.int32)

    return Counts(
        lives=none(horizon + 1),
        steps=none(),
        deaths=none(),
        causes=none(len(Cause)),
        levels=none(skills),
        explored=none(),
        dealt=none(),
        economy=economy,
    )


def by_group(mask: jax.Array, population: jax.Array, groups: int) -> jax.Array:
    """i32[B, G]: how many of each population are in a mask [B, P]."""
    member = population[..., None] == jnp.arange(groups)
    return jnp.sum(mask[..., None] & member, 1, dtype=jnp.int32)


def count(
    counts: Counts,
    info: Any,
    population: jax.Array,
    born: jax.Array,
    time: jax.Array,
    *,
    horizon: int,
    ticks: int,
) -> Counts:
    """Adds what a tick reports.

    Args:
      counts: of the ticks before.
      info: of the environment, [B, ...].
      population: i32[B, P], of who was in a slot before the tick.
      born: i32[B, P], when they came.
      time: i32[], ticks before.
      horizon: from which on lives are of one length (H), and a world counts as steady.
      ticks: that are watched in all.
    """
    deaths, groups = info.events.deaths, counts.steps.shape[1]
    worlds = jnp.arange(counts.steps.shape[0])[:, None]
    died = deaths.cause != Cause.NONE
    group = jnp.where(died, deaths.population, groups)
    steady = time >= horizon
    early = died & (born <= ticks - horizon)
    length = jnp.clip(deaths.lifetime, 0, horizon)
    where = (worlds, group)
    return counts.replace(
        lives=counts.lives.at[worlds, jnp.where(early, group, groups), length].add(1, mode="drop"),
        steps=counts.steps + steady * by_group(info.acted, population, groups),
        deaths=counts.deaths.at[where].add(steady.astype(jnp.int32), mode="drop"),
        causes=counts.causes.at[worlds, group, deaths.cause].add(1, mode="drop"),
        levels=counts.levels.at[where].add(deaths.level, mode="drop"),
        explored=counts.explored.at[where].add(deaths.explored, mode="drop"),
        dealt=counts.dealt.at[where].add(deaths.damage_dealt, mode="drop"),
    )
