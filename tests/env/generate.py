"""Random worlds: whatever states a game could be in, and some it could not.

What a column may hold follows from its declaration, so that a new one is covered without being
named here; the columns of the game's own that belong together are drawn together.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxmmo.env import terrain
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.environment import Environment
from jaxmmo.env.levels import level_of
from jaxmmo.env.rules import experience_table
from jaxmmo.env.state import BodyKind, Columns, WorldState
from jaxmmo.env.state.table import Column, columns
from jaxmmo.records import Record

GROUND = (Material.WATER, Material.GRASS, Material.FOREST, Material.STONE, Material.LAVA)
SHARES = (0.1, 0.45, 0.3, 0.1, 0.05)
LIVING = 0.8  # share of slots

Living = dict[str, np.ndarray]
"""bool[N] by name of the table: the slots that hold something."""


def random_world(env: Environment, seed: int, garbage: bool = True) -> WorldState:
    """A crowded world in which most slots are alive and, with `garbage`, empty ones hold anything.

    Agents stand on walkable tiles near the middle, with any clocks and resources within their
    maxima; some are about to die and, where death lags, some are dying. References point to what
    is alive, or nowhere.
    """
    rng, noise = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    config, game = env.config, env.preset
    material = rng.choice(GROUND, (config.height, config.width), p=SHARES).astype(np.uint8)
    land = terrain.from_material(jnp.asarray(material), game.materials)
    ripe_at = np.where((material == Material.FOREST) & (rng.random(material.shape) < 0.3), 60, 0)
    state = game.empty_state(land.replace(ripe_at=jnp.asarray(ripe_at, jnp.int32)))
    living = {
        name: rng.random(game.slots(name)) < LIVING
        for name in ("bodies", *(table.name for table in game.tables))
    }
    bodies = random_columns(rng, game.bodies, config, config.bodies, living)
    bodies |= _agents(rng, env, material)
    lives = random_columns(rng, game.lives, config, config.capacity, living)
    tables = {
        t.name: random_columns(rng, t.kind, config, t.slots(config), living) for t in game.tables
    }
    for name, values in {"bodies": bodies, **tables}.items():
        values["alive"] = living[name]
        values["id"] = rng.permutation(len(living[name])) + 2
    if garbage:
        bodies = fill_empty(noise, game.bodies, bodies, living["bodies"])
        lives = fill_empty(noise, game.lives, lives, living["bodies"][: config.capacity])
        tables = {
            t.name: fill_empty(noise, t.kind, tables[t.name], living[t.name]) for t in game.tables
        }
    return state.replace(
        tick=jnp.int32(50),
        next_id=jnp.int32(config.bodies + 2),
        bodies=_table(game.bodies, bodies),
        lives=_table(game.lives, lives),
        tables=Record({t.name: _table(t.kind, tables[t.name]) for t in game.tables}),
    )


def random_columns(
    rng: np.random.Generator, kind: type[Columns], config: EnvConfig, rows: int, living: Living
) -> dict[str, np.ndarray]:
    """Every column of a table, with values that its declaration allows."""
    return {
        name: plausible(rng, column, config, rows, living) for name, column in columns(kind).items()
    }


def plausible(
    rng: np.random.Generator, column: Column, config: EnvConfig, rows: int, living: Living
) -> np.ndarray:
    """Values of one column: within the observed range, or small numbers, or living slots."""
    shape, dtype = (rows, *column.trailing(config)), np.dtype(column.dtype)
    if column.refers is not None:
        alive = living[column.refers]
        return rng.choice(np.append(np.flatnonzero(alive), len(alive)), shape)
    if dtype.kind in "bu":  # truth values and sets of bits
        return anything(rng, shape, dtype)
    seen = column.observed(config)
    if len(seen) == 1:
        return rng.integers(seen[0].attribute.low, seen[0].attribute.high + 1, shape)
    return rng.integers(0, 100, shape)


def anything(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Any values of a dtype."""
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    return np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)


def fill_empty(
    rng: np.random.Generator, kind: type[Columns], values: dict[str, np.ndarray], alive: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns with any values at all where a slot is empty."""
    filled = {}
    for name, column in columns(kind).items():
        value, dtype = values[name], np.dtype(column.dtype)
        mask = alive.reshape(alive.shape + (1,) * (value.ndim - 1))
        filled[name] = np.where(mask, value, anything(rng, value.shape, dtype))
    return filled | ({"alive": alive} if "alive" in filled else {})


def _table(kind: type[Columns], values: dict[str, np.ndarray]) -> Any:
    """A table of these columns, in their declared dtypes."""
    return kind(**{n: jnp.asarray(values[n], c.dtype) for n, c in columns(kind).items()})


def _agents(
    rng: np.random.Generator, env: Environment, material: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns of bodies that belong together: where they are, and what keeps them alive."""
    config, count = env.config, env.config.bodies
    ghosts = config.lagging_death  # elsewhere nobody outlives a tick without health or on lava
    dry = (Material.GRASS, Material.FOREST)
    walkable = np.isin(material, (*dry, Material.LAVA) if ghosts else dry)
    walkable[0], walkable[:, 0] = False, False
    middle = config.height // 2
    walkable[: middle - 3], walkable[middle + 4 :] = False, False
    places = np.argwhere(walkable)
    chosen = places[rng.integers(len(places), size=count)]
    levels = rng.integers(1, 30, (count, 7))
    maxima = levels[:, [6, 5, 0]]
    resources = rng.integers([0, 0, 0 if ghosts else 1], maxima + 1)
    experience = experience_table()[levels - 1]
    return {
        "kind": np.where(np.arange(count) < config.capacity, BodyKind.PLAYER, BodyKind.NPC),
        "row": chosen[:, 0],
        "col": chosen[:, 1],
        "food": resources[:, 0],
        "water": resources[:, 1],
        "health": resources[:, 2],
        "food_max": maxima[:, 0],
        "water_max": maxima[:, 1],
        "health_max": maxima[:, 2],
        "freeze": rng.choice([0, 0, 0, 1, 2, 3], count),
        "immune": rng.choice([0, 0, 0, 1, 2, 9], count),
        "wilderness": rng.integers(-1, 4, count),
        "time_alive": rng.integers(0, 300, count),
        "damage": rng.integers(0, 9, count),
        "experience": experience,
        "level": np.asarray(level_of(env.default_rules(), jnp.asarray(experience, jnp.int32))),
        "wound": np.where(resources[:, 2] == 0, Cause.COMBAT, Cause.NONE),
    }
