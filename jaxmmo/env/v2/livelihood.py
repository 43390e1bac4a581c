"""A reward for living and for making a living: what agents of an economy may be trained on.

The game's own reward is for a player's task. This one adds a little for what an economy consists
of, so that policies which see no more than others learn to work, to wear and to trade:

    jaxmmo train --preset JaxMMO-v2 --set reward=livelihood
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import Cause
from jaxmmo.env.state.arrays import add_at
from jaxmmo.env.v2.constants import FIRST_PROFESSION, Event
from jaxmmo.env.v2.playing import of_task
from jaxmmo.records import Record

COIN = 0.02
"""For each coin earned from a sale; the same is taken for each that is paid."""

WORN = 0.1
"""For each level by which what a player wears becomes better; the same is taken for the loss."""

LEARNED = 0.1
"""For each level of a profession."""


def reward(rules: Any, before: Any, after: Any, events: Record) -> jax.Array:
    """f32[P]: that of the task, -1 at death, and a little for trade, equipment and professions.

    Whoever takes something off and puts it on again gains nothing, nor do those who buy and sell
    the same thing in turn: a trade is worth to both together what the buyer makes of it. Nothing is
    lost by dying but life itself.

    Args:
      rules: of the world.
      before: the state before the tick.
      after: the state after it.
      events: what happened in it.
    """
    lived = of_task(rules, before, after, events)
    players, earlier = after.players, before.players
    who, event, *_, gold, _ = jnp.moveaxis(events.log.rows, -1, 0)
    size = players.alive.shape[0]
    earned = jnp.where(event == Event.EARN_GOLD, gold, 0)
    profit = earned - jnp.where(event == Event.BUY_ITEM, gold, 0)
    # unused rows are of nobody, and NPCs have negative ids
    profit = add_at(jnp.zeros(size, jnp.int32), jnp.where(who > 0, who - 1, size), profit)
    worn = players.item_level - earlier.item_level
    crafts = (players.level - earlier.level)[:, FIRST_PROFESSION:].sum(-1)
    same = earlier.alive & players.alive & (events.deaths.cause == Cause.NONE)
    return lived + jnp.where(same, COIN * profit + WORN * worn + LEARNED * crafts, 0.0)
