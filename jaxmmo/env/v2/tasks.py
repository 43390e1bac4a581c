"""Tasks as data: one an agent, so that worlds with different tasks are one program (section 14).

A predicate is a pure function of the state and of what the log of events added up to. A task's
subject is a group of players, and it may name another group as its target. Combinators join what a
task is made of: where `Config.terms` is T, a task has T - 1 parts, each a predicate or a combinator
of parts before it.
"""

from __future__ import annotations

from enum import IntEnum

import jax
import jax.numpy as jnp
from flax import struct

from jaxmmo.env.v2.constants import Event


class Predicate(IntEnum):
    """What a task asks for. Its numbers are `Tasks.number`, `first`, `second`."""

    TICK_GE = 0  # number ticks; of one's own life where the dead are reborn
    CAN_SEE_TILE = 1  # first: material
    STAY_ALIVE = 2
    ALL_DEAD = 3  # the target
    CHECK_AGENT_STATUS = 4  # the target; first: 1 alive, 0 dead
    OCCUPY_TILE = 5  # first: row, second: column
    CAN_SEE_GROUP = 6  # somebody of the target
    DISTANCE_TRAVELED = 7  # number tiles
    ATTAIN_SKILL = 8  # number agents; first: skill, second: level
    GAIN_EXPERIENCE = 9  # number points in all; first: skill
    COUNT_EVENT = 10  # number; first: event
    SCORE_HIT = 11  # number; first: style
    DEFEAT_ENTITY = 12  # number; first: 1 players, 0 NPCs, second: level
    HOARD_GOLD = 13  # number
    EARN_GOLD = 14  # number
    SPEND_GOLD = 15  # number
    MAKE_PROFIT = 16  # number
    INVENTORY_SPACE_GE = 17  # number
    OWN_ITEM = 18  # number; first: type, second: level
    EQUIP_ITEM = 19  # likewise
    FULLY_ARMED = 20  # number; first: style, second: level
    CONSUME_ITEM = 21  # number; first: type, second: level
    HARVEST_ITEM = 22  # likewise
    FIRE_AMMO = 23  # likewise
    LIST_ITEM = 24  # likewise
    BUY_ITEM = 25  # likewise
    PROGRESS_TOWARD_CENTER = 26
    ALL_MEMBERS_WITHIN_RANGE = 27  # number tiles
    SEIZE_TILE = 28  # number ticks; first: row, second: column
    SEIZE_CENTER = 29  # likewise
    PROTECT_LEADER = 30  # the target lives; number ticks
    SUCCESS = 31
    # combinators; first, second: which parts of the task they join
    AND = 32  # the smaller one
    OR = 33  # the larger one
    NOT = 34  # what is missing to the first one
    SUM = 35
    DIFFERENCE = 36
    PRODUCT = 37
    SHARE = 38  # number hundredths, always: with products and sums, weights
    UNUSED = 39  # of parts: there is none


class TaskKind(IntEnum):
    """How progress is rewarded."""

    TASK = 0  # its difference, until it is complete
    ONGOING = 1  # progress itself, every tick
    HOLD = 2  # the share of so many ticks in a row in which the predicate holds


class Group(IntEnum):
    """Groups of players that tasks are of and name; the leader of a team is its first member."""

    OWN = 0  # the player alone
    TEAM = 1
    NOBODY = 2
    LEFT_TEAM = 3  # the next one
    RIGHT_TEAM = 4
    LEFT_LEADER = 5
    RIGHT_LEADER = 6
    MY_LEADER = 7
    ALL_FOES = 8
    ALL_FOE_LEADERS = 9


GROUPED = (
    Predicate.ALL_DEAD,
    Predicate.CHECK_AGENT_STATUS,
    Predicate.CAN_SEE_GROUP,
    Predicate.PROTECT_LEADER,
)
"""Predicates about others than those whose task it is."""

JOINS = (
    Predicate.AND,
    Predicate.OR,
    Predicate.NOT,
    Predicate.SUM,
    Predicate.DIFFERENCE,
    Predicate.PRODUCT,
)
"""Predicates that join parts of a task."""


class Parts(struct.PyTreeNode):
    """What tasks are made of, beside what they ask for in the end: T - 1 parts each."""

    predicate: jax.Array  # i32[P, T - 1]; see `Predicate`
    number: jax.Array  # i32[P, T - 1]
    first: jax.Array  # i32[P, T - 1]
    second: jax.Array  # i32[P, T - 1]


class Tasks(struct.PyTreeNode):
    """The task of each player."""

    predicate: jax.Array  # i32[P]; see `Predicate`
    kind: jax.Array  # i32[P]; see `TaskKind`
    number: jax.Array  # i32[P]
    first: jax.Array  # i32[P]
    second: jax.Array  # i32[P]
    hold: jax.Array  # i32[P]; ticks, of `TaskKind.HOLD`
    # bool[P, P]; members of the group whose task it is; [P, 1] where all are each player's own
    subject: jax.Array
    target: jax.Array  # likewise; members of the group that it names
    parts: Parts | None = None  # None where tasks are single predicates

    def part(self, index: int) -> Tasks:
        """Tasks that ask for one of the parts, and nothing else."""
        assert self.parts is not None
        columns = {name: column[:, index] for name, column in vars(self.parts).items()}
        return self.replace(**columns, parts=None)


class Progress(struct.PyTreeNode):
    """How far everybody has come."""

    value: jax.Array  # f32[P]; in [0, 1]
    counted: jax.Array  # i32[P, T]; what the log added up to for each part, and for the whole
    held: jax.Array  # i32[P]; ticks in a row; -1 where the next tick says where a task begins
    done: jax.Array  # bool[P]


EVENT_OF = {
    Predicate.SCORE_HIT: Event.SCORE_HIT,
    Predicate.DEFEAT_ENTITY: Event.PLAYER_KILL,
    Predicate.CONSUME_ITEM: Event.CONSUME_ITEM,
    Predicate.HARVEST_ITEM: Event.HARVEST_ITEM,
    Predicate.FIRE_AMMO: Event.FIRE_AMMO,
    Predicate.LIST_ITEM: Event.LIST_ITEM,
    Predicate.BUY_ITEM: Event.BUY_ITEM,
}
"""Predicates that add up one kind of event."""


def no_progress(players: int, terms: int = 1) -> Progress:
    """How far everybody has come before the first tick."""

    def zero() -> jax.Array:
        return jnp.zeros(players, jnp.int32)  # one buffer each, so that states can be donated

    counted = jnp.zeros((players, terms), jnp.int32)
    return Progress(jnp.zeros(players, jnp.float32), counted, zero(), zero() > 0)


def no_tasks(players: int, terms: int, groups: bool) -> Tasks:
    """Tasks that nobody has been given yet: nothing, whose reward is nothing.

    Args:
      players: how many (P).
      terms: of a task (T).
      groups: tasks may be those of several players.
    """

    def zero(*shape: int) -> jax.Array:
        return jnp.zeros((players, *shape), jnp.int32)

    parts = Parts(*(zero(terms - 1) for _ in range(4))) if terms > 1 else None
    return Tasks(
        predicate=zero() + int(Predicate.TICK_GE),
        kind=zero() + int(TaskKind.TASK),
        number=zero(),
        first=zero(),
        second=zero(),
        hold=zero() + 1,
        subject=jnp.eye(players, dtype=bool) if groups else jnp.ones((players, 1), bool),
        target=jnp.zeros((players, players if groups else 1), bool),
        parts=parts,
    )
