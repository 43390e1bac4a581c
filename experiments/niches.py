"""Niches: do populations that learn together come to live in different places?

    python experiments/niches.py --small

1, 2, 4 and 8 populations that share no weights learn in the same worlds, with combat and without.
Then maps of visits in new worlds, the same for all: how much does a population overlap with others
of its run, with those of other runs, which it never met, and with itself at another time?
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from common import Experiment
from policies import policy_of

from jaxmmo.agents.policy import Policy
from jaxmmo.evaluation import bootstrap, following, visits
from jaxmmo.learning.config import LearnConfig
from jaxmmo.runs.config import RunConfig
from jaxmmo.runs.setup import NetworkConfig

SIZES: dict[str, Any] = {
    "tiny": {"populations": [2], "decisions": 0, "agents": 16, "side": 24, "train": 2,
             "worlds": 2, "warmup": 10, "ticks": 20},
    "small": {"populations": [1, 4], "decisions": 250_000, "agents": 64, "side": 48, "train": 8,
              "worlds": 6, "warmup": 100, "ticks": 500},
    "full": {"populations": [1, 2, 4, 8], "decisions": 2_000_000, "agents": 128, "side": 80,
             "train": 16, "worlds": 12, "warmup": 300, "ticks": 2000},
}  # fmt: skip
BORDER = 6
COMBAT = {True: "combat", False: "no combat"}


def configuration(settings: dict[str, Any], populations: int, combat: bool, seed: int) -> RunConfig:
    """How a run of so many unshared populations is trained."""
    return RunConfig(
        env={
            "capacity": settings["agents"],
            "height": settings["side"],
            "width": settings["side"],
            "border": BORDER,
            "num_populations": populations,
            "max_spawns": 4,
        },
        rules={"spawn_attempts": 4},
        learn=LearnConfig(worlds=settings["train"], attacks=combat),
        network=NetworkConfig(populations="unshared" if populations > 1 else "shared"),
        seed=seed,
    )


@functools.lru_cache(maxsize=1)
def programs(env: Any, policy: Policy, worlds: int) -> tuple[Any, Any]:
    """Compiled: new worlds, and some ticks in them with maps of their visits [B, G, H, W]."""

    @jax.jit
    def begin(rules: Any, key: jax.Array) -> Any:
        return following.begin(env, policy, jax.random.split(key, worlds), rules)

    def add(maps: jax.Array, happened: Any) -> Any:
        return visits.count(env, maps, happened), None

    @functools.partial(jax.jit, static_argnums=4)
    def live(params: Any, rules: Any, state: Any, key: jax.Array, ticks: int) -> Any:
        empty = visits.empty(env, worlds)
        return following.follow(env, policy, params, state, rules, key, ticks, empty, add)[:2]

    return begin, live


def visited(experiment: Experiment, populations: int, combat: bool, seed: int) -> dict[str, Any]:
    """Maps of visits of a run in two halves of the time, [2, B, G, H, W], and the terrain.

    The worlds are the same for every run.
    """
    settings = experiment.settings
    config = configuration(settings, populations, combat, seed)
    name = f"niches-{populations}-{'combat' if combat else 'peace'}-{seed}"
    (policy, params), env = policy_of(experiment, name, config)
    rules = env.default_rules()
    rules = rules if combat else rules.without_combat()
    begin, live = programs(env, policy, settings["worlds"])
    first, *parts = jax.random.split(jax.random.key(2**20), 4)
    state, maps = begin(rules, first), []
    material = np.asarray(state.state.terrain.material)
    half = settings["ticks"] // 2
    for ticks, key in zip((settings["warmup"], half, half), parts, strict=True):
        state, seen = live(params, rules, state, key, ticks)
        maps.append(np.asarray(seen))
    return {"maps": np.stack(maps[1:]), "material": material}


def row_of(populations: int, combat: bool, runs: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    """A row of the table.

    Every overlap is between the first half of the time and the second, so that the same number of
    visits is behind all of them: of a population with itself, with those it lives with, and with
    those of other runs, which never met it.
    """
    first, second = ([run["maps"][half] for run in runs] for half in (0, 1))
    row: dict[str, Any] = {"populations": populations, "combat": combat}
    row["itself"] = bootstrap.interval(
        [visits.known(visits.overlap(*run["maps"]), 1) for run in runs]
    )
    together = [visits.pairs(*run["maps"], same=False) for run in runs]
    if populations > 1:
        row["others of its run"] = bootstrap.interval(together)
    strangers = [
        visits.known([visits.pairs(first[i], second[j]) for j in range(len(runs)) if j != i], 0)
        for i in range(len(runs))
        if len(runs) > 1
    ]
    if strangers:
        row["others of other runs"] = bootstrap.interval(strangers)
    if strangers and populations > 1:
        row["parted by company"] = bootstrap.interval(
            [apart - near for apart, near in zip(strangers, together, strict=True)]
        )
    maps = [run["maps"].sum(0) for run in runs]
    row["tiles in effect"] = bootstrap.interval([visits.known(visits.spread(m), 1) for m in maps])
    return row


def draw(experiment: Experiment, runs: dict[tuple[int, bool], list[dict[str, np.ndarray]]]) -> None:
    """Maps of the populations of one world."""
    most = max(experiment.settings["populations"])
    inside = slice(BORDER, -BORDER)
    with experiment.figure("maps", 2, most, (2.6 * most + 1, 5.6)) as (figure, axes):
        for line, combat in zip(axes, (True, False), strict=True):
            own = runs[most, combat][0]
            maps = np.log10(1 + own["maps"].sum(0)[0])[:, inside, inside]
            for index, axis in enumerate(line):
                axis.imshow(own["material"][0][inside, inside], cmap="Greys", alpha=0.35)
                shown = np.ma.masked_equal(maps[index], 0)
                image = axis.imshow(shown, cmap="viridis", vmin=0, vmax=max(0.1, maps.max()))
                axis.set(xticks=[], yticks=[], title=f"{COMBAT[combat]}, population {index}")
                axis.title.set_fontsize(9)
            figure.colorbar(image, ax=line, label="log10(1 + visits)", shrink=0.8)
        figure.suptitle(f"Visits in one world (seed {experiment.seeds[0]})")


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
