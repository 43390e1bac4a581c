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


def joins(saved: dict[str, Any]) -> list[str] | None:
    """The newcomers of a ladder that a saved table is in the middle of; None if it is in none."""
    ladder = saved.get("ladder")
    return None if ladder is None else ladder["newcomers"]


class Table:
    """Lifetimes by world and entrant, and the file where they are kept.

    Attributes:
      names: of the entrants.
      results: lifetime by name, for every world so far.
      first: worlds that were played before the newcomers of a ladder came; else 0.
      ladder: of a ladder that is not finished, its newcomers and `first`; else None.
    """

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
        self.first = 0
        self.ladder: dict[str, Any] | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What results must have in common to be continued."""
        return {
            "entrants": self.entrants,
            "prints": self.prints,
            "conditions": self.conditions,
            "seed": self.seed,
        }

    def join(self, saved: dict[str, Any], newcomers: list[str], *, again: bool) -> None:
        """Adds newcomers to a saved table.

        Args:
          saved: the table.
          newcomers: who are in the table already if they were about to join it.
          again: whether they were.

        Raises:
          ValueError: if conditions or old policies are not those of the saved table.
        """
        if saved["conditions"] != self.conditions:
            raise ValueError(f"{self.path} was played in another world, or for other ticks")
        changed = [n for n, value in saved["prints"].items() if self.prints[n] != value]
        if changed:
            raise ValueError(f"{', '.join(changed)}: not the policy that {self.path} rated")
        if again and saved["seed"] != self.seed:
            raise ValueError(
                f"{self.path}: seed={self.seed}, and {', '.join(newcomers)} began to join with "
                f"seed={saved['seed']}"
            )
        self.first = saved["ladder"]["first"] if again else len(saved["results"])
        self.ladder = {"newcomers": newcomers, "first": self.first}
        self.results = [{k: r.get(k) for k in self.names} for r in saved["results"]]

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
        self._save()

    def close(self) -> None:
        """All was played: newcomers belong to the table."""
        if self.ladder is not None:
            self.ladder = None
            self._save()

    def _save(self) -> None:
        if self.path is None:
            return
        content = self.about | {"results": self.results}
        if self.ladder is not None:
            content["ladder"] = self.ladder
        write_atomically(self.path, json.dumps(content).encode())

    def array(self) -> np.ndarray:
        """f64[B, N]: NaN where an entrant sat out."""
        rows = [[r[n] for n in self.names] for r in self.results]
        return np.array(rows, float).reshape(-1, len(self.names))
