"""Returns and advantages that end where a life ends."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.agents.shards import ALONE, Shards


def gae(
    reward: jax.Array,
    value: jax.Array,
    next_value: jax.Array,
    terminated: jax.Array,
    truncated: jax.Array,
    acted: jax.Array,
    *,
    gamma: float,
    gae_lambda: float,
) -> tuple[jax.Array, jax.Array]:
    """Generalised advantage estimates of every slot's successive lives.

    Nothing is carried across a death, a truncation, a birth, or an empty slot: a death is worth 0
    from then on, a truncated life what its last observation is worth, and whoever is born into the
    slot later starts afresh.

    Args:
      reward: f32[T, N].
      value: f32[T, N], of the observations acted on.
      next_value: f32[T, N], of what was observed after each step; ignored after a death.
      terminated: bool[T, N], the agent died in this step.
      truncated: bool[T, N], the agent lives on but its record ends here.
      acted: bool[T, N], an agent was there to act. Other entries are ignored, whatever they hold.
      gamma: discount a tick.
      gae_lambda: weight of longer estimates.

    Returns:
      Advantages and returns (targets of the value), f32[T, N], 0 where nobody acted.
    """
    ahead = jnp.where(terminated, 0.0, next_value)
    delta = jnp.where(acted, reward + gamma * ahead - value, 0.0)
    goes_on = acted & ~terminated & ~truncated

    def back(later: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        delta, goes_on = now
        # `where`, not a product: a garbage value times 0 may be nan
        advantage = delta + gamma * gae_lambda * jnp.where(goes_on, later, 0.0)
        return advantage, advantage

    _, advantage = jax.lax.scan(back, jnp.zeros_like(delta[0]), (delta, goes_on), reverse=True)
    return advantage, jnp.where(acted, advantage + value, 0.0)


def discounted(
    reward: jax.Array,
    next_value: jax.Array,
    terminated: jax.Array,
    truncated: jax.Array,
    acted: jax.Array,
    *,
    gamma: float,
) -> jax.Array:
    """f32[T, N]: discounted rewards to the end of the life, or of the window.

    At the window's end the value of what was observed last stands for the rest. Arguments as for
    `gae`.
    """
    zero = jnp.zeros_like(reward)
    return gae(
        reward,
        zero,
        jnp.where(_last(terminated, truncated, acted), next_value, 0.0),
        terminated,
        truncated,
        acted,
        gamma=gamma,
        gae_lambda=1.0,
    )[1]


def _last(terminated: jax.Array, truncated: jax.Array, acted: jax.Array) -> jax.Array:
    """bool[T, N]: the record of a life breaks off here while it goes on."""
    end = truncated.at[-1].set(True)
    return end & acted & ~terminated


def normalise(x: jax.Array, mask: jax.Array, shards: Shards = ALONE) -> jax.Array:
    """Zero mean and unit variance over the mask's entries on all devices; 0 elsewhere."""
    mean, var = moments(x, mask, shards)
    return jnp.where(mask, (x - mean) * jax.lax.rsqrt(var + 1e-8), 0.0)


def moments(x: jax.Array, mask: jax.Array, shards: Shards = ALONE) -> tuple[jax.Array, jax.Array]:
    """Mean and variance over the mask's entries on all devices; 0 and 0 if there are none."""
    total, count = shards.over_worlds((jnp.sum(jnp.where(mask, x, 0.0)), jnp.sum(mask)))
    count = jnp.maximum(count, 1)
    mean = total / count
    var = shards.over_worlds(jnp.sum(jnp.where(mask, jnp.square(x - mean), 0.0))) / count
    return mean, var
