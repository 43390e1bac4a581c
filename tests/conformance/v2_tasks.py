"""Tasks of recorded runs of the second game, from the original's words to jaxmmo's arrays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import Event, Item, Material, Skill
from jaxmmo.env.v2.tasks import Predicate, TaskKind, Tasks

NAMES = {
    "TickGE": Predicate.TICK_GE,
    "CanSeeTile": Predicate.CAN_SEE_TILE,
    "StayAlive": Predicate.STAY_ALIVE,
    "AllDead": Predicate.ALL_DEAD,
    "CheckAgentStatus": Predicate.CHECK_AGENT_STATUS,
    "OccupyTile": Predicate.OCCUPY_TILE,
    "CanSeeAgent": Predicate.CAN_SEE_GROUP,
    "CanSeeGroup": Predicate.CAN_SEE_GROUP,
    "DistanceTraveled": Predicate.DISTANCE_TRAVELED,
    "AttainSkill": Predicate.ATTAIN_SKILL,
    "GainExperience": Predicate.GAIN_EXPERIENCE,
    "CountEvent": Predicate.COUNT_EVENT,
    "ScoreHit": Predicate.SCORE_HIT,
    "DefeatEntity": Predicate.DEFEAT_ENTITY,
    "HoardGold": Predicate.HOARD_GOLD,
    "EarnGold": Predicate.EARN_GOLD,
    "SpendGold": Predicate.SPEND_GOLD,
    "MakeProfit": Predicate.MAKE_PROFIT,
    "InventorySpaceGE": Predicate.INVENTORY_SPACE_GE,
    "OwnItem": Predicate.OWN_ITEM,
    "EquipItem": Predicate.EQUIP_ITEM,
    "FullyArmed": Predicate.FULLY_ARMED,
    "ConsumeItem": Predicate.CONSUME_ITEM,
    "HarvestItem": Predicate.HARVEST_ITEM,
    "FireAmmo": Predicate.FIRE_AMMO,
    "ListItem": Predicate.LIST_ITEM,
    "BuyItem": Predicate.BUY_ITEM,
    "ProgressTowardCenter": Predicate.PROGRESS_TOWARD_CENTER,
    "AllMembersWithinRange": Predicate.ALL_MEMBERS_WITHIN_RANGE,
    "SeizeTile": Predicate.SEIZE_TILE,
    "SeizeCenter": Predicate.SEIZE_CENTER,
    "SeizeQuadCenter": Predicate.SEIZE_CENTER,
    "ProtectLeader": Predicate.PROTECT_LEADER,
    "Success": Predicate.SUCCESS,
}
KINDS = {
    "Task": TaskKind.TASK,
    "OngoingTask": TaskKind.ONGOING,
    "HoldDurationTask": TaskKind.HOLD,
}
NUMBERS = ("num_tick", "num_ticks", "dist", "N", "amount", "space", "quantity", "num_agent")
QUADRANTS = {"first": (1, 1), "second": (-1, 1), "third": (-1, -1), "fourth": (1, -1)}
HOLD = 4
"""Ticks of the recorded tasks that hold something."""


def of_run(config: Config, horizon: int, text: str | None, race: bool) -> Tasks:
    """The task of every player, as numpy arrays.

    Args:
      config: sizes.
      horizon: of the episode.
      text: the recorded list of tasks; None for the default one.
      race: the default one is to get to the centre, not to survive.
    """
    usual = ["Task", "ProgressTowardCenter" if race else "TickGE", {}]
    listed = json.loads(text) if text else [usual] * config.capacity
    rows = [_row(horizon, given) for _, _, given in listed]
    places = [
        _place(config, name, given, row) for (_, name, given), row in zip(listed, rows, strict=True)
    ]
    columns: dict[str, Any] = {
        "predicate": np.array([NAMES[name] for _, name, _ in listed], np.int32),
        "kind": np.array([KINDS[kind] for kind, _, _ in listed], np.int32),
        "number": np.array([row[0] for row in rows], np.int32),
        "first": np.array([first for first, _ in places], np.int32),
        "second": np.array([second for _, second in places], np.int32),
        "hold": np.full(config.capacity, HOLD, np.int32),
        "subject": np.eye(config.capacity, dtype=bool),
        "target": np.stack([_target(config, who, g) for who, (_, _, g) in enumerate(listed)]),
    }
    return Tasks(**columns)


def _row(horizon: int, given: dict[str, Any]) -> tuple[int, int, int]:
    """Number, first and second of a task."""
    number = next((int(given[name]) for name in NUMBERS if name in given), horizon)
    first = 0
    if "tile_type" in given:
        first = Material[given["tile_type"].upper().replace("FOILAGE", "FOLIAGE")]
    elif "skill" in given:
        first = Skill[given["skill"].upper()]
    elif "event" in given:
        first = Event[given["event"]]
    elif "combat_style" in given:
        first = Skill[given["combat_style"].upper()]
    elif "item" in given:
        first = Item[given["item"].upper()]
    elif "agent_type" in given:
        first = int(given["agent_type"] == "player")
    elif "status" in given:
        first = int(given["status"] == "alive")
    if "experience" in given:
        number *= int(given["experience"])
    return number, int(first), int(given.get("level", 0))


def _place(
    config: Config, name: str, given: dict[str, Any], row: tuple[int, int, int]
) -> tuple[int, int]:
    """First and second of a task, which may be a tile."""
    middle, quarter = config.height // 2, config.centre // 4
    if name == "SeizeCenter":
        return middle, middle
    if name == "SeizeQuadCenter":
        down, right = QUADRANTS[given["quadrant"]]
        return middle + down * quarter, middle + right * quarter
    return (given["row"], given["col"]) if "row" in given else row[1:]


def _target(config: Config, who: int, given: dict[str, Any]) -> np.ndarray:
    """bool[P]: whom a task names, every player being a team of its own."""
    word = str(given.get("target", given.get("target_protect", "")))
    index = np.arange(config.capacity)
    if word.startswith("all_foe"):
        return index != who
    turn = {"left": 1, "right": -1}.get(word.split("_")[0])
    other = who if turn is None else (who + LEFT * turn) % config.capacity
    return (index == other) & (word != "")


LEFT = 1
"""The team to the left is the next one."""
