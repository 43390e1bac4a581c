"""From what agents ask for to what they are about to do."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Move, Style
from jaxmmo.env.observation import legal_moves
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Intent, WorldState
from jaxmmo.env.systems import combat, status


class Action(struct.PyTreeNode):
    """One choice per head and slot. A dict with these keys does as well."""

    move: jax.Array  # i32[P]; Move
    style: jax.Array  # i32[P]; Style
    target: jax.Array  # i32[P]; row of the agent's latest observation, 0 for no attack


def noop(config: EnvConfig) -> Action:
    """Nobody moves, nobody attacks."""
    zero = jnp.zeros(config.capacity, jnp.int32)
    return Action(move=zero, style=zero, target=zero)


def decode(
    config: EnvConfig, rules: Rules, state: WorldState, action: Action | dict[str, jax.Array]
) -> tuple[Intent, jax.Array]:
    """Target rows become slots; whatever the masks do not allow becomes nothing.

    Any integers are safe. An illegal move stays, an illegal style or target does not attack.

    Returns:
      The intent, and bool[P]: living agents whose action the masks did not allow.
    """
    chosen = action if isinstance(action, dict) else vars(action)
    players, capacity = state.players, config.capacity
    move, style, row = (
        jnp.asarray(chosen[name]).astype(jnp.int32) for name in ("move", "style", "target")
    )
    move_ok = (move >= 0) & (move < NUM_MOVES)
    move = jnp.where(move_ok, move, Move.STAY)
    move_ok &= jnp.take_along_axis(legal_moves(config, state), move[:, None], 1)[:, 0]

    style_ok = (style >= 0) & (style < NUM_STYLES)
    style = jnp.where(style_ok, style, Style.MELEE)
    row_ok = (row >= 0) & (row < config.max_visible)
    row = jnp.where(row_ok, row, 0)
    slot = state.slot_of(jnp.take_along_axis(state.seen, row[:, None], 1)[:, 0])
    someone = jnp.minimum(slot, capacity - 1)
    away = combat.distance(players.row, players.col, someone)
    immune = status.when_acting(config, state, players.immune) > 0
    attackable = (slot < capacity) & players.alive[someone] & ~immune[someone]
    attackable &= away <= rules.reach[style]
    attacks = (row > 0) & style_ok & players.alive & attackable
    target_ok = style_ok & row_ok & ((row == 0) | attackable)

    intent = Intent(
        move=jnp.where(move_ok & players.alive, move, Move.STAY),
        style=style,
        target=jnp.where(attacks, slot, capacity),
    )
    return intent, players.alive & ~(move_ok & target_ok)
