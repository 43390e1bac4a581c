"""The second game's tick as a system of a preset, from decoded heads to what is reported."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

from jaxmmo.env.constants import Cause
from jaxmmo.env.state import select
from jaxmmo.env.systems.system import System
from jaxmmo.env.v2 import inventory, reports
from jaxmmo.env.v2.assigning import renewed
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.decisions import NO_MOVE, Intent
from jaxmmo.env.v2.drawing import NAME
from jaxmmo.env.v2.heads import offered
from jaxmmo.env.v2.hearing import Team
from jaxmmo.env.v2.holding import State, with_world, world_of
from jaxmmo.env.v2.rewards import proceed
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.showing import OwnTask
from jaxmmo.env.v2.tick import advance
from jaxmmo.env.v2.together import tick as together
from jaxmmo.env.v2.winning import winners
from jaxmmo.env.views.view import View
from jaxmmo.records import Record

MOVES = (NO_MOVE - 1, 0, 1, 2, 3)
"""What the choices of the head `move` are to the tick: stay, north, south, east, west."""


@functools.cache
def _advance(config: Config) -> Any:
    """`tick.advance` of a configuration's resolution.

    Where all act at once, so do all worlds of a batch. Else the loops are over agents, and a batch
    plays one world after another: in lockstep it would copy every world for every agent.
    """
    if config.resolution == "simultaneous":
        return functools.partial(together.advance, config)
    return sequential_vmap(functools.partial(advance, config))


def play(config: Config, rules: Rules, state: State, tick: Any) -> tuple[State, Record]:
    """One tick, its phases in the original's order (section 3).

    Returns:
      The state, and what happened: `log`, the event log's `rows` i32[E, 7] as `log.COLUMNS` says
      and how many there are, `attacks`, `deaths`, `newborn` bool[B], `rewards` f32[P] and, in
      games, `winners` bool[P].
    """
    world = world_of(config, rules, state)
    own = intents(config, tick.intent)
    after, happened = _advance(config)(rules, world, own, tick.rolls.others[NAME])
    died = happened.died[: config.capacity]
    ended_as = after.replace(bodies=happened.bodies)  # whoever comes back is another one by now
    lives = reports.lives_after(config, state, ended_as, died)
    tasks = state.tasks
    progress, reward = proceed(config, after, tasks, state.progress, died)
    log = Record(rows=after.log.rows, count=after.log.count)
    ended = reports.deaths(config, ended_as, lives, died)
    before: Any = state.bodies
    made = reports.attacks(config, before, ended_as, happened.plans)
    back = after.bodies.alive[: config.capacity] & died
    lives = jax.tree.map(lambda x: select(back, jnp.zeros_like(x), x), lives)
    newborn = after.bodies.alive & (~state.bodies.alive | (after.bodies.id != state.bodies.id))
    newborn = newborn.at[: config.capacity].max(back)
    luck = tick.rolls.others[NAME].task
    if luck is not None:
        now, completed = (tasks, progress), state.progress.done
        tasks, progress = renewed(config, rules, after.bodies, luck, now, back, completed)
    told = Record(log=log, attacks=made, deaths=ended, newborn=newborn, rewards=reward)
    if config.game:
        told = told.replace(winners=winners(config, rules, after, progress, died))
    state = with_world(state, after).replace(lives=lives, tasks=tasks, progress=progress)
    return state, told


SYSTEMS = (System(NAME, play),)
"""The whole tick is one system: its phases hand on more than a system sees."""


def of_task(rules: Any, before: Any, after: Any, events: Record) -> jax.Array:
    """The progress that each player made with its task, and -1 at death (section 14)."""
    del rules, before, after
    return jnp.where(events.deaths.cause != Cause.NONE, -1.0, events.rewards)


def intents(config: Config, given: Record) -> Intent:
    """The choices of the heads there are, as the tick takes them; the others do nothing."""
    size, nothing, nobody = config.capacity, config.items, config.bodies
    none: dict[str, int] = dict.fromkeys(Intent.__dataclass_fields__, 0)
    none |= dict.fromkeys(("target", "give_to", "gold_to"), nobody)
    none |= dict.fromkeys(("use", "destroy", "give", "buy", "sell"), nothing)
    columns = {
        name: given[name][:size] if name in given else jnp.full(size, value, jnp.int32)
        for name, value in none.items()
    }
    columns["move"] = jnp.asarray(MOVES, jnp.int32)[columns["move"]]
    columns["order"] = jnp.arange(size, dtype=jnp.int32)
    return Intent(**columns)


def offers(config: Config, rules: Rules, state: State) -> tuple[jax.Array, jax.Array]:
    """i32[K] and i32[]: what is offered, the same for everybody, and how many there are."""
    del rules
    return offered(config, state.tables["items"])


def carried(config: Config, rules: Rules, state: State) -> tuple[jax.Array, jax.Array]:
    """i32[P, K] and i32[P]: what each player has, and how many items that is."""
    del rules
    items, players = state.tables["items"], config.capacity
    rows = inventory.rows_of(items, players, config.inventory)
    return rows, jnp.sum(rows < items.type.shape[0], 1, dtype=jnp.int32)


def views_of(config: Config, nearby: View) -> tuple[View, ...]:
    """What agents observe beside their tiles: bodies, their own task, team and items, offers."""
    chosen = (nearby, *((OwnTask(),) if config.observe_task else ()))
    chosen += (Team(),) if config.radio else ()
    if config.has("item"):
        chosen += (View("inventory", "items", config.inventory, carried),)
    if config.has("item", "exchange"):
        chosen += (View("market", "items", config.offers, offers, shared=True),)
    return chosen
