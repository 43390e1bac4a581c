"""The one palette: terrain and populations in pictures, films and the browser alike."""

from __future__ import annotations

import colorsys

import numpy as np

TERRAIN = {
    "lava": "#d9512c",
    "water": "#3f83a8",
    "grass": "#86a75a",
    "scrub": "#a3a068",
    "forest": "#3f6d43",
    "stone": "#8b8a86",
    "ore": "#b58a5a",
    "void": "#11161c",
    "foliage": "#5d8a45",
    "slag": "#77706a",
    "stump": "#8f8a5c",
    "tree": "#35613d",
    "fragment": "#8d8f9c",
    "crystal": "#6fb7d9",
    "weeds": "#97a35f",
    "herb": "#b07fb5",
    "ocean": "#35708f",
    "fish": "#5fa5b8",
}
"""Colours of materials by name."""

SHAPES = {
    "foliage": "bush",
    "ore": "nuggets",
    "tree": "forest",
    "crystal": "crystals",
    "herb": "herbs",
    "fish": "fish",
    "ocean": "water",
    "void": "void",
}
"""How materials are drawn that do not look as what they are suggests, by name."""

TEMPERS = ("#7fb069", "#d9a441", "#c0392b")
"""Of NPCs that are passive, neutral and aggressive."""

POPULATIONS = (
    "#e8503a",
    "#f2b134",
    "#3fa7f5",
    "#b26bf0",
    "#f477b5",
    "#35d0ba",
    "#f2f0e6",
    "#2f3e8f",
)

HEALTH, FOOD, WATER = "#e4524f", "#e9b64a", "#4fb0e8"
BARS = {"health": HEALTH, "food": FOOD, "water": WATER}


def rgb(color: str) -> np.ndarray:
    """u8[3] of "#rrggbb"."""
    return np.frombuffer(bytes.fromhex(color[1:]), np.uint8)


def population_colors(count: int) -> list[str]:
    """A colour for each population: hand-picked ones first, then around the wheel."""
    colors: list[str] = list(POPULATIONS[:count])
    for i in range(len(colors), count):
        hue = (0.11 + 0.381966 * i) % 1.0
        red, green, blue = colorsys.hls_to_rgb(hue, 0.45 + 0.2 * (i % 2), 0.65)
        colors.append("#" + "".join(f"{round(255 * c):02x}" for c in (red, green, blue)))
    return colors
