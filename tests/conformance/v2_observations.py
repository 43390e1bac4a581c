"""Recorded observations and masks of the second game, made from the recorded states."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jax
import numpy as np

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.observing import masks, observe
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.records import Record
from tests.conformance import recordings
from tests.conformance import v2_recorded as rec
from tests.conformance.report import Report

TABLES = ("Tile", "Entity", "Inventory", "Market", "Communication", "CurrentTick")
FIELDS = ("tick", "agent", *TABLES, "mask", "mask_names", "mask_sizes")


def check(trace: str | Path, path: str | Path) -> Report:
    """Every table and every mask of every recorded observation.

    Args:
      trace: the run that the observations belong to.
      path: of the observations.
    """
    recorded, known = rec.Recorded(trace), recordings.load(path, FIELDS)
    fog = recorded.fog()
    ticks, agents = known["tick"].astype(int), known["agent"].astype(int)
    report = Report("v2-observations", "observation", np.ones(len(ticks), bool))
    tables: dict[str, np.ndarray] = {name: np.zeros_like(known[name]) for name in TABLES}
    sizes = known["mask_sizes"].astype(int)
    bits = np.zeros_like(known["mask"])
    for tick in np.unique(ticks):
        world = rec.on_device(rec.world_at(recorded, tick + 1, fog[tick + 1]))
        seen, legal = jax.device_get(_see(recorded.config, recorded.rules, world))
        at = np.flatnonzero(ticks == tick)
        who = agents[at] - 1
        for name in TABLES:
            tables[name][at] = (
                seen[name][who][..., : known[name].shape[-1]]
                if known[name].ndim > 1
                else seen[name][who]
            )
        parts = [legal[name][who] for name in known["mask_names"].tolist()]
        bits[at] = np.concatenate(parts, 1)
    for name in TABLES:
        report.compare(name, tables[name], known[name])
    begin = 0
    for name, size in zip(known["mask_names"].tolist(), sizes, strict=True):
        part = slice(begin, begin + size)
        report.compare(f"mask {name}", bits[:, part], known["mask"][:, part])
        begin += size
    return report


@partial(jax.jit, static_argnums=0)
def _see(config: Config, rules: Rules, world: World) -> tuple[Record, Record]:
    """Observations and masks of everybody."""
    seen = observe(config, rules, world)
    return seen, masks(config, rules, world, seen)
