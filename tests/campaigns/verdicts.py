"""What the economy campaign asks of policies, and whether what was measured answers it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxmmo.env.v2.constants import FIRST_PROFESSION, Event
from jaxmmo.env.v2.economy import COUNTED
from jaxmmo.evaluation import bootstrap


class Share(NamedTuple):
    """A ratio by world: what was counted there, and over what."""

    top: np.ndarray  # f64[B]
    bottom: np.ndarray  # f64[B]


QUANTITIES = {
    "lifetime": "ticks, lives longer than the horizon counting as that long",
    "equipment": "levels worn by a living player, mean over ticks",
    "professions": "mean level of the five professions of a living player, mean over ticks",
    "sales": "gold earned from sales in a life",
}
"""What is measured, and in which unit."""


@dataclasses.dataclass(frozen=True)
class Criterion:
    """Policies are to have more of something than whoever shares their worlds.

    Attributes:
      rival: name of a script.
      quantity: one of `QUANTITIES`.
      times: as often as the rival; the intervals are to be apart when the rival's is multiplied.
    """

    rival: str
    quantity: str
    times: float = 1.0


CRITERIA = (
    Criterion("random", "lifetime", 5.0),
    Criterion("forager", "lifetime"),
    Criterion("random", "equipment"),
    Criterion("random", "professions"),
    Criterion("random", "sales"),
)

RIVALS = tuple(dict.fromkeys(criterion.rival for criterion in CRITERIA))


def shares(counts: Any, mine: np.ndarray) -> dict[str, Share]:
    """Every quantity by world, of the populations that somebody has there.

    Args:
      counts: `evaluation.counting.Counts` on the host.
      mine: bool[B, G].
    """

    def total(x: Any) -> np.ndarray:
        mask = mine.reshape(mine.shape + (1,) * (x.ndim - 2))
        return np.where(mask, x, 0).sum(1).astype(float)

    lives, economy = total(counts.lives), counts.economy
    living = total(economy.steps)
    earned = total(economy.coins)[:, COUNTED.index(Event.EARN_GOLD)].sum(-1)
    return {
        "lifetime": Share(lives @ np.arange(lives.shape[1]), lives.sum(1)),
        "equipment": Share(total(economy.worn).sum(1), living),
        "professions": Share(total(economy.levels)[:, FIRST_PROFESSION:].mean(1), living),
        "sales": Share(earned, total(counts.causes)[:, 1:].sum(1)),
    }


Measured = Mapping[str, Sequence[tuple[Mapping[str, Share], Mapping[str, Share]]]]
"""By rival: for each seed, the shares of the policy and those of the rival in the same worlds."""


def verdict(criterion: Criterion, measured: Measured) -> dict[str, Any]:
    """What both came to, as mean over seeds with a 95 % interval, and whether the criterion holds.

    Intervals are by bootstrap over seeds and their worlds. What is not defined, as where nobody
    lived, does not hold.
    """
    pairs = measured[criterion.rival]
    sides = []
    for side in (0, 1):
        of = [pair[side][criterion.quantity] for pair in pairs]
        sides.append(bootstrap.interval([s.top for s in of], [s.bottom for s in of]))
    own, other = sides
    defined = own["low"] is not None and other["high"] is not None
    holds = defined and own["low"] > criterion.times * other["high"]
    return {
        "criterion": criterion.quantity,
        "rival": criterion.rival,
        "times": criterion.times,
        "policy": own,
        "other": other,
        "holds": bool(holds),
    }


def table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The verdicts for people, a row each."""
    rows = [("criterion", "trained policies", "rival", "its", "holds")]
    for v in verdicts:
        times = "" if v["times"] == 1 else f", {v['times']:g} times that of"
        name = f"{v['criterion']} against" if not times else f"{v['criterion']}{times}"
        told = (name, _shown(v["policy"]), v["rival"], _shown(v["other"]))
        rows.append((*told, "yes" if v["holds"] else "NO"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    return "\n".join(lines)


def _shown(value: Mapping[str, float | None]) -> str:
    if value["mean"] is None:
        return "-"
    return f"{value['mean']:.3g} [{value['low']:.3g}, {value['high']:.3g}]"
