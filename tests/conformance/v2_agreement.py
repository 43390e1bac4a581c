"""`simultaneous` against `sequential` from every recorded state, where the order does not matter.

The order of agents does not matter for an entity, a kind of item of one owner, a listing or a tile
if `sequential` gives the same for it in ten shuffled orders and in the recorded one.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.v2 import tick as sequential
from jaxmmo.env.v2.columns import body_table
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import NUM_TYPES
from jaxmmo.env.v2.decisions import Intent, Rolls
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import World
from jaxmmo.env.v2.together import tick as simultaneous
from tests.conformance import v2_recorded as rec
from tests.conformance.report import Report
from tests.conformance.v2_trace import CHUNK, with_slots

ORDERS = 10
LEVELS = 16
SHARE = 0.9
"""Of the ticks, in which all that is compared must agree."""


def check(path: str | Path, ticks: int | None = None) -> Report:
    """Every tick of a recorded run from its recorded state.

    Args:
      path: of the recording.
      ticks: only so many of the first ones.
    """
    recorded = rec.Recorded(path)
    count = recorded.ticks if ticks is None else min(ticks, recorded.ticks)
    given = (rec.intents(recorded), rec.rolls(recorded))
    fog, parts = recorded.fog(), []
    random = np.random.default_rng(0)
    for begin in range(0, count, CHUNK):
        index = np.minimum(np.arange(begin, begin + CHUNK), count - 1)
        now = rec.on_device(jax.tree.map(lambda x, i=index: x[i], given))
        now = (now[0], now[1].replace(loot=now[1].loot.astype(jnp.int32)))
        each = [rec.world_at(recorded, tick, fog[tick]) for tick in index]
        worlds = jax.tree.map(lambda *x: jnp.asarray(np.stack(x)), *each)
        players = np.tile(np.arange(recorded.config.capacity, dtype=np.int32), (ORDERS, 1))
        orders = random.permuted(players, axis=1)
        played = _play(recorded.config, recorded.rules, jnp.asarray(orders), worlds, now)
        parts.append(jax.device_get(played))
    one, same, many = jax.tree.map(lambda *x: np.concatenate(x)[:count], *parts)
    report = Agreement("v2-trace", "tick", np.ones(count, bool))
    for name in one:
        report.compare(name, one[name], many[name], same[name])
        report.extra[f"compared {name}"] = round(float(same[name].mean()), 6)
    report.extra["resolution"] = "simultaneous"
    return report


class Agreement(Report):
    """A report that asks for a share of the ticks."""

    @property
    def passed(self) -> bool:
        """Whether in so many ticks all agrees."""
        return bool(self.required.any()) and float((~self.wrong).mean()) >= SHARE


@partial(jax.jit, static_argnums=0)
def _play(
    config: Config, rules: Rules, orders: jax.Array, worlds: World, given: tuple[Intent, Rolls]
) -> Any:
    """By tick: what `simultaneous` gives; where all orders agree; what they give there."""

    def tick(now: Any) -> Any:
        world, (intent, rolls) = now
        intent, rolls = with_slots(config, world, intent, rolls)
        # whose turn it is in conflicts is drawn: here, what was drawn is the recorded order
        drawn = rolls.replace(buyers=intent.order)
        one = _facts(config, simultaneous.advance(config, rules, world, intent, drawn)[0])

        def in_order(order: jax.Array) -> Any:
            turn = world.bodies.turn.at[order].set(jnp.arange(config.capacity, dtype=jnp.int32))
            first = jnp.concatenate([turn[: config.capacity], world.bodies.turn[config.capacity :]])
            bodies = world.bodies.replace(turn=first)
            asked = intent.replace(order=order), rolls.replace(buyers=order)
            after, _ = sequential.advance(config, rules, world.replace(bodies=bodies), *asked)
            return _facts(config, after)

        every = jnp.concatenate([orders, intent.order[None]])
        facts = jax.lax.map(in_order, every)
        agree = {}
        for name, fact in facts.items():
            differs = fact != fact[:1]
            axes = (0, 2) if name in ("entity", "items", "listings") else (0,)
            agree[name] = ~differs.any(axes)
        return one, agree, jax.tree.map(lambda x: x[0], facts)

    return jax.lax.map(tick, (worlds, given))


def _facts(config: Config, world: World) -> dict[str, jax.Array]:
    """Entities [B, 31], items and listings by owner, type and level [P * ..., 3], tiles [S, S]."""
    bodies, items = world.bodies, world.items
    table = jnp.where(bodies.alive[:, None], body_table(world), 0)
    kinds = NUM_TYPES * LEVELS
    mine = items.alive & (items.owner < config.capacity)
    size = config.capacity * kinds
    kind = (items.owner * NUM_TYPES + items.type) * LEVELS + items.level
    kind = jnp.where(mine, kind, size)
    held = jnp.stack([items.quantity, jnp.ones_like(kind), items.equipped.astype(jnp.int32)], 1)
    listed = items.price > 0
    offer = jnp.stack([items.price, items.price**2, jnp.where(listed, items.listed, 0)], 1)
    zero = jnp.zeros((size, 3), jnp.int32)
    return {
        "entity": table,
        "items": zero.at[kind].add(held, mode="drop"),
        "listings": zero.at[kind].add(offer, mode="drop"),
        "tile": world.depleted,
    }
