"""Policies that need no learning: opponents, yardsticks, and living worlds to try things in."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.policy import Output, Policy
from jaxmmo.env import terrain
from jaxmmo.env.constants import DELTAS, Material, Move
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.registry import require_first_game
from jaxmmo.io import decisions
from jaxmmo.io.inputs import unpack
from jaxmmo.spec import Spec

Logits = dict[str, jax.Array]

SURE = 30.0  # a logit that leaves other choices a chance of 1e-13
FAR = 1_000  # tiles; a distance nobody can walk within the window

HABITABLE = np.isin(np.arange(256), terrain.HABITABLE)
"""bool[256]: materials that can be walked over and survived; unknown ones are gone around."""


def get(name: str, env: Environment) -> Policy:
    """The scripted policy of that name, for the observations of an environment.

    Args:
      name: one of `names()`.
      env: only its spec matters, and its game.

    Raises:
      ValueError: for an unknown name, listing those that exist; for one that reads maps of the
        first game in a world of another one.
    """
    if name not in SCRIPTS:
        raise ValueError(f"unknown scripted policy {name!r}; there are: {', '.join(SCRIPTS)}")
    if name not in ANYWHERE and hasattr(env, "preset"):  # of the user's own have none
        require_first_game(env.preset, f"policy {name!r}")
    return _build(name, env.spec)


def names() -> list[str]:
    """What `get` knows."""
    return list(SCRIPTS)


@functools.cache  # one object for one meaning: a jitted runner compiles once
def _build(name: str, spec: Spec) -> Policy:
    script = SCRIPTS[name]

    def apply(params: tuple[()], obs: Observation, carry: tuple[()], reset: jax.Array) -> Output:
        del params, reset
        leading = obs.tiles.shape[:-2]
        return Output(script(spec, obs), jnp.zeros(leading), carry, {})

    return Policy(name, init=lambda key: (), apply=apply, masked=name != "noop")


def _noop(spec: Spec, obs: Observation) -> Logits:
    """Stays and attacks nobody, whatever the masks say."""
    return {name: x.at[..., 0].add(SURE) for name, x in _random(spec, obs).items()}


def _random(spec: Spec, obs: Observation) -> Logits:
    """Any legal action is as likely as any other."""
    return decisions.uniform(spec, obs.tiles.shape[:-2])


def _careful(spec: Spec, obs: Observation) -> Logits:
    """Moves at random but not onto lava, attacks at random."""
    return _random(spec, obs) | {"move": -2 * SURE * _steps_on_lava(spec, obs).astype(jnp.float32)}


def _forager(spec: Spec, obs: Observation) -> Logits:
    """Walks to the nearest food or water, whichever is lower, and attacks nobody."""
    return _peaceful(spec, obs) | {"move": _foraging_moves(spec, obs)}


def _fighter(spec: Spec, obs: Observation) -> Logits:
    """Forages, and attacks at random on the way."""
    return _random(spec, obs) | {"move": _foraging_moves(spec, obs)}


SCRIPTS: dict[str, Callable[[Spec, Observation], Logits]] = {
    "noop": _noop,
    "random": _random,
    "careful": _careful,
    "forager": _forager,
    "fighter": _fighter,
}

ANYWHERE = ("noop", "random")
"""Those that know nothing of a game's rules."""


def _peaceful(spec: Spec, obs: Observation) -> Logits:
    """Random, but the target is always the agent itself: no attack."""
    logits = _random(spec, obs)
    return logits | {"target": logits["target"].at[..., 0].add(SURE)}


