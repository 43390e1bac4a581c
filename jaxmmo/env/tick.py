"""What the systems of a tick hand on, and whose turn it is: who acts, who can be hit, who leaves.

`JaxMMO-v1` removes the dead in the tick in which they die: nobody without health, or on lava after
the moves, acts any more or is hit. In v1.3 death lags (section 3): whoever is dying when a tick
begins has stopped its clocks, acts and is hit once more, and is removed at the end of that tick.
Nothing else in the game asks which of the two it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from jaxmmo.env import tiles
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Rolls, WorldState
from jaxmmo.records import Record


class Tick(NamedTuple):
    """One tick as its systems know it."""

    acted: jax.Array  # bool[B]; was alive when the tick began and had a decision to take
    intent: Record  # i32[B] by what is intended: move, style, target, and what added heads mean
    rolls: Rolls  # every random number of the tick
    events: Record  # what the systems that have run so far report


class RunSystem(Protocol):
    """A system: (config, rules, state, tick) -> the state after it, and what happened."""

    def __call__(self, config: Any, rules: Any, state: Any, tick: Any, /) -> tuple[Any, Any]:
        """Runs the system."""
        ...


def on_lava(state: WorldState) -> jax.Array:
    """bool[B]: slots whose position is lava."""
    bodies = state.bodies
    return tiles.material(state.terrain.tile[bodies.row, bodies.col]) == Material.LAVA


def is_dying(state: WorldState) -> jax.Array:
    """bool[B]: bodies without health or on lava (v1.3 section 4a)."""
    return state.bodies.alive & ((state.bodies.health <= 0) | on_lava(state))


def cause_of_death(state: WorldState) -> jax.Array:
    """i32[B]: the `Cause` of which each body is dying, NONE for those who are not.

    Health that fell to 0 without a wound is v1.3's level overflow, which lowers the maximum to 0
    in the constitution update: it counts as starvation.
    """
    bodies = state.bodies
    wound = jnp.where(bodies.wound == Cause.NONE, Cause.STARVATION, bodies.wound)
    cause = jnp.where(bodies.health <= 0, wound, Cause.LAVA)
    return jnp.where(is_dying(state), cause, Cause.NONE)


def doom(
    config: EnvConfig, rules: Rules, state: WorldState, tick: Tick
) -> tuple[WorldState, jax.Array]:
    """Where death lags, those who are dying now leave at the end of this tick.

    Returns:
      The state as it was, and i32[B]: the `Cause` of which each body leaves, NONE elsewhere.
    """
    del rules
    if not config.lagging_death:
        return state, jnp.zeros_like(state.bodies.id)
    return state, jnp.where(tick.acted, cause_of_death(state), Cause.NONE)


def stepping(config: EnvConfig, tick: Tick) -> jax.Array:
    """bool[B]: whose clocks run and whose body needs food and water."""
    return tick.acted & (tick.events.doomed == Cause.NONE) if config.lagging_death else tick.acted


def moving(config: EnvConfig, state: WorldState, tick: Tick) -> jax.Array:
    """bool[B]: who may take a step: whoever has not starved in this tick."""
    return tick.acted if config.lagging_death else tick.acted & (state.bodies.health > 0)


def attacking(config: EnvConfig, state: WorldState, tick: Tick) -> jax.Array:
    """bool[B]: who may attack: whoever has not walked into lava either."""
    return moving(config, state, tick) & (config.lagging_death | ~is_dying(state))


def attackable(config: EnvConfig, state: WorldState, tick: Tick) -> jax.Array:
    """bool[B]: who may be attacked: the newborn too."""
    if config.lagging_death:
        return state.bodies.alive
    return attacking(config, state, tick) | tick.events.newborn


def still_fight(config: EnvConfig, health: jax.Array, other: jax.Array) -> jax.Array:
    """bool: whether a blow struck later in the tick counts, by the health of the two then."""
    return jnp.ones_like(health, bool) if config.lagging_death else (health > 0) & (other > 0)


def leaving(config: EnvConfig, state: WorldState, tick: Tick) -> jax.Array:
    """i32[B]: the `Cause` of which each body leaves at the end of the tick, NONE for the others."""
    if config.lagging_death:
        return tick.events.doomed
    return jnp.where(tick.acted, cause_of_death(state), Cause.NONE)


def decisions_taken(config: EnvConfig, time_alive: jax.Array) -> jax.Array:
    """i32: the lifetime of whoever leaves; a lagging tick is a decision, but does not age."""
    return time_alive + int(config.lagging_death)


def clock_when_acting(config: EnvConfig, state: WorldState, clock: jax.Array) -> jax.Array:
    """i32[B]: what freeze or immunity will be when the next actions run.

    It counts down first, but for those whose clocks have stopped (v1.3 section 4a).

    Args:
      clock: i32[B], `freeze` or `immune` of `state.bodies`.
    """
    running = (~is_dying(state)).astype(jnp.int32) if config.lagging_death else 1
    return jnp.maximum(clock - running, 0)
