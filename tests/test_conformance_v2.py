"""The second game against recordings of Neural MMO 2.1."""

import json

import numpy as np
import pytest

from jaxmmo.env.v2.tasks import Predicate
from tests.conformance import recordings, v2_agreement, v2_observations, v2_reset, v2_trace
from tests.conformance.__main__ import main
from tests.conformance.v2_recorded import NOWHERE, Recorded

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
