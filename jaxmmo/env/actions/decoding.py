"""From what agents ask for to what they are about to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.actions.head import ActionHead
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.records import Record
from jaxmmo.spec import Head, Spec

Action = Record
"""One choice i32[P] per head. A dict with the heads' names does as well."""


def noop(config: EnvConfig, heads: Sequence[ActionHead]) -> Record:
    """Nobody does anything: choice 0 of every head."""
    return Record({head.name: jnp.zeros(config.capacity, jnp.int32) for head in heads})


def decode(
    config: EnvConfig,
    rules: Rules,
    state: WorldState,
    action: Mapping[str, Any],
    heads: Sequence[ActionHead],
    spec: Spec,
) -> tuple[Record, jax.Array]:
    """Rows of observed tables become slots; whatever the masks do not allow becomes nothing.

    Any integers of any dtype are safe. An illegal choice is choice 0, and so is a choice that is
    given an illegal one.

    Returns:
      What every body is about to do, i32[B] by head: the choice of a head with fixed choices, the
      slot that a pointer points to (the table's number of slots for nothing); and bool[P]: living
      agents whose action the masks did not allow.
    """
    alive = state.players.alive
    choices, legal = Record(), Record()
    intent = Record()
    for head in heads:
        about = spec.head(head.name)
        choice, valid = _in_range(action[head.name], spec.choices(about))
        choices = choices.replace(**{head.name: choice})
        valid &= head.allowed(config, rules, state, choices, about.given)
        if about.given is not None:
            valid &= legal[about.given]
        legal = legal.replace(**{head.name: valid})
        intent[head.name] = _meaning(config, state, spec, about, choice, valid & alive)
    lawful = jnp.stack([legal[head.name] for head in heads]).all(0)
    return intent, alive & ~lawful


def _in_range(value: Any, size: int) -> tuple[jax.Array, jax.Array]:
    """i32[P] choices, 0 where there is no such choice, and bool[P]: where there is."""
    if not isinstance(value, jax.Array):
        # before 64 bits are cut to 32, which would make choices of numbers that are none
        value = np.asarray(value)
        limits = np.iinfo(str(value.dtype))
        value = np.clip(value, max(-1, limits.min), min(size, limits.max))
    value = jnp.asarray(value)
    valid = (value >= 0) & (value < size)
    return jnp.where(valid, value, 0).astype(jnp.int32), valid


def _meaning(
    config: EnvConfig, state: WorldState, spec: Spec, head: Head, choice: jax.Array, does: jax.Array
) -> jax.Array:
    """i32[B]: what a choice comes to; who does not act, and whoever is no player, does nothing."""
    if head.table is None:
        return jnp.pad(jnp.where(does, choice, 0), (0, config.npc_capacity))
    view = state.views[head.table]
    first = 0 if spec.table(head.table).observer_first else 1
    slot = view.chosen(jnp.maximum(choice - first, 0))
    nothing = view.size
    slot = jnp.where(does & (choice > 0), slot, nothing)
    return jnp.pad(slot, (0, config.npc_capacity), constant_values=nothing)
