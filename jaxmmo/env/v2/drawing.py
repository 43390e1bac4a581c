"""Every random number of a tick of the second game, keyed by the identity of whoever draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env import random, step
from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import Rolls as OfTick
from jaxmmo.env.state import Spawns
from jaxmmo.env.systems.spawning import PopulationFn
from jaxmmo.env.systems.system import System
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import AROUND, PASSABLE
from jaxmmo.env.v2.decisions import MusterRolls, Rolls
from jaxmmo.env.v2.holding import State
from jaxmmo.env.v2.order import sorted_by
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.teams import drawers

LONGEST_BITS = 15
"""Bits of the longest time that a tile takes to grow again."""

NAME = "tick"
"""The system whose draws these are."""


def draw_rolls(
    config: Config,
    rules: Any,
    state: State,
    key: jax.Array,
    population_fn: PopulationFn,
    systems: Sequence[System],
) -> OfTick:
    """The tick's random numbers, and those of added systems; the key is consumed."""
    del population_fn
    others = step.draw_others(config, rules, state, key, systems)
    nothing = jnp.zeros(0, jnp.int32)
    own = draw(config, rules, state, key)
    return OfTick(
        attack=nothing,
        regrow=nothing,
        spawns=Spawns(nothing, nothing, nothing),
        others=others.replace(**{NAME: own}),
    )


def draws(key: jax.Array, wanted: dict[str, jax.Array]) -> dict[str, tuple[jax.Array, jax.Array]]:
    """Two uniform u32[N] for each id, by the name of a stream; all in one pass.

    One program for all, as each would take as long to compile.

    Args:
      key: consumed.
      wanted: i32[N], ids by stream.
    """
    names = list(wanted)
    ids = jnp.concatenate([wanted[name].reshape(-1) for name in names]).astype(jnp.uint32)
    sizes = [wanted[name].size for name in names]
    streams = [random.stream(f"second game: {name}") for name in names]
    data = jax.random.key_data(key)
    which = jnp.asarray(np.repeat(np.array(streams, np.uint32), sizes))
    first, second = random.threefry(data[0], data[1], ids, which)
    ends = np.cumsum(sizes)
    return {
        name: (first[end - size : end], second[end - size : end])
        for name, size, end in zip(names, sizes, ends.tolist(), strict=True)
    }


def uniform(word: jax.Array) -> jax.Array:
    """f32, uniform in [0, 1)."""
    return (word >> 8).astype(jnp.float32) * jnp.float32(2**-24)


def draw(config: Config, rules: Rules, state: State, key: jax.Array) -> Rolls:
    """As `draw_rolls`, of this game's own tick."""
    players, npcs = state.bodies.id[: config.capacity], state.bodies.id[config.capacity :]
    tries = jnp.arange(config.arrivals)
    bodies: Any = state.bodies
    gives = config.gives_tasks(rules.task_weights.shape[0])
    musters = config.npcs != "wild"
    found = draws(
        key,
        {
            "drops": players[:, None] * 8 + jnp.arange(5),
            "regrowth": players[:, None] * 8 + jnp.arange(5),
            "directions": npcs,
            "buyers": players,
            "loot": jnp.arange(config.items),
            "respawns": players,
            "spots": tries,
            "queued": tries,
            "styles": tries,
            "gear": tries,
            **({"tasks": drawers(config, bodies)} if gives else {}),
            **({"musters": tries, "quarter": jnp.arange(1)} if musters else {}),
        },
    )
    drops = jnp.stack([uniform(word) for word in found["drops"]], 1)
    rows, cols = (random.below(word, config.centre) for word in found["spots"])
    side, offset = found["queued"]
    style, strength = found["styles"]
    armour, tool = found["gear"]
    return Rolls(
        direction=random.below(found["directions"][0], 4),
        drop=drops.reshape(-1, 5, 2),
        buyers=sorted_by(found["buyers"][0]),
        loot=(found["loot"][0] >> 2).astype(jnp.int32)[None],
        ripening=_ripening(config, rules, state, found["regrowth"][0].reshape(-1, 5)),
        regrow=None,
        path_given=jnp.zeros(config.npc_capacity, bool),
        path=jnp.zeros((config.npc_capacity, 2), jnp.int32),
        mirror=random.below(side, 4),
        offset=random.below(offset, 2**20),  # taken modulo the length of a side
        spot=config.border + jnp.stack([rows, cols], 1),
        style=random.below(style, 3),
        strength=uniform(strength),
        armour=2 + random.below(armour, 3),
        tool=8 + random.below(tool, 5),
        respawn=_respawns(config, state, *found["respawns"]),
        task=uniform(found["tasks"][0]) if gives else None,
        muster=_muster(found) if musters else None,
    )


