"""The end of a tick: the dead leave, tiles regrow, fog closes in."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.loops import each
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, clear, is_player


def cull(world: World) -> tuple[World, jax.Array]:
    """The dead leave their rows, players first; what they still have is destroyed.

    Returns:
      The world, and bool[B], who left.
    """
    bodies = world.bodies
    died = bodies.alive & (bodies.health <= 0)
    turn = jnp.where(is_player(bodies), bodies.turn, bodies.turn + 2**28)
    order = jnp.argsort(jnp.where(died, turn, NEVER)).astype(jnp.int32)

    def leave(w: World, body: jax.Array) -> World:
        true = jnp.bool_(True)
        w = inventory.destroy_all(w, body, true)
        w = w.replace(places=w.places.free(w.bodies.place[body], true))
        return log.record(w, is_player(w.bodies)[body], body, Event.AGENT_CULLED)

    world = each(world, order, died[order], leave)
    return world.replace(bodies=world.bodies.replace(alive=bodies.alive & ~died)), died


def regrow(world: World, success: jax.Array) -> World:
    """Depleted tiles grow again where their roll, bool[S, S], succeeds; this tick's too."""
    return world.replace(depleted=world.depleted & ~success)


def close_in(config: Config, rules: Rules, world: World) -> World:
    """From its onset on, fog advances every tick."""
    fog = world.fog + rules.fog_speed.astype(jnp.float16)
    fog = clear(config, rules.fog_safe, fog)
    return world.replace(fog=jnp.where(world.tick >= rules.fog_onset, fog, world.fog))
