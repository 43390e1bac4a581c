"""What every policy is, scripted or learned: two pure functions and an initial memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jaxmmo.env.observation import Observation


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
        `io.decisions` does. Answers for empty slots are finite and mean nothing.
      initial_carry: leading axes -> carry of agents just born.
    """

    name: str
    init: Callable[[jax.Array], Any]
    apply: Callable[[Any, Observation, Any, jax.Array], Output]
    initial_carry: Callable[[tuple[int, ...]], Any] = no_memory
