"""What every policy is, scripted or learned: two pure functions and an initial memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxmmo.env.observation import Masks, Observation
from jaxmmo.io import decisions
from jaxmmo.records import Record
from jaxmmo.spec import Spec


class Output(NamedTuple):
    """What a policy answers; unpacks as `logits, value, carry, aux`.

    Leading axes `...` are those of the observation: slots, or worlds and slots.
    """

    logits: dict[str, jax.Array]  # f32[..., choices] by head; target: f32[..., 3, K], by style
    value: jax.Array  # f32[...]; expected return
    carry: Any  # memory for the next tick, leading axes first
    aux: dict[str, jax.Array]  # whatever is worth looking at: attention weights, features


def no_memory(shape: tuple[int, ...]) -> tuple[()]:
    """The carry of a policy without memory."""
    del shape
    return ()


@dataclasses.dataclass(frozen=True)
class Policy:
    """A way to act, for any number of slots at once.

    Attributes:
      name: for people.
      init: key (consumed) -> params.
      apply: (params, obs, carry, reset bool[...]) -> `Output`. Memory starts afresh where `reset`,
        which is where an agent was born (`info.newborn`). Logits need not respect the masks:
        `decide` does. Answers for empty slots are finite and mean nothing.
      initial_carry: leading axes -> carry of agents just born.
      masked: whether decisions are limited to what the masks allow. Not so for a no-op: v1.3 does
        not list staying as a choice, but executes it.
    """

    name: str
    init: Callable[[jax.Array], Any]
    apply: Callable[[Any, Observation, Any, jax.Array], Output]
    initial_carry: Callable[[tuple[int, ...]], Any] = no_memory
    masked: bool = True

    def decide(
        self, key: jax.Array, spec: Spec, logits: dict[str, jax.Array], masks: Masks
    ) -> Record:
        """Samples an action, i32[...] by head, from what `apply` answered.

        Args:
          key: consumed.
          spec: of the environment.
          logits: of `Output`.
          masks: of the observation.
        """
        return decisions.sample(key, spec, logits, self._obeyed(masks))

    def choose(
        self, numbers: jax.Array, spec: Spec, logits: dict[str, jax.Array], masks: Masks
    ) -> Record:
        """As `decide`, with draws that the caller made: f32[..., heads] in [0, 1)."""
        return decisions.choose(numbers, spec, logits, self._obeyed(masks))

    def _obeyed(self, masks: Masks) -> Masks:
        return masks if self.masked else jax.tree.map(jnp.ones_like, masks)
