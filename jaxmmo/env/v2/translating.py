"""Constants of the original as a configuration and the numbers of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxmmo.env.config import exact_words
from jaxmmo.env.rules import NEVER
from jaxmmo.env.v2.config import SYSTEMS, Config
from jaxmmo.env.v2.rules import (
    Rules,
    danger_kinds,
    danger_levels,
    default_rules,
    scaled,
)

REGROW = {"FISH": 15, "HERB": 13, "ORE": 7, "TREE": 9, "CRYSTAL": 11}
"""Materials that professions use up, by the names of their constants."""


def from_constants(constants: Mapping[str, Any], **sizes: Any) -> tuple[Config, Rules]:
    """Configuration and rules from the names and values of the original's constants.

    Args:
      constants: all of them, as the original's configuration holds them.
      **sizes: further fields of the configuration, see `config_of`.

    Raises:
      ValueError: for a value that does not fit.
    """
    config = config_of(constants, **sizes)
    return config, default_rules(config, **numbers_of(config, constants))


def config_of(constants: Mapping[str, Any], **sizes: Any) -> Config:
    """The configuration that constants of the original come to.

    Args:
      constants: all of them.
      **sizes: fields of the configuration that follow from none: `items`, `events`, what a game
        switches on, and `npc_capacity` if there are to be more slots than NPCs.
    """
    c = constants
    npcs = c["NPC_N"] if c["NPC_SYSTEM_ENABLED"] else 0
    npcs = max(npcs, sizes.pop("npc_capacity", 0))
    players, side, room = c["PLAYER_N"], c["MAP_SIZE"], c["ITEM_INVENTORY_CAPACITY"]
    usual = {"items": players * room + 64, "events": 16 * players}
    if not c["ITEM_SYSTEM_ENABLED"]:
        usual["items"] = 1
    return Config(
        height=side,
        width=side,
        border=(side - c["MAP_CENTER"]) // 2,
        capacity=players,
        npc_capacity=npcs,
        max_visible=min(Config.max_visible, players + npcs),
        initial_population=players,
        exploration_words=exact_words(side, side),
        inventory=room,
        vision=c["PLAYER_VISION_RADIUS"],
        attempts=c["NPC_SPAWN_ATTEMPTS"],
        stacking=c["ALLOW_MOVE_INTO_OCCUPIED_TILE"],
        systems=tuple(name for name in SYSTEMS if c[f"{name.upper()}_SYSTEM_ENABLED"]),
        **(usual | sizes),
    )


def numbers_of(config: Config, constants: Mapping[str, Any]) -> dict[str, Any]:
    """The rules that constants of the original come to, by name."""
    c = constants
    parts = (_bodies(c), _combat(c), _items(c), _npcs(config, c), _map(config, c))
    return {name: value for part in parts for name, value in part.items()}


def _bodies(c: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of bodies, tiles and fog."""
    base, spared = c["RESOURCE_BASE"], 1 - c["RESOURCE_DAMAGE_REDUCTION"]
    regrow = np.zeros(16)
    for name, material in REGROW.items():
        regrow[material] = c[f"PROFESSION_{name}_RESPAWN"]
    regrow[4] = c["RESOURCE_FOILAGE_RESPAWN"]
    loss = {k: c[f"RESOURCE_{k.upper()}_RATE"] for k in ("starvation", "dehydration")}
    onset = c["DEATH_FOG_ONSET"]
    return {
        "full": c["PLAYER_BASE_HEALTH"],
        "health_increment": c["PLAYER_HEALTH_INCREMENT"],
        "depletion": c["RESOURCE_DEPLETION_RATE"],
        "regeneration": int(np.floor(c["RESOURCE_HEALTH_RESTORE_FRACTION"] * base)),
        "regeneration_above": int(np.floor(c["RESOURCE_HEALTH_REGEN_THRESHOLD"] * base)),
        "restore": int(np.floor(base * c["RESOURCE_HARVEST_RESTORE_FRACTION"])),
        "regrow": regrow,
        "fog_onset": NEVER if onset is None else onset,
        "fog_speed": c["DEATH_FOG_SPEED"],
        "fog_safe": c["DEATH_FOG_FINAL_SIZE"],
        "horizon": c["HORIZON"],
        **{name: [rate, int(rate * spared)] for name, rate in loss.items()},
    }


