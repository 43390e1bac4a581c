"""The head that chooses how to fight."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.actions.head import ActionHead, Sights
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import NUM_STYLES
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.spec import Head


def legal(config: EnvConfig, rules: Rules, state: WorldState, sights: Sights | None) -> jax.Array:
    """bool[P, 3]: every style; whom it reaches is up to the target."""
    del config, rules, sights
    return state.players.alive[:, None] | (jnp.arange(NUM_STYLES) == 0)[None]


def allows(config: EnvConfig, rules: Rules, state: WorldState, choices: dict) -> jax.Array:
    """bool[P]: any style there is."""
    del config, rules, choices
    return state.players.alive


STYLE = ActionHead(
    name="style",
    spec=lambda config: Head("style", size=NUM_STYLES),
    legal=legal,
    allows=allows,
    inert=True,
)
