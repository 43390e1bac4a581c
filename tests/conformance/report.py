"""What a comparison with recorded data came to."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass
class Report:
    """Counts of compared items (transitions, ticks, observations), and what differed where.

    Attributes:
      check: what was compared.
      unit: what an item is.
      required: bool[items], items that must match.
      wrong: bool[items], items of which some field differs.
      mismatches: required items that differ, by field.
      first_mismatch: where the first of them differs, None if there is none.
      extra: further facts to print.
    """

    check: str
    unit: str
    required: np.ndarray
    wrong: np.ndarray = dataclasses.field(init=False)
    mismatches: dict[str, int] = dataclasses.field(default_factory=dict)
    first_mismatch: dict[str, Any] | None = None
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wrong = np.zeros(self.required.shape, bool)

    def compare(
        self, field: str, got: np.ndarray, expected: np.ndarray, where: np.ndarray | None = None
    ) -> None:
        """Adds one field.

        Args:
          field: its name in the recording.
          got: [items, ...].
          expected: [items, ...].
          where: bool, leading axes of `got`: what is defined and so compared; all if omitted.
        """
        got, expected = np.asarray(got), np.asarray(expected)
        if got.shape != expected.shape:
            raise ValueError(f"{field}: {got.shape} against a recorded {expected.shape}")
        differs = got != expected
        if where is not None:
            where = np.asarray(where)
            differs &= where.reshape(where.shape + (1,) * (differs.ndim - where.ndim))
        wrong = differs.reshape(len(differs), -1).any(1)
        self.wrong |= wrong
        counted = wrong & self.required
        self.mismatches[field] = self.mismatches.get(field, 0) + int(counted.sum())
        if counted.any():
            item = int(np.argmax(counted))
            index = tuple(int(i) for i in np.argwhere(differs[item])[0])
            if self.first_mismatch is None or item < self.first_mismatch[self.unit]:
                self.first_mismatch = {
                    self.unit: item,
                    "field": field,
                    "index": list(index),
                    "got": got[item][index].item(),
                    "expected": expected[item][index].item(),
                }

    @property
    def passed(self) -> bool:
        """Whether all that must match does; a recording without items shows nothing."""
        return bool(self.required.any()) and not bool((self.wrong & self.required).any())

    def summary(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "check": self.check,
            "matched": int((~self.wrong & self.required).sum()),
            "required": int(self.required.sum()),
            "total": len(self.required),
            "matched_of_total": int((~self.wrong).sum()),
            "mismatches": {k: v for k, v in self.mismatches.items() if v},
            "first_mismatch": self.first_mismatch,
            **self.extra,
            "passed": self.passed,
        }
