"""Cross-play: policies that learnt among few or many others meet in common worlds.

    python experiments/cross_play.py --small

Takes the policies of `population_size.py`, and trains those that are not there. All of one seed
share worlds of one size by population, each having every population by turns, as in a tournament:
who lives longer there?
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import Experiment
from policies import policy_for

from jaxmmo.evaluation import bootstrap, matches, watching
from jaxmmo.evaluation.watching import EvalConfig

SIZES: dict[str, Any] = {
    "tiny": {
        "agents": [4, 8], "decisions": 0, "home": 16, "worlds": 2, "ticks": 40, "horizon": 20,
    },
    "small": {
        "agents": [4, 32, 256], "decisions": 300_000, "home": 128, "worlds": 12,
        "ticks": 500, "horizon": 200,
    },
    "full": {
        "agents": [4, 16, 32, 64, 128, 256], "decisions": 4_000_000, "home": 128, "worlds": 24,
        "ticks": 1500, "horizon": 500,
    },
}  # fmt: skip


def meet(experiment: Experiment, seed: int) -> dict[str, Any]:
    """Steady-state lifetimes of all policies in common worlds: f64[B, N], NaN where one sat out."""
    settings = experiment.settings
    everybody = [
        policy_for(experiment, agents, seed, settings["home"]) for agents in settings["agents"]
    ]
    env, count = everybody[0][1], len(everybody)
    plan = EvalConfig(settings["worlds"], settings["ticks"], settings["horizon"], 128, 2000 + seed)
    owner = matches.seats(env.config.num_populations, plan.worlds, count, seed)
    counts, _ = watching.run(env, [contestant for contestant, _ in everybody], plan, owner=owner)
    return {"lifetimes": matches.scores(counts, owner, count)}


def rows_of(agents: list[int], runs: list[np.ndarray]) -> list[dict[str, Any]]:
    """A row for every two: how often who learnt among more lives longer, and by how much."""
    rows = []
    for one, other in itertools.combinations(range(len(agents)), 2):
        both = [run[:, [one, other]] for run in runs]
        both = [x[np.isfinite(x).all(1)] for x in both]
        ahead = [(1 + np.sign(x[:, 1] - x[:, 0])) / 2 for x in both]
        rows.append(
            {
                "fewer": agents[one],
                "more": agents[other],
                "lifetime of fewer": bootstrap.interval([x[:, 0] for x in both]),
                "lifetime of more": bootstrap.interval([x[:, 1] for x in both]),
                "more lives longer in": bootstrap.interval(ahead),
            }
        )
    return rows


def draw(experiment: Experiment, rows: list[dict[str, Any]]) -> None:
    """A cross-table in colours: row beats column where green."""
    agents = experiment.settings["agents"]
    field = np.full((len(agents), len(agents)), np.nan)
    for row in rows:
        i, j = agents.index(row["fewer"]), agents.index(row["more"])
        field[j, i] = row["more lives longer in"]["mean"]
        field[i, j] = 1 - field[j, i]
    with experiment.figure("cross_play", 1, 1, (5.5, 4.5)) as (figure, axes):
        axis = axes[0, 0]
        image = axis.imshow(field, cmap="PiYG", vmin=0, vmax=1)
        figure.colorbar(image, ax=axis, label="share of worlds in which the row lives longer")
        for (y, x), value in np.ndenumerate(field):
            dark = "white" if abs(value - 0.5) > 0.35 else "black"
            text = "" if np.isnan(value) else f"{value:.2f}"
            axis.text(x, y, text, ha="center", va="center", color=dark)
        names = [str(n) for n in agents]
        axis.set_xticks(range(len(agents)), names)
        axis.set_yticks(range(len(agents)), names)
        axis.set(xlabel="learnt among ... agents", ylabel="learnt among ... agents")
        axis.set(title=f"Who lives longer in common worlds of {experiment.settings['home']} slots")


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("cross_play", SIZES, argv, __doc__.splitlines()[0])
    runs = [
        experiment.unit(f"worlds-{seed}", lambda s=seed: meet(experiment, s))["lifetimes"]
        for seed in experiment.seeds
    ]
    rows = rows_of(experiment.settings["agents"], runs)
    experiment.table(rows)
    draw(experiment, rows)
    experiment.finish()


if __name__ == "__main__":
    main()
