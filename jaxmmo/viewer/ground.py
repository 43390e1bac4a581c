"""The ground of a picture: tiles, their relief, and what stands on them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from jaxmmo.replay import colors
from jaxmmo.replay.materials import shape_of

DARK = colors.rgb("#14181d")
WOODS, FLUIDS = ("forest", "bush"), ("water", "fish")
SIGNS = {"nuggets": 0.3, "crystals": 0.26, "herbs": 0.22, "fish": 0.2}
"""Radii, in tiles, of what marks a tile that can be harvested."""


def ground(material: np.ndarray, kinds: list[dict[str, Any]], scale: int) -> np.ndarray:
    """f32[H * scale, W * scale, 3]: tiles of uneven brightness, high ones casting a shadow."""
    rows, cols = material.shape
    shapes = [shape_of(kind) for kind in kinds]
    shape = np.array(shapes)[material]
    woods = np.isin(shape, WOODS)
    signs = np.isin(shape, list(SIGNS))
    plain = next((kind["color"] for kind in kinds if kind["name"] == "grass"), "#86a75a")
    under = [plain if shapes[i] in WOODS else kind["color"] for i, kind in enumerate(kinds)]
    for i, kind in enumerate(kinds):  # what can be harvested lies on what is left without it
        if shapes[i] in SIGNS and kind["depleted"] is not None:
            under[i] = kinds[kind["depleted"]]["color"]
    base = np.stack([colors.rgb(color) for color in under]).astype(np.float32)[material]
    light = 0.95 + 0.1 * _noise(rows, cols, 1)
    lava = shape == "lava"
    light[lava] = 0.2 + 0.07 * _noise(rows, cols, 2)[lava]
    light[lava & _beside(~lava)] = 0.75
    light[woods] *= 0.8
    base = base * light[..., None]
    picture = np.repeat(np.repeat(base, scale, 0), scale, 1)
    _relief(picture, shape, scale)
    _plant(picture, material, [kind["color"] for kind in kinds], shape, scale)
    for row, col in np.argwhere(signs):
        color = colors.rgb(kinds[material[row, col]]["color"]).astype(np.float32)
        centre, radius = ((row + 0.5) * scale, (col + 0.5) * scale), SIGNS[str(shape[row, col])]
        disc(picture, centre, (radius + 0.06) * scale, DARK)
        disc(picture, centre, radius * scale, np.minimum(255, color * 1.2))
    return picture


def _relief(picture: np.ndarray, shape: np.ndarray, scale: int) -> None:
    """Shadows of what is high, banks of what is low, and the light on top of rocks."""
    rows, cols = shape.shape
    rock = shape == "rock"
    raised = np.repeat(np.repeat(rock | np.isin(shape, WOODS), scale, 0), scale, 1)
    sunken = np.repeat(np.repeat(np.isin(shape, FLUIDS), scale, 0), scale, 1)
    reach = max(1, scale // 4)
    shade = np.zeros_like(raised)
    for step in range(1, reach + 1):
        shade[step:, step:] |= raised[:-step, :-step]
    picture[shade & ~raised] *= 0.78
    edge = max(1, scale // 10)
    bank = np.zeros_like(sunken)
    bank[edge:] |= ~sunken[:-edge]
    bank[:, edge:] |= ~sunken[:, :-edge]
    picture[sunken & bank] *= 0.72
    stone = np.repeat(np.repeat(rock, scale, 0), scale, 1)
    inner = np.zeros(scale, bool)
    inner[edge : scale - edge] = True
    bright = stone & np.outer(np.tile(inner, rows), np.tile(inner, cols))
    picture[bright] *= 1.12


def _beside(mask: np.ndarray) -> np.ndarray:
    """bool[H, W]: whether one of the eight neighbours is set."""
    padded = np.pad(mask, 1)
    rows, cols = mask.shape
    return np.any([padded[r : r + rows, c : c + cols] for r in range(3) for c in range(3)], axis=0)


def _plant(
    picture: np.ndarray, material: np.ndarray, own: list[str], shape: np.ndarray, scale: int
) -> None:
    """Trees, and bushes in the colour of their material."""
    noise = _noise(*material.shape, 3)
    for row, col in np.argwhere(np.isin(shape, WOODS)):
        lean = 0.16 * (noise[row, col] - 0.5)
        centre = ((row + 0.5 + lean) * scale, (col + 0.5 - lean) * scale)
        crown, top, size = colors.rgb("#3c6b3f"), colors.rgb("#5c9256"), 1.0
        if shape[row, col] == "bush":
            crown = colors.rgb(own[material[row, col]])
            top, size = np.minimum(255, crown.astype(np.float32) * 1.35), 0.72
        disc(picture, centre, 0.46 * size * scale, crown)
        away = 0.09 * scale
        disc(picture, (centre[0] - away, centre[1] - away), 0.25 * size * scale, top)


@functools.lru_cache(maxsize=16)
def _noise(rows: int, cols: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, cols), np.float32)


def disc(
    picture: np.ndarray, centre: tuple[float, float], radius: float, color: np.ndarray
) -> None:
    """A smooth-edged disc; coordinates in pixels, whatever is outside the picture is cut."""
    reach = int(np.ceil(radius)) + 1
    top, left = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    patch = picture[top : int(centre[0]) + reach + 1, left : int(centre[1]) + reach + 1]
    y = np.arange(top, top + patch.shape[0], dtype=np.float32)[:, None] + 0.5 - centre[0]
    x = np.arange(left, left + patch.shape[1], dtype=np.float32)[None, :] + 0.5 - centre[1]
    cover = np.clip(radius + 0.5 - np.sqrt(y * y + x * x), 0, 1)[..., None]
    patch += cover * (color - patch)
