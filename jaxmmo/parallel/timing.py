"""Where the time of a run went, by layer: measured always, for next to nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

MEASURED = ("compile", "waiting", "host", "logging")
INSIDE = ("environment", "acting", "update", "collectives")
"""Layers of the compiled update, which runs as one program: its time is divided as a profile of one
update says."""

LAYERS = ("compile", "environment", "acting", "update", "collectives", "waiting", "host", "logging")


class Clock:
    """Adds up seconds by layer.

    Attributes:
      seconds: of what is measured, and of compiled updates as `device`.
      shares: of each layer of `INSIDE` in the compiled updates; everything is `update` until a
        profile says otherwise.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys((*MEASURED, "device"), 0.0)
        self.shares: dict[str, float] = {"update": 1.0}

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
        told = {name: self.seconds[name] for name in MEASURED}
        told |= {name: self.seconds["device"] * self.shares.get(name, 0.0) for name in INSIDE}
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