def _muster(found: dict[str, tuple[jax.Array, jax.Array]]) -> MusterRolls:
    """What NPCs that do not come by themselves draw."""
    place, temper = found["musters"]
    return MusterRolls(
        place=place,
        temper=uniform(temper),
        quarter=random.below(found["quarter"][0][0], 4),
        stray=found["directions"][1],
    )


def _ripening(config: Config, rules: Rules, state: State, word: jax.Array) -> jax.Array:
    """i32[P, 5]: ticks until the tiles around each player, and its own, grow again if harvested.

    A tile grows with the same chance in every tick, this one too: so many have passed when the
    chance that it has not is below a uniform number. Only products of powers of two of that chance
    are compared, which are the same numbers on every device.
    """
    here = jax.tree.map(lambda x: x[: config.capacity], state.bodies)
    around = jnp.asarray([*AROUND, (0, 0)], jnp.int32)
    tile = here.row[:, None] + around[:, 0], here.col[:, None] + around[:, 1]
    fails = 1 - jnp.asarray(rules.regrow)
    powers = [fails]
    for _ in range(LONGEST_BITS - 1):
        powers.append(powers[-1] * powers[-1])
    material = state.terrain.material[tile].astype(jnp.int32)
    luck, still = uniform(word), jnp.ones(word.shape, jnp.float32)
    passed = jnp.ones(word.shape, jnp.int32)
    for bit in reversed(range(LONGEST_BITS)):
        longer = still * powers[bit][material]
        passed += jnp.where(longer > luck, 1 << bit, 0)
        still = jnp.where(longer > luck, longer, still)
    return jnp.where(rules.regrow[material] > 0, passed, NEVER)


def _respawns(config: Config, state: State, place: jax.Array, side: jax.Array) -> jax.Array:
    """i32[P, 2]: where dead players come back: anywhere at the edge of the playable square.

    Or on any passable tile, where the configuration says so.
    """
    if config.anywhere:
        return anywhere(state.terrain.material, place)
    along = config.border + random.below(place, config.centre)
    across = config.border + config.centre * ((side >> 1) & 1).astype(jnp.int32)
    flips = (side & 1) == 1
    rows, cols = jnp.where(flips, across, along), jnp.where(flips, along, across)
    return jnp.stack([rows, cols], 1)


def anywhere(material: jax.Array, word: jax.Array) -> jax.Array:
    """i32[N, 2]: passable tiles of a map u8[S, S], all equally likely, from words u32[N]."""
    return among(jnp.asarray(PASSABLE)[material.astype(jnp.int32)], word)


def among(free: jax.Array, word: jax.Array) -> jax.Array:
    """i32[N, 2]: tiles of a mask bool[S, S], all equally likely, from words u32[N].

    Beyond the last tile where the mask has none.
    """
    until = jnp.cumsum(free.reshape(-1), dtype=jnp.int32)
    nth = random.below(word, jnp.maximum(until[-1], 1))
    tile = jnp.searchsorted(until, nth + 1).astype(jnp.int32)
    return jnp.stack([tile // free.shape[1], tile % free.shape[1]], 1)
