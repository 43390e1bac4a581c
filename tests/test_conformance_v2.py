"""The second game against recordings of Neural MMO 2.1."""

import json
from collections import deque
from functools import partial

import jax
import numpy as np
import pytest

from jaxmmo.env.v2.constants import PASSABLE, Material
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.tasks import Predicate
from tests.conformance import (
    recordings,
    v2_agreement,
    v2_observations,
    v2_policies,
    v2_reset,
    v2_statistics,
    v2_trace,
)
from tests.conformance.__main__ import main
from tests.conformance.v2_recorded import NOWHERE, Recorded
from tests.env.second.worlds import small, world_with

DATA = recordings.DATA / "v2"
TRACES = sorted(DATA.glob("trace_*.npz"))
SEEDED = [path for path in TRACES if "_race_" not in path.name and "_team_" not in path.name]


@pytest.mark.slow
def test_the_first_ticks_of_a_run_are_exact():
    report = v2_trace.check(DATA / "trace_rich_9.npz", ticks=v2_trace.CHUNK)
    assert report.passed, report.summary()
    assert report.extra["events"] > 1000


@pytest.mark.slow
def test_all_at_once_is_the_same_where_the_order_does_not_matter():
    report = v2_agreement.check(DATA / "trace_rich_9.npz", ticks=v2_trace.CHUNK)
    assert report.passed, report.summary()
    assert report.extra["compared entity"] > 0.8


@pytest.mark.campaign
@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_whole_runs_are_the_same_all_at_once(path):
    report = v2_agreement.check(path)
    assert report.passed, report.summary()


def test_observations_and_masks_are_exact():
    report = v2_observations.check(DATA / "trace_base_1.npz", DATA / "obs_base_1.npz")
    assert report.passed, report.summary()


@pytest.mark.parametrize("name", ["tasks_7", "tasks_8"])
def test_tasks_about_tiles_make_none_seizable(name):
    recorded = Recorded(DATA / f"trace_{name}.npz")
    kinds = [Predicate.SEIZE_TILE, Predicate.SEIZE_CENTER]
    about = np.isin(recorded.tasks.predicate, kinds)
    assert about.sum() == 4
    assert set(recorded.tiles) == {NOWHERE}
    # players stood alone on the tile of a task, and no seizure was recorded
    ent, columns = recorded["ent"], recorded["ent_columns"].tolist()
    row, col = recorded.tasks.first[about][0], recorded.tasks.second[about][0]
    here = (ent[..., columns.index("row")] == row) & (ent[..., columns.index("col")] == col)
    alone = here.sum(1) == 1
    assert (ent[..., columns.index("id")][here & alone[:, None]] > 0).any()


@pytest.mark.campaign
@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_whole_runs_are_exact(path):
    report = v2_trace.check(path)
    assert report.passed, report.summary()


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["fog_2", "medium_5", "rich_3", "rich_9", "team_4"])
def test_all_recorded_observations_and_masks_are_exact(name):
    report = v2_observations.check(DATA / f"trace_{name}.npz", DATA / f"obs_{name}.npz")
    assert report.passed, report.summary()


@pytest.mark.slow
def test_a_wrong_number_is_found(tmp_path):
    with np.load(DATA / "trace_rich_9.npz") as file:
        arrays = dict(file)
    gold = arrays["ent_columns"].tolist().index("gold")
    arrays["ent"] = arrays["ent"].copy()
    row = int(np.flatnonzero(arrays["ent"][8, :, 0])[-1])
    arrays["ent"][8, row, gold] += 1
    np.savez(tmp_path / "wrong.npz", **arrays)
    summary = v2_trace.check(tmp_path / "wrong.npz", ticks=v2_trace.CHUNK).summary()
    assert summary["mismatches"] == {"gold": 1}
    assert summary["first_mismatch"]["tick"] == 7
    assert not summary["passed"]


@pytest.mark.parametrize("path", SEEDED, ids=lambda path: path.stem)
def test_resets_follow_from_their_seeds(path):
    recorded = Recorded(path)
    with np.load(path) as file:
        reset = v2_reset.Reset(recorded.constants, int(file["seed"]))
    tiles = reset.tiles()
    assert (tiles == recorded["tile"][0]).all()
    ids = recorded.column("ent", "id")[0]
    columns = {name: recorded.column("ent", name)[0] for name in ("row", "col")}
    where = {int(i): (int(columns["row"][r]), int(columns["col"][r])) for r, i in enumerate(ids)}
    for k, npc in enumerate(reset.npcs(tiles)):
        known = recorded.npc[-1 - k]
        assert where[-1 - k] == (npc["r"], npc["c"])
        assert (known["style"], known["armor_type"], known["tool_type"]) == (
            npc["style"],
            npc["armor"],
            npc["tool"],
        )
    places, resilient = reset.players()
    assert [where[i + 1] for i in range(len(places))] == places
    at = [int(np.flatnonzero(ids == i + 1)[0]) for i in range(len(places))]
    assert (recorded.column("hid", "resilient")[0, at] == resilient).all()


