"""What is logged of an update."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.agents.acting import RolloutState
from jaxmmo.agents.shards import Shards
from jaxmmo.learning.rollout import Steps, Tally


def not_finite(steps: Steps, learned: dict[str, jax.Array], shards: Shards) -> dict[str, jax.Array]:
    """How many rewards of the living, and how many of the losses, are nan or infinite."""
    rewards = steps.acted & ~jnp.isfinite(steps.reward)
    values = jnp.stack(list(learned.values()))
    return {
        "bad_rewards": shards.over_worlds(jnp.sum(rewards, dtype=jnp.int32)),
        "bad_losses": jnp.sum(~jnp.isfinite(values), dtype=jnp.int32),
    }


def summarise(
    tally: Tally, worlds: RolloutState, count: int, shards: Shards
) -> dict[str, jax.Array]:
    """Scalars of a rollout of `count` worlds: lifetime is living agent-steps per death."""
    present = jnp.sum(worlds.obs.present[:, 0], dtype=jnp.int32)
    tally, present = shards.over_worlds((tally, present))
    deaths = jnp.sum(tally.deaths)
    return {
        "steps": tally.steps,
        "deaths": deaths,
        "lifetime": tally.steps / jnp.maximum(deaths, 1),
        "population": present / count,
        "overflow": tally.overflow,
        "illegal": tally.illegal,
    } | {f"deaths_{i}": tally.deaths[i] for i in range(1, tally.deaths.shape[0])}
