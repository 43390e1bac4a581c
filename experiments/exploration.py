"""Exploration maps: where agents go who learnt among few or many others.

    python experiments/exploration.py --small

Policies of 1, 8, 32 and 128 agents a world, trained for the same number of decisions, are followed
in new worlds of their own size: maps of visits, distinct tiles a life, and how far from the edge,
where all are born, they live.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import Experiment
from policies import policy_for

from jaxmmo.agents.policy import Policy
from jaxmmo.evaluation import bootstrap, following, visits

SIZES: dict[str, Any] = {
    "tiny": {"agents": [4], "decisions": 0, "slots": 16, "ticks": 20},
    "small": {"agents": [1, 8, 32, 128], "decisions": 150_000, "slots": 256, "ticks": 500},
    "full": {"agents": [1, 8, 32, 128], "decisions": 4_000_000, "slots": 1024, "ticks": 2000},
}


@functools.lru_cache(maxsize=1)
def program(env: Any, policy: Policy, worlds: int, ticks: int) -> Any:
    """Compiled: visits [B, H, W], and deaths and tiles explored by those who died [B]."""
    rules = env.default_rules()

    def add(total: Any, happened: Any) -> Any:
        maps, deaths, explored = total
        died = happened.info.events.deaths
        return (
            visits.count(env, maps, happened),
            deaths + jnp.sum(died.cause > 0, 1),
            explored + jnp.sum(died.explored, 1),
        ), None

    @jax.jit
    def run(params: Any, key: jax.Array) -> Any:
        begin, go = jax.random.split(key)
        none = jnp.zeros(worlds, jnp.int32)
        total = (visits.empty(env, worlds), none, none)
        state = following.begin(env, policy, jax.random.split(begin, worlds), rules)
        total = following.follow(env, policy, params, state, rules, go, ticks, total, add)[1]
        maps, deaths, explored = total
        return maps.sum(1), deaths, explored

    return run


def followed(experiment: Experiment, agents: int, seed: int) -> dict[str, Any]:
    """What `program` counts of a policy in new worlds of as many agents as it learnt among."""
    settings = experiment.settings
    (policy, params), env = policy_for(experiment, agents, seed)
    run = program(env, policy, max(4, settings["slots"] // agents), settings["ticks"])
    maps, deaths, explored = run(params, jax.random.key(3000 + seed))
    return {"maps": maps, "deaths": deaths, "explored": explored, "border": env.config.border}


def inland(maps: np.ndarray, border: int) -> tuple[np.ndarray, np.ndarray]:
    """f64[B]: distances from the ring of births, in tiles, summed over visits; and the visits."""
    height, width = maps.shape[-2:]
    row, col = np.mgrid[:height, :width]
    away = np.minimum(np.minimum(row, height - 1 - row), np.minimum(col, width - 1 - col)) - border
    return (maps * away).sum((-2, -1)).astype(float), maps.sum((-2, -1)).astype(float)


def draw(experiment: Experiment, shown: list[np.ndarray]) -> None:
    """Where the time was spent, i64[worlds of all seeds, H, W] for each number of agents."""
    agents = experiment.settings["agents"]
    with experiment.figure("maps", 1, len(agents), (3.3 * len(agents), 3.3)) as (figure, axes):
        for axis, number, maps in zip(axes[0], agents, shown, strict=True):
            total = maps.sum(0)
            image = axis.imshow(100 * total / max(total.sum(), 1), cmap="magma", vmin=0)
            axis.set(title=f"{number} agents, {len(maps)} worlds", xticks=[], yticks=[])
            figure.colorbar(image, ax=axis, shrink=0.8, format="%.2g")
        figure.suptitle("Per cent of the time on each tile, over all worlds and seeds")


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("exploration", SIZES, argv, __doc__.splitlines()[0])
    agents, rows, shown = experiment.settings["agents"], [], []
    for number in agents:
        runs = [
            experiment.unit(
                f"agents-{number}-{seed}", lambda n=number, s=seed: followed(experiment, n, s)
            )
            for seed in experiment.seeds
        ]
        depth = [inland(run["maps"], int(run["border"])) for run in runs]
        rows.append(
            {
                "agents": number,
                "tiles explored": bootstrap.interval(
                    [run["explored"] for run in runs], [run["deaths"] for run in runs]
                ),
                "tiles from the edge": bootstrap.interval(
                    [d[0] for d in depth], [d[1] for d in depth]
                ),
            }
        )
        shown.append(np.concatenate([run["maps"] for run in runs]))
    experiment.table(rows)
    draw(experiment, shown)
    experiment.finish()


if __name__ == "__main__":
    main()