def _combat(c: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of combat and experience."""
    styles, grows = ("MELEE", "RANGE", "MAGE"), c["PROGRESSION_SYSTEM_ENABLED"]
    source = "PROGRESSION_{}_BASE_DAMAGE" if grows else "COMBAT_{}_DAMAGE"
    level = [c[f"PROGRESSION_{s}_LEVEL_DAMAGE"] if grows else 0 for s in styles]
    table = c["PROGRESSION_EXP_THRESHOLD"]
    scales = ("COMBAT", "AMMUNITION", "CONSUMABLE")
    return {
        "reach": [c[f"COMBAT_{s}_REACH"] for s in styles],
        "base_damage": [c[source.format(s)] for s in styles],
        "level_damage": level,
        "base_defence": c["PROGRESSION_BASE_DEFENSE"] if grows else 0,
        "level_defence": c["PROGRESSION_LEVEL_DEFENSE"] if grows else 0,
        "immunity": c["COMBAT_SPAWN_IMMUNITY"],
        "combat_status": c["COMBAT_STATUS_DURATION"],
        "weak_offence": scaled(c["COMBAT_WEAKNESS_MULTIPLIER"]),
        "least_damage": scaled(c["COMBAT_MINIMUM_DAMAGE_PROPORTION"]),
        "experience": [c[f"PROGRESSION_{s}_XP_SCALE"] for s in scales],
        "thresholds": np.pad(table, (0, 10 - len(table)), constant_values=NEVER),
        "level_max": c["PROGRESSION_LEVEL_MAX"],
    }


def _items(c: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of items and the market."""
    kinds = {"armour": "ARMOR", "tool": "TOOL", "weapon": "WEAPON", "ammunition": "AMMUNITION"}
    what = {name: "DEFENSE" if name in ("armour", "tool") else "DAMAGE" for name in kinds}
    return {
        **{
            name: [c[f"EQUIPMENT_{k}_{part}_{what[name]}"] for part in ("BASE", "LEVEL")]
            for name, k in kinds.items()
        },
        "weapon_chance": c["WEAPON_DROP_PROB"],
        "gold": c["EXCHANGE_BASE_GOLD"] if c["EXCHANGE_SYSTEM_ENABLED"] else 0,
        "listing": c["EXCHANGE_LISTING_DURATION"],
    }


def _npcs(config: Config, c: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of NPCs."""
    factor = c["NPC_LEVEL_MULTIPLIER"]
    chances = tuple(c[f"NPC_SPAWN_{k}"] for k in ("PASSIVE", "NEUTRAL", "AGGRESSIVE"))
    return {
        "npc_kind": danger_kinds(config, chances),
        "tempers": chances,
        "npc_level": danger_levels(config, c["NPC_LEVEL_MAX"]),
        "npc_offence": [c["NPC_BASE_DAMAGE"], c["NPC_LEVEL_DAMAGE"] * factor],
        "npc_defence": [c["NPC_BASE_DEFENSE"], c["NPC_LEVEL_DEFENSE"] * factor],
        "npc_refill": int(c["NPC_DEFAULT_REFILL_DEAD_NPCS"]),
    }


def _map(config: Config, c: Mapping[str, Any]) -> dict[str, Any]:
    """Rules of the map and of those who begin in it."""
    extra = (config.centre // 6) ** 2 if c["TERRAIN_SCATTER_EXTRA_RESOURCES"] else 0
    return {
        "resilient": c["RESOURCE_RESILIENT_POPULATION"],
        "clusters": c["PROGRESSION_SPAWN_CLUSTERS"],
        "scattered": c["PROGRESSION_SPAWN_UNIFORMS"],
        "extra": extra,
        "water_level": c["TERRAIN_WATER"],
        "grass_level": c["TERRAIN_GRASS"],
        "foliage_level": c["TERRAIN_FOILAGE"],
    }
