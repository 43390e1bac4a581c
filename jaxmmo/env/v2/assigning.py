"""Who is given which task: a curriculum's rows drawn by weight, at the beginning and later on."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxmmo.env.state import select
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.drawing import draws, uniform
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.state import Bodies
from jaxmmo.env.v2.tasks import Parts, Predicate, Progress, Tasks
from jaxmmo.env.v2.teams import drawers, group

LASTING = (Predicate.TICK_GE, Predicate.PROTECT_LEADER)
"""Predicates of which 0 ticks are as many as the episode has."""


def sample(key: jax.Array, config: Config, rules: Rules, bodies: Bodies) -> Tasks:
    """A task for each player, from the curriculum that the rules hold.

    Args:
      key: consumed.
      config: sizes.
      rules: of which `task_rows`, `task_kinds` and `task_weights` are the curriculum.
      bodies: players' ids key the draws, and teams say whom a task is about.
    """
    if rules.task_weights.shape[0] == 1:
        return given(config, rules, bodies, jnp.zeros(config.capacity))
    drawn = draws(key, {"tasks": drawers(config, bodies)})
    return given(config, rules, bodies, uniform(drawn["tasks"][0]))


def given(config: Config, rules: Rules, bodies: Bodies, luck: jax.Array) -> Tasks:
    """The tasks that fall to players.

    Args:
      config: sizes.
      rules: see `sample`.
      bodies: likewise.
      luck: f32[P], uniform in [0, 1).
    """
    ends = jnp.cumsum(rules.task_weights)
    past = luck[:, None] * ends[-1] >= ends[None]
    row = jnp.minimum(past.sum(1), rules.task_weights.shape[0] - 1)
    terms, kinds = rules.task_rows[row], rules.task_kinds[row]
    predicate, number, first, second = jnp.moveaxis(terms, -1, 0)
    lasting = (predicate == LASTING[0]) | (predicate == LASTING[1])
    number = jnp.where(lasting & (number == 0), rules.horizon, number)
    columns = {"predicate": predicate, "number": number, "first": first, "second": second}
    players, groups = config.capacity, config.group_tasks
    subject = jnp.ones((players, 1), bool)
    return Tasks(
        **{name: column[:, -1] for name, column in columns.items()},
        kind=kinds[:, 0],
        hold=kinds[:, 1],
        subject=group(config, bodies, kinds[:, 2]) if groups else subject,
        target=group(config, bodies, kinds[:, 3]) if groups else ~subject,
        parts=Parts(**{k: v[:, :-1] for k, v in columns.items()}) if config.terms > 1 else None,
    )


def renewed(
    config: Config,
    rules: Rules,
    bodies: Bodies,
    luck: jax.Array,
    now: tuple[Tasks, Progress],
    born: jax.Array,
    completed: jax.Array,
) -> tuple[Tasks, Progress]:
    """Tasks and progress with another task for whoever gets one.

    Args:
      config: `renewal` says who does.
      rules: see `sample`.
      bodies: likewise.
      luck: f32[P], uniform in [0, 1).
      now: tasks and progress after the tick.
      born: bool[P], reborn in this tick.
      completed: bool[P], those whose task was complete before it.
    """
    tasks, progress = now
    another = given(config, rules, bodies, luck)
    new = born
    if config.renewal == "completion":
        completed &= ~born
        new = born | completed
        # a task that is given in mid-life begins where its player stands: the next tick tells
        progress = Progress(
            value=select(completed, 0, progress.value),
            counted=select(completed, 0, progress.counted),
            held=select(completed, -1, progress.held),
            done=progress.done & ~completed,
        )
    return jax.tree.map(lambda a, b: select(new, a, b), another, tasks), progress
