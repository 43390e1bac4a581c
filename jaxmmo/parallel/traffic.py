"""What bands send each other in a tick, counted from the shapes of what is sent."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxmmo.parallel.bands import Banded

WORD = 4  # bytes


def words_of(table: Any) -> int:
    """32-bit words that a row of arrays [N, ...] takes in a message."""
    sizes = ((int(np.prod(x.shape[1:])), x.dtype.itemsize) for x in jax.tree.leaves(table))
    return sum(entries * max(size // WORD, 1) for entries, size in sizes)


def bytes_per_tick(bands: Banded, luggage: Any = ()) -> dict[str, int]:
    """Bytes that a band sends to one neighbour in a tick; one between two others sends it twice.

    Buffers travel whole, however many are in them, so that the number is the same in every tick.

    Args:
      bands: of the world.
      luggage: arrays, or shapes of arrays, whose rows go with the agents.

    Returns:
      By what is sent, and of `all`. `shared` is beside that: what all bands add up in a tick.
    """
    cut, world = bands.cut, bands.band.shapes
    body, life = words_of(world.bodies), words_of(world.lives)
    words = {
        "intents": cut.ghosts * len(bands.spec.heads),
        "requests": cut.movers,
        "answers": cut.movers,
        "refusals": cut.ghosts,
        "migrants": cut.movers * (body + life + words_of(luggage)),
        "ghosts": cut.ghosts * body,
        "ground": cut.halo * bands.env.config.width,
    }
    sent = {name: WORD * count for name, count in words.items()}
    sent["all"] = sum(sent.values())
    return sent | {"shared": WORD * (bands.env.config.num_populations + 1)}
