"""NPCs that do not come by themselves: waves of growing danger, and soldiers (section 13).

They have a style, no level, and nothing that they leave. As many come as there is room for: in the
original nothing bounds them.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.state.arrays import count_before, set_at
from jaxmmo.env.v2.chances import beta_below
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Kind
from jaxmmo.env.v2.decisions import Rolls
from jaxmmo.env.v2.drawing import among, draws
from jaxmmo.env.v2.places import edge, quarters, team_spots, within
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.spawning import enter, rows_for
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.teams import are_recons

SPREAD = 10
"""Of the dangers of a wave's NPCs around its own: the larger, the closer."""

LEAST = 0.01
"""By which the numbers of that distribution stay above 0."""

OFFENCE = 10
"""Of such an NPC, in worlds with equipment."""


def muster(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """Whoever comes at the end of a tick: the next wave, or soldiers for those who fell."""
    come = _wave if config.npcs == "waves" else _reinforce
    return come(config, rules, world, rolls)


def _wave(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """A wave follows where few NPCs are left, or after a while, unless they outnumber players."""
    state, luck = world.muster, rolls.muster
    assert state is not None and luck is not None
    npcs = jnp.sum(world.bodies.alive[config.capacity :], dtype=jnp.int32)
    due = (npcs <= rules.wave_few) | (world.tick - state.latest > rules.wave_interval)
    due &= npcs <= _fighters(config, world)
    danger = state.waves * rules.wave_danger
    middle = jnp.full(2, config.height // 2, jnp.int32)
    spreads = danger >= rules.wave_spreads
    middle = jnp.where(spreads, quarters(config)[luck.quarter], middle)
    area = within(config, middle - rules.wave_radius, middle + rules.wave_radius)
    area &= world.passable()
    due &= area.any()
    spot = among(area, luck.place)
    wanted = due & (jnp.arange(config.arrivals) < rules.wave_size)
    kind = temper(rules.tempers, danger, luck.temper)
    world, _ = _arrive(config, rules, world, rolls, spot, wanted, kind)
    waves = state.waves + due.astype(jnp.int32)
    latest = jnp.where(due, world.tick, state.latest)
    return world.replace(muster=state.replace(waves=waves, latest=latest))


def temper(tempers: jax.Array, danger: jax.Array, luck: jax.Array) -> jax.Array:
    """i32[A]: what NPCs of a wave are, whose dangers are distributed around its own.

    A danger follows a beta distribution; which of the thresholds it passes is decided by their
    shares of it. The first wave has no danger at all.

    Args:
      tempers: f32[3], dangers from which NPCs are passive, neutral, aggressive.
      danger: f32[], of the wave, 1 at most.
      luck: f32[A], uniform in [0, 1).
    """
    mean = jnp.clip(danger, 0, 1)
    a, b = SPREAD * mean + LEAST, SPREAD * (1 - mean) + LEAST
    below = beta_below(a, b, jnp.clip(tempers, 0, 1))
    below = jnp.where(tempers >= 1, 1, jnp.where(tempers <= 0, 0, below))
    # nobody comes who is not even passive
    share = below[0] + luck * (1 - below[0])
    passed = jnp.where(danger > 0, share[:, None] >= below, mean >= tempers)
    return jnp.clip(passed.sum(1), int(Kind.PASSIVE), int(Kind.AGGRESSIVE)).astype(jnp.int32)


def _reinforce(config: Config, rules: Rules, world: World, rolls: Rolls) -> World:
    """Where hardly any soldiers are left some come around the centre, and rally there."""
    assert rolls.muster is not None
    npcs = jnp.sum(world.bodies.alive[config.capacity :], dtype=jnp.int32)
    wanted = jnp.minimum(_players(config, world), rules.soldiers_inside) // 2 - npcs
    middle = jnp.full(2, config.height // 2, jnp.int32)
    off = config.centre // 6
    area = within(config, middle - off, middle + off) & world.passable()
    spot = among(area, rolls.muster.place)
    come = area.any() & (jnp.arange(config.arrivals) < wanted)
    return _march(config, rules, world, rolls, spot, come, jnp.broadcast_to(middle, spot.shape))


def garrison(config: Config, rules: Rules, world: World, rolls: Rolls, key: jax.Array) -> World:
    """Soldiers that a world begins with, between each team's place and the centre, and outside.

    Those inside are to rally where the team began, those on the edge at the centre.

    Args:
      key: of the reset.
    """
    luck = rolls.muster
    assert luck is not None
    teams, index = config.teams, jnp.arange(config.arrivals)
    middle, off = config.height // 2, config.centre // 8
    spots = team_spots(config)[:teams]
    south = spots >= middle
    low = jnp.where(south, middle + 1, middle - off)
    areas = within(config, low, low + off - 1) & world.passable()
    tiles = jax.vmap(lambda area: among(area, luck.place))(areas)
    inside = teams * rules.soldiers_inside
    team = jnp.minimum(index // jnp.maximum(rules.soldiers_inside, 1), teams - 1)
    border = edge(config)
    free = world.passable()[border[:, 0], border[:, 1]]
    word = draws(key, {"garrison": jnp.arange(border.shape[0])})["garrison"][0]
    order = jnp.argsort(jnp.where(free, word >> 1, jnp.uint32(2**31)))
    alike = jnp.minimum(inside, 2 * config.centre)
    outside = jnp.where(rules.soldiers_outside < 0, alike, rules.soldiers_outside)
    outside = jnp.minimum(outside, free.sum())
    behind = jnp.clip(index - inside, 0, border.shape[0] - 1)
    is_inside = index < inside
    spot = jnp.where(is_inside[:, None], tiles[team, index], border[order[behind]])
    come = jnp.where(is_inside, areas.any((1, 2))[team], index < inside + outside)
    rally = jnp.where(is_inside[:, None], spots[team], middle)
    return _march(config, rules, world, rolls, spot, come, rally)


def _march(
    config: Config,
    rules: Rules,
    world: World,
    rolls: Rolls,
    spot: jax.Array,
    wanted: jax.Array,
    rally: jax.Array,
) -> World:
    """Soldiers come, to rally at i32[A, 2]; see `_arrive`."""
    world, slot = _arrive(config, rules, world, rolls, spot, wanted, int(Kind.AGGRESSIVE))
    state = world.muster
    assert state is not None
    row = set_at(state.row, slot - config.capacity, rally[:, 0])
    col = set_at(state.col, slot - config.capacity, rally[:, 1])
    return world.replace(muster=state.replace(row=row, col=col))


def _arrive(
    config: Config,
    rules: Rules,
    world: World,
    rolls: Rolls,
    spot: jax.Array,
    wanted: jax.Array,
    kind: Any,
) -> tuple[World, jax.Array]:
    """As many NPCs come as there is room for.

    Args:
      spot: i32[A, 2], tiles.
      wanted: bool[A].
      kind: of all of them, or i32[A].

    Returns:
      The world, and i32[A], the slot of each, B of those who do not come.
    """
    there = jnp.sum(world.bodies.alive[config.capacity :], dtype=jnp.int32)
    room = jnp.minimum(rules.npc_limit, config.npc_capacity) - there
    entry = rows_for(config, world, wanted & (count_before(wanted) < room))
    values = {
        "kind": kind,
        **dict.fromkeys(("row", "spawn_row"), spot[:, 0]),
        **dict.fromkeys(("col", "spawn_col"), spot[:, 1]),
        **dict.fromkeys(("health", "food", "water"), 100),
        "style": rolls.style,
        "offence": OFFENCE,
    }
    return enter(world, entry, values), entry.slot


def _players(config: Config, world: World) -> jax.Array:
    """i32[]: players who live, recons among them."""
    return jnp.sum(world.bodies.alive[: config.capacity], dtype=jnp.int32)


def _fighters(config: Config, world: World) -> jax.Array:
    """i32[]: likewise, without recons."""
    here = world.bodies.alive[: config.capacity] & ~are_recons(config, world.bodies)
    return jnp.sum(here, dtype=jnp.int32)
