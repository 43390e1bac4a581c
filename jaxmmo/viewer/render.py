"""A picture of a world from above, drawn with numpy alone: no browser, no display, no GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxmmo.env import tiles
from jaxmmo.env.constants import Outcome, Style
from jaxmmo.replay import colors
from jaxmmo.replay.materials import describe
from jaxmmo.viewer.ground import DARK, disc, ground

BARS = np.stack([colors.rgb(c) for c in (colors.HEALTH, colors.FOOD, colors.WATER)])
BOLTS = {Style.MELEE: "#ffe0b0", Style.RANGE: "#d8ff8a", Style.MAGE: "#d3a6ff"}
ICE, GOLD = colors.rgb("#c8f0ff"), colors.rgb("#ffd76a")
SCALES = (2, 64)


def render(
    state: Any,
    events: Any = None,
    *,
    scale: int = 10,
    materials: list[dict[str, Any]] | None = None,
) -> np.ndarray:
    """Draws a world: terrain, agents in their population's colour, bars, frozen and immune marks.

    Whoever is not a player is drawn as a square in the colour of its temper.

    Args:
      state: one world, without a leading axis; a `WorldState`, or the state of a `Frame`.
      events: of the tick that led to it, whose attacks are drawn.
      scale: pixels a tile.
      materials: of the game, as `replay.header.world["materials"]` has them; those of the first or
        the second game, whichever suits the map, if omitted.

    Returns:
      u8[H * scale, W * scale, 3], north at the top.

    Raises:
      ValueError: for a scale out of range, a state with a world axis, or too few materials.
    """
    low, high = SCALES
    if isinstance(scale, bool) or not isinstance(scale, int) or not low <= scale <= high:
        raise ValueError(f"scale={scale!r}: must be an integer in [{low}, {high}] pixels a tile")
    if np.ndim(state.tick) != 0:
        raise ValueError(f"a state of {np.shape(state.tick)} worlds: render draws one at a time")
    tile = np.asarray(state.terrain.tile)
    material = tile & (2 ** tiles.layout_of(tile).material - 1)  # type: ignore[arg-type]
    most = int(material.max(initial=0))
    kinds = _usual_materials(state, most + 1) if materials is None else materials
    if most >= len(kinds):
        raise ValueError(f"materials of {len(kinds)} kinds: the map has one of number {most}")
    ripe = np.asarray(state.terrain.ripe_at) <= int(state.tick)
    depleted = [kind["depleted"] for kind in kinds]
    bare = np.array([i if to is None else to for i, to in enumerate(depleted)], material.dtype)
    picture = ground(np.where(ripe, material, bare[material]), kinds, scale)
    places = _places(state)
    if events is not None:
        _draw_attacks(picture, events, places, scale)
    _draw_agents(picture, state, places, scale)
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def _usual_materials(state: Any, count: int) -> list[dict[str, Any]]:
    """Those of the first game, or of the second one, whose bodies are of several kinds.

    What a game has beside them is ground in a colour of its own.
    """
    known = tiles.MATERIALS
    if hasattr(_bodies(state), "kind"):
        from jaxmmo.env.v2.constants import MATERIALS

        known = MATERIALS
    more = [tiles.MaterialKind(f"material {i}", passable=True) for i in range(len(known), count)]
    return describe([*known, *more])


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
    bodies = _bodies(state)
    players = len(state.players.alive)
    population = np.asarray(bodies.population)
    palette = [colors.rgb(c) for c in colors.population_colors(int(population.max(initial=0)) + 1)]
    order = [int(s) for s in np.flatnonzero(np.asarray(bodies.alive))]
    order.sort(key=lambda slot: float(places[slot, 0]))
    for slot in order:
        centre = (float(places[slot, 0]) * scale, float(places[slot, 1]) * scale)
        if _immune(bodies, slot):
            disc(picture, centre, 0.56 * scale, GOLD)
        outline = ICE if int(bodies.freeze[slot]) > 0 else DARK
        if slot >= players and hasattr(bodies, "kind"):
            temper = colors.TEMPERS[int(bodies.kind[slot]) - 1]
            _square(picture, centre, 0.4 * scale, outline)
            _square(picture, centre, 0.4 * scale - max(1.0, 0.08 * scale), colors.rgb(temper))
            continue
        disc(picture, centre, 0.47 * scale, outline)
        color = palette[population[slot]]
        disc(picture, centre, 0.47 * scale - max(1.0, 0.08 * scale), color)
        light = np.minimum(255, color.astype(np.float32) * 0.6 + 120)
        glint = (centre[0] - 0.1 * scale, centre[1] - 0.1 * scale)
        disc(picture, glint, 0.13 * scale, light)
    if scale >= 6:
        for slot in order:
            _draw_bars(picture, bodies, slot, places[slot], scale)


def _immune(bodies: Any, slot: int) -> bool:
    """Whether a body cannot be hurt; the second game has a kind of player for that."""
    immune = getattr(bodies, "immune", None)
    return int(bodies.kind[slot]) < 0 if immune is None else int(immune[slot]) > 0


def _square(
    picture: np.ndarray, centre: tuple[float, float], half: float, color: np.ndarray
) -> None:
    side = max(1, round(2 * half))
    _rectangle(picture, round(centre[0] - half), round(centre[1] - half), side, side, color)


def _draw_bars(picture: np.ndarray, bodies: Any, slot: int, place: np.ndarray, scale: int) -> None:
    thick, width = max(1, scale // 10), max(6, round(0.9 * scale))
    top = round((float(place[0]) - 0.62) * scale) - 3 * thick
    left = round(float(place[1]) * scale - width / 2)
    _rectangle(picture, top - 1, left - 1, 3 * thick + 2, width + 2, DARK)
    for i, name in enumerate(("health", "food", "water")):
        most = getattr(bodies, f"{name}_max", None)
        value, maximum = int(getattr(bodies, name)[slot]), 100 if most is None else int(most[slot])
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
            disc(picture, (float(point[0]) * scale, float(point[1]) * scale), radius, color)


def _rectangle(
    picture: np.ndarray, top: int, left: int, height: int, width: int, color: np.ndarray
) -> None:
    picture[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = color
