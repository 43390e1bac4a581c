"""Rewards: replaceable functions of what happened."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxmmo.env.constants import Cause
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.records import Record

RewardFn = Callable[[Rules, WorldState, WorldState, Record], jax.Array]
"""(rules, state before, state after, the tick's events) -> f32[P]."""


def survival(rules: Rules, before: WorldState, after: WorldState, events: Record) -> jax.Array:
    """0 while alive and -1 at death, as v1.3's rollout manager appends (section 0.11)."""
    del rules, before, after
    return -(events.deaths.cause != Cause.NONE).astype(jnp.float32)
