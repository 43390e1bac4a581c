"""The one palette: terrain and populations in pictures, films and the browser alike."""

from __future__ import annotations

import colorsys

import numpy as np

from jaxmmo.env.constants import Material

TERRAIN: dict[Material, str] = {
    Material.LAVA: "#d9512c",
    Material.WATER: "#3f83a8",
    Material.GRASS: "#86a75a",
    Material.SCRUB: "#a3a068",
    Material.FOREST: "#3f6d43",
    Material.STONE: "#8b8a86",
    Material.ORE: "#b58a5a",
    Material.VOID: "#11161c",
}

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
