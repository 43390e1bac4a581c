"""What a recording says of its world, so that no reader assumes a fixed game.

A description is plain data. It names the tables and their columns, the materials and the bits of a
tile, the lists that numbers are looked up in, and the heads of the action:

* `bodies` the table of whoever stands on a tile, players first; `players` how many of its rows;
* `tables` by path: `rows`, `label`, and where they are known `columns` by name, each with any of
  `label`, `max` (the column that holds its largest value), `list` (which of `lists` its numbers
  are places of), `axis` (which of `lists` names its second axis) and `refers` (the path of the
  table whose rows it holds); a table with `of` continues the rows of another one;
* `events` by path: `list`, `axis` and `refers` likewise;
* `lists` names by place: skills, styles, moves, causes, outcomes;
* `tile` where the bits of a tile are, as [first bit, bits], and the arrays that hold the map;
* `materials` by number: name, colour, and whether it is passable, deadly, water, or looks like
  another one (`depleted`) from a harvest until it is ripe; where that does not say how to draw it,
  `shape` does;
* `heads` of the action: name, size or table, the head it is given, and the names of its choices;
* `bars` columns drawn over every body's head, with their colours, and `most`, their largest value,
  where no column holds it;
* `killing` the causes of death for which the attackers of the tick are to blame;
* `palette` further colours;
* what the second game's recordings say beside that, see `second`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxmmo.env import constants, tiles
from jaxmmo.env.environment import Environment
from jaxmmo.env.presets import Preset
from jaxmmo.env.registry import is_second_game
from jaxmmo.env.rules import Rules
from jaxmmo.env.state.table import Column, columns
from jaxmmo.env.tiles import MaterialKind
from jaxmmo.replay import colors, materials
from jaxmmo.replay.frames import Field

LISTS = ("Style", "Move", "Cause", "Outcome")

COLUMNS: dict[str, dict[str, Any]] = {
    "population": {"list": "population"},
    "row": {"label": "row"},
    "col": {"label": "column"},
    "wound": {"list": "cause"},
    "level": {"axis": "skill"},
    "experience": {"axis": "skill"},
    "time_alive": {"label": "age"},
    "freeze": {"label": "frozen"},
    "immune": {"label": "immune"},
    "damage": {"label": "hit for"},
    "distance": {"label": "walked"},
    "explored": {"label": "tiles seen"},
    "damage_dealt": {"label": "dealt"},
    "damage_taken": {"label": "taken"},
    "food_gathered": {"label": "food eaten"},
    "water_gathered": {"label": "water drunk"},
}
"""How columns are called where their own name is not what people say."""

EVENTS: dict[str, dict[str, Any]] = {
    "events.attacks.target": {"refers": "bodies"},
    "events.attacks.style": {"list": "style"},
    "events.attacks.outcome": {"list": "outcome"},
    "events.deaths.cause": {"list": "cause"},
    "events.deaths.population": {"list": "population"},
    "events.deaths.level": {"axis": "skill"},
    "events.level_ups": {"axis": "skill"},
}


def world(
    env: Environment, rules: Rules, fields: Sequence[Field], grid: tuple[int, int]
) -> dict[str, Any]:
    """The description of an environment's recordings.

    Args:
      env: the environment.
      rules: the world is played by, on the host.
      fields: every kept array.
      grid: rows and columns of the map.
    """
    names = {n.lower(): [m.name.lower() for m in getattr(constants, n)] for n in LISTS}
    lists = {"skill": list(env.preset.skills)} | names
    described: dict[str, Any] = {
        "bodies": "bodies",
        "players": env.config.capacity,
        "tables": tables(fields, grid, declared(env.preset)),
        "events": events(fields),
        "lists": lists,
        "tile": tile(env.preset.materials),
        "materials": materials.describe(env.preset.materials),
        "heads": heads(env, lists),
        "bars": bars(fields),
        "killing": ["combat"],
        "palette": {"populations": colors.population_colors(env.config.num_populations)},
    }
    if is_second_game(env.preset):
        _of_second_game(described, env, rules)
    return described


def _of_second_game(described: dict[str, Any], env: Environment, rules: Any) -> None:
    """Adds what only that game's recordings say; whoever plays another does not import it."""
    from jaxmmo.replay import second

    config: Any = env.config
    named = [kind.name for kind in env.preset.materials]
    described["lists"] |= second.lists() | {"material": named}
    found = described["tables"]
    for name in second.HIDDEN:
        path, _, column = name.rpartition(".")
        found.pop(name, None)
        found.get(path, {"columns": {}})["columns"].pop(column, None)
    for name, about in second.COLUMNS.items():
        path, _, column = name.rpartition(".")
        if column in found.get(path, {"columns": {}})["columns"]:
            found[path]["columns"][column] |= about
    described["bars"] = second.bars(rules) + described["bars"]
    described |= second.further(config, rules)


