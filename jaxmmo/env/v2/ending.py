"""The end of a tick: the dead leave, tiles regrow, fog closes in."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.state.arrays import select
from jaxmmo.env.v2 import inventory, log
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event, Kind
from jaxmmo.env.v2.loops import each
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World, clear, is_player
from jaxmmo.env.v2.teams import leaders


def fall(config: Config, world: World) -> World:
    """Where teams stand and fall with their first members, all of a team die with it."""
    if not config.doomed:
        return world
    bodies = world.bodies
    leader = leaders(config, bodies)
    fallen = ~bodies.alive[leader] | (bodies.health[leader] <= 0)
    health = select(fallen, 0, bodies.health[: config.capacity])
    return world.replace(
        bodies=bodies.replace(health=bodies.health.at[: config.capacity].set(health))
    )


def cull(config: Config, world: World) -> tuple[World, jax.Array]:
    """The dead leave their rows, players first; what they still have is destroyed.

    Players who come back keep their rows.

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
        gone = true if not config.respawn else ~is_player(w.bodies)[body]
        w = w.replace(places=w.places.free(w.bodies.place[body], gone))
        return log.record(w, is_player(w.bodies)[body], body, Event.AGENT_CULLED)

    world = each(world, order, died[order], leave)
    return world.replace(bodies=world.bodies.replace(alive=bodies.alive & ~died)), died


def come_back(
    config: Config, rules: Rules, world: World, died: jax.Array, spot: jax.Array
) -> World:
    """Dead players begin again elsewhere, frozen and immortal for a while (section 13).

    Where they are reborn, they are neither, and nothing is left of what they were but their slot,
    population and team.

    Args:
      died: bool[B].
      spot: i32[P, 2], where.
    """
    bodies = world.bodies
    back = died & is_player(bodies)
    place = jnp.pad(spot, ((0, config.npc_capacity), (0, 0)))
    # they are updated last from now on, in the order in which they were
    behind = jnp.max(bodies.turn) + 1
    values = {
        "alive": True,
        "kind": int(Kind.IMMORTAL),
        "row": place[:, 0],
        "col": place[:, 1],
        "health": rules.respawn_health,
        "food": rules.full,
        "water": rules.full,
        "freeze": rules.respawn_freeze,
        "immortal_until": world.tick + rules.respawn_freeze,
        "message": 0,
        "turn": bodies.turn + behind,
    }
    if config.reborn:
        kept = ("id", "population", "place", "resilient", "team")
        others = (name for name in vars(bodies) if name not in values and name not in kept)
        values |= dict.fromkeys(others, 0) | {
            "kind": int(Kind.PLAYER),
            "level": 1,
            "gold": rules.gold if config.has("exchange") else 0,
            "health": rules.full,
            "freeze": 0,
            "immortal_until": 0,
            "spawn_row": place[:, 0],
            "spawn_col": place[:, 1],
        }
    columns = {name: select(back, value, getattr(bodies, name)) for name, value in values.items()}
    return world.replace(bodies=bodies.replace(**columns))


def seize(world: World) -> World:
    """A player alone on a seizable tile, not of the team that holds it, seizes it (section 13).

    Seizable tiles are those that a game marks, such as the middle of a hill to be held. A task
    about a tile marks none: where no game does, such tasks know only how near somebody came.
    """
    seizures, bodies = world.seizures, world.bodies
    last = bodies.id.shape[0] - 1
    for tile in range(seizures.row.shape[0]):
        here = bodies.alive & (bodies.row == seizures.row[tile])
        here &= bodies.col == seizures.col[tile]
        who = jnp.argmax(here).astype(jnp.int32)
        holder = jnp.minimum(seizures.holder[tile], last)
        friend = (bodies.team[who] == bodies.team[holder]) & (bodies.team[who] > 0)
        friend |= who == holder
        held = friend & (seizures.holder[tile] <= last)
        seizes = (here.sum() == 1) & is_player(bodies)[who] & ~held
        seizures = seizures.replace(
            holder=seizures.holder.at[tile].set(jnp.where(seizes, who, seizures.holder[tile])),
            since=seizures.since.at[tile].set(jnp.where(seizes, world.tick, seizures.since[tile])),
        )
        world = log.record(
            world,
            seizes,
            who,
            Event.SEIZE_TILE,
            number=seizures.row[tile],
            gold=seizures.col[tile],
        )
    return world.replace(seizures=seizures)


def regrow(world: World, success: jax.Array | None) -> World:
    """Depleted tiles grow again where their roll, bool[S, S], succeeds; this tick's too."""
    if success is None:
        return world
    return world.replace(ripe_at=jnp.where(success, 0, world.ripe_at))


def close_in(config: Config, rules: Rules, world: World) -> World:
    """From its onset on, fog advances every tick."""
    fog = world.fog + rules.fog_speed.astype(jnp.float16)
    fog = clear(config, rules.fog_safe, fog)
    return world.replace(fog=jnp.where(world.tick >= rules.fog_onset, fog, world.fog))
