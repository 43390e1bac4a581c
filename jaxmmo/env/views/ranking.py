"""Bodies in raster order and who sees whom, by whichever way is faster for so many of them."""

from __future__ import annotations

import jax

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.state import Bodies
from jaxmmo.env.views import crowds, neighbours

Ranked = neighbours.Sorted | crowds.Raster


def rank_bodies(config: EnvConfig, bodies: Bodies) -> Ranked:
    """Bodies in raster order of their tiles, by id within a tile; empty slots last."""
    way = neighbours if config.bodies <= neighbours.MOST else crowds
    return way.sort_agents(config, bodies)


def visible_ranks(
    config: EnvConfig, bodies: Bodies, ranked: Ranked, reach: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Who is in everybody's window; see `neighbours.visible_ranks`."""
    if isinstance(ranked, neighbours.Sorted):
        return neighbours.visible_ranks(config, bodies, ranked, reach)
    return crowds.visible_ranks(config, bodies, ranked, reach)
