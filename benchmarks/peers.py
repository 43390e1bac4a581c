"""Times jaxmmo beside installed environments of its kind, on this machine, in one run.

    python benchmarks/peers.py
    python benchmarks/peers.py --original nmmo/bin/python

Each peer is timed if it is installed (`pip install gymnax`, `pip install jumanji`, ...), with
random actions in a jitted, vmapped scan. Other games do other work: the numbers tell how fast
people's loops will run, not which code is better.

With `--original`, the second game is timed beside the engine that it comes from, in turns. That one
needs an environment of its own, with Python 3.10:

    python3.10 -m venv nmmo && nmmo/bin/pip install nmmo==2.1.2
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from original import compare

from jaxmmo.bench import measure, worlds

SECOND = ("JaxMMO-v2", "NeuralMMO-v2.1")
"""Presets of the second game, which are timed beside the original."""


def timed(run: Callable[[jax.Array], Any], steps: int, repeats: int) -> float:
    """Best steps per second of a compiled scan; its result is folded, so that nothing is left out.

    Args:
      run: from a key to anything.
      steps: agent-steps of one call.
      repeats: timed calls, after one that is not.
    """
    compiled = jax.jit(run).lower(jax.random.key(0)).compile()
    jax.block_until_ready(compiled(jax.random.key(0)))
    seconds, _ = measure.repeat(lambda: compiled(jax.random.key(1)), repeats)
    return steps / min(seconds)


def fold(tree: Any) -> jax.Array:
    """One number that depends on every element."""
    return sum(jnp.sum(jnp.asarray(x).astype(jnp.float32)) for x in jax.tree.leaves(tree))


def gymnax(name: str, batch: int, ticks: int, repeats: int) -> dict[str, Any]:
    """A single-agent environment of gymnax."""
    import gymnax as peer

    env, params = peer.make(name)

    def one(key: jax.Array) -> jax.Array:
        obs, state = env.reset(key, params)

        def tick(carry: Any, key: jax.Array) -> tuple[Any, None]:
            state, total = carry
            act, step = jax.random.split(key)
            action = env.action_space(params).sample(act)
            obs, state, *_ = env.step(step, state, action, params)
            return (state, total + fold(obs)), None

        first = (state, fold(obs) * 0)
        return jax.lax.scan(tick, first, jax.random.split(key, ticks))[0][1]

    rate = timed(lambda k: jax.vmap(one)(jax.random.split(k, batch)), batch * ticks, repeats)
    return {"peer": f"gymnax {name}", "agent_steps_per_s": round(rate)}


def jumanji(name: str, agents: int, batch: int, ticks: int, repeats: int) -> dict[str, Any]:
    """An environment of jumanji, `agents` of them counted a step."""
    import jumanji as peer

    env = peer.make(name)

    def one(key: jax.Array) -> jax.Array:
        state, timestep = env.reset(key)

        def tick(carry: Any, key: jax.Array) -> tuple[Any, None]:
            state, total = carry
            action = env.action_spec.generate_value()
            state, timestep = env.step(state, action)
            return (state, total + fold(timestep.observation)), None

        first = (state, fold(timestep.observation) * 0)
        return jax.lax.scan(tick, first, jax.random.split(key, ticks))[0][1]

    steps = batch * ticks * agents
    rate = timed(lambda k: jax.vmap(one)(jax.random.split(k, batch)), steps, repeats)
    return {"peer": f"jumanji {name}", "agent_steps_per_s": round(rate)}


def beside_peers(repeats: int) -> list[dict[str, Any]]:
    """A row for the first game and for every peer that is installed."""
    mine = worlds.run("JaxMMO-v1", {}, worlds=32, ticks=64, repeats=repeats, spawns=48)
    rows = [{"peer": "jaxmmo JaxMMO-v1", "agent_steps_per_s": mine["agent_steps_per_s"]}]
    if importlib.util.find_spec("gymnax"):
        rows.append(gymnax("CartPole-v1", 4096, 64, repeats))
    if importlib.util.find_spec("jumanji"):
        rows.append(jumanji("RobotWarehouse-v0", 4, 256, 64, repeats))
    return rows


def main() -> int:
    """Prints a line for each, and one of the machine."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of the first game and its peers")
    parser.add_argument("--original", metavar="PYTHON", help="the interpreter that has nmmo 2.1")
    parser.add_argument("--turns", type=int, default=20, help="of the second game and the original")
    parser.add_argument("--ticks", type=int, default=32, help="of a turn")
    parser.add_argument("--worlds", type=int, default=8, help="of the second game, by device")
    args = parser.parse_args()
    measure.use_every_core()
    began = time.perf_counter()
    try:
        rows = (
            beside_peers(args.repeats)
            if args.original is None
            else compare(args.original, SECOND, args.worlds, args.ticks, args.turns)
        )
    except ValueError as error:
        print(f"benchmarks/peers.py: {error}", file=sys.stderr)
        return 2
    for row in rows:
        print(json.dumps(row))
    print(json.dumps(measure.machine() | {"seconds": round(time.perf_counter() - began)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
