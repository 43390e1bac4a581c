"""Curricula by name: rows of tasks, and how often each of them is given.

A curriculum is a function from a world's configuration to its rows: what a world without a market
cannot fulfil is not in them. `register` adds one; `Config.tasks` names the one that is played. Its
rows are numbers of the rules (`task_rows`, `task_kinds`, `task_weights`), so that the worlds of a
batch can be given different ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jaxmmo.env.v2.constants import NUM_STYLES, Event, Item, Skill
from jaxmmo.env.v2.tasks import GROUPED, JOINS, Group, Predicate, TaskKind

if TYPE_CHECKING:
    from jaxmmo.env.v2.config import Config

Asked = tuple[int, ...]
"""A predicate or combinator, and its number, first and second as far as they are not 0."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A task of a curriculum.

    Attributes:
      asked: a predicate of `Predicate`, and its number, first and second, which are 0 where they
        are left out. TICK_GE and PROTECT_LEADER of 0 ticks last as long as the episode.
      weight: how often it is given, relative to the others.
      kind: how it is rewarded.
      hold: ticks, of `TaskKind.HOLD`.
      parts: what a combinator joins; its first and second are places in this list.
      subject: whose task it is: a player's own, or its team's.
      target: whom it names.
    """

    asked: Asked
    weight: float = 1.0
    kind: TaskKind = TaskKind.TASK
    hold: int = 1
    parts: tuple[Asked, ...] = ()
    subject: Group = Group.OWN
    target: Group = Group.NOBODY


Curriculum = Callable[["Config"], Sequence[Row]]
"""The rows that a world of that configuration can fulfil."""


def survival(config: Config) -> list[Row]:
    """The original's task where none is set: to live through the episode."""
    del config
    return [Row((Predicate.TICK_GE, 0))]


