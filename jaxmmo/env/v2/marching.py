"""What soldiers decide: they fight whom they can reach, and else march to a point (section 8)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.random import below
from jaxmmo.env.v2 import minds
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import AROUND, PASSABLE
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.minds import Plans
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World

NEAR = 10
"""Steps, were nothing in the way, up to which a soldier looks for a path."""

TOWARD = 3
"""How much more likely than away from it is a step towards what is further off."""


def decide(config: Config, rules: Rules, world: World, rolls: Rolls) -> tuple[World, Plans]:
    """Soldiers pick targets as aggressive NPCs do; whom they reach they charge and strike.

    Else they march to their target, or to where they are to rally, or they meander. Who has come
    close to that point has done its duty and forgets it.
    """
    world = _forget(rules, world, config)
    aims = minds.aim(config, world.bodies)
    mine, start = aims.mine, aims.start
    assert world.muster is not None
    rally = jnp.stack([world.muster.row, world.muster.col], 1)
    sees = mine.alive & (aims.slot < config.bodies)
    strikes = sees & minds.in_reach(rules, world, aims)
    goes = sees | (mine.alive & (rally[:, 0] >= 0))
    goal = jnp.where(sees[:, None], aims.goal, jnp.where(goes[:, None], rally, start))
    near = goes & (strikes | (jnp.abs(goal - start).sum(1) <= NEAR))
    step = minds.path_steps(config, world, rolls, (start, goal), near)
    assert rolls.muster is not None
    far = _stray(world, start, goal, rolls.muster.stray)
    wander = minds.meander(world, mine, rolls.direction)
    move = jnp.where(near, minds.choice_of(step), jnp.where(goes, far, wander))
    return minds.planned(config, world, aims, move, strikes)


def _forget(rules: Rules, world: World, config: Config) -> World:
    """Who has rallied has nowhere to go any more."""
    muster, bodies = world.muster, world.bodies
    assert muster is not None
    row, col = bodies.row[config.capacity :], bodies.col[config.capacity :]
    off = jnp.maximum(jnp.abs(row - muster.row), jnp.abs(col - muster.col))
    there = off <= rules.rally_within
    row, col = jnp.where(there, -1, muster.row), jnp.where(there, -1, muster.col)
    return world.replace(muster=muster.replace(row=row, col=col))


def _stray(world: World, start: jax.Array, goal: jax.Array, word: jax.Array) -> jax.Array:
    """i32[M]: a choice of move onto a passable tile, rather towards a goal; north if none is.

    Args:
      start: i32[M, 2].
      goal: i32[M, 2].
      word: u32[M], uniform.
    """
    around, off = jnp.asarray(AROUND, jnp.int32), goal - start
    last = world.material.shape[0] - 1
    beside = jnp.clip(start[:, None] + around, 0, last)
    free = jnp.asarray(PASSABLE)[world.material[beside[..., 0], beside[..., 1]]]
    toward = jnp.maximum(around * off[:, None], 0).sum(2)  # i32[M, 4], tiles that lie that way
    weight = jnp.where(free, jnp.abs(off).sum(1)[:, None] + TOWARD * toward, 0)
    until = jnp.cumsum(weight, 1, dtype=jnp.int32)
    nth = below(word, jnp.maximum(until[:, -1], 1))
    first = jnp.minimum((until <= nth[:, None]).sum(1), 3)
    return jnp.where(free.any(1), minds.FROM_AROUND[first], 0)
