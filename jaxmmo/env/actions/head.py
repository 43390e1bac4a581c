"""What an action head is: its choices, which of them are legal, and what they come to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.views.view import Sight
from jaxmmo.records import Record
from jaxmmo.spec import Head

Sights = dict[str, Sight]

Legal = Callable[[Any, Any, Any, Sights | None], jax.Array]
"""(config, rules, state, sights) -> bool[P, choices], or bool[P, choices of the given head,
choices]. `state.views` says what the rows of observed tables stand for; `sights` holds these tables
while an observation is made, so that nothing is fetched twice, and is None otherwise."""

Allows = Callable[[Any, Any, Any, Record], jax.Array]
"""(config, rules, state, choices i32[P] by head) -> bool[P]: whether this head's choice, made with
those of the heads before it, is legal. The choice is in range."""


@dataclasses.dataclass(frozen=True)
class ActionHead:
    """One head of the action. Choice 0 is always to do nothing.

    A head that points into an observed table has a choice for each row: in a table whose first row
    is the observer that row means nobody, in any other table "nothing" comes before the rows.

    Attributes:
      name: of the head, in actions, masks, logits and intents.
      spec: (config) -> what networks know of it.
      legal: which choices may be made, exactly.
      allows: the same for one choice, where asking `legal` about all of them would cost more.
      inert: `legal` itself leaves empty slots nothing but choice 0.
    """

    name: str
    spec: Callable[[EnvConfig], Head]
    legal: Legal
    allows: Allows | None = None
    inert: bool = False

    def mask(
        self, config: EnvConfig, rules: Rules, state: WorldState, sights: Sights | None = None
    ) -> jax.Array:
        """The legal choices; an empty slot may only do nothing."""
        legal = self.legal(config, rules, state, sights)
        if self.inert:
            return legal
        alive = state.players.alive.reshape(-1, *(1 for _ in legal.shape[1:]))
        nothing = jnp.broadcast_to(jnp.arange(legal.shape[-1]) == 0, legal.shape)
        return jnp.where(alive, legal, nothing)

    def allowed(
        self, config: EnvConfig, rules: Rules, state: WorldState, choices: Record, given: str | None
    ) -> jax.Array:
        """bool[P]: whether the choice made is legal; `given` is the head that it depends on."""
        if self.allows is not None:
            return self.allows(config, rules, state, choices)
        legal = self.mask(config, rules, state)
        if given is not None:
            legal = jnp.take_along_axis(legal, choices[given][:, None, None], 1)[:, 0]
        return jnp.take_along_axis(legal, choices[self.name][:, None], 1)[:, 0]
