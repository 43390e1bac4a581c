"""Population size and competence: how long agents live who learnt among few or many others.

    python experiments/population_size.py --small

One policy for each number of agents in a world, each trained for the same number of decisions;
then lifetime, tiles explored and levels in new worlds of the same number of agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from common import Experiment
from figures import COLORS, band
from policies import policy_for

from jaxmmo.evaluation import bootstrap, watching
from jaxmmo.evaluation.watching import EvalConfig

SIZES: dict[str, Any] = {
    "tiny": {"agents": [4], "decisions": 0, "slots": 16, "ticks": 40, "horizon": 20},
    "small": {
        "agents": [4, 32, 256], "decisions": 300_000, "slots": 512, "ticks": 600, "horizon": 300,
    },
    "full": {
        "agents": [4, 16, 32, 64, 128, 256], "decisions": 4_000_000, "slots": 1024,
        "ticks": 1500, "horizon": 500,
    },
}  # fmt: skip
REPORTED = {4: (89, 7.7), 32: (144, 11.4), 256: (227, 15.4)}
"""Lifetime and exploration by agents: the platform's 2021 supplement, Table 4."""


def measured(experiment: Experiment, agents: int, seed: int) -> dict[str, Any]:
    """Counts by world of a policy at home: [B] or [B, ...]."""
    settings = experiment.settings
    contestant, env = policy_for(experiment, agents, seed)
    plan = EvalConfig(
        worlds=max(4, settings["slots"] // agents),
        ticks=settings["ticks"],
        horizon=settings["horizon"],
        seed=1000 + seed,
    )
    counts, living = watching.run(env, [contestant], plan)
    lengths = np.arange(counts.lives.shape[-1])
    return {
        "lived": (counts.lives.sum(1) * lengths).sum(-1),
        "lives": counts.lives.sum((1, 2)),
        "ended": counts.causes[:, :, 1:].sum((1, 2)),
        "explored": counts.explored.sum(1),
        "levels": counts.levels.sum((1, 2)),
        "living": living.sum(2).mean(0),
    }


def draw(experiment: Experiment, rows: list[dict[str, Any]]) -> None:
    """Lifetime, exploration and levels against the number of agents."""
    shown = {"lifetime": "ticks", "tiles explored": "tiles", "levels, summed": "levels"}
    with experiment.figure("competence", 1, 3, (12, 3.8)) as (figure, axes):
        for axis, (name, unit), color in zip(axes[0], shown.items(), COLORS, strict=False):
            agents = [row["agents"] for row in rows]
            band(axis, agents, [row[name] for row in rows], name, color)
            axis.set_xscale("log", base=2)
            axis.set_xticks(agents, [str(n) for n in agents])
            axis.set(xlabel="agents in a world", title=name, ylabel=f"{unit}, a life")
            axis.grid(alpha=0.3)
        decisions = experiment.settings["decisions"]
        figure.suptitle(f"{decisions:,} decisions each; 95 % intervals over seeds and worlds")


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("population_size", SIZES, argv, __doc__.splitlines()[0])
    rows, lifetimes = [], []
    for agents in experiment.settings["agents"]:
        runs = [
            experiment.unit(
                f"agents-{agents}-{seed}", lambda n=agents, s=seed: measured(experiment, n, s)
            )
            for seed in experiment.seeds
        ]
        column = {name: [run[name] for run in runs] for name in runs[0]}
        lifetimes.append(bootstrap.resample(column["lived"], column["lives"]))
        row: dict[str, Any] = {
            "agents": agents,
            "lifetime": bootstrap.interval(column["lived"], column["lives"]),
            "tiles explored": bootstrap.interval(column["explored"], column["ended"]),
            "levels, summed": bootstrap.interval(column["levels"], column["ended"]),
            "living": bootstrap.interval(column["living"]),
        }
        if agents in REPORTED:
            row |= dict(zip(("reported lifetime", "reported tiles"), REPORTED[agents], strict=True))
        rows.append(row)
    certainty = bootstrap.ordered(lifetimes)
    experiment.say(f"lifetime rises with every number of agents in {certainty:.0%} of resamples")
    experiment.table(rows, rises=certainty)
    draw(experiment, rows)
    experiment.finish()


if __name__ == "__main__":
    main()
