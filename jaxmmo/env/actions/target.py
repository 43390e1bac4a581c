"""The head that chooses whom to attack, given the style."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.actions.head import ActionHead, Sights
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.systems.combat import distance
from jaxmmo.env.tick import clock_when_acting
from jaxmmo.records import Record
from jaxmmo.spec import Head

FAR = 2**30  # tiles; no style reaches so far


def within_reach(reach: jax.Array, away: jax.Array, exposed: jax.Array) -> jax.Array:
    """bool: a target is legal if it is within the style's reach and can be attacked.

    Args:
      reach: i32, tiles, of the style.
      away: i32, tiles to the target.
      exposed: bool, somebody is there who will not be immune when the attack runs.
    """
    return jnp.where(exposed, away, FAR) <= reach


def legal(config: EnvConfig, rules: Rules, state: WorldState, sights: Sights | None) -> jax.Array:
    """bool[P, 3, K]: by style, the observed rows that are in reach and exposed if nobody moves.

    Row 0, the agent itself, means no attack. Everything needed is in the packed rows, which are
    just being observed.
    """
    assert sights is not None, "a single target is asked about by `allows`"
    rows, shown, table = sights["agent"]
    away = jnp.zeros(shown.rows.shape, jnp.int32)
    for field in (table["row"], table["col"]):
        here = getattr(state.players, field.name)[:, None].astype(jnp.uint32)
        offset = (rows.bits(field) - here + jnp.uint32(-field.low)) & (2**field.bits - 1)
        away = jnp.maximum(away, jnp.abs(offset.astype(jnp.int32) + field.low))
    # immunity counts down before actions run
    exposed = rows.present & (rows.bits(table["immune"]) <= 1)
    if config.lagging_death:  # but not that of the dying
        shielded = clock_when_acting(config, state, state.bodies.immune) > 0
        exposed &= ~jnp.pad(shielded[shown.order], (0, 1))[shown.rows]
    nobody = jnp.arange(config.max_visible) == 0
    reachable = within_reach(rules.reach[None, :, None], away[:, None], exposed[:, None])
    return reachable | nobody[None, None]


def allows(config: EnvConfig, rules: Rules, state: WorldState, choices: Record) -> jax.Array:
    """bool[P]: nobody, or somebody in reach of the style chosen and exposed if nobody moves."""
    bodies, slot = state.bodies, state.views["agent"].chosen(choices.target)
    someone = jnp.minimum(slot, config.bodies - 1)
    away = distance(bodies.row, bodies.col, someone)
    shielded = clock_when_acting(config, state, bodies.immune)[someone] > 0
    exposed = (slot < config.bodies) & bodies.alive[someone] & ~shielded
    return (choices.target == 0) | within_reach(rules.reach[choices.style], away, exposed)


TARGET = ActionHead(
    name="target",
    spec=lambda config: Head("target", table="agent", given="style"),
    legal=legal,
    allows=allows,
    inert=True,
)
