"""What recordings of the second game say beside what every game's say; see `describe`.

It is plain data under the names of `describe.world`, so that the page needs to know no game:

* `others` who the bodies after the players are: `column`, and for each of its values a name and a
  colour; `columns` that mean nothing for players;
* `goods` the table of things that bodies own and offer, and the names of its columns;
* `tasks` the tables of tasks and of their progress, with a sentence for every predicate, in which
  `{number}` stands for a column of the task and `{first:item}` for its name in a list;
* `log` the array of logged events, its columns, which of them kills, and what is told of them,
  likewise a sentence; of levels, what is added to the number of a skill;
* `fog` the numbers from which the fog of a tick follows, where there ever is any.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event, Item, Kind
from jaxmmo.env.v2.log import COLUMNS as COLUMNS_OF_LOG
from jaxmmo.env.v2.rules import Rules
from jaxmmo.env.v2.tasks import Predicate
from jaxmmo.replay import colors

HIDDEN = (
    *("places", "item_rows", "seizures", "queue", "muster", "progress.counted"),
    *("tasks.subject", "tasks.target", "tasks.parts"),
    *(f"bodies.{name}" for name in ("place", "turn", "kind", "attacker", "resilient")),
    *(f"bodies.{name}" for name in ("immortal_until", "spawn_row", "spawn_col", "latest_combat")),
)
"""Tables and columns that are bookkeeping, and mean nothing to people."""

THEIRS = ("target", "style", "offence", "defence", "gear", "rank", "danger", "armour", "tool")
"""Columns of NPCs alone."""

COLUMNS: dict[str, dict[str, Any]] = {
    "tables.items.type": {"list": "item"},
    "tables.items.level": {"axis": None},
    "tables.items.quantity": {"label": "amount"},
    "tasks.predicate": {"list": "predicate"},
    "bodies.style": {"list": "style"},
    "bodies.armour": {"list": "item"},
    "bodies.tool": {"list": "item"},
    "bodies.item_level": {"label": "item level"},
    "bodies.progress": {"label": "towards the centre"},
}
"""What columns are called, and which lists their numbers are places of."""

ASKED = {
    Predicate.TICK_GE: "live until tick {number}",
    Predicate.CAN_SEE_TILE: "see {first:material}",
    Predicate.STAY_ALIVE: "stay alive",
    Predicate.ALL_DEAD: "all of the others are dead",
    Predicate.CHECK_AGENT_STATUS: "the others' lives (1 alive, 0 dead): {first}",
    Predicate.OCCUPY_TILE: "stand on row {first}, column {second}",
    Predicate.CAN_SEE_GROUP: "see one of the others",
    Predicate.DISTANCE_TRAVELED: "be {number} tiles from where it was born",
    Predicate.ATTAIN_SKILL: "{number} with {first:skill} {second}",
    Predicate.GAIN_EXPERIENCE: "gain {number} experience in {first:skill}",
    Predicate.COUNT_EVENT: "{first:event}, {number} times",
    Predicate.SCORE_HIT: "hit {number} times by {first:style}",
    Predicate.DEFEAT_ENTITY: "defeat {number} of level {second} (1 players, 0 NPCs: {first})",
    Predicate.HOARD_GOLD: "own {number} gold",
    Predicate.EARN_GOLD: "earn {number} gold",
    Predicate.SPEND_GOLD: "spend {number} gold",
    Predicate.MAKE_PROFIT: "make {number} gold of profit",
    Predicate.INVENTORY_SPACE_GE: "have room for {number} items",
    Predicate.OWN_ITEM: "own {number} {first:item} of level {second}",
    Predicate.EQUIP_ITEM: "wear {number} {first:item} of level {second}",
    Predicate.FULLY_ARMED: "{number} fully armed for {first:style} of level {second}",
    Predicate.CONSUME_ITEM: "use up {number} {first:item} of level {second}",
    Predicate.HARVEST_ITEM: "harvest {number} {first:item} of level {second}",
    Predicate.FIRE_AMMO: "shoot {number} {first:item} of level {second}",
    Predicate.LIST_ITEM: "offer {number} {first:item} of level {second}",
    Predicate.BUY_ITEM: "buy {number} {first:item} of level {second}",
    Predicate.PROGRESS_TOWARD_CENTER: "reach the centre",
    Predicate.ALL_MEMBERS_WITHIN_RANGE: "stay within {number} tiles of each other",
    Predicate.SEIZE_TILE: "hold row {first}, column {second} for {number} ticks",
    Predicate.SEIZE_CENTER: "hold the centre for {number} ticks",
    Predicate.PROTECT_LEADER: "keep the leader alive for {number} ticks",
    Predicate.SUCCESS: "nothing",
    Predicate.AND: "both part {first} and part {second} of it",
    Predicate.OR: "part {first} or part {second} of it",
    Predicate.NOT: "that part {first} of it is not so",
    Predicate.SUM: "part {first} and part {second} of it together",
    Predicate.DIFFERENCE: "part {first} of it, and little of part {second}",
    Predicate.PRODUCT: "part {first} times part {second} of it",
    Predicate.SHARE: "nothing; {number} hundredths of it are done",
    Predicate.UNUSED: "nothing",
}
"""What each predicate asks for."""


TOLD: dict[Event, dict[str, Any]] = {
    Event.PLAYER_KILL: {"text": "killed an NPC of level {level}"},
    Event.CONSUME_ITEM: {"text": "used up a {type:item}"},
    Event.GIVE_ITEM: {"text": "gave away {type:item} of level {level}"},
    Event.DESTROY_ITEM: {"text": "destroyed {type:item} of level {level}"},
    Event.HARVEST_ITEM: {"text": "harvested {type:item} of level {level}"},
    Event.EQUIP_ITEM: {"text": "equips {type:item} of level {level}"},
    Event.LOOT_ITEM: {"text": "looted {type:item} of level {level}"},
    Event.GIVE_GOLD: {"text": "gave away gold"},
    Event.LIST_ITEM: {"text": "offers {type:item} of level {level} for {gold} gold"},
    Event.EARN_GOLD: {"text": "earned {gold} gold by a sale"},
    Event.BUY_ITEM: {"text": "bought {type:item} of level {level} for {gold} gold"},
    Event.LOOT_GOLD: {"text": "looted {gold} gold"},
    Event.LEVEL_UP: {"skill": 1},
}
"""What is told of logged events; blows, meals and steps are not."""


def names(numbers: type[IntEnum]) -> list[str]:
    """Names by number, from 0; those that there are not are empty."""
    known = {member.value: member.name.lower() for member in numbers}
    return [known.get(number, "") for number in range(max(known) + 1)]


def lists() -> dict[str, list[str]]:
    """The names of kinds of items, predicates and events."""
    asked = [predicate.name.lower() for predicate in Predicate]
    return {"item": names(Item), "predicate": asked, "event": names(Event)}


def further(config: Config, rules: Rules) -> dict[str, Any]:
    """What only this game's recordings say.

    Args:
      config: of the world.
      rules: that it is played by, on the host.
    """
    told: dict[str, Any] = {
        "tasks": {
            "path": "tasks",
            "progress": "progress.value",
            "done": "progress.done",
            "asked": [ASKED[predicate] for predicate in Predicate],
        },
        "log": {
            "path": "events.log.rows",
            "columns": list(COLUMNS_OF_LOG),
            "kill": Event.PLAYER_KILL.name.lower(),
            "told": {event.name.lower(): told for event, told in TOLD.items()},
        },
    }
    if config.inhabited:
        kinds = [Kind.PASSIVE, Kind.NEUTRAL, Kind.AGGRESSIVE]
        told["others"] = {
            "column": "kind",
            "columns": list(THEIRS),
            "kinds": [
                {"value": int(kind), "name": kind.name.lower(), "color": color}
                for kind, color in zip(kinds, colors.TEMPERS, strict=True)
            ],
        }
    if config.has("item"):
        goods = {"path": "tables.items", "type": "type", "level": "level", "amount": "quantity"}
        goods |= {"owner": "owner", "equipped": "equipped", "worth": "gold"}
        told["goods"] = goods | ({"price": "price"} if config.has("exchange") else {})
    if int(rules.fog_onset) < NEVER:
        told["fog"] = {
            "onset": int(rules.fog_onset),
            "speed": float(rules.fog_speed),
            "safe": int(rules.fog_safe),
        }
    return told


def bars(rules: Rules) -> list[dict[str, Any]]:
    """What is drawn over every body's head: columns that all have one largest value."""
    most = int(rules.full)
    return [{"column": name, "color": color, "most": most} for name, color in colors.BARS.items()]
