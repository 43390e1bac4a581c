"""Random worlds: whatever states a game could be in, and some it could not."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxmmo.env import terrain
from jaxmmo.env.constants import Cause, Material
from jaxmmo.env.environment import Environment
from jaxmmo.env.rules import experience_table
from jaxmmo.env.state import WorldState
from jaxmmo.env.step import empty_state
from jaxmmo.env.systems import skills, spawning

GROUND = (Material.WATER, Material.GRASS, Material.FOREST, Material.STONE, Material.LAVA)
SHARES = (0.1, 0.45, 0.3, 0.1, 0.05)


def random_world(env: Environment, seed: int, garbage: bool = True) -> WorldState:
    """A crowded world in which most slots are alive and empty ones hold garbage.

    Agents stand on walkable tiles near the middle, with any clocks and resources within their
    maxima; some are about to die and, where death lags, some are dying.
    """
    rng = np.random.default_rng(seed)
    config, rules = env.config, env.default_rules()
    slots = config.capacity
    material = rng.choice(GROUND, (config.height, config.width), p=SHARES).astype(np.uint8)
    ghosts = config.lagging_death  # elsewhere nobody outlives a tick without health or on lava
    dry = (Material.GRASS, Material.FOREST)
    walkable = np.isin(material, (*dry, Material.LAVA) if ghosts else dry)
    walkable[0], walkable[:, 0] = False, False
    middle = config.height // 2
    walkable[: middle - 3], walkable[middle + 4 :] = False, False
    places = np.argwhere(walkable)
    chosen = places[rng.integers(len(places), size=slots)]
    levels = rng.integers(1, 30, (slots, 7))
    maxima = levels[:, [6, 5, 0]]
    resources = rng.integers([0, 0, 0 if ghosts else 1], maxima + 1)
    columns: dict[str, Any] = {
        "alive": rng.random(slots) < 0.8,
        "id": rng.permutation(slots) + 2,
        "population": rng.integers(0, config.num_populations, slots),
        "row": chosen[:, 0],
        "col": chosen[:, 1],
        "food": resources[:, 0],
        "water": resources[:, 1],
        "health": resources[:, 2],
        "food_max": maxima[:, 0],
        "water_max": maxima[:, 1],
        "health_max": maxima[:, 2],
        "freeze": rng.choice([0, 0, 0, 1, 2, 3], slots),
        "immune": rng.choice([0, 0, 0, 1, 2, 9], slots),
        "wilderness": rng.integers(-1, 4, slots),
        "time_alive": rng.integers(0, 300, slots),
        "damage": rng.integers(0, 9, slots),
        "experience": experience_table()[levels - 1],
        "wound": np.where(resources[:, 2] == 0, Cause.COMBAT, Cause.NONE),
    }
    if garbage:
        columns = fill_empty(columns, np.random.default_rng(seed + 1))
    empty = spawning.empty_players(config)
    players = empty.replace(
        **{name: jnp.asarray(value, getattr(empty, name).dtype) for name, value in columns.items()}
    )
    players = players.replace(level=skills.level_of(rules, players.experience))
    land = terrain.from_material(jnp.asarray(material))
    ripe_at = np.where((material == Material.FOREST) & (rng.random(material.shape) < 0.3), 60, 0)
    land = land.replace(ripe_at=jnp.asarray(ripe_at, jnp.int32))
    return empty_state(config, land).replace(
        tick=jnp.int32(50), next_id=jnp.int32(slots + 2), players=players
    )


def fill_empty(columns: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Columns with any 32-bit integers where a slot is empty."""
    alive = columns["alive"]
    filled = {"alive": alive}
    for name, value in columns.items():
        if name != "alive":
            garbage = rng.integers(-(2**31), 2**31, value.shape)
            mask = alive.reshape(alive.shape + (1,) * (value.ndim - 1))
            filled[name] = np.where(mask, value, garbage)
    return filled
