"""What a system is, and how one is put among the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import WorldState
from jaxmmo.env.tick import RunSystem

Words = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
"""ids i32[N] -> two uniform u32[N], from the system's own stream of random numbers."""

Draw = Callable[[EnvConfig, Rules, WorldState, Words], Any]
"""(config, rules, state, words) -> the random numbers of a tick, found in `tick.rolls.others`.

They are drawn before anything else happens in the tick: who is born in it has no draw of its own,
so that draws by the ids of bodies count only where `tick.acted`."""


@dataclasses.dataclass(frozen=True)
class System:
    """One topic of the game, run once a tick.

    Attributes:
      name: of the system, in profiles and for `before` and `after`.
      run: (config, rules, state, tick) -> the state after it, and what happened. What happened is
        for later systems, for rewards and for whoever looks on; None if nobody needs to know.
      event: the name under which it is reported in `tick.events` and `info.events`. Without one,
        a system may report a `Record` of several things by their names.
      draw: draws the system's random numbers, so that `run` itself is deterministic; they are then
        `tick.rolls.others[name]`. None if it needs none.
      before: name of the system that an added one runs before.
      after: name of the system that an added one runs after; at the end if neither is given.
    """

    name: str
    run: RunSystem
    event: str | None = None
    draw: Draw | None = None
    before: str | None = None
    after: str | None = None


def in_order(systems: Sequence[System], added: Sequence[System]) -> tuple[System, ...]:
    """The systems with the added ones in their places.

    Raises:
      ValueError: for a name or an event that is there already, or a place that is not there.
    """
    order = list(systems)
    for system in added:
        names = [s.name for s in order]
        if system.name in names:
            raise ValueError(f"system {system.name!r}: there is one of that name already")
        if system.event is not None and system.event in [s.event for s in order]:
            raise ValueError(f"system {system.name!r}: event {system.event!r} is somebody else's")
        place = system.before or system.after
        if place is not None and place not in names:
            raise ValueError(
                f"system {system.name!r} is to run next to {place!r}; there are: {', '.join(names)}"
            )
        if place is None:
            order.append(system)
        else:
            order.insert(names.index(place) + (system.before is None), system)
    return tuple(order)
