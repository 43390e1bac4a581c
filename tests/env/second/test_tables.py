"""The second game's numbers are those that were read off the original."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.v2.columns import item_table
from jaxmmo.env.v2.config import Config
from jaxmmo.env.v2.constants import DEPLETED, DROPS, PASSABLE, TOOL, Event
from jaxmmo.env.v2.growing import level_at
from jaxmmo.env.v2.paths import first_step
from jaxmmo.env.v2.rules import OFFENCES, default_rules
from jaxmmo.env.v2.state import clear, empty_fog
from jaxmmo.env.v2.translating import from_constants
from tests.conformance import recordings
from tests.env.second.worlds import small, world_with

DATA = recordings.DATA / "v2"
TABLES = json.loads((DATA / "tables.json").read_text())


@pytest.mark.parametrize("name", ["Small", "Medium", "Large"])
def test_constants_become_sizes_and_rules(name):
    constants = TABLES["presets"][name]
    config, rules = from_constants(constants)
    assert config.height == constants["MAP_SIZE"]
    assert config.border == constants["MAP_BORDER"]
    by_distance = TABLES["npc_by_distance"][name]
    assert rules.npc_kind.tolist()[: len(by_distance)] == [row[2] for row in by_distance]
    assert rules.npc_level.tolist()[: len(by_distance)] == [row[3] for row in by_distance]


def test_levels_follow_from_experience():
    rules = default_rules(small())
    points, levels = zip(*TABLES["level_at_exp"], strict=True)
    assert rules.thresholds.tolist() == TABLES["exp_threshold"]
    assert level_at(rules, jnp.array(points)).tolist() == list(levels)


def test_items_have_the_numbers_of_their_level():
    config, rules = small(), default_rules(small())
    rows = [
        (item["type_id"], level)
        for item in TABLES["items"].values()
        for level in range(len(item["stats_by_level"]))
    ]
    names = TABLES["item_columns"]
    world = world_with(config.replace(items=len(rows) + 1))
    type, level = np.array([(0, 0), *rows]).T
    items = world.items.replace(
        type=jnp.array(type, jnp.int32),
        level=jnp.array(level, jnp.int32),
        alive=jnp.arange(len(type)) > 0,
        quantity=jnp.ones(len(type), jnp.int32),
    )
    got = np.asarray(item_table(rules, world.replace(items=items)))
    row = 1
    for item in TABLES["items"].values():
        for stats in item["stats_by_level"]:
            for name, value in zip(item["columns"], stats, strict=True):
                assert got[row, names.index(name)] == value, (item, name)
            row += 1


def test_materials_are_the_originals():
    for material in TABLES["materials"]:
        index = material["index"]
        assert PASSABLE[index] == material["passable"]
        assert DEPLETED[index] == (material["depletes_to"] or index)
        if material["tool"] is not None:
            profession = TOOL.tolist().index(material["tool"])
            drops = [drop for drop, _ in material["drops"]]
            assert [d for d in DROPS[profession].tolist() if d] == drops


def test_events_have_the_originals_codes():
    assert {event.name: int(event) for event in Event} == TABLES["event_codes"]


def test_damage_is_the_originals():
    rules = default_rules(small())
    weak, least = np.asarray(rules.weak_offence), np.asarray(rules.least_damage)
    assert len(weak) == OFFENCES
    for offence, defence, multiplier, damage in TABLES["damage_cases"]["cases"]:
        strong = weak[offence] if multiplier > 1 else offence
        assert max(strong - defence, least[offence], 0) == damage


def test_fog_closes_in_row_by_row():
    config, rules = small(), default_rules(small())
    fog = empty_fog(config, rules.fog_safe)
    for row in ("row32", "row17"):
        known = np.array(TABLES["fog"][row])
        now = fog
        for tick, line in enumerate(known):
            if tick >= 2:  # the onset
                now = clear(config, rules.fog_safe, now + jnp.float16(1))
            assert np.asarray(now)[int(row[3:])].tolist() == line.tolist()


def test_paths_are_the_originals():
    known = recordings.load(DATA / "astar_cases.npz", ("maps", "cases", "columns"))
    names = known["columns"].tolist()
    cases = known["cases"]
    columns = {name: cases[:, k] for k, name in enumerate(names)}
    maps = jnp.asarray(known["maps"] == 1)
    index = jnp.asarray(cases[:, :5].astype(np.int32))
    assert names[:5] == ["map", "start_r", "start_c", "goal_r", "goal_c"]

    def search(row):
        return first_step(maps[row[0]], row[1:3], row[3:5])

    got = np.asarray(jax.jit(lambda rows: jax.lax.map(search, rows))(index))
    fresh = np.stack([columns["fresh_dr"], columns["fresh_dc"]], 1)
    assert (got == fresh).all()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("height", 4, "height=4"),
        ("capacity", True, "capacity=True"),
        ("resolution", "parallel", "resolution='parallel'"),
        ("stacking", 1, "stacking=1"),
        ("systems", ("trade",), "trade"),
    ],
)
def test_bad_settings_are_refused(field, value, told):
    with pytest.raises(ValueError, match=told):
        Config().replace(**{field: value})
