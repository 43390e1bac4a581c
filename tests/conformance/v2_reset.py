"""The reset of the second game's original, from its seed alone, draw by draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxmmo.env.v2.constants import PASSABLE, Material
from tests.conformance import recordings

FIELDS = recordings.DATA / "v2" / "noise_fields.npz"
NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))
DIRECTIONS = 1024
"""Directions that are drawn ahead when the generator is seeded."""


def noise_field(constants: dict[str, Any], number: int) -> np.ndarray:
    """f16[S, S]: the stored noise of a map, 0-based."""
    size = "small" if constants["MAP_SIZE"] == 64 else "medium"
    name = size + ("_flipped" if constants["TERRAIN_FLIP_SEED"] else "")
    return recordings.load(FIELDS, (name,))[name][number]


class Reset:
    """Draws of a reset, in order."""

    def __init__(self, constants: dict[str, Any], seed: int):
        """Seeds the generator and draws the directions of meandering NPCs."""
        self.constants = constants
        self.side, self.centre = constants["MAP_SIZE"], constants["MAP_CENTER"]
        self.border = (self.side - self.centre) // 2
        self.random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
        self.directions = self.random.integers(0, 4, size=DIRECTIONS)

    def tiles(self, number: int | None = None) -> np.ndarray:
        """i64[S, S]: the materials of a map and its resources."""
        drawn = int(self.random.integers(self.constants["MAP_N"]))
        noise = noise_field(self.constants, drawn if number is None else number)
        c = self.constants
        levels = [c["TERRAIN_WATER"], c["TERRAIN_GRASS"], c["TERRAIN_FOILAGE"]]
        kinds = np.array([Material.WATER, Material.GRASS, Material.FOLIAGE, Material.STONE])
        value = noise.astype(np.float64)
        tiles = kinds[sum((value > level).astype(int) for level in levels)]
        low, high = self.border + 1, self.side - self.border - 1
        for _ in range(c["PROGRESSION_SPAWN_CLUSTERS"]):
            for material in (Material.ORE, Material.TREE, Material.CRYSTAL):
                self._cluster(tiles, material, low + 1, high - 1)
        for _ in range(c["PROGRESSION_SPAWN_UNIFORMS"]):
            tiles[self._grass(tiles, low, high)] = Material.HERB
        self._fish(tiles, low, high)
        if c["TERRAIN_SCATTER_EXTRA_RESOURCES"]:
            self._scatter(tiles, low, high)
        return self._edge(tiles)

    def _grass(self, tiles: np.ndarray, low: int, high: int) -> tuple[int, int]:
        while True:
            row, col = (int(self.random.integers(low, high)) for _ in range(2))
            if tiles[row, col] == Material.GRASS:
                return row, col

    def _cluster(self, tiles: np.ndarray, material: int, low: int, high: int) -> None:
        row, col = self._grass(tiles, low, high)
        tiles[row, col] = material
        for down, right in NEIGHBOURS:
            if tiles[row + down, col + right] == Material.GRASS:
                tiles[row + down, col + right] = material

    def _fish(self, tiles: np.ndarray, low: int, high: int) -> None:
        water = np.argwhere(tiles == Material.WATER).tolist()
        water = [(r, c) for r, c in water if low < r < high and low < c < high]
        self.random.shuffle(water)
        wanted = self.constants["PROGRESSION_SPAWN_UNIFORMS"]
        for row, col in water:
            around = [tiles[row + d, col + r] for d, r in NEIGHBOURS]
            if wanted and Material.GRASS in around:
                tiles[row, col] = Material.FISH
                wanted -= 1

    def _scatter(self, tiles: np.ndarray, low: int, high: int) -> None:
        limit = (self.centre // 6) ** 2
        left = {Material.WATER: limit, Material.FOLIAGE: limit}
        while any(left.values()):
            row, col = self.random.integers(low, high, size=2)
            for material in (Material.WATER, Material.FOLIAGE):
                if tiles[row, col] == Material.GRASS and left[material]:
                    tiles[row, col] = material
                    left[material] -= 1

    def _edge(self, tiles: np.ndarray) -> np.ndarray:
        index = np.abs(np.arange(self.side) - self.side // 2)
        away = np.maximum(index[:, None], index[None])
        tiles = np.where(away > self.side / 2 - self.border, Material.VOID, tiles)
        tiles[away == self.side // 2 - self.border] = Material.GRASS
        blocked = (tiles == Material.STONE) | (tiles == Material.WATER)
        inside = away == self.side // 2 - self.border - 1
        return np.where(inside & blocked, Material.FOLIAGE, tiles)

    def npcs(self, tiles: np.ndarray) -> list[dict[str, Any]]:
        """The first NPCs."""
        c, found = self.constants, []
        for _ in range(c["NPC_SPAWN_ATTEMPTS"]):
            if len(found) == c["NPC_N"]:
                break
            row, col = (
                int(self.random.integers(self.border, self.border + self.centre)) for _ in range(2)
            )
            if not PASSABLE[tiles[row, col]]:
                continue
            style = int(self.random.integers(3))
            strength = float(self.random.random())
            armour = 2 + int(self.random.integers(3))
            tool = 8 + int(self.random.integers(5))
            found.append(
                {"r": row, "c": col, "style": style, "u": strength, "armor": armour, "tool": tool}
            )
        return found

    def players(self) -> tuple[list[tuple[int, int]], np.ndarray]:
        """Where players 1, 2, ... begin, and bool[P], which of them are resilient."""
        low, high = self.border, self.border + self.centre
        along = list(range(low, high))
        edge = [(low, c) for c in along] + [(r, high) for r in along]
        edge += [(high, c) for c in reversed(along)] + [(r, low) for r in reversed(along)]
        self.random.shuffle(edge)
        count = self.constants["PLAYER_N"]
        share = self.constants["RESOURCE_RESILIENT_POPULATION"]
        resilient = np.arange(count) < int(count * share)
        self.random.shuffle(resilient)
        return [edge.pop() for _ in range(count)], resilient
