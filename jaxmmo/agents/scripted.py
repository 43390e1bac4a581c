"""Policies that need no learning: opponents, yardsticks, and living worlds to try things in."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents.policy import Output, Policy
from jaxmmo.agents.walking import (
    bit,
    bits,
    reachable,
    spread,
    steps_nearer,
    walking_distances,
    window,
)
from jaxmmo.env import terrain
from jaxmmo.env.constants import DELTAS, Material
from jaxmmo.env.environment import Environment
from jaxmmo.env.observation import Observation
from jaxmmo.env.registry import is_second_game
from jaxmmo.env.rules import Rules
from jaxmmo.io import decisions
from jaxmmo.io.inputs import unpack
from jaxmmo.spec import Spec

Logits = dict[str, jax.Array]

SURE = 30.0  # a logit that leaves other choices a chance of 1e-13

HABITABLE = np.isin(np.arange(256), terrain.HABITABLE)
"""bool[256]: materials that can be walked over and survived; unknown ones are gone around."""


def get(name: str, env: Environment) -> Policy:
    """The scripted policy of that name, for the observations of an environment.

    Args:
      name: one of `names(env)`.
      env: only its spec matters, and its game.

    Raises:
      ValueError: for a name that the environment's game does not have, listing those it has.
    """
    game = game_of(env)
    if name not in SCRIPTS[game]:
        of = f" for {env.preset.name}" if hasattr(env, "preset") and name in names() else ""
        known = ", ".join(SCRIPTS[game])
        raise ValueError(f"unknown scripted policy {name!r}{of}; there are: {known}")
    return _build(name, game, env.spec)


def names(env: Environment | None = None) -> list[str]:
    """What `get` knows in an environment's game, or in any game."""
    games = SCRIPTS if env is None else [game_of(env)]
    return list(dict.fromkeys(name for game in games for name in SCRIPTS[game]))


def game_of(env: Environment) -> str:
    """A key of `SCRIPTS`: the game whose maps and tables an environment shows."""
    preset = getattr(env, "preset", None)  # of the user's own have none
    if preset is None or issubclass(preset.rules, Rules):
        return "first"
    return "second" if is_second_game(preset) else "other"


@functools.cache  # one object for one meaning: a jitted runner compiles once
def _build(name: str, game: str, spec: Spec) -> Policy:
    if game == "second" and name not in ANYWHERE:
        from jaxmmo.agents import scripted2

        return scripted2.build(name, spec)
    script = OF_THE_FIRST[name]

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


OF_THE_FIRST: dict[str, Callable[[Spec, Observation], Logits]] = {
    "noop": _noop,
    "random": _random,
    "careful": _careful,
    "forager": _forager,
    "fighter": _fighter,
}

ANYWHERE = ("noop", "random")
"""Those that know nothing of a game's rules."""

SCRIPTS: dict[str, tuple[str, ...]] = {
    "first": tuple(OF_THE_FIRST),
    "second": (*OF_THE_FIRST, "trader"),
    "other": ANYWHERE,
}
"""Names of the policies that there are by game; `scripted2` has those of the second one."""


def _peaceful(spec: Spec, obs: Observation) -> Logits:
    """Random, but the target is always the agent itself: no attack."""
    logits = _random(spec, obs)
    return logits | {"target": logits["target"].at[..., 0].add(SURE)}


def _steps_on_lava(spec: Spec, obs: Observation) -> jax.Array:
    """bool[..., 5]: moves that end on lava."""
    material = window(spec, unpack(spec, obs)["tile"]["material"])
    row, col = (spec.window // 2 + DELTAS).T
    return material[..., row, col] == Material.LAVA


def _foraging_moves(spec: Spec, obs: Observation) -> jax.Array:
    """f32[..., 5]: logits of a walk towards what is needed most.

    The tick forages before it moves (v1.3 section 3): what the agent's own tile yields is counted
    as eaten and drunk already. Forests with somebody on them are as good as gone.
    """
    raw = unpack(spec, obs)
    own = {name: column[..., 0] for name, column in raw[spec.observer.name].items()}
    material = window(spec, raw["tile"]["material"])
    agents = window(spec, raw["tile"]["agents"])
    walkable = bits(jnp.asarray(HABITABLE)[material])
    shore = spread(bits(material == Material.WATER)) & walkable
    meals = bits((material == Material.FOREST) & (agents == 0))

    middle = spec.window // 2
    meal = jnp.where(material[..., middle, middle] == Material.FOREST, own["food_max"] // 2, 0)
    drink = jnp.where(bit(shore, middle, middle), own["water_max"] // 2, 0)
    food = jnp.minimum(own["food"] + meal, own["food_max"])
    water = jnp.minimum(own["water"] + drink, own["water_max"])

    to_food, to_water = walking_distances(jnp.stack([meals, shore]), walkable)
    hungry = (food < water) | ((food == water) & (jnp.min(to_food, -1) < jnp.min(to_water, -1)))
    wanted = jnp.where(hungry[..., None], to_food, to_water)
    other = jnp.where(hungry[..., None], to_water, to_food)
    wanted = jnp.where(reachable(wanted), wanted, other)
    nearest = steps_nearer(wanted, obs.masks.move)
    lava = _steps_on_lava(spec, obs)
    return SURE * nearest.astype(jnp.float32) - 2 * SURE * lava.astype(jnp.float32)
