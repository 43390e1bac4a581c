"""What each adapter costs beside the world itself, for those that are installed.

    python experiments/adapter_costs.py

One world, full of agents at its start, who do nothing; slot-steps a second, best of some repeats.
The last line is one JSON object. `jaxmmo bench env` measures the world at its best: many at once.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import jaxmmo
from jaxmmo import io


def plain(sizes: dict[str, Any]) -> Callable[[], Any]:
    """The world itself, packed observations, compiled step by step."""
    env = jaxmmo.make(**sizes)
    step = jax.jit(env.step)
    state = jax.jit(env.reset)(jax.random.key(0))[1]
    return lambda: jax.block_until_ready(step(jax.random.key(1), state, env.noop()))


def flat(sizes: dict[str, Any]) -> Callable[[], Any]:
    """The world and `io.flatten` in one program."""
    env = jaxmmo.make(**sizes)

    @jax.jit
    def step(key: jax.Array, state: Any) -> Any:
        obs, state, *told = env.step(key, state, env.noop())
        return io.flatten(env.spec, obs), state, told

    state = jax.jit(env.reset)(jax.random.key(0))[1]
    return lambda: jax.block_until_ready(step(jax.random.key(1), state))


def pettingzoo(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Dicts by agent."""
    from jaxmmo.adapters.pettingzoo import parallel_env

    env = parallel_env(horizon=None, **sizes)
    env.reset(seed=0)
    return lambda: env.step({agent: np.zeros(3, np.int32) for agent in env.agents})


def gymnasium(sizes: dict[str, Any]) -> Callable[[], Any]:
    """NumPy arrays by slot."""
    from jaxmmo.adapters.gymnasium import vector_env

    envs = vector_env(horizon=None, **sizes)
    envs.reset(seed=0)
    nothing = np.zeros((envs.num_envs, 3), np.int32)
    return lambda: envs.step(nothing)


def torch(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Tensors by slot."""
    from jaxmmo.adapters.torch import Worlds
    from jaxmmo.adapters.torch import torch as library

    worlds = Worlds(**sizes)
    worlds.reset(0)
    nothing = library.zeros((worlds.size, 3), dtype=library.int32)
    return lambda: float(worlds.step(nothing)[1].reward.sum())


def jaxmarl(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Dicts by agent, compiled."""
    from jaxmmo.adapters.jaxmarl import Environment

    env = Environment(**sizes)
    _, state = env.reset(jax.random.key(0))
    nothing = dict.fromkeys(env.agents, np.int32(0))
    return lambda: jax.block_until_ready(env.step(jax.random.key(1), state, nothing))


def gymnax(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Arrays by slot, compiled."""
    from jaxmmo.adapters import gymnax

    env, params = gymnax.make(**sizes)
    _, state = env.reset(jax.random.key(0), params)
    nothing = np.zeros(env.num_agents, np.int32)
    return lambda: jax.block_until_ready(env.step(jax.random.key(1), state, nothing, params))


def jumanji(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Time steps, compiled."""
    from jaxmmo.adapters.jumanji import Environment

    env = Environment(**sizes)
    state, _ = jax.jit(env.reset)(jax.random.key(0))
    step, nothing = jax.jit(env.step), np.zeros(env.num_agents, np.int32)
    return lambda: jax.block_until_ready(step(state, nothing))


def neuralmmo(sizes: dict[str, Any]) -> Callable[[], Any]:
    """Objects of the original's form."""
    from jaxmmo.adapters.neuralmmo import Realm

    realm = Realm("JaxMMO-v1", **sizes)
    realm.reset()
    return lambda: realm.step({})


KINDS = {
    "the world": (plain, None),
    "the world, flattened": (flat, None),
    "jaxmarl": (jaxmarl, "jaxmarl"),
    "gymnax": (gymnax, "gymnax"),
    "jumanji": (jumanji, "jumanji"),
    "torch": (torch, "torch"),
    "gymnasium": (gymnasium, "gymnasium"),
    "pettingzoo": (pettingzoo, "pettingzoo"),
    "neuralmmo": (neuralmmo, None),
}


def main() -> None:
    """Measures what is installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--capacity", type=int, default=128, help="slots, all full at the start")
    parser.add_argument("--size", type=int, default=80, help="side of the map, tiles")
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    sizes = {
        "capacity": args.capacity,
        "height": args.size,
        "width": args.size,
        "initial_population": args.capacity,
    }
    found: dict[str, float] = {}
    for name, (make, library) in KINDS.items():
        if library and not importlib.util.find_spec(library):
            print(f"{name:22} is not installed")
            continue
        call = make(sizes)
        call()
        seconds = []
        for _ in range(args.repeats):
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
        found[name] = args.capacity / min(seconds)
        share = found["the world"] / found[name]
        print(f"{name:22} {found[name]:12,.0f} slot-steps/s, {share:6.1f} times the world's cost")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
