"""What devices tell each other, counted from the shapes of what is sent."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxmmo.learning.learner import Learner
from jaxmmo.learning.minibatches import BITS
from jaxmmo.parallel.bands import Banded

WORD = 4  # bytes
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


def words_of(table: Any) -> int:
    """32-bit words that a row of arrays [N, ...] takes in a message."""
    sizes = ((int(np.prod(x.shape[1:])), x.dtype.itemsize) for x in jax.tree.leaves(table))
    return sum(entries * max(size // WORD, 1) for entries, size in sizes)


def bytes_per_tick(bands: Banded, luggage: Any = ()) -> dict[str, int]:
    """Bytes that a band sends to one neighbour in a tick; one between two others sends it twice.

    Buffers travel whole, however many are in them, so that the number is the same in every tick.

    Args:
      bands: of the world.
      luggage: arrays, or shapes of arrays, whose rows go with the agents.

    Returns:
      By what is sent, and of `all`. `shared` is beside that: what all bands add up in a tick.
    """
    cut, world = bands.cut, bands.band.shapes
    body, life = words_of(world.bodies), words_of(world.lives)
    words = {
        "intents": cut.ghosts * len(bands.spec.heads),
        "requests": cut.movers,
        "answers": cut.movers,
        "refusals": cut.ghosts,
        "migrants": cut.movers * (body + life + words_of(luggage)),
        "ghosts": cut.ghosts * body,
        "ground": cut.halo * bands.env.config.width,
    }
    sent = {name: WORD * count for name, count in words.items()}
    sent["all"] = sum(sent.values())
    return sent | {"shared": WORD * (bands.env.config.num_populations + 1)}
