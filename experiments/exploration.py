"""Exploration maps: where agents go who learnt among few or many others.

    python experiments/exploration.py --small

Policies of 1, 8, 32 and 128 agents a world, trained for the same number of decisions, are followed
in new worlds of their own size: maps of visits, distinct tiles a life, and how far from the edge,
where all are born, they live.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from common import Experiment, policy_for

from jaxmmo.evaluation import bootstrap, following, visits

SIZES: dict[str, Any] = {
    "tiny": {"agents": [1, 8], "decisions": 400, "slots": 16, "ticks": 20},
    "small": {"agents": [1, 8, 32, 128], "decisions": 150_000, "slots": 256, "ticks": 500},
    "full": {"agents": [1, 8, 32, 128], "decisions": 4_000_000, "slots": 1024, "ticks": 2000},
}


def followed(experiment: Experiment, agents: int, seed: int) -> dict[str, Any]:
    """Visits [B, H, W], and deaths and tiles explored by those who died [B]."""
    settings = experiment.settings
    (policy, params), env = policy_for(experiment, agents, seed)
    worlds = max(4, settings["slots"] // agents)
    rules = env.default_rules()

    def add(total: Any, happened: Any) -> Any:
        maps, deaths, explored = total
        died = happened.info.events.deaths
        return (
            visits.count(env, maps, happened),
            deaths + jnp.sum(died.cause > 0, 1),
            explored + jnp.sum(died.explored, 1),
        ), None

    begin, go = jax.random.split(jax.random.key(3000 + seed))
    none = jnp.zeros(worlds, jnp.int32)
    total = (visits.empty(env, worlds), none, none)

    @jax.jit
    def run(params: Any) -> Any:
        state = following.begin(env, policy, jax.random.split(begin, worlds), rules)
        ticks = settings["ticks"]
        return following.follow(env, policy, params, state, rules, go, ticks, total, add)[1]

    maps, deaths, explored = run(params)
    seen = np.asarray(maps.sum(1))
    return {"maps": seen, "deaths": deaths, "explored": explored, "border": env.config.border}


def inland(maps: np.ndarray, border: int) -> tuple[np.ndarray, np.ndarray]:
    """f64[B]: distances from the ring of births, in tiles, summed over visits; and the visits."""
    height, width = maps.shape[-2:]
    row, col = np.mgrid[:height, :width]
    away = np.minimum(np.minimum(row, height - 1 - row), np.minimum(col, width - 1 - col)) - border
    return (maps * away).sum((-2, -1)).astype(float), maps.sum((-2, -1)).astype(float)


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
        shown.append(sum(run["maps"].sum(0) for run in runs))
    experiment.table(rows)
    with experiment.figure("maps", 1, len(agents), (3.2 * len(agents), 3.8)) as (figure, axes):
        for axis, number, maps in zip(axes[0], agents, shown, strict=True):
            image = axis.imshow(maps / max(maps.sum(), 1), cmap="magma", vmin=0)
            axis.set(title=f"{number} agents", xticks=[], yticks=[])
            figure.colorbar(image, ax=axis, shrink=0.7, format="%.0e")
        figure.suptitle("Share of time on each tile, over all worlds and seeds")
    experiment.finish()


if __name__ == "__main__":
    main()
