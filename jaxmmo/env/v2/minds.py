"""What NPCs decide, from the state before anything else happens in a tick (section 8)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import at, get_at, least, min_at, select, set_at, varying_like
from jaxmmo.env.v2 import chasing, paths
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import AROUND, PASSABLE, Kind
from jaxmmo.env.v2.decisions import NO_MOVE, Rolls
from jaxmmo.env.v2.holding import doubled
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import SMALL, Bodies, World, is_player, slot_of


class Plans(NamedTuple):
    """What NPCs are about to do."""

    move: jax.Array  # i32[M]; choice of `DELTAS`, NO_MOVE for none
    style: jax.Array  # i32[M]
    target: jax.Array  # i32[M]; slot of whom to attack, B for nobody


NOBODY = 2**30

PLACES = 2**20
"""More than there are places of bodies."""

FROM_AROUND = jnp.array([0, 1, 3, 2])  # choices of `DELTAS` in the order of `AROUND`


class Aims(NamedTuple):
    """Whom NPCs have in mind, each M of them."""

    mine: Bodies  # the NPCs
    target: jax.Array  # i32[M]; id, 0 for nobody
    slot: jax.Array  # i32[M]; B for nobody
    who: jax.Array  # i32[M]; a slot also for nobody
    goal: jax.Array  # i32[M, 2]; where the target is
    start: jax.Array  # i32[M, 2]; where the NPC is


def decide(config: Config, rules: Rules, world: World, rolls: Rolls) -> tuple[World, Plans]:
    """NPCs pick targets, and meander or charge; the world remembers the targets."""
    aims = aim(config, world.bodies)
    mine, goal, start = aims.mine, aims.goal, aims.start
    charges = mine.alive & (mine.kind != Kind.PASSIVE) & (aims.slot < config.bodies)
    step = path_steps(config, world, rolls, (start, goal), charges)
    move = jnp.where(charges, choice_of(step), meander(world, mine, rolls.direction))
    return planned(config, world, aims, move, charges & in_reach(rules, world, aims))


def aim(config: Config, bodies: Bodies) -> Aims:
    """Whom NPCs have in mind, and where that is."""
    mine: Bodies = jax.tree.map(lambda column: column[config.capacity :], bodies)
    target = _targets(config, bodies, mine)
    slot = slot_of(config, bodies, target)
    slot = jnp.where(target == 0, config.bodies, slot)
    who = jnp.minimum(slot, config.bodies - 1)
    goal = jnp.stack([bodies.row[who], bodies.col[who]], 1)
    return Aims(mine, target, slot, who, goal, jnp.stack([mine.row, mine.col], 1))


def path_steps(
    config: Config,
    world: World,
    rolls: Rolls,
    way: tuple[jax.Array, jax.Array],
    wanted: jax.Array,
) -> jax.Array:
    """i32[M, 2]: first steps of paths, of those who want one; see `paths.first_steps`.

    Args:
      way: i32[M, 2] each, from where to where.
      wanted: bool[M].
    """
    start, goal = way
    searches = wanted & ~rolls.path_given & (start != goal).any(1)
    search = chasing.first_steps if config.search == "window" else paths.first_steps
    step = search(world.passable(), start, goal, searches)
    return select(wanted & rolls.path_given, rolls.path, step)


def in_reach(rules: Rules, world: World, aims: Aims) -> jax.Array:
    """bool[M]: NPCs whose target is near enough to be struck, and mortal."""
    off = jnp.abs(aims.start - aims.goal).max(1)
    return (world.bodies.kind[aims.who] != Kind.IMMORTAL) & (off <= rules.reach[aims.mine.style])


def planned(
    config: Config, world: World, aims: Aims, move: jax.Array, strikes: jax.Array
) -> tuple[World, Plans]:
    """The world that remembers the targets of living NPCs, and what those do.

    Args:
      move: i32[M], choices of `DELTAS`.
      strikes: bool[M], who attacks its target.
    """
    bodies, alive = world.bodies, aims.mine.alive
    npcs = jnp.arange(config.capacity, config.bodies)
    targets = bodies.target.at[npcs].set(jnp.where(alive, aims.target, 0))
    plans = Plans(
        move=jnp.where(alive, move, NO_MOVE),
        style=aims.mine.style,
        target=jnp.where(strikes, aims.slot, config.bodies),
    )
    return world.replace(bodies=bodies.replace(target=targets)), plans


def _targets(config: Config, bodies: Bodies, mine: Bodies) -> jax.Array:
    """i32[M]: ids of the targets of NPCs, 0 for none."""
    old = slot_of(config, bodies, mine.target)
    there = (mine.target != 0) & (old < config.bodies)
    old = jnp.minimum(old, config.bodies - 1)
    kept = there & bodies.alive[old] & (bodies.health[old] > 0)
    kept &= bodies.kind[old] != Kind.IMMORTAL
    off = jnp.maximum(jnp.abs(bodies.row[old] - mine.row), jnp.abs(bodies.col[old] - mine.col))
    kept &= off <= config.vision
    target = jnp.where(kept, mine.target, 0)
    target = jnp.where(target == 0, mine.attacker, target)
    seeks = (mine.kind == Kind.AGGRESSIVE) & (target == 0)
    target = jnp.where(seeks, _nearest(config, bodies, mine), target)
    return jnp.where(mine.kind == Kind.PASSIVE, mine.target, target)


def _nearest(config: Config, bodies: Bodies, mine: Bodies) -> jax.Array:
    """i32[M]: id of the nearest mortal player in sight, the first row of them; 0 for none."""
    if config.bodies > SMALL:
        return _nearest_on_map(config, bodies, mine)
    rows = jnp.abs(bodies.row[:, None] - mine.row)
    cols = jnp.abs(bodies.col[:, None] - mine.col)
    off = jnp.maximum(rows, cols)
    seen = _mortal(bodies)[:, None] & (off <= config.vision)
    rank = jnp.where(seen, off * PLACES + bodies.place[:, None], NOBODY)
    first = least(rank, NOBODY)  # twice the least is found sooner than once its index
    slots = jnp.arange(config.bodies, dtype=jnp.int32)[:, None]
    nearest = least(jnp.where(rank == first, slots, config.bodies), config.bodies)
    return get_at(bodies.id, jnp.where(first < NOBODY, nearest, config.bodies), 0)


def _mortal(bodies: Bodies) -> jax.Array:
    """bool[B]: living players who can be hurt."""
    return bodies.alive & (bodies.kind == Kind.PLAYER) & (bodies.health > 0)


def _nearest_on_map(config: Config, bodies: Bodies, mine: Bodies) -> jax.Array:
    """As `_nearest`, in large worlds: NPCs look at the tiles around them.

    On each tile stands the first of the players there; the border is wider than anybody sees.
    """
    sight, side = config.vision, config.height
    start, places = jnp.full(side * side, NOBODY, jnp.int32), doubled(config.bodies + 1)
    tile = jnp.where(_mortal(bodies), bodies.row * side + bodies.col, side * side)
    first = min_at(start, tile, bodies.place)
    slots = jnp.arange(config.bodies, dtype=jnp.int32)
    behind = jnp.where(bodies.alive, bodies.place, places)
    slot_at = set_at(jnp.full(places, config.bodies, jnp.int32), behind, slots)
    own = mine.row * side + mine.col

    def look(i: jax.Array, best: jax.Array) -> jax.Array:
        down, right = i // config.window - sight, i % config.window - sight
        off = jnp.maximum(jnp.abs(down), jnp.abs(right))
        place = at(first, jnp.clip(own + down * side + right, 0, side * side - 1))
        return jnp.minimum(best, jnp.where(place < NOBODY, off * PLACES + place, NOBODY))

    best = varying_like(jnp.full(own.shape, NOBODY, jnp.int32), own)
    best = jax.lax.fori_loop(0, config.window**2, look, best)
    slot = get_at(slot_at, jnp.where(best < NOBODY, best % PLACES, places), config.bodies)
    return get_at(bodies.id, slot, 0)


def meander(world: World, mine: Bodies, direction: jax.Array) -> jax.Array:
    """i32[M]: a choice of move: the first passable direction from a random one on, else north."""
    turn = (direction[:, None] + jnp.arange(4)[None]) % 4
    around = jnp.asarray(AROUND, jnp.int32)[turn]
    side = world.material.shape[0]
    rows = jnp.clip(mine.row[:, None] + around[..., 0], 0, side - 1)
    cols = jnp.clip(mine.col[:, None] + around[..., 1], 0, side - 1)
    free = jnp.asarray(PASSABLE)[world.material[rows, cols]]
    first = jnp.take_along_axis(turn, jnp.argmax(free, 1)[:, None], 1)[:, 0]
    return jnp.where(free.any(1), FROM_AROUND[first], 0)


def choice_of(step: jax.Array) -> jax.Array:
    """i32[M]: the choice of move that a step i32[M, 2] is, NO_MOVE if it is none."""
    unit = (step[:, None] == jnp.asarray(AROUND, jnp.int32)[None]).all(2)
    return jnp.where(unit.any(1), FROM_AROUND[jnp.argmax(unit, 1)], NO_MOVE)


def are_npcs(bodies: Bodies) -> jax.Array:
    """bool[B]: NPCs that are in the table."""
    return bodies.alive & ~is_player(bodies)
