"""Niches: do populations that learn together come to live in different places?

    python experiments/niches.py --small

1, 2, 4 and 8 populations that share no weights learn in the same worlds, with combat and without.
Then maps of visits in new worlds, the same for all: how much do two populations of a run overlap,
against populations of two runs, which never met, and against two halves of one population's visits?
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import Experiment, policy_of

from jaxmmo.agents.policy import Policy
from jaxmmo.evaluation import bootstrap, following, visits
from jaxmmo.learning.config import LearnConfig
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig

SIZES: dict[str, Any] = {
    "tiny": {"populations": [1, 2], "decisions": 400, "agents": 16, "side": 24, "train": 2,
             "worlds": 2, "warmup": 10, "ticks": 20},
    "small": {"populations": [1, 4], "decisions": 250_000, "agents": 64, "side": 48, "train": 8,
              "worlds": 6, "warmup": 100, "ticks": 500},
    "full": {"populations": [1, 2, 4, 8], "decisions": 2_000_000, "agents": 128, "side": 80,
             "train": 16, "worlds": 12, "warmup": 300, "ticks": 2000},
}  # fmt: skip
COMBAT = {True: "combat", False: "no combat"}


def configuration(settings: dict[str, Any], populations: int, combat: bool, seed: int) -> RunConfig:
    """How a run of so many unshared populations is trained."""
    return RunConfig(
        env={
            "capacity": settings["agents"],
            "height": settings["side"],
            "width": settings["side"],
            "border": 6,
            "num_populations": populations,
            "max_spawns": 4,
        },
        rules={"spawn_attempts": 4},
        learn=LearnConfig(worlds=settings["train"], attacks=combat),
        network=NetworkConfig(populations="unshared" if populations > 1 else "shared"),
        seed=seed,
    )


@functools.lru_cache(maxsize=1)
def program(env: Any, policy: Policy, worlds: int, warmup: int, ticks: int) -> Any:
    """Compiled: maps of visits [2, B, G, H, W] in two halves of some ticks, and the terrain."""

    @jax.jit
    def run(params: Any, rules: Any, key: jax.Array) -> Any:
        begin, *parts = jax.random.split(key, 4)
        state = following.begin(env, policy, jax.random.split(begin, worlds), rules)
        material = state.state.terrain.material
        empty, maps = visits.empty(env, worlds), []

        def add(maps: jax.Array, happened: Any) -> Any:
            return visits.count(env, maps, happened), None

        for length, part in zip((warmup, ticks // 2, ticks // 2), parts, strict=True):
            state, seen, _ = following.follow(
                env, policy, params, state, rules, part, length, empty, add
            )
            maps.append(seen)
        return jnp.stack(maps[1:]), material

    return run


def visited(experiment: Experiment, populations: int, combat: bool, seed: int) -> dict[str, Any]:
    """Maps of visits of a run, in worlds that are the same for every run."""
    settings = experiment.settings
    config = configuration(settings, populations, combat, seed)
    name = f"niches-{populations}-{'combat' if combat else 'peace'}-{seed}"
    (policy, params), env = policy_of(experiment, name, config)
    rules = env.default_rules()
    rules = rules if combat else rules.without_combat()
    run = program(env, policy, settings["worlds"], settings["warmup"], settings["ticks"])
    maps, material = run(params, rules, jax.random.key(2**20))
    return {"maps": np.asarray(maps, np.int32), "material": np.asarray(material)}


def row_of(populations: int, combat: bool, runs: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    """A row of the table."""
    maps = [run["maps"].sum(0) for run in runs]
    halves = [visits.overlap(*run["maps"]).mean(1) for run in runs]
    across = [
        visits.pairs(maps[i], maps[j]) for i in range(len(maps)) for j in range(i + 1, len(maps))
    ]
    row: dict[str, Any] = {"populations": populations, "combat": combat}
    row["halves of one"] = bootstrap.interval(halves)
    if populations > 1:
        row["two of one run"] = bootstrap.interval([visits.pairs(m) for m in maps])
    if across:
        row["of two runs"] = bootstrap.interval(across)
    row["tiles in effect"] = bootstrap.interval([visits.spread(m).mean(1) for m in maps])
    return row


def draw(experiment: Experiment, runs: dict[tuple[int, bool], list[dict[str, np.ndarray]]]) -> None:
    """Maps of the populations of one world, and overlaps."""
    most = max(experiment.settings["populations"])
    with experiment.figure("maps", 2, most, (2.6 * most, 5.6)) as (figure, axes):
        for line, combat in zip(axes, (True, False), strict=True):
            own = runs[most, combat][0]
            for index, axis in enumerate(line):
                axis.imshow(own["material"][0], cmap="Greys", alpha=0.35)
                seen = np.log1p(own["maps"].sum(0)[0, index])
                shown = np.ma.masked_equal(seen, 0)
                axis.imshow(shown, cmap="viridis", alpha=0.9, vmin=0, vmax=max(1, seen.max()))
                axis.set(xticks=[], yticks=[], title=f"{COMBAT[combat]}, population {index}")
                axis.title.set_fontsize(9)
        figure.suptitle(f"Visits in one world, log scale (seed {experiment.seeds[0]})")


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("niches", SIZES, argv, __doc__.splitlines()[0])
    runs: dict[tuple[int, bool], list[dict[str, np.ndarray]]] = {}
    for populations in experiment.settings["populations"]:
        for combat in (True, False):
            runs[populations, combat] = [
                experiment.unit(
                    f"{populations}-{'combat' if combat else 'peace'}-{seed}",
                    lambda g=populations, c=combat, s=seed: visited(experiment, g, c, s),
                )
                for seed in experiment.seeds
            ]
    experiment.table([row_of(*key, own) for key, own in runs.items()])
    draw(experiment, runs)
    experiment.finish()


if __name__ == "__main__":
    main()
