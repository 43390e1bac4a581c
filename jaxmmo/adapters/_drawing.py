"""Worlds drawn from above for adapters that have a `render`: as pictures, or as text."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxmmo.env.environment import Environment
from jaxmmo.env.wrappers import Wrapper

GLYPHS = {
    "lava": "^",
    "water": "~",
    "grass": ".",
    "scrub": ",",
    "forest": "%",
    "stone": "#",
    "ore": "*",
    "void": " ",
    "foliage": "%",
    "slag": "_",
    "tree": "&",
    "stump": ";",
    "crystal": "+",
    "fragment": ":",
    "herb": '"',
    "weeds": "'",
    "fish": "=",
    "ocean": "-",
}
"""Materials, by name, in a world drawn as text; others are a question mark."""

OTHERS = "PNA"
"""NPCs in a world drawn as text: passive, neutral, aggressive."""


def picture(world: Environment | Wrapper, state: Any) -> np.ndarray:
    """u8[height, width, 3]: one world from above, in its game's colours."""
    from jaxmmo.replay.materials import describe
    from jaxmmo.viewer.render import render

    return render(state, materials=describe(world.preset.materials))


def text(world: Environment | Wrapper, state: Any) -> str:
    """The map as lines of characters, a row a line.

    Players are the last digit of their population, NPCs the letter of their temper.
    """
    materials = world.preset.materials
    glyphs = np.array([GLYPHS.get(kind.name, "?") for kind in materials])
    drawn = glyphs[np.asarray(state.terrain.visible(state.tick, materials))]
    bodies, players = state.bodies, len(state.players.alive)
    for slot in np.flatnonzero(np.asarray(bodies.alive)):
        if slot >= players and hasattr(bodies, "kind"):
            glyph = OTHERS[int(bodies.kind[slot]) - 1]
        else:
            glyph = str(int(bodies.population[slot]) % 10)
        drawn[int(bodies.row[slot]), int(bodies.col[slot])] = glyph
    return "\n".join("".join(row) for row in drawn)
