"""Teams: who is on which side, and whom the words of tasks name (section 13)."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Kind
from jaxmmo.env.v2.state import Bodies
from jaxmmo.env.v2.tasks import Group


def team_of(config: Config) -> jax.Array:
    """i32[P]: the number of each player's team, from 1, as a world begins; 0 without teams."""
    players = jnp.arange(config.capacity, dtype=jnp.int32)
    if not config.teams:
        return 0 * players
    return players // config.team_size + 1


def are_recons(config: Config, bodies: Bodies) -> jax.Array:
    """bool[P]: who watches and talks, and neither acts nor can be hurt, for ever."""
    kind, until = bodies.kind[: config.capacity], bodies.immortal_until[: config.capacity]
    return (kind == Kind.IMMORTAL) & (until == NEVER)


def sides(config: Config, bodies: Bodies) -> jax.Array:
    """i32[P]: the number of each player's team, from 0; of those without, their own."""
    team = bodies.team[: config.capacity]
    return jnp.where(team > 0, team - 1, jnp.arange(config.capacity, dtype=jnp.int32))


def leaders(config: Config, bodies: Bodies) -> jax.Array:
    """i32[P]: the slot of the first member of each player's team."""
    side = sides(config, bodies)
    return jnp.argmax(side[:, None] == side[None], 1).astype(jnp.int32)


def group(config: Config, bodies: Bodies, word: jax.Array) -> jax.Array:
    """bool[P, P]: the members of the groups that players' words i32[P] of `Group` name."""
    side, leader = sides(config, bodies), leaders(config, bodies)
    slot = jnp.arange(config.capacity)
    leads = leader == slot
    count = jnp.max(side) + 1

    def beside(step: int) -> jax.Array:
        return ((side + step) % count)[:, None] == side[None]

    mine = side[:, None] == side[None]
    members = {
        Group.OWN: slot[:, None] == slot[None],
        Group.TEAM: mine,
        Group.LEFT_TEAM: beside(1),
        Group.RIGHT_TEAM: beside(-1),
        Group.LEFT_LEADER: beside(1) & leads,
        Group.RIGHT_LEADER: beside(-1) & leads,
        Group.MY_LEADER: mine & leads,
        Group.ALL_FOES: ~mine,
        Group.ALL_FOE_LEADERS: ~mine & leads,
    }
    found = jnp.zeros_like(mine)
    for name, mask in members.items():
        found |= (word == int(name))[:, None] & mask
    return found


def drawers(config: Config, bodies: Bodies) -> jax.Array:
    """i32[P]: the ids by which tasks are drawn: a team has one task."""
    who = bodies.id[: config.capacity]
    return who[leaders(config, bodies)] if config.group_tasks else who
