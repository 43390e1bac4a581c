"""Scripted policies of the second game: they read what agents observe, and nothing else.

Everybody who walks with a purpose keeps one number in mind: the way in which it explores.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.agents import duels, wares
from jaxmmo.agents.policy import Output, Policy
from jaxmmo.agents.scripted import SURE, Logits
from jaxmmo.agents.walking import (
    FAR,
    bit,
    bits,
    reachable,
    spread,
    steps_nearer,
    walking_distances,
    window,
)
from jaxmmo.env import sharing
from jaxmmo.env.constants import DELTAS
from jaxmmo.env.observation import Observation
from jaxmmo.env.v2.constants import CROP, PASSABLE, Kind, Material
from jaxmmo.io import decisions
from jaxmmo.io.inputs import Columns, unpack
from jaxmmo.spec import Spec

FULL, A_TICK = 100, 5
"""Most food and water, and what a tick takes of them."""

CONTENT = 40
"""Food and water left on arrival from which on there is time for other things."""

NERVES, DETOUR = 4, 6
"""Tiles to keep from aggressive NPCs, and how long a way round them is taken, tiles."""

PATIENCE = 24
"""Ticks for which one way is explored."""

GATHERED = np.isin(np.arange(len(Material)), CROP[1:])
"""bool[16]: materials that are harvested by standing on them."""


@dataclasses.dataclass(frozen=True)
class Script:
    """What a policy does beside keeping alive.

    Attributes:
      gathers: walks to what professions harvest, and prefers tools to weapons.
      hunts: kinds of bodies that it attacks if they are weaker, and walks to.
      cautious: keeps away from aggressive NPCs.
      trades: sells, buys, and throws away what is too much.
    """

    gathers: bool = False
    hunts: tuple[int, ...] = ()
    cautious: bool = False
    trades: bool = False


PURPOSES = {
    "forager": Script(cautious=True),
    "fighter": Script(hunts=(Kind.PLAYER, Kind.PASSIVE, Kind.NEUTRAL, Kind.AGGRESSIVE)),
    "trader": Script(gathers=True, hunts=(Kind.PASSIVE,), cautious=True, trades=True),
}


def build(name: str, spec: Spec) -> Policy:
    """The policy of that name, "careful" or one of `PURPOSES`, for observations of a spec."""
    if name == "careful":
        return Policy(name, lambda key: (), lambda params, *given: _careful(spec, *given))
    script = PURPOSES[name]

    def apply(params: tuple[()], obs: Observation, carry: jax.Array, reset: jax.Array) -> Output:
        del params
        logits, heading = _decide(spec, script, obs, carry, reset)
        return Output(logits, jnp.zeros(reset.shape), heading, {})

    return Policy(
        name, lambda key: (), apply, initial_carry=lambda shape: jnp.zeros(shape, jnp.int32)
    )


def _careful(spec: Spec, obs: Observation, carry: Any, reset: jax.Array) -> Output:
    """Any legal action, but no step towards where an aggressive NPC strikes."""
    raw = unpack(spec, obs)
    threat = _threat(raw[spec.observer.name], obs.present).astype(jnp.float32)
    logits = decisions.uniform(spec, reset.shape) | {"move": -2 * SURE * threat}
    return Output(logits, jnp.zeros(reset.shape), carry, {})


def _decide(
    spec: Spec, script: Script, obs: Observation, heading: jax.Array, reset: jax.Array
) -> tuple[Logits, jax.Array]:
    """Logits by head, nothing where there is no reason to do something; and the new heading."""
    raw = unpack(spec, obs)
    bodies = raw[spec.observer.name]
    own = {name: column[..., 0] for name, column in bodies.items()}
    logits = {
        name: x.at[..., 0].add(SURE) for name, x in decisions.uniform(spec, reset.shape).items()
    }
    items = _items(spec, raw, obs, "inventory", script)
    prey = jnp.zeros_like(obs.present)
    if script.hunts and "target" in logits and items is not None:
        share, weaker = duels.prospects(bodies, obs.present, items)
        kinds = jnp.asarray(script.hunts, jnp.int32)
        prey = weaker & (bodies["kind"][..., None] == kinds).any(-1)
        prey &= jnp.arange(prey.shape[-1]) > 0
        style, target = duels.targets(share, prey, obs.masks.target)
        logits |= {"style": SURE * style, "target": SURE * target}
    move, heading = _walk(spec, script, obs, raw, own, prey, heading, reset)
    logits["move"] = SURE * move.astype(jnp.float32)
    if items is not None:
        urge = wares.use(
            items, obs.masks.use[..., 1:], own["health"], jnp.minimum(own["food"], own["water"])
        )
        logits["use"] = _chosen(urge)
    offers = _items(spec, raw, obs, "market", script)
    if script.trades and items is not None and offers is not None:
        logits |= _trade(obs, items, offers)
    return logits, heading


def _items(
    spec: Spec, raw: dict[str, Columns], obs: Observation, name: str, script: Script
) -> wares.Bag | None:
    """The rows of a table of items, None where a world has no such table."""
    if name not in raw:
        return None
    own = raw[spec.observer.name]
    levels = jnp.stack([own[level][..., 0] for level in wares.LEVELS], -1)
    columns, there = raw[name], obs.tables[name].present
    if spec.table(name).shared:
        columns = {key: sharing.seen(obs, column) for key, column in columns.items()}
        there = sharing.seen(obs, there)
    return wares.bag(columns, there, levels, gathers=script.gathers)


def _trade(obs: Observation, items: wares.Bag, offers: wares.Bag) -> Logits:
    """Logits of what is offered and for how much, bought, and thrown away."""
    urge = wares.sell(items, obs.masks.sell[..., 1:])
    price = jnp.max(urge, -1, keepdims=True)
    amounts = jnp.arange(obs.masks.price.shape[-1])
    return {
        "sell": _chosen(urge),
        "price": SURE * (amounts == price).astype(jnp.float32),
        "buy": _chosen(wares.buy(offers, items, obs.masks.buy[..., 1:])),
        "destroy": _chosen(wares.throw_away(items, obs.masks.destroy[..., 1:])),
    }


def _chosen(urge: jax.Array) -> jax.Array:
    """f32[..., K + 1]: logits of the row that is wanted most, of nothing where none is (i32 0)."""
    choice = jnp.where(jnp.max(urge, -1) > 0, 1 + jnp.argmax(urge, -1), 0)
    return SURE * (choice[..., None] == jnp.arange(urge.shape[-1] + 1)).astype(jnp.float32)


def _threat(bodies: Columns, there: jax.Array) -> jax.Array:
    """bool[..., 5]: moves that end within reach of an aggressive NPC, or nearly so."""
    hostile = (there & (bodies["kind"] == Kind.AGGRESSIVE))[..., None]
    rows = jnp.abs(bodies["row"][..., None] - DELTAS[:, 0])
    cols = jnp.abs(bodies["col"][..., None] - DELTAS[:, 1])
    return (hostile & (jnp.maximum(rows, cols) <= NERVES)).any(-2)


def _tiles_of(side: int, bodies: Columns, those: jax.Array) -> jax.Array:
    """u32[..., side]: the tiles of the window on which some of the bodies stand."""
    row, col = bodies["row"] + side // 2, bodies["col"] + side // 2
    here = (row[..., None] == jnp.arange(side)) & those[..., None]
    one = jnp.uint32(1) << jnp.clip(col, 0, 31).astype(jnp.uint32)
    words = jnp.where(here, one[..., None], 0)
    return jax.lax.reduce(words, jnp.uint32(0), jax.lax.bitwise_or, (words.ndim - 2,))


def _goals(
    spec: Spec, script: Script, raw: dict[str, Columns], prey: jax.Array, heading: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """u32[4, ..., side] and u32[..., side]: foliage, shores, work, the rim; and what is walkable.

    Foliage and crops with somebody on them are as good as gone.
    """
    material = window(spec, raw["tile"]["material"])
    free = window(spec, raw["tile"]["agents"]) == 0
    walkable = bits(jnp.asarray(PASSABLE)[material])
    shore = spread(bits(material == Material.WATER)) & walkable
    work = _tiles_of(spec.window, raw[spec.observer.name], prey)
    if script.gathers:
        work |= bits(jnp.asarray(GATHERED)[material] & free)
        work |= spread(bits(material == Material.FISH))
    last, whole = spec.window - 1, 2**spec.window - 1
    rim = np.full((4, spec.window), 1, np.uint32)  # west; then east, north, south
    rim[1] <<= last
    rim[2:] = 0
    rim[2, 0] = rim[3, last] = whole
    ahead = jnp.asarray(rim)[heading]
    foliage = bits((material == Material.FOLIAGE) & free)
    return jnp.stack([foliage, shore, work, ahead]), walkable


def _walk(
    spec: Spec,
    script: Script,
    obs: Observation,
    raw: dict[str, Columns],
    own: Columns,
    prey: jax.Array,
    heading: jax.Array,
    reset: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """bool[..., 5] and i32[...]: the best moves, and the way that is explored from now on.

    What would be lower on arrival is sought, food or water, and explored for if it is not in sight
    and the other one lasts. Whoever is content does other work. What the agent's own tile yields
    counts as eaten and drunk: the tick forages before it moves.
    """
    heading = jnp.where(reset, _new_heading(obs, own), heading)
    goals, walkable = _goals(spec, script, raw, prey, heading)
    middle = spec.window // 2
    eats = window(spec, raw["tile"]["material"])[..., middle, middle] == Material.FOLIAGE
    food = jnp.where(eats, FULL, own["food"])
    water = jnp.where(bit(goals[1], middle, middle), FULL, own["water"])
    to_food, to_water, to_work, to_rim = walking_distances(goals, walkable)

    def left(stock: jax.Array, distance: jax.Array) -> jax.Array:
        way = jnp.minimum(jnp.min(distance, -1), spec.window)
        return (stock - A_TICK * way)[..., None]

    of_food, of_water = left(food, to_food), left(water, to_water)
    hungry = of_food < of_water
    wanted = jnp.where(hungry, to_food, to_water)
    other = jnp.where(hungry, to_water, to_food)
    lasts = (jnp.maximum(of_food, of_water) > CONTENT) | ~reachable(other)
    need = jnp.where(reachable(wanted), wanted, jnp.where(lasts, to_rim, other))
    busy = to_work
    if script.gathers or script.hunts:
        busy = jnp.where(reachable(to_work), to_work, to_rim)
    content = (jnp.minimum(of_food, of_water) > CONTENT) & reachable(busy)
    distance = jnp.where(content, busy, need)
    if script.cautious:
        threat = _threat(raw[spec.observer.name], obs.present)
        distance = jnp.minimum(distance, FAR) + DETOUR * threat.astype(jnp.int32)
    turns = ~reachable(to_rim)[..., 0] | (own["time_alive"] % PATIENCE == PATIENCE - 1)
    heading = jnp.where(turns, _new_heading(obs, own), heading)
    return steps_nearer(distance, obs.masks.move), heading


def _new_heading(obs: Observation, own: Columns) -> jax.Array:
    """i32[...]: one of four ways, as good as drawn: from what lies around, and from the age."""
    words = obs.tiles.reshape(*obs.tiles.shape[:-2], -1)
    odd = 2 * jnp.arange(words.shape[-1], dtype=jnp.uint32) + 1
    mixed = jnp.sum(words * odd, -1, dtype=jnp.uint32) + own["time_alive"].astype(jnp.uint32)
    mixed = (mixed ^ (mixed >> 15)) * jnp.uint32(0x2C1B3C6D)
    return (mixed >> 30).astype(jnp.int32)
