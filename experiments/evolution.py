"""Evolution in one persistent world: brains are inherited with mutation, and nothing else learns.

    python experiments/evolution.py --small

Every agent has weights of its own. A newborn inherits those of a living agent of its population,
drawn with equal chances: whoever lives longer has more children. The control without selection
draws parents among the last births, alive or dead. Does lifetime rise, do lineages take over, do
populations come to live in different places? Then what 1,000, 10,000 and 100,000 agents cost.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from common import Experiment
from evolution_figures import WINDOWS, draw, family, windows

import jaxmmo
from jaxmmo.agents.brains import Brain
from jaxmmo.bench import measure
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation import bootstrap, visits
from jaxmmo.learning import evolution
from jaxmmo.learning.evolution import FOUNDER, PARENTS, Heredity

WORLD = {"side": 64, "slots": 512, "spawns": 16, "ticks": 8000}
SIZES: dict[str, Any] = {
    "tiny": {"side": 24, "slots": 32, "spawns": 4, "ticks": 200, "costs": (64,), "timed": 2},
    "small": WORLD | {"costs": (1000, 10_000, 100_000), "timed": 10},
    "full": WORLD
    | {"side": 128, "slots": 2048, "spawns": 64, "ticks": 40_000}
    | {"costs": (1000, 10_000, 100_000), "timed": 30},
}
CHUNK = 100  # ticks between two looks


@functools.lru_cache(maxsize=1)
def world(side: int, slots: int, spawns: int) -> tuple[Environment, Any]:
    """A world full of founders, and its rules."""
    env = jaxmmo.make(
        "JaxMMO-v1",
        height=side,
        width=side,
        border=4,
        capacity=slots,
        initial_population=slots,
        max_spawns=spawns,
    )
    return env, env.default_rules(spawn_attempts=spawns)


@functools.lru_cache(maxsize=1)
def program(env: Environment, brain: Brain, heredity: Heredity) -> Any:
    """Compiled: ticks, one for each key, and maps of their visits [1, G, H, W]."""

    @jax.jit
    def run(rules: Any, evolving: Any, keys: jax.Array) -> Any:
        def tick(carry: Any, key: jax.Array) -> Any:
            evolving, maps = carry
            evolving, passed = evolution.tick(env, brain, heredity, rules, evolving, key)
            return (evolving, visits.add(maps, evolving.worlds.state.players)), passed

        return jax.lax.scan(tick, (evolving, visits.empty(env, 1)), keys)

    return run


def evolve(settings: dict[str, Any], parents: str, seed: int, say: Any) -> dict[str, Any]:
    """One world from its founders to its end, and everything that is to be known of it."""
    env, rules = world(settings["side"], settings["slots"], settings["spawns"])
    brain, heredity = Brain(env.spec), Heredity(parents)
    begin, play = jax.random.split(jax.random.key(seed))
    start = jax.jit(lambda key: evolution.start(env, brain, heredity, rules, key))
    evolving = start(begin)
    first = jax.tree.map(np.asarray, evolving.worlds.state.players)
    run, ticks = program(env, brain, heredity), settings["ticks"]
    records, told, chunk = [], time.monotonic(), min(CHUNK, ticks // 4)
    quarters = np.zeros((4, env.config.num_populations, settings["side"], settings["side"]), int)
    for first_tick in range(0, ticks, chunk):
        keys = jax.random.split(jax.random.fold_in(play, first_tick), chunk)
        (evolving, maps), passed = run(rules, evolving, keys)
        quarters[4 * first_tick // ticks] += np.asarray(maps[0])
        records.append(compact(jax.tree.map(np.asarray, passed), first_tick))
        if time.monotonic() - told > 20:
            told = time.monotonic()
            say(f"{parents}, seed {seed}: tick {first_tick:,} of {ticks:,}")
    joined = {k: np.concatenate([r[k] for r in records]) for k in records[0]}
    founders = np.flatnonzero(first.alive[0])
    joined["child"] = np.concatenate([first.id[0][founders], joined["child"]])
    joined["parent"] = np.concatenate([np.full(len(founders), FOUNDER), joined["parent"]])
    joined["born"] = np.concatenate([np.zeros(len(founders), int), joined["born"]])
    joined["population"] = np.concatenate([first.population[0][founders], joined["population"]])
    joined["halves"] = quarters[2:]  # of the second half of the run
    joined["material"] = np.asarray(evolving.worlds.state.terrain.material[0])
    return joined


def compact(passed: Any, start: int) -> dict[str, np.ndarray]:
    """Births and deaths of some ticks as lists; the living and attacks by tick and population."""
    tick, slot = np.nonzero(passed.child >= 0)
    last, gone = np.nonzero(passed.dead >= 0)
    return {
        "child": passed.child[tick, slot],
        "parent": passed.parent[tick, slot],
        "population": passed.population[tick, slot],
        "born": start + tick + 1,
        "dead": passed.dead[last, gone],
        "lifetime": passed.lifetime[last, gone],
        "cause": passed.cause[last, gone],
        "died": start + last + 1,
        "living": passed.living.sum(1),
        "attacks": passed.attacks.sum(0, keepdims=True),
    }


def cost(slots: int, timed: int) -> dict[str, Any]:
    """Seconds a tick and bytes of a world of so many agents, each with a brain."""
    side = max(24, round((8 * slots) ** 0.5))
    env, rules = world(side, slots, max(4, slots // 32))
    brain, heredity = Brain(env.spec), Heredity()
    chunk = min(slots, 1024)

    def step(evolving: Any, key: jax.Array) -> Any:
        return evolution.tick(env, brain, heredity, rules, evolving, key, chunk)

    run = jax.jit(lambda evolving, keys: jax.lax.scan(step, evolving, keys))
    start = jax.jit(lambda key: evolution.start(env, brain, heredity, rules, key))
    evolving = start(jax.random.key(0))
    bytes_of = {"world": measure.nbytes(evolving.worlds), "brains": measure.nbytes(evolving.brains)}
    keys = jax.random.split(jax.random.key(1), timed)
    evolving, _ = jax.block_until_ready(run(evolving, keys))
    began = time.perf_counter()
    evolving, passed = jax.block_until_ready(run(evolving, keys))
    seconds = (time.perf_counter() - began) / timed
    living = float(passed.living.sum(1).mean())
    return bytes_of | {"tick_seconds": seconds, "living": living, "weights": brain.size}


def measures(runs: list[dict[str, np.ndarray]], ticks: int) -> dict[str, Any]:
    """A row of the table: what came out over the seeds."""
    found: dict[str, list[Any]] = {}
    for data in runs:
        _, steps, deaths = windows(data, ticks)
        tenth, tree = WINDOWS // 10, family(data)
        roots = tree.founder[tree.living]
        living = data["living"][-ticks // 10 :].mean()
        lasting = np.bincount(roots).max() / max(len(roots), 1) if len(roots) else np.nan
        maps = data["halves"].sum(0)[None]
        values = {
            "lifetime, first tenth": ratio(steps[:tenth], deaths[:tenth]),
            "lifetime, last tenth": ratio(steps[-tenth:], deaths[-tenth:]),
            "living at the end": living,
            "generations": tree.generation[tree.living].mean() if len(roots) else np.nan,
            "founders with descendants": len(np.unique(roots)),
            "share of the largest clade": lasting,
            "overlap of populations": visits.pairs(maps)[0],
            "overlap of a population's halves": np.nanmean(visits.overlap(*data["halves"])),
        }
        for name, value in values.items():
            found.setdefault(name, []).append([float(value)])
    return {name: bootstrap.interval(values) for name, values in found.items()}


def ratio(top: np.ndarray, bottom: np.ndarray) -> float:
    """A quotient of sums."""
    return float(top.sum() / max(bottom.sum(), 1))


def costs(experiment: Experiment) -> list[dict[str, Any]]:
    """Rows of what worlds of several sizes take."""
    rows = []
    for slots in experiment.settings["costs"]:
        data = experiment.unit(
            f"cost-{slots}", lambda n=slots: cost(n, experiment.settings["timed"])
        )
        rows.append(
            {
                "agents": slots,
                "weights each": int(data["weights"]),
                "living": round(float(data["living"])),
                "seconds a tick": round(float(data["tick_seconds"]), 4),
                "microseconds a living agent": round(
                    1e6 * float(data["tick_seconds"]) / float(data["living"]), 2
                ),
                "MB of brains": round(float(data["brains"]) / 1e6, 1),
                "MB of the world": round(float(data["world"]) / 1e6, 1),
            }
        )
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("evolution", SIZES, argv, __doc__.splitlines()[0])
    settings = experiment.settings
    runs = {
        parents: [
            experiment.unit(
                f"{parents}-{seed}",
                lambda p=parents, s=seed: evolve(settings, p, s, experiment.say),
            )
            for seed in experiment.seeds
        ]
        for parents in PARENTS
    }
    rows = [
        {"parents": parents} | measures(own, settings["ticks"]) for parents, own in runs.items()
    ]
    experiment.table(rows)
    experiment.table(costs(experiment), "costs")
    draw(experiment, runs)
    experiment.finish()


if __name__ == "__main__":
    main()
