"""How much devices tell each other in an update, counted from what is summed there."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxmmo.learning.learner import Learner
from jaxmmo.learning.minibatches import BITS

WORD = 4
TERMS = 5
"""Scalars that go with a gradient: four terms of the loss, and the weight."""


def per_update(learner: Learner, decisions: int) -> dict[str, int]:
    """What is summed over all devices in one update, whatever their number.

    Acting and the environment tell nobody anything where worlds are divided.

    Args:
      learner: with the settings of the whole run.
      decisions: living agents' decisions in a rollout, of all worlds; at most slots times ticks.

    Returns:
      `sums`: how many times all devices wait for each other; `bytes`: of what is summed, of which
      `gradient_bytes` are gradients.
    """
    config = learner.config
    params = jax.eval_shape(learner.policy.init, jax.random.key(0))
    size = sum(int(np.prod(x.shape)) * x.dtype.itemsize for x in jax.tree.leaves(params))
    epochs = config.epochs if config.algorithm == "ppo" else 1
    rows = config.worlds * learner.env.config.capacity * config.ticks
    cuts = -(-rows // config.minibatch) + 1
    steps = epochs * -(-decisions // config.minibatch)
    gradients = steps * (size + TERMS * WORD)
    # a bisection in every epoch; moments of targets and advantages, and counts
    small = epochs * (BITS + 1) * cuts * WORD + 64 * WORD
    sums = steps + epochs * (BITS + 1) + 7
    return {"sums": sums, "bytes": gradients + small, "gradient_bytes": gradients}


def sent(counted: dict[str, Any], devices: int) -> float:
    """Bytes that each device sends, and receives, in a ring of so many."""
    return counted["bytes"] * 2 * (devices - 1) / devices
