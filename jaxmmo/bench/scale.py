"""`bench scale`: one world of a thousand to a million agents at constant density."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import jax

from jaxmmo.bench import measure, worlds
from jaxmmo.env import making
from jaxmmo.env.config import EnvConfig

TILES_PER_AGENT = 62**2 / 128  # of the default preset: its ring and interior over its capacity


def side(agents: int, border: int) -> int:
    """Rows and columns of a map on which that many agents are as dense as by default."""
    return math.ceil(math.sqrt(TILES_PER_AGENT * agents)) + 2 * border


def run(sizes: list[int], ticks: int, repeats: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Measures one world of each size, from full, and yields its numbers when they are there.

    Args:
      sizes: living agents at the start, and slots.
      ticks: of one scan: few enough that nobody starves.
      repeats: scans that are timed, each from the same start.
      seed: of the map, births and actions.
    """
    for agents in sizes:
        yield measure_one(agents, ticks, repeats, seed)


def measure_one(agents: int, ticks: int, repeats: int, seed: int = 0) -> dict[str, Any]:
    """Numbers of one size; see `run`."""
    border = EnvConfig().border
    length = side(agents, border)
    env = making.make(capacity=agents, height=length, width=length, initial_population=agents)
    rules = env.default_rules()
    obs, state = jax.block_until_ready(jax.jit(env.reset)(jax.random.key(seed), rules))

    def play(key: jax.Array, obs: Any, state: Any) -> tuple[jax.Array, jax.Array]:
        batch = jax.tree.map(lambda x: x[None], (key, obs, state))
        _, _, digest, acted, _ = worlds.play(env, rules, ticks, *batch)
        return digest, acted

    began = time.perf_counter()
    key = jax.random.key(seed + 1)
    compiled = jax.jit(play).lower(key, obs, state).compile()
    compile_seconds = time.perf_counter() - began
    _, acted = jax.block_until_ready(compiled(key, obs, state))
    seconds, _ = measure.repeat(lambda: compiled(key, obs, state), repeats)
    steps = int(acted.sum())
    analysis = compiled.memory_analysis()
    return {
        "agents": agents,
        "mean_acting": round(steps / ticks),
        "map_side": length,
        "ns_per_agent_step": round(min(seconds) / steps * 1e9),
        "ns_per_agent_step_median": round(sorted(seconds)[len(seconds) // 2] / steps * 1e9),
        "agent_steps_per_s": round(steps / min(seconds)),
        "observation_bytes": measure.nbytes(obs) // agents,
        "state_bytes_per_agent": measure.nbytes(state) // agents,
        "temporary_bytes_per_agent": getattr(analysis, "temp_size_in_bytes", 0) // agents,
        "peak_memory_bytes": measure.peak_memory(),
        "compile_s": round(compile_seconds, 2),
        "ticks": ticks,
        "repeats": repeats,
        "policy": "random legal",
    } | measure.machine()
