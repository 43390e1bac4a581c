"""Cross-play: policies that learnt among few or many others meet in common worlds.

    python experiments/cross_play.py --small

Takes the policies of `population_size.py`, and trains those that are not there. Every two of them
share worlds of one size, half of the populations each, sides changing from world to world: who
lives longer there?
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from common import Experiment, policy_for

from jaxmmo.evaluation import bootstrap, watching
from jaxmmo.evaluation.watching import EvalConfig

SIZES: dict[str, Any] = {
    "tiny": {
        "agents": [4, 8], "decisions": 400, "home": 16, "worlds": 2, "ticks": 40, "horizon": 20,
    },
    "small": {
        "agents": [4, 32, 256], "decisions": 300_000, "home": 128, "worlds": 4,
        "ticks": 500, "horizon": 200,
    },
    "full": {
        "agents": [4, 16, 32, 64, 128, 256], "decisions": 4_000_000, "home": 128, "worlds": 8,
        "ticks": 1500, "horizon": 500,
    },
}  # fmt: skip


def meet(experiment: Experiment, one: int, other: int, seed: int) -> dict[str, Any]:
    """Agent-steps and deaths of two policies in common worlds: [2, B]."""
    settings = experiment.settings
    pair = [policy_for(experiment, n, seed, settings["home"]) for n in (one, other)]
    env = pair[0][1]
    plan = EvalConfig(settings["worlds"], settings["ticks"], settings["horizon"], seed=2000 + seed)
    counts, _ = watching.run(env, [contestant for contestant, _ in pair], plan)
    owner = watching.sides(env.config.num_populations, plan.worlds, 2)
    mine = np.stack([owner == side for side in (0, 1)])
    lengths = np.arange(counts.lives.shape[-1])
    return {
        "lived": np.where(mine, (counts.lives * lengths).sum(-1), 0).sum(-1),
        "lives": np.where(mine, counts.lives.sum(-1), 0).sum(-1),
    }


def longer(lived: np.ndarray, lives: np.ndarray) -> np.ndarray:
    """f64[B]: by how much the second lived longer than the first, as a share of both together."""
    mean = lived / np.maximum(lives, 1)
    return (mean[1] - mean[0]) / np.maximum(mean.sum(0), 1e-9)


def draw(experiment: Experiment, rows: list[dict[str, Any]]) -> None:
    """A cross-table in colours: row beats column where green."""
    agents = experiment.settings["agents"]
    field = np.full((len(agents), len(agents)), np.nan)
    for row in rows:
        i, j = agents.index(row["fewer"]), agents.index(row["more"])
        field[j, i] = row["advantage of more"]["mean"]
        field[i, j] = -field[j, i]
    with experiment.figure("cross_play", 1, 1, (5.5, 4.5)) as (figure, axes):
        axis = axes[0, 0]
        most = max(0.05, float(np.nanmax(np.abs(field))))
        image = axis.imshow(field, cmap="PiYG", vmin=-most, vmax=most)
        figure.colorbar(image, ax=axis, label="(row - column) / (row + column), lifetimes")
        for (y, x), value in np.ndenumerate(field):
            axis.text(x, y, "" if np.isnan(value) else f"{value:+.2f}", ha="center", va="center")
        axis.set_xticks(range(len(agents)), agents)
        axis.set_yticks(range(len(agents)), agents)
        axis.set(xlabel="learnt among ... agents", ylabel="learnt among ... agents")
        axis.set(title=f"Who lives longer in common worlds of {experiment.settings['home']} slots")


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the experiment."""
    experiment = Experiment("cross_play", SIZES, argv, __doc__.splitlines()[0])
    agents, rows = experiment.settings["agents"], []
    for index, fewer in enumerate(agents):
        for more in agents[index + 1 :]:
            runs = [
                experiment.unit(
                    f"{fewer}-{more}-{seed}",
                    lambda a=fewer, b=more, s=seed: meet(experiment, a, b, s),
                )
                for seed in experiment.seeds
            ]
            sides = [
                bootstrap.interval([r["lived"][i] for r in runs], [r["lives"][i] for r in runs])
                for i in (0, 1)
            ]
            rows.append(
                {
                    "fewer": fewer,
                    "more": more,
                    "lifetime of fewer": sides[0],
                    "lifetime of more": sides[1],
                    "advantage of more": bootstrap.interval(
                        [longer(r["lived"], r["lives"]) for r in runs]
                    ),
                }
            )
    experiment.table(rows)
    draw(experiment, rows)
    experiment.finish()


if __name__ == "__main__":
    main()
