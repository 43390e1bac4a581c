"""`bench scale`: one world of a thousand to a million agents at constant density."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import jax

from jaxmmo.bench import measure, worlds
from jaxmmo.env import making
from jaxmmo.env.environment import Environment

DEFAULT = "JaxMMO-v1"
TILES_PER_AGENT = 62**2 / 128  # of the default preset: its ring and interior over its capacity


def side(agents: int, border: int, tiles: float = TILES_PER_AGENT) -> int:
    """Rows and columns of a map on which that many agents have that many tiles each."""
    return math.ceil(math.sqrt(tiles * agents)) + 2 * border


def full(preset: str, agents: int) -> Environment:
    """A preset with that many agents, and as many NPCs if it has any, as dense as by default."""
    usual: Any = making.preset(preset).config
    inside = usual.height - 2 * usual.border
    length = side(agents, usual.border, inside**2 / usual.capacity)
    settings: dict[str, Any] = {
        "capacity": agents,
        "height": length,
        "width": length,
        "initial_population": agents,
    }
    if hasattr(usual, "npc_capacity"):
        settings["npc_capacity"] = agents
    return making.make(preset, **settings)


def run(
    sizes: list[int], ticks: int, repeats: int, seed: int = 0, preset: str = DEFAULT
) -> Iterator[dict[str, Any]]:
    """Measures one world of each size, from full, and yields its numbers when they are there.

    Args:
      sizes: living agents at the start, and slots.
      ticks: of one scan: few enough that nobody starves.
      repeats: scans that are timed, each from the same start.
      seed: of the map, births and actions.
      preset: id.
    """
    for agents in sizes:
        yield measure_one(agents, ticks, repeats, seed, preset)


def measure_one(
    agents: int, ticks: int, repeats: int, seed: int = 0, preset: str = DEFAULT
) -> dict[str, Any]:
    """Numbers of one size; see `run`."""
    env = full(preset, agents)
    rules = env.default_rules()
    start = jax.block_until_ready(jax.jit(env.reset)(jax.random.key(seed), rules))

    def play(key: jax.Array, obs: Any, state: Any) -> tuple[jax.Array, ...]:
        batch = jax.tree.map(lambda x: x[None], (key, obs, state))
        obs, state, digest, acted, _ = worlds.play(env, rules, ticks, *batch)
        return digest, acted, *jax.tree.map(lambda x: x[0], (obs, state))

    began = time.perf_counter()
    key = jax.random.key(seed + 1)
    compiled = jax.jit(play).lower(key, *start).compile()
    compile_seconds = time.perf_counter() - began
    npcs = 0
    while (more := _npcs(start[1])) > npcs:  # they come by and by
        npcs, start = more, jax.block_until_ready(compiled(key, *start))[2:]
    _, acted, *_ = jax.block_until_ready(compiled(key, *start))
    seconds, _ = measure.repeat(lambda: compiled(key, *start), repeats)
    steps = int(acted.sum())
    analysis = compiled.memory_analysis()
    return {
        "preset": preset,
        "agents": agents,
        "mean_acting": round(steps / ticks),
        "npcs": _npcs(start[1]),
        "map_side": env.config.height,
        "ns_per_agent_step": round(min(seconds) / steps * 1e9),
        "ns_per_agent_step_median": round(sorted(seconds)[len(seconds) // 2] / steps * 1e9),
        "agent_steps_per_s": round(steps / min(seconds)),
        "observation_bytes": measure.nbytes(start[0]) // agents,
        "state_bytes_per_agent": measure.nbytes(start[1]) // agents,
        "temporary_bytes_per_agent": getattr(analysis, "temp_size_in_bytes", 0) // agents,
        "peak_memory_bytes": measure.peak_memory(),
        "compile_s": round(compile_seconds, 2),
        "ticks": ticks,
        "repeats": repeats,
        "policy": "random legal",
    } | measure.machine()


def _npcs(state: Any) -> int:
    """How many bodies of a world are no players'."""
    return int(state.bodies.alive.sum() - state.players.alive.sum())
