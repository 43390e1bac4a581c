"""From a name on the command line to somebody who plays: a script, a baseline or a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

from jaxmmo.agents import scripted
from jaxmmo.agents.policy import Policy
from jaxmmo.env.environment import Environment

BASELINE = "baseline"


def find(name: str, env: Environment) -> tuple[Policy, Any]:
    """The policy of that name and its parameters.

    Args:
      name: of a scripted policy, `baseline`, or the path of a checkpoint.
      env: whose observations it must understand.

    Raises:
      ValueError: for a name that is none of these.
    """
    if name in scripted.names():
        policy = scripted.get(name, env)
        return policy, policy.init(jax.random.key(0))
    if name != BASELINE and not Path(name).exists():
        known = ", ".join([*scripted.names(), BASELINE])
        raise ValueError(f"{name!r} is neither a file nor one of: {known}")
    raise ValueError(f"{name!r} cannot be played: checkpoints are not there yet")
