"""The game within one band: the systems and the view that have to know where the band lies.

All other systems run as they are, on the band's own agents and the ghosts beyond its borders. A
band counts rows from the first one of its part of the map; what depends on the place in the world
is told the difference: births, visited tiles, observed rows, and the wilderness, whose centre is a
rule.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env import terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Move
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Lives, Spawns, WorldState, compact, count_before
from jaxmmo.env.step import SYSTEMS
from jaxmmo.env.systems import movement, spawning
from jaxmmo.env.systems.system import System
from jaxmmo.env.tick import Tick
from jaxmmo.env.views.nearby import Nearby
from jaxmmo.env.views.view import Rows
from jaxmmo.parallel.halo import AXIS, Cut
from jaxmmo.parallel.migration import refused, share_refusals
from jaxmmo.spec import Table


@dataclasses.dataclass(frozen=True)
class Placed(Nearby):
    """The view of nearby bodies in the rows of the world.

    Attributes:
      origin: i32[], row of the world that is the band's row 0.
    """

    origin: Any = 0

    def hide(self, config: EnvConfig, spec: Table, rows: Rows) -> Rows:
        """The rows as they are observed, after masks were made from those of the band."""
        field = spec["row"]
        bits = jnp.uint32(2**field.bits - 1)
        row = (rows.bits(field) + self.origin.astype(jnp.uint32)) & bits
        one = (jnp.arange(spec.words) == field.word)[None, None]
        moved = rows.words & ~(bits << field.shift) | (row << field.shift)[..., None]
        words = jnp.where(one & rows.present[..., None], moved, rows.words)
        return super().hide(config, spec, rows.replace(words=words))


def rules_of_band(rules: Rules, origin: jax.Array) -> Rules:
    """The rules by the rows of a band whose row 0 is `origin` i32[] in the world."""
    away = jnp.stack([2 * origin, jnp.zeros_like(origin)])
    return rules.replace(wilderness_centre=rules.wilderness_centre - away)


def visit_of_band(whole: EnvConfig, origin: jax.Array) -> movement.Visit:
    """Notes tiles by their places in the world of configuration `whole`."""

    def visit(
        config: EnvConfig, lives: Lives, mask: jax.Array, row: jax.Array, col: jax.Array
    ) -> Lives:
        del config
        return movement.visit(whole, lives, mask, row + origin, col)

    return visit


def systems_of_band(
    cut: Cut, whole: EnvConfig, near: tuple[jax.Array, jax.Array]
) -> tuple[System, ...]:
    """The systems of a tick in one band.

    Args:
      cut: of the map.
      whole: configuration of the world.
      near: slots of the own agents that are ghosts in the north and in the south.
    """
    visit = visit_of_band(whole, cut.origin())

    def births(
        config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
    ) -> tuple[WorldState, jax.Array]:
        """Every band counts the same attempts; those on its own rows are born there."""
        return spawn(cut, whole, config, rules, state, tick.rolls.spawns)

    def moves(
        config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
    ) -> tuple[WorldState, jax.Array]:
        """Whoever finds no slot beyond the border stays; returns bool[slots], who that is."""
        wished, _ = movement.move_bodies(config, rules, state, tick)
        own = refused(cut, state.bodies, wished.bodies)
        stays = share_refusals(cut, own, near)
        move = jnp.where(stays, Move.STAY, tick.intent.move)
        tick = tick._replace(intent=tick.intent.replace(move=move))
        return movement.move_bodies(config, rules, state, tick, visit)[0], own

    own: dict[str, Any] = {
        "births": {"run": births},
        "movement": {"run": moves, "event": "refused"},
    }
    return tuple(dataclasses.replace(s, **own.get(s.name, {})) for s in SYSTEMS)


def spawn(
    cut: Cut,
    whole: EnvConfig,
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    spawns: Spawns,
) -> tuple[WorldState, jax.Array]:
    """Newborns of a tick in this band; see `spawning.spawn_agents`.

    Args:
      whole: configuration of the world.
      config: of the band.
      spawns: attempts by rows of the world, the same in every band.
    """
    living = jax.lax.psum(spawning.living(whole, state.players), AXIS)
    accepted = spawning.accept(whole, rules, living, spawns)
    row = spawns.row - cut.origin()
    here = (row >= cut.halo) & (row < cut.halo + cut.rows)
    after, newborn = spawning.settle(
        config,
        rules,
        state,
        spawns.replace(row=row),
        accepted & here,
        visit_of_band(whole, cut.origin()),
    )
    lost = jax.lax.psum(after.lost_spawns - state.lost_spawns, AXIS)
    return after.replace(lost_spawns=state.lost_spawns + lost), newborn


def populate(
    cut: Cut,
    whole: EnvConfig,
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    key: jax.Array,
) -> WorldState:
    """This band's part of an initial population; see `spawning.populate`.

    The bands agree on the number of tiles before each of them, as maps are counted row by row.
    """
    ground = terrain.habitable(state.terrain)[cut.halo : cut.halo + cut.rows]
    count = jnp.cumsum(ground.reshape(-1).astype(jnp.int32))
    counts = jax.lax.all_gather(count[-1], AXIS)
    before = jnp.sum(jnp.where(jnp.arange(cut.bands) < jax.lax.axis_index(AXIS), counts, 0))
    total = jax.lax.psum(count[-1], AXIS)
    placed, nth = spawning.founders(whole, rules, state.next_id, key, total)
    here = placed & (nth >= before) & (nth < before + count[-1])
    arrivals = jnp.sum(here, dtype=jnp.int32)
    chosen = compact(here, count_before(here), cut.slots)
    who = jnp.minimum(chosen, whole.capacity - 1)
    index = jnp.searchsorted(count, nth[who] - before, side="right").astype(jnp.int32)
    after = spawning.place(
        config,
        rules,
        state,
        chosen < whole.capacity,
        cut.slots,
        visit_of_band(whole, cut.origin()),
        id=state.next_id + who,
        population=who % whole.num_populations,
        row=index // whole.width + cut.halo,
        col=index % whole.width,
    )
    lost = jax.lax.psum(jnp.maximum(arrivals - cut.slots, 0), AXIS)
    return after.replace(
        next_id=state.next_id + jnp.sum(placed), lost_spawns=state.lost_spawns + lost
    )
