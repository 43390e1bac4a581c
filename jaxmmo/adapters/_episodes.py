"""What Gymnasium is told of a vector of slots: infos, and the last observations of episodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxmmo.adapters import _spaces
from jaxmmo.adapters.base import Layout, Outcome, View


def infos(view: View, acted: Any, newborn: Any, illegal: Any) -> dict[str, Any]:
    """What is known of every slot after a step, [worlds * slots] each."""
    told = {
        "acted": acted,
        "newborn": newborn,
        "illegal": illegal,
        "alive": np.asarray(view.alive),
        "id": np.where(view.alive, view.id, 0),
        "population": np.where(view.alive, view.population, 0),
    }
    return {name: np.asarray(value).reshape(-1) for name, value in told.items()}


def ended(outcome: Outcome) -> dict[str, Any]:
    """Cause and length of the lives that ended, with Gymnasium's masks beside them."""
    died = outcome.terminated.reshape(-1)
    if not died.any():
        return {}
    told: dict[str, Any] = {}
    for name, value in (("cause", outcome.cause), ("lifetime", outcome.lifetime)):
        told |= {name: np.where(died, value.reshape(-1), 0), f"_{name}": died}
    return told


def final(layout: Layout, every: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The last observations of all whose episode ended, as Gymnasium wants them: objects.

    Those of the dead are zero, though somebody else may live there already.

    Args:
      layout: of observations.
      every: the observations of all slots.
      outcome: of the step.
    """
    done = (outcome.terminated | outcome.truncated).reshape(-1)
    if not done.any():
        return {}
    died = outcome.terminated.reshape(-1)
    found = np.full(len(done), None, object)
    for i in np.flatnonzero(done):
        found[i] = _spaces.nobody(layout) if died[i] else _spaces.rows(every, int(i))
    return {"final_obs": found, "_final_obs": done}
