"""When a run ends: its budget is spent, or somebody asks."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Budget:
    """When a run ends: at whichever comes first. None is no limit.

    Attributes:
      seconds: of wall clock, compilation included, over all sessions of the run.
      updates: made.
    """

    seconds: float | None = None
    updates: int | None = None

    def done(self, seconds: float, updates: int) -> float:
        """The share of the run that is behind it; 1 or more when it is over."""
        shares = [0.0]
        if self.seconds is not None:
            shares.append(seconds / max(self.seconds, 1e-9))
        if self.updates is not None:
            shares.append(updates / max(self.updates, 1))
        return max(shares)


class Stop:
    """Asks a run to end early; this one never does.

    Attributes:
      requested: the run ends after the update that is under way, and saves.
    """

    requested: bool = False

    def ready(self) -> None:
        """The run tells that from now on it looks at `requested` and has something to save."""