def mixture(config: Config) -> list[Row]:
    """A bit of everything: survival, exploration, harvests, equipment, levels, trade and fights."""
    rows = [
        Row((Predicate.TICK_GE, 0), 4.0),
        Row((Predicate.DISTANCE_TRAVELED, config.centre // 4), 2.0),
        Row((Predicate.PROGRESS_TOWARD_CENTER,), 1.0),
    ]
    if config.has("resource"):
        rows.append(Row((Predicate.COUNT_EVENT, 10, Event.EAT_FOOD), 1.0))
        rows.append(Row((Predicate.COUNT_EVENT, 20, Event.DRINK_WATER), 1.0))
    if config.has("resource", "item", "profession"):
        rows += _share(
            6.0, [Row((Predicate.HARVEST_ITEM, n, t, 1)) for t in YIELDS for n in (3, 12)]
        )
        rows.append(Row((Predicate.COUNT_EVENT, 3, Event.CONSUME_ITEM), 1.0))
    if config.has("item", "equipment"):
        rows += _share(6.0, [Row((Predicate.EQUIP_ITEM, 1, t, 1)) for t in WORN])
    if config.has("progression"):
        skills = [s for s in Skill if config.has("combat" if s < NUM_STYLES else "profession")]
        rows += _share(
            4.0, [Row((Predicate.ATTAIN_SKILL, 1, s, n)) for s in skills for n in (2, 4)]
        )
    if config.has("item", "exchange"):
        rows += _share(3.0, [Row((Predicate.EARN_GOLD, gold)) for gold in (5, 20, 60)])
        rows += _share(3.0, [Row((Predicate.COUNT_EVENT, n, Event.EARN_GOLD)) for n in (1, 5)])
        rows += _share(3.0, [Row((Predicate.COUNT_EVENT, n, Event.BUY_ITEM)) for n in (1, 4)])
    if config.has("combat", "npc"):
        rows += _share(4.0, [Row((Predicate.DEFEAT_ENTITY, n, 0, 1)) for n in (1, 3, 8)])
    return rows


def of_teams(curriculum: Curriculum) -> Curriculum:
    """The same tasks as those of teams, whose members have one task together."""

    def rows(config: Config) -> list[Row]:
        return [dataclasses.replace(row, subject=Group.TEAM) for row in curriculum(config)]

    return rows


def race_to_center(config: Config) -> list[Row]:
    """To get to the centre first."""
    del config
    return [Row((Predicate.PROGRESS_TOWARD_CENTER,))]


def king_of_the_hill(config: Config) -> list[Row]:
    """A team is to hold the centre for ten ticks."""
    middle = config.height // 2
    return [Row((Predicate.SEIZE_CENTER, 10, middle, middle), subject=Group.TEAM)]


def protect_the_king(config: Config) -> list[Row]:
    """A team is to keep its leader alive."""
    del config
    return [Row((Predicate.PROTECT_LEADER, 0), subject=Group.TEAM, target=Group.MY_LEADER)]


def comm_together(config: Config) -> list[Row]:
    """All members of a team are to come together."""
    return [Row((Predicate.ALL_MEMBERS_WITHIN_RANGE, config.vision), subject=Group.TEAM)]


def radio_raid(config: Config) -> list[Row]:
    """A team is to defeat five NPCs, of any level."""
    del config
    return [Row((Predicate.DEFEAT_ENTITY, 5, 0, 0), subject=Group.TEAM)]


YIELDS = (Item.RATION, Item.POTION, Item.WHETSTONE, Item.ARROW, Item.RUNES)
"""What the professions harvest, in the order of `Skill`."""

WORN = tuple(item for item in Item if Item.HAT <= item <= Item.RUNES)
"""What can be worn or held."""

CURRICULA: dict[str, Curriculum] = {
    "survival": survival,
    "mixture": mixture,
    "team_survival": of_teams(survival),
    "team_mixture": of_teams(mixture),
    "race_to_center": race_to_center,
    "king_of_the_hill": king_of_the_hill,
    "protect_the_king": protect_the_king,
    "comm_together": comm_together,
    "radio_raid": radio_raid,
}
"""The curricula by name."""


def register(name: str, curriculum: Curriculum) -> None:
    """Adds a curriculum of your own; ValueError for a name that is taken."""
    if name in CURRICULA:
        raise ValueError(f"curriculum {name!r}: there is one of that name")
    CURRICULA[name] = curriculum


def rows_of(config: Config) -> list[Row]:
    """The rows of a configuration's curriculum, checked against its size of tasks.

    Raises:
      ValueError: for rows that its tasks cannot hold.
    """
    rows = list(CURRICULA[config.tasks](config))
    told = f"tasks={config.tasks!r}"
    if not rows:
        raise ValueError(f"{told}: has no rows")
    for row in rows:
        if len(row.parts) >= config.terms:
            raise ValueError(f"{told}: needs terms={len(row.parts) + 1}, not {config.terms}")
        for place, asked in enumerate((*row.parts, row.asked)):
            joined = asked[2 : 3 if asked[0] == Predicate.NOT else 4] if asked[0] in JOINS else ()
            if any(not 0 <= other < place for other in joined):
                raise ValueError(f"{told}: {Predicate(asked[0]).name} joins parts before it alone")
        if config.terms == 1 and row.asked[0] == Predicate.SHARE:
            raise ValueError(f"{told}: SHARE is for parts; needs terms=2 or more")
        about_others = any(asked[0] in GROUPED for asked in (*row.parts, row.asked))
        grouped = row.subject != Group.OWN or row.target != Group.NOBODY or about_others
        if grouped and not config.group_tasks:
            raise ValueError(f"{told}: has tasks of groups; needs group_tasks=True")
    return rows


def terms_of(config: Config) -> np.ndarray:
    """i64[N, T, 4]: predicate, number, first and second of every task, its parts first."""
    unused = (Predicate.UNUSED,)
    filled = [
        (*row.parts, *[unused] * (config.terms - 1 - len(row.parts)), row.asked)
        for row in rows_of(config)
    ]
    return np.array([[_padded(asked) for asked in row] for row in filled])


def kinds_of(config: Config) -> np.ndarray:
    """i64[N, 4]: kind, ticks to hold, subject and target of every task."""
    return np.array([(row.kind, row.hold, row.subject, row.target) for row in rows_of(config)])


def weights_of(config: Config) -> np.ndarray:
    """f64[N]: how often each task is given."""
    return np.array([row.weight for row in rows_of(config)], float)


def _padded(asked: Asked) -> tuple[int, ...]:
    return (*map(int, asked), *[0] * (4 - len(asked)))


def _share(weight: float, rows: Iterable[Row]) -> list[Row]:
    """Rows that share a weight."""
    listed = list(rows)
    return [dataclasses.replace(row, weight=weight / len(listed)) for row in listed]
