"""Where the time of a run went, by layer: measured always, for next to nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

MEASURED = ("compile", "waiting", "host", "logging")
INSIDE = ("environment", "acting", "update", "collectives")
"""Layers of the compiled update, which is one program: its time is divided as profiles of a few
updates say."""

LAYERS = ("compile", "environment", "acting", "update", "collectives", "waiting", "host", "logging")


class Clock:
    """Adds up seconds by layer.

    Attributes:
      seconds: of what is measured; `device` is of compiled updates that are yet to be divided.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys((*MEASURED, *INSIDE, "device"), 0.0)
        self._shares: dict[str, float] = {}

    def profiled(self, shares: dict[str, float]) -> None:
        """Divides compiled updates from now on so; those before the first profile, too.

        Args:
          shares: of each layer of `INSIDE`; nothing changes if there are none.
        """
        if not shares:
            return
        if self._shares:
            self.seconds = self._divided()
        self._shares = shares

    def _divided(self) -> dict[str, float]:
        told = dict(self.seconds)
        whole = told["device"]
        told["device"] = 0.0
        for name, share in (self._shares or {"update": 1.0}).items():
            told[name] += share * whole
        return told

    @contextlib.contextmanager
    def of(self, layer: str) -> Iterator[None]:
        """Counts the time of the block to a layer, less what blocks within count to others."""
        began, inner = time.perf_counter(), sum(self.seconds.values())
        try:
            yield
        finally:
            inside = sum(self.seconds.values()) - inner
            self.seconds[layer] += time.perf_counter() - began - inside

    def report(self) -> dict[str, float]:
        """Seconds by layer, in the order of `LAYERS`."""
        told = self._divided()
        return {name: round(told[name], 4) for name in LAYERS}


def table(seconds: dict[str, float]) -> str:
    """The layers with their seconds and shares, for people."""
    whole = max(sum(seconds.values()), 1e-9)
    width = max(map(len, seconds))
    rows = [
        f"  {name:<{width}} {value:>10.2f} s {100 * value / whole:>5.1f} %"
        for name, value in seconds.items()
    ]
    return "\n".join(["time by layer:", *rows])
