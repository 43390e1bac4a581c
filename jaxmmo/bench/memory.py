"""`bench memory`: what a world takes, and how many fit on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from jaxmmo.bench import measure, worlds
from jaxmmo.env import making

DEVICES_GB = (16, 40, 80)


def run(
    preset: str,
    overrides: dict[str, Any],
    batch: int,
    make: Callable[[dict[str, Any]], Any] | None = None,
) -> dict[str, Any]:
    """Counts the bytes of a compiled batch of worlds; nothing is run.

    Args:
      preset: id.
      overrides: of `EnvConfig`.
      batch: worlds that the program is compiled for; its temporaries are divided among them.
      make: from overrides to an environment, instead of the preset.
    """
    env = making.make(preset, **overrides) if make is None else make(overrides)
    rules = env.default_rules()
    keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), batch))
    obs, state = jax.eval_shape(jax.vmap(lambda key: env.reset(key, rules)), keys)
    program = jax.jit(lambda k, o, s: worlds.play(env, rules, 2, k, o, s), donate_argnums=(1, 2))
    analysis = program.lower(keys, obs, state).compile().memory_analysis()
    temporary = int(getattr(analysis, "temp_size_in_bytes", 0)) // batch
    state_bytes, obs_bytes = measure.nbytes(state) // batch, measure.nbytes(obs) // batch
    world = state_bytes + obs_bytes + temporary
    return {
        "preset": preset,
        "capacity": env.config.capacity,
        "state_bytes": state_bytes,
        "observation_bytes": obs_bytes,
        "temporary_bytes": temporary,
        "world_bytes": world,
        "bytes_per_agent": world // env.config.capacity,
        "worlds_that_fit": {f"{size} GB": int(size * 1e9 * 0.9) // world for size in DEVICES_GB},
        "note": "a tenth of each device is left for the program; temporaries as compiled here",
    } | measure.machine()
