"""What a tournament costs: the shipped policies, four networks, and eight, in the same worlds.

    python benchmarks/tournament.py [--worlds 64] [--ticks 1000] [--repeats 3] [--json]

Every repeat plays one round of each in turn, so that a machine's moods fall on all alike. Networks
are the baseline with a little noise of its own for each: as many as there are live about as long.
Compilation is told apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import time
from typing import Any

import jax
import numpy as np

import jaxmmo
from jaxmmo.bench import measure
from jaxmmo.evaluation import matches, watching
from jaxmmo.evaluation.watching import Contestant, EvalConfig
from jaxmmo.runs import library
from jaxmmo.workflow.tournaments import CHUNK

SHIPPED = ("baseline", "forager", "fighter", "random")
NOISE = 1e-3


def networks(env: Any, count: int) -> list[Contestant]:
    """The baseline so many times, each with other noise on its parameters."""
    policy, params = library.load("baseline", env)
    rng = np.random.default_rng(0)
    return [
        Contestant(
            policy,
            jax.tree.map(lambda x: x + NOISE * rng.standard_normal(x.shape, np.float32), params),
        )
        for _ in range(count)
    ]


def play(env: Any, entrants: list[Contestant], plan: EvalConfig, *, warm: bool) -> tuple[Any, Any]:
    """Seconds of a round and the decisions made in it; if `warm`, only of its first ticks."""
    owner = matches.seats(env.config.num_populations, plan.worlds, len(entrants), plan.seed)

    def told(done: int, ticks: int) -> None:
        del ticks
        if warm and done:
            raise StopIteration

    began, living = time.perf_counter(), np.zeros(1)
    with contextlib.suppress(StopIteration):
        _, living = watching.run(env, entrants, plan, progress=told, owner=owner)
    return time.perf_counter() - began, int(living.sum())


def main() -> None:
    """Prints seconds of a round for each, and how much more eight cost than four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    load, env = os.getloadavg()[0], jaxmmo.make()
    entrants = {
        "shipped": [library.load(name, env) for name in SHIPPED],
        "four": networks(env, 4),
        "eight": networks(env, 8),
    }
    plan = EvalConfig(args.worlds, args.ticks, max(1, min(500, args.ticks // 2)), CHUNK)
    compiled = {name: play(env, who, plan, warm=True)[0] for name, who in entrants.items()}
    spent: dict[str, list[float]] = {name: [] for name in entrants}
    living = {}
    for _ in range(args.repeats):
        for name, who in entrants.items():
            seconds, living[name] = play(env, who, plan, warm=False)
            spent[name].append(seconds)
    slots = args.worlds * args.ticks
    ratio = [e / f for e, f in zip(spent["eight"], spent["four"], strict=True)]
    result = {
        "worlds": args.worlds,
        "ticks": args.ticks,
        "slots": env.config.capacity,
        "seconds": {k: [round(s, 1) for s in v] for k, v in spent.items()},
        "alive": {name: round(count / slots, 1) for name, count in living.items()},
        "compile": {name: round(seconds, 1) for name, seconds in compiled.items()},
        "eight_to_four": round(statistics.median(ratio), 3),
        "load_before": load,
        "machine": measure.machine(),
    }
    for name in entrants:
        print(
            f"{name:8} {min(spent[name]):6.1f} s at best, {statistics.median(spent[name]):6.1f} s "
            f"median; {result['alive'][name]} of {env.config.capacity} alive; "
            f"compiled and 50 ticks in {compiled[name]:.1f} s"
        )
    print(f"eight networks cost {result['eight_to_four']} times four; load before: {load}")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
