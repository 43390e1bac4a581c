"""Tournaments: who plays which population where, who beats whom, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxmmo.evaluation.bootstrap import interval
from jaxmmo.evaluation.counting import Counts

Z = 1.96
"""Normal quantile of a two-sided interval of 95 %."""


def seats(
    num_populations: int, worlds: int, entrants: int, seed: int, always: int | None = None
) -> np.ndarray:
    """i32[B, G]: which entrant has a population in a world.

    Entrants are in an order that is drawn anew for every `entrants` worlds, and move on by one
    population from world to world: in that many worlds each has had every population once.

    Args:
      num_populations: of each world (G); where there are more entrants, some sit out.
      worlds: how many (B).
      entrants: how many, at least 2.
      seed: of the orders.
      always: an entrant that has a population in every world.

    Raises:
      ValueError: for a world with one population.
    """
    if num_populations < 2:
        raise ValueError("policies share a world by population, so that it needs 2; there is 1")
    rng = np.random.default_rng(seed)
    blocks = -(-worlds // entrants)
    order = np.concatenate(
        [np.tile(rng.permutation(entrants), (entrants, 1)) for _ in range(blocks)]
    )
    world = np.arange(worlds)[:, None]
    place = (world + np.arange(num_populations)) % entrants
    owner = np.take_along_axis(order[:worlds], place, 1)
    if always is not None:
        absent = np.flatnonzero(~np.any(owner == always, 1))
        owner[absent, absent % num_populations] = always
    return owner.astype(np.int32)


def scores(counts: Counts, owner: np.ndarray, entrants: int) -> np.ndarray:
    """f64[B, N]: steady-state lifetime of each entrant in each world; NaN where it sat out.

    Living agent-steps per death once the world is steady; without a death, as after one.
    """
    member = owner[..., None] == np.arange(entrants)
    steps = np.sum(member * np.asarray(counts.steps)[..., None], 1)
    deaths = np.sum(member * np.asarray(counts.deaths)[..., None], 1)
    return np.where(member.any(1), steps / np.maximum(deaths, 1), np.nan)


def cross_table(names: list[str], results: np.ndarray) -> dict[str, dict[str, Any]]:
    """Row beats column: the share of common worlds in which the row's lifetime is longer.

    Args:
      names: of the entrants (N).
      results: f64[B, N], see `scores`; equal lifetimes count half for each.
    """
    table: dict[str, dict[str, Any]] = {name: {} for name in names}
    for i, row in enumerate(names):
        for j in range(i + 1, len(names)):
            both = results[:, [i, j]]
            both = both[~np.isnan(both).any(1)]
            won = _share((1 + np.sign(both[:, 0] - both[:, 1])) / 2)
            lost = {"mean": won["mean"], "low": won["high"], "high": won["low"]}
            table[row][names[j]] = won | {"worlds": len(both)}
            table[names[j]][row] = {
                key: None if value is None else 1 - value for key, value in lost.items()
            } | {"worlds": len(both)}
    return table


def _share(won: np.ndarray) -> dict[str, float | None]:
    """The mean over worlds with its interval; None without a world."""
    if not won.size:
        return {"mean": None, "low": None, "high": None}
    return interval([won])


def ratings(names: list[str], results: np.ndarray) -> list[dict[str, Any]]:
    """Ratings by Plackett and Luce with 95 % intervals, best first; every world is a match.

    Args:
      names: of the entrants (N).
      results: f64[B, N], see `scores`.

    Raises:
      ModuleNotFoundError: without openskill.
    """
    model = rating_model()
    rated = [model.rating(name=name) for name in names]
    for world in results:
        present = np.flatnonzero(~np.isnan(world))
        if len(present) < 2:
            continue
        ranks = [float(np.sum(world[present] > world[i])) for i in present]
        teams = model.rate([[rated[i]] for i in present], ranks=ranks)
        for i, (rating,) in zip(present, teams, strict=True):
            rated[i] = rating
    listed = [
        {"name": n, "mean": r.mu, "low": r.mu - Z * r.sigma, "high": r.mu + Z * r.sigma}
        for n, r in zip(names, rated, strict=True)
    ]
    return sorted(listed, key=lambda rating: (-rating["mean"], rating["name"]))


def rating_model() -> Any:
    """The model of openskill; ModuleNotFoundError that tells how to install it."""
    try:
        from openskill.models import PlackettLuce
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "openskill is needed: pip install 'jaxmmo[tournament]'"
        ) from error
    return PlackettLuce()
