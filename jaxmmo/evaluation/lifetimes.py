"""Evaluation: how long agents live on maps nobody trained on, and what they die of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.sharding import Mesh

from jaxmmo.agents.acting import SampleRules
from jaxmmo.env.constants import Cause
from jaxmmo.env.environment import Environment
from jaxmmo.evaluation import economies, survival
from jaxmmo.evaluation.counting import Counts
from jaxmmo.evaluation.watching import Contestant, EvalConfig, Progress, run, sides

__all__ = ["Contestant", "EvalConfig", "evaluate", "report"]


def report(
    counts: Counts, living: np.ndarray, mine: np.ndarray, skills: Sequence[str]
) -> dict[str, Any]:
    """What the counts say of the populations that somebody has.

    Args:
      counts: of `run`.
      living: i32[T, B, G].
      mine: bool[B, G].
      skills: of the game, by name.
    """

    def total(x: Any) -> np.ndarray:
        """f64[B, ...]: summed over the populations of each world."""
        mask = mine.reshape(mine.shape + (1,) * (x.ndim - 2))
        return np.where(mask, x, 0).sum(1).astype(float)

    causes = total(counts.causes).sum(0)
    number = max(causes[1:].sum(), 1)
    levels = total(counts.levels).sum(0) / number
    population = np.where(mine, living, 0).sum((1, 2)) / mine.shape[0]
    lives = total(counts.lives)
    economy = economies.report(counts.economy, mine, float(causes[1:].sum()))
    return {
        "restricted_mean_lifetime": survival.restricted_mean(lives),
        "steady_state_lifetime": survival.ratio(total(counts.steps), total(counts.deaths)),
        "lives": int(lives.sum()),
        "deaths": {c.name.lower(): int(causes[c]) for c in Cause if c != Cause.NONE},
        "levels": {name: round(float(levels[i]), 2) for i, name in enumerate(skills)},
        "explored": round(float(total(counts.explored).sum() / number), 2),
        "damage_dealt": round(float(total(counts.dealt).sum() / number), 2),
        "population": survival.thin(population),
        "survival": survival.thin(survival.curve(lives)),
        **({"economy": economy} if economy else {}),
    }


def evaluate(
    env: Environment,
    contestants: list[Contestant],
    config: EvalConfig,
    *,
    attacks: bool = True,
    sample_rules: SampleRules | None = None,
    progress: Progress | None = None,
    mesh: Mesh | None = None,
) -> list[dict[str, Any]]:
    """A report for each contestant, with one for each population if there is only one contestant.

    Args:
      env: with the populations among which contestants are divided.
      contestants: one, or two that share every world.
      config: how long, how many.
      attacks: False masks them.
      sample_rules: draws the rules of every world; the environment's for all if omitted.
      progress: told how far it is, now and then.
      mesh: of devices, `parallel.mesh`; one if omitted.

    Raises:
      ValueError: for another number of contestants.
    """
    if len(contestants) not in (1, 2):
        raise ValueError(f"{len(contestants)} policies: one or two can be evaluated together")
    groups, skills = env.config.num_populations, env.preset.skills
    owner = sides(groups, config.worlds, len(contestants))
    counts, living = run(
        env,
        contestants,
        config,
        attacks=attacks,
        sample_rules=sample_rules,
        progress=progress,
        mesh=mesh,
    )
    reports = []
    for i, contestant in enumerate(contestants):
        result = {"policy": contestant.policy.name} | report(counts, living, owner == i, skills)
        if len(contestants) == 1:
            every = np.broadcast_to(np.arange(groups), owner.shape)
            parts = [report(counts, living, every == g, skills) for g in range(groups)]
            series = ("population", "survival")
            result["populations"] = [
                {k: v for k, v in part.items() if k not in series} for part in parts
            ]
        reports.append(result)
    return reports