def _steps_on_lava(spec: Spec, obs: Observation) -> jax.Array:
    """bool[..., 5]: moves that end on lava."""
    material = _window(spec, unpack(spec, obs)["tile"]["material"])
    row, col = (spec.window // 2 + DELTAS).T
    return material[..., row, col] == Material.LAVA


def _foraging_moves(spec: Spec, obs: Observation) -> jax.Array:
    """f32[..., 5]: logits of a walk towards what is needed most.

    The tick forages before it moves (v1.3 section 3): what the agent's own tile yields is counted
    as eaten and drunk already. Forests with somebody on them are as good as gone.
    """
    raw = unpack(spec, obs)
    own = {name: column[..., 0] for name, column in raw[spec.observer.name].items()}
    material = _window(spec, raw["tile"]["material"])
    agents = _window(spec, raw["tile"]["agents"])
    walkable = _bits(jnp.asarray(HABITABLE)[material])
    shore = _spread(_bits(material == Material.WATER)) & walkable
    meals = _bits((material == Material.FOREST) & (agents == 0))

    middle = spec.window // 2
    meal = jnp.where(material[..., middle, middle] == Material.FOREST, own["food_max"] // 2, 0)
    drink = jnp.where(_bit(shore, middle, middle), own["water_max"] // 2, 0)
    food = jnp.minimum(own["food"] + meal, own["food_max"])
    water = jnp.minimum(own["water"] + drink, own["water_max"])

    to_food, to_water = walking_distances(jnp.stack([meals, shore]), walkable)
    hungry = (food < water) | ((food == water) & (jnp.min(to_food, -1) < jnp.min(to_water, -1)))
    wanted = jnp.where(hungry[..., None], to_food, to_water)
    other = jnp.where(hungry[..., None], to_water, to_food)
    wanted = jnp.where(jnp.min(wanted, -1, keepdims=True) < FAR, wanted, other)
    settled = (wanted == 0) & jnp.broadcast_to(jnp.arange(len(DELTAS)) == Move.STAY, wanted.shape)
    wanted = jnp.where(obs.masks.move, wanted - settled.astype(jnp.int32), 2 * FAR)
    nearest = wanted == jnp.min(wanted, -1, keepdims=True)
    lava = _steps_on_lava(spec, obs)
    return SURE * nearest.astype(jnp.float32) - 2 * SURE * lava.astype(jnp.float32)


def walking_distances(goals: jax.Array, walkable: jax.Array) -> jax.Array:
    """Steps from the middle tile and its neighbours to the nearest goal within the window.

    A flood from all goals at once, a row of the window being the bits of one word.

    Args:
      goals: u32[N, ..., side], a bit for each column; N kinds of goals.
      walkable: u32[..., side], tiles that can be crossed.

    Returns:
      i32[N, ..., 5] by where each `Move` leads, `FAR` if no goal can be reached from there.
    """
    side, walkable = walkable.shape[-1], walkable[None]
    row, col = (side // 2 + DELTAS).T

    def widen(steps: jax.Array, carry: tuple[jax.Array, jax.Array]):
        reached, distance = carry
        here = _bit(reached, row, col)
        distance = jnp.where(here, jnp.minimum(distance, steps), distance)
        return _spread(reached) & walkable, distance

    # from the input, so that it varies where that does: a loop within `shard_map` needs it
    unknown = FAR + 0 * goals[..., :1].astype(jnp.int32)
    unknown = jnp.broadcast_to(unknown, (*goals.shape[:-1], len(DELTAS)))
    return jax.lax.fori_loop(0, 2 * side, widen, (goals & walkable, unknown))[1]


def _window(spec: Spec, tiles: jax.Array) -> jax.Array:
    """[..., side, side] from tiles in raster order."""
    return tiles.reshape(*tiles.shape[:-1], spec.window, spec.window)


def _bits(mask: jax.Array) -> jax.Array:
    """u32[..., side]: each row of bool[..., side, side] as the bits of a word (31 at most)."""
    place = jnp.broadcast_to(jnp.arange(mask.shape[-1], dtype=jnp.uint32), mask.shape)
    return jnp.sum(mask.astype(jnp.uint32) << place, -1, dtype=jnp.uint32)


def _bit(rows: jax.Array, row: np.ndarray | int, col: np.ndarray | int) -> jax.Array:
    """bool[..., *row.shape]: the tiles at these rows and columns of a window of bits."""
    found = rows[..., row]
    return (found >> jnp.broadcast_to(jnp.asarray(col, jnp.uint32), found.shape)) & 1 == 1


def _spread(rows: jax.Array) -> jax.Array:
    """u32[..., side]: set bits and their four neighbours; beyond the last column is cut later."""
    pad = [(0, 0)] * (rows.ndim - 1) + [(1, 1)]
    padded = jnp.pad(rows, pad)
    return rows | (rows << 1) | (rows >> 1) | padded[..., :-2] | padded[..., 2:]
