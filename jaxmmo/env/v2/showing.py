"""The view of one's own task: what it asks for, in a row for each of its parts, the whole first."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.config import EnvConfig
from jaxmmo.env.rules import Rules
from jaxmmo.env.state import Shown, WorldState
from jaxmmo.env.state.arrays import varying_like
from jaxmmo.env.state.table import Columns, column, observed, packed
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event
from jaxmmo.env.v2.holding import State
from jaxmmo.env.v2.tasks import Predicate, TaskKind, Tasks
from jaxmmo.env.views.ranking import Ranked
from jaxmmo.env.views.view import Rows, Sight, View
from jaxmmo.spec import Attribute, Kind, Table, pack

THINGS = 32
"""Numbers of what predicates are about: materials, skills, kinds of items, events, parts."""

OF_PLACES = (Predicate.OCCUPY_TILE, Predicate.SEIZE_TILE, Predicate.SEIZE_CENTER)
"""Predicates whose first and second numbers are a tile."""

STEPS = 255
"""Steps in which progress is observed."""

_EVENT = np.zeros(max(Event) + 1, np.int32)
_EVENT[list(Event)] = 1 + np.arange(len(Event))


def measured(name: str, low: int, high: int, divisor: float):
    """A column that is observed as a number."""
    return column(seen=Attribute(name, Kind.CONTINUOUS, low, high, divisor))


def far(name: str):
    """A column of tiles from the observer."""
    return measured(name, -128, 127, 32.0)


def one_of(name: str, size: int):
    """A column that is observed as one of so many."""
    return column(seen=Attribute(name, Kind.DISCRETE, 0, size - 1))


def _place(config: EnvConfig) -> Attribute | None:
    """Which part it is, in worlds whose tasks have parts."""
    assert isinstance(config, Config)
    return Attribute("part", Kind.DISCRETE, 0, config.terms - 1) if config.terms > 1 else None


class Asked(Columns):
    """What each row says, i32[P * T] each."""

    predicate: jax.Array = one_of("predicate", len(Predicate))
    kind: jax.Array = one_of("kind", len(TaskKind))
    number: jax.Array = measured("number", 0, 2047, 100.0)
    about: jax.Array = one_of("about", THINGS)  # first; events by their order
    level: jax.Array = measured("level", 0, 15, 10.0)  # second
    hold: jax.Array = measured("hold", 0, 127, 10.0)  # ticks, of `TaskKind.HOLD`
    # how far down and to the right the tile is that it is about, 0 if it is about none
    down: jax.Array = far("down")
    right: jax.Array = far("right")
    progress: jax.Array = measured("progress", 0, STEPS, float(STEPS))  # of the whole task
    done: jax.Array = one_of("done", 2)  # likewise
    part: jax.Array = column(seen=_place)  # 0 is the whole, k its part k - 1


@dataclasses.dataclass(frozen=True)
class OwnTask(View):
    """Each player's own task and how far it has come; parts that there are not are no rows."""

    name: str = "task"
    table: str = "bodies"
    rows: int = 0

    def capacity(self, config: EnvConfig) -> int:
        """Rows of the observed table: the most terms of a task (T)."""
        assert isinstance(config, Config)
        return config.terms

    def spec(self, config: EnvConfig, kind: type[Columns]) -> Table:
        """The observed table; what the bodies' columns are does not matter."""
        del kind
        return Table(self.name, pack(observed(Asked, config)), self.capacity(config))

    def observe(
        self, config: EnvConfig, rules: Rules, state: WorldState, spec: Table, ranked: Ranked
    ) -> Sight:
        """Every agent's rows; see `View.observe`."""
        del rules, ranked
        assert isinstance(config, Config) and isinstance(state, State)
        players, nobody = config.capacity, config.bodies
        parts = [state.tasks, *(state.tasks.part(i) for i in range(config.terms - 1))]
        there = jnp.stack([part.predicate != Predicate.UNUSED for part in parts], 1)
        present = there & state.players.alive[:, None]
        asked = [_asked(config, state, part, place) for place, part in enumerate(parts)]
        words = [jnp.stack(packed(each, config, spec.attributes, spec.words), -1) for each in asked]
        shown = jnp.where(present, jnp.arange(players)[:, None], nobody).astype(jnp.int32)
        rows = Rows(
            words=jnp.where(present[..., None], jnp.stack(words, 1), 0),
            present=present,
            overflow=varying_like(jnp.zeros(players, jnp.int32), state.tick),
        )
        return Sight(rows, Shown(shown, None, nobody), spec)


def _asked(config: Config, state: State, tasks: Tasks, place: int) -> Asked:
    """The columns of one part, i32[P] each."""
    players, progress = state.players, state.progress
    asks = tasks.predicate
    tile = jnp.isin(asks, jnp.asarray(OF_PLACES))
    counts = asks == Predicate.COUNT_EVENT
    event = jnp.asarray(_EVENT)[jnp.clip(tasks.first, 0, len(_EVENT) - 1)]
    return Asked(
        predicate=asks,
        kind=tasks.kind,
        number=tasks.number,
        about=jnp.where(tile, 0, jnp.where(counts, event, tasks.first)),
        level=jnp.where(tile, 0, tasks.second),
        hold=jnp.where(tasks.kind == TaskKind.HOLD, tasks.hold, 0),
        down=jnp.where(tile, tasks.first - players.row, 0),
        right=jnp.where(tile, tasks.second - players.col, 0),
        progress=jnp.floor(progress.value * STEPS).astype(jnp.int32),
        done=progress.done.astype(jnp.int32),
        part=jnp.full(config.capacity, place, jnp.int32),
    )