def bars(fields: Sequence[Field]) -> list[dict[str, str]]:
    """Columns of bodies that have a largest value, those of v1.3 first, with a colour each."""
    names = [field.name.removeprefix("bodies.") for field in fields]
    full = [name for name in names if f"{name}_max" in names]
    full.sort(key=lambda name: list(colors.BARS).index(name) if name in colors.BARS else len(names))
    spare = iter(colors.population_colors(len(colors.POPULATIONS) + len(full)))
    for _ in colors.POPULATIONS:
        next(spare)
    return [{"column": name, "color": colors.BARS.get(name) or next(spare)} for name in full]


def tile(kinds: Sequence[MaterialKind]) -> dict[str, Any]:
    """Where the map is kept, and what the bits of a tile are."""
    return {"path": "terrain.tile", "ripe_at": "terrain.ripe_at"} | tiles.describe(kinds)


def heads(env: Environment, lists: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The heads of the action, their choices by name where a list of that size has their name."""
    described = []
    for head in env.spec.heads:
        names = lists.get(head.name, [])
        described.append(
            {
                "name": head.name,
                "size": env.spec.choices(head),
                "table": head.table,
                "given": head.given,
                "choices": names if len(names) == env.spec.choices(head) else None,
            }
        )
    return described


def declared(preset: Preset) -> dict[str, dict[str, Column]]:
    """What the game says of the columns of its tables, by the table's path."""
    further = {f"tables.{table.name}": columns(table.kind) for table in preset.tables}
    return {"bodies": columns(preset.bodies), "lives": columns(preset.lives), **further}


def tables(
    fields: Sequence[Field], grid: tuple[int, int], known: dict[str, dict[str, Column]]
) -> dict[str, Any]:
    """Tables found among the arrays of the state: those of one folder with rows in common.

    Args:
      fields: every kept array.
      grid: rows and columns of the map, which is no table.
      known: see `declared`.
    """
    folders: dict[str, list[Field]] = {}
    for field in fields:
        folder, _, _ = field.name.rpartition(".")
        if field.differs and folder and field.shape and field.shape != grid:
            folders.setdefault(folder, []).append(field)
    found: dict[str, Any] = {}
    for folder, own in folders.items():
        rows = own[0].shape[0]
        if any(field.shape[0] != rows for field in own):
            continue
        label = folder.rpartition(".")[2].replace("_", " ")
        about = _columns(own, known.get(folder, {}))
        found[folder] = {"rows": rows, "label": label, "columns": about}
        if folder == "lives":
            found[folder]["of"] = "bodies"
    return found


def _columns(fields: Sequence[Field], known: dict[str, Column]) -> dict[str, Any]:
    names = {field.name.rpartition(".")[2] for field in fields}
    described = {}
    for field in fields:
        name = field.name.rpartition(".")[2]
        about = {"label": name.replace("_", " ")} | COLUMNS.get(name, {})
        if f"{name}_max" in names:
            about["max"] = f"{name}_max"
        refers = known[name].refers if name in known else None
        if refers is not None:
            about["refers"] = refers if refers == "bodies" else f"tables.{refers}"
        described[name] = about
    return described


def events(fields: Sequence[Field]) -> dict[str, Any]:
    """What the numbers of events mean, where it is known."""
    return {field.name: EVENTS[field.name] for field in fields if field.name in EVENTS}


def of_version_1(document: dict[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """The description of a recording whose header had none: that of the game of its time."""
    config, lists = document["config"], document["enums"]
    grid = (config["height"], config["width"])
    return {
        "bodies": "bodies",
        "players": config["capacity"],
        "tables": tables(fields, grid, {}),
        "events": events(fields),
        "lists": lists,
        "tile": tile(tiles.MATERIALS),
        "materials": materials.describe(tiles.MATERIALS),
        "heads": [
            {"name": "move", "size": 5, "table": None, "given": None, "choices": lists["move"]},
            {"name": "style", "size": 3, "table": None, "given": None, "choices": lists["style"]},
            {"name": "target", "size": 0, "table": "agent", "given": "style", "choices": None},
        ],
        "bars": bars(fields),
        "killing": ["combat"],
        "palette": {"populations": document["palette"]["populations"]},
    }
