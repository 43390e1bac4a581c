"""A picture of a world from above, drawn with numpy alone: no browser, no display, no GPU."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from jaxmmo.env.constants import Material, Outcome, Style
from jaxmmo.env.state import Bodies, WorldState
from jaxmmo.replay import colors

BARS = np.stack([colors.rgb(c) for c in (colors.HEALTH, colors.FOOD, colors.WATER)])
BOLTS = {Style.MELEE: "#ffe0b0", Style.RANGE: "#d8ff8a", Style.MAGE: "#d3a6ff"}
ICE, GOLD, DARK = (colors.rgb(c) for c in ("#c8f0ff", "#ffd76a", "#14181d"))
SCALES = (2, 64)
RAISED = (Material.STONE, Material.ORE, Material.FOREST)


def render(state: Any, events: Any = None, *, scale: int = 10) -> np.ndarray:
    """Draws a world: terrain, agents in their population's colour, bars, frozen and immune marks.

    Args:
      state: one world, without a leading axis; a `WorldState`, or the state of a `Frame`.
      events: of the tick that led to it, whose attacks are drawn.
      scale: pixels a tile.

    Returns:
      u8[H * scale, W * scale, 3], north at the top.

    Raises:
      ValueError: for a scale out of range, a state with a world axis or of another game.
    """
    low, high = SCALES
    if isinstance(scale, bool) or not isinstance(scale, int) or not low <= scale <= high:
        raise ValueError(f"scale={scale!r}: must be an integer in [{low}, {high}] pixels a tile")
    if np.ndim(state.tick) != 0:
        raise ValueError(f"a state of {np.shape(state.tick)} worlds: render draws one at a time")
    if isinstance(state, WorldState) and not isinstance(state.bodies, Bodies):
        raise ValueError(f"a {type(state).__module__} state: pictures show the first game")
    material = np.asarray(state.terrain.tile) & 7
    ripe = np.asarray(state.terrain.ripe_at) <= int(state.tick)
    picture = _ground(np.where(ripe, material, np.uint8(Material.SCRUB)), scale)
    places = _places(state)
    if events is not None:
        _draw_attacks(picture, events, places, scale)
    _draw_agents(picture, state, places, scale)
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def _ground(material: np.ndarray, scale: int) -> np.ndarray:
    """f32[H * scale, W * scale, 3]: tiles of uneven brightness, high ones casting a shadow."""
    rows, cols = material.shape
    palette = np.stack([colors.rgb(colors.TERRAIN[m]) for m in Material]).astype(np.float32)
    tiles = palette[np.where(material == Material.FOREST, np.uint8(Material.GRASS), material)]
    light = 0.95 + 0.1 * _noise(rows, cols, 1)
    lava = material == Material.LAVA
    light[lava] = 0.2 + 0.07 * _noise(rows, cols, 2)[lava]
    light[lava & _beside(~lava)] = 0.75
    light[material == Material.FOREST] *= 0.8
    tiles = tiles * light[..., None]
    picture = np.repeat(np.repeat(tiles, scale, 0), scale, 1)

    raised = np.repeat(np.repeat(np.isin(material, RAISED), scale, 0), scale, 1)
    sunken = np.repeat(np.repeat(material == Material.WATER, scale, 0), scale, 1)
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
    stone = np.repeat(np.repeat(material == Material.STONE, scale, 0), scale, 1)
    inner = np.zeros(scale, bool)
    inner[edge : scale - edge] = True
    bright = stone & np.outer(np.tile(inner, rows), np.tile(inner, cols))
    picture[bright] *= 1.12
    _plant(picture, material, scale)
    return picture


def _beside(mask: np.ndarray) -> np.ndarray:
    """bool[H, W]: whether one of the eight neighbours is set."""
    padded = np.pad(mask, 1)
    rows, cols = mask.shape
    return np.any([padded[r : r + rows, c : c + cols] for r in range(3) for c in range(3)], axis=0)


def _plant(picture: np.ndarray, material: np.ndarray, scale: int) -> None:
    crown, top = colors.rgb("#3c6b3f"), colors.rgb("#5c9256")
    noise = _noise(*material.shape, 3)
    for row, col in np.argwhere(material == Material.FOREST):
        lean = 0.16 * (noise[row, col] - 0.5)
        centre = ((row + 0.5 + lean) * scale, (col + 0.5 - lean) * scale)
        _disc(picture, centre, 0.46 * scale, crown)
        _disc(picture, (centre[0] - 0.09 * scale, centre[1] - 0.09 * scale), 0.25 * scale, top)


@functools.lru_cache(maxsize=16)
def _noise(rows: int, cols: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, cols), np.float32)


def _bodies(state: Any) -> Any:
    """Whoever stands on the tiles."""
    return state.bodies if hasattr(state, "bodies") else state.players


def _places(state: Any) -> np.ndarray:
    """f32[P, 2]: (row, col) of slots in tiles; agents that share a tile stand in a circle on it."""
    players = _bodies(state)
    row, col = np.asarray(players.row), np.asarray(players.col)
    places = np.stack([row, col], 1) + np.float32(0.5)
    crowds: dict[tuple[int, int], list[int]] = {}
    for slot in np.flatnonzero(np.asarray(players.alive)):
        crowds.setdefault((int(row[slot]), int(col[slot])), []).append(int(slot))
    for crowd in crowds.values():
        if len(crowd) > 1:
            angle = 2 * np.pi * np.arange(len(crowd)) / len(crowd)
            places[crowd] += 0.24 * np.stack([np.sin(angle), np.cos(angle)], 1)
    return places


def _draw_agents(picture: np.ndarray, state: Any, places: np.ndarray, scale: int) -> None:
    players = _bodies(state)
    population = np.asarray(players.population)
    palette = [colors.rgb(c) for c in colors.population_colors(int(population.max(initial=0)) + 1)]
    order = [int(s) for s in np.flatnonzero(np.asarray(players.alive))]
    order.sort(key=lambda slot: float(places[slot, 0]))
    for slot in order:
        centre = (float(places[slot, 0]) * scale, float(places[slot, 1]) * scale)
        if int(players.immune[slot]) > 0:
            _disc(picture, centre, 0.56 * scale, GOLD)
        outline = ICE if int(players.freeze[slot]) > 0 else DARK
        _disc(picture, centre, 0.47 * scale, outline)
        color = palette[population[slot]]
        _disc(picture, centre, 0.47 * scale - max(1.0, 0.08 * scale), color)
        light = np.minimum(255, color.astype(np.float32) * 0.6 + 120)
        glint = (centre[0] - 0.1 * scale, centre[1] - 0.1 * scale)
        _disc(picture, glint, 0.13 * scale, light)
    if scale >= 6:
        for slot in order:
            _draw_bars(picture, players, slot, places[slot], scale)


def _draw_bars(picture: np.ndarray, players, slot: int, place: np.ndarray, scale: int) -> None:
    thick, width = max(1, scale // 10), max(6, round(0.9 * scale))
    top = round((float(place[0]) - 0.62) * scale) - 3 * thick
    left = round(float(place[1]) * scale - width / 2)
    _rectangle(picture, top - 1, left - 1, 3 * thick + 2, width + 2, DARK)
    for i, name in enumerate(("health", "food", "water")):
        most = getattr(players, f"{name}_max", None)
        value, maximum = int(getattr(players, name)[slot]), 100 if most is None else int(most[slot])
        filled = round(width * min(1.0, value / maximum)) if maximum > 0 else 0
        _rectangle(picture, top + i * thick, left, thick, filled, BARS[i])


def _draw_attacks(picture: np.ndarray, events: Any, places: np.ndarray, scale: int) -> None:
    attacks = events.attacks
    outcome = np.asarray(attacks.outcome)
    for slot in np.flatnonzero(outcome >= Outcome.IMMUNE):
        start, end = places[slot], places[int(attacks.target[slot])]
        hit = outcome[slot] == Outcome.HIT
        color = colors.rgb(BOLTS[Style(int(attacks.style[slot]))] if hit else "#9aa4ae")
        for share in np.linspace(0, 1, max(2, int(3 * np.abs(end - start).max()) + 2)):
            point = start + share * (end - start)
            radius = scale * (0.06 + 0.08 * float(share)) + 0.5
            _disc(picture, (float(point[0]) * scale, float(point[1]) * scale), radius, color)


def _disc(
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


def _rectangle(
    picture: np.ndarray, top: int, left: int, height: int, width: int, color: np.ndarray
) -> None:
    picture[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = color
