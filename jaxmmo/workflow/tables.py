"""Tables of tournaments: lifetimes by world and entrant, and the files where they are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxmmo.files.atomic import write_atomically


def plain(value: float) -> float | None:
    """A lifetime for JSON: None for NaN."""
    return None if np.isnan(value) else float(value)


def read_table(path: Path | None) -> dict[str, Any] | None:
    """What a table's file holds, None if there is none; ValueError if it is damaged."""
    if path is None or not path.exists():
        return None
    try:
        saved = json.loads(path.read_bytes())
        if not {"entrants", "prints", "conditions", "seed", "results"} <= saved.keys():
            raise ValueError
        return saved
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not the table of a tournament, or a damaged one") from error


class Table:
    """Lifetimes by world and entrant, and the file where they are kept."""

    def __init__(
        self,
        players: Mapping[str, Any],
        prints: dict[str, str],
        conditions: dict[str, Any],
        seed: int,
        path: Path | None,
    ) -> None:
        self.names, self.conditions, self.seed, self.path = list(players), conditions, seed, path
        texts = {n: p if isinstance(p, str | Path) else None for n, p in players.items()}
        self.entrants = {n: None if p is None else str(p) for n, p in texts.items()}
        self.prints = prints
        self.results: list[dict[str, float | None]] = []

    @property
    def about(self) -> dict[str, Any]:
        """What results must have in common to be continued."""
        return {
            "entrants": self.entrants,
            "prints": self.prints,
            "conditions": self.conditions,
            "seed": self.seed,
        }

    def check_ladder(self, saved: dict[str, Any]) -> None:
        """ValueError if conditions or old policies are not those of the saved table."""
        if saved["conditions"] != self.conditions:
            raise ValueError(f"{self.path} was played in another world, or for other ticks")
        changed = [n for n, value in saved["prints"].items() if self.prints[n] != value]
        if changed:
            raise ValueError(f"{', '.join(changed)}: not the policy that {self.path} rated")

    def go_on(self, saved: dict[str, Any] | None) -> None:
        """Takes over what was played; ValueError if it was something else."""
        assert saved is not None
        wrong = [key for key, value in self.about.items() if saved[key] != value]
        if wrong:
            raise ValueError(f"{self.path} holds another tournament: {', '.join(wrong)} differ")
        self.results = saved["results"]

    def add(self, scores: np.ndarray) -> None:
        """Keeps the lifetimes of a round, f64[B, N]."""
        self.results = [
            *self.results,
            *({n: plain(x) for n, x in zip(self.names, row, strict=True)} for row in scores),
        ]
        if self.path is not None:
            content = json.dumps(self.about | {"results": self.results})
            write_atomically(self.path, content.encode())

    def array(self) -> np.ndarray:
        """f64[B, N]: NaN where an entrant sat out."""
        rows = [[r[n] for n in self.names] for r in self.results]
        return np.array(rows, float).reshape(-1, len(self.names))