@pytest.mark.parametrize(
    ("policy", "runs"),
    [
        pytest.param("noop", 3, marks=pytest.mark.slow),
        pytest.param("random_legal", 12, marks=pytest.mark.campaign),
    ],
)
def test_short_lives_have_the_recorded_statistics(policy, runs):
    report = v2_statistics.check("Small", policy, runs=runs)
    assert report["passed"], report["mismatches"]
    assert report["runs"] == runs and not report["lost"]


@pytest.mark.campaign
@pytest.mark.parametrize("preset", ["Small", "Medium"])
@pytest.mark.parametrize("policy", v2_policies.POLICIES)
def test_long_runs_have_the_recorded_statistics(preset, policy):
    report = v2_statistics.check(preset, policy)
    assert report["passed"], report["first_mismatch"]


def towards(tiles, wanted):
    """A step by breadth over passable tiles of a window, as the recorded forager was written."""
    side = len(tiles)
    start, steps = (side // 2, side // 2), ((-1, 0), (1, 0), (0, 1), (0, -1))

    def around(place):
        for number, (down, right) in enumerate(steps):
            row, col = place[0] + down, place[1] + right
            if 0 <= row < side and 0 <= col < side:
                yield number, (row, col)

    queue, first = deque([start]), {start: v2_policies.STAY}
    while queue:
        place = queue.popleft()
        if wanted == Material.FOLIAGE and tiles[place] == wanted:
            return first[place]
        if wanted == Material.WATER and any(tiles[at] == wanted for _, at in around(place)):
            return first[place]
        for number, at in around(place):
            if PASSABLE[tiles[at]] and at not in first:
                first[at] = number if place == start else first[place]
                queue.append(at)
    return None


@pytest.mark.slow
def test_the_forager_goes_where_a_search_by_breadth_does():
    config = small(capacity=60)
    random, rules = np.random.default_rng(0), default_rules(config)
    kinds = [Material.GRASS] * 8 + [Material.STONE] * 4 + [Material.WATER, Material.FOLIAGE]
    decide = jax.jit(partial(v2_policies.forager, config, rules))
    found, wandered = 0, 0
    for seed in range(3):
        tiles = random.choice(kinds, (64, 64)).astype(np.uint8)
        places = random.permutation(np.argwhere(PASSABLE[tiles[20:44, 20:44]]) + 20)[:60]
        needs = random.integers(0, 100, (60, 2))
        players = [
            {"row": int(r), "col": int(c), "food": int(food), "water": int(water)}
            for (r, c), (food, water) in zip(places, needs, strict=True)
        ]
        moves = decide(world_with(config, players, material=tiles), jax.random.key(seed)).move
        for (row, col), (food, water), move in zip(places, needs, moves.tolist(), strict=True):
            window = tiles[row - 7 : row + 8, col - 7 : col + 8]
            step = towards(window, Material.FOLIAGE if food <= water else Material.WATER)
            if min(food, water) < v2_policies.SATED and step is not None:
                assert move == step
                found += 1
            else:
                free = [PASSABLE[window[at]] for at in ((6, 7), (8, 7), (7, 8), (7, 6))]
                assert free[move] if any(free) else move == v2_policies.STAY
                wandered += 1
    assert found > 60 and wandered > 20


def test_the_command_prints_one_object(capsys, monkeypatch):
    monkeypatch.setattr(v2_trace, "check", lambda path: v2_trace.Report("x", "y", np.ones(1, bool)))
    assert main(["v2-trace", "somewhere.npz"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["matched"] == 1


@pytest.mark.parametrize("words", [["v2-trace", "{}"], ["v2-observations", "{}", "{}"]])
def test_unreadable_files_are_refused(tmp_path, capsys, words):
    path = tmp_path / "text.npz"
    path.write_text("not an archive")
    assert main([word.format(path) for word in words]) == 2
    assert "not a readable .npz file" in capsys.readouterr().err
