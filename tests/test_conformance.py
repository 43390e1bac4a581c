"""The recordings of the original engine, replayed; and that the comparison can fail."""

import json

import numpy as np
import pytest

from tests.conformance import observations, recordings, statistics, trace, transitions
from tests.conformance.__main__ import main

TRANSITIONS = recordings.DATA / "transitions_public.npz"
TRACE = recordings.DATA / "trace0.npz"


def test_every_transition_is_exact_when_agents_act_one_after_another():
    report = transitions.check(TRANSITIONS, "sequential").summary()
    assert report["passed"], report["first_mismatch"]
    assert report["matched"] == report["total"] == 4000


def test_order_independent_transitions_are_exact_when_all_act_at_once():
    report = transitions.check(TRANSITIONS, "simultaneous").summary()
    assert report["passed"], report["first_mismatch"]
    assert report["matched"] == 2723
    assert report["matched_of_total"] >= 3772


def test_a_whole_run_is_replayed_exactly():
    report = trace.check(TRACE).summary()
    assert report["passed"], report["first_mismatch"]
    assert (report["matched"], report["agent_ticks"]) == (300, 12973)


def test_every_recorded_observation_is_reproduced_to_the_bit():
    report = observations.check(recordings.DATA / "obs_samples.npz").summary()
    assert report["passed"], report["first_mismatch"]
    assert report["matched"] == 556


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(policy, marks=[] if policy == "noop" else [pytest.mark.slow])
        for policy in statistics.POLICIES
    ],
)
def test_long_runs_have_the_recorded_statistics(policy):
    report = statistics.check(policy, worlds_per_map=3)
    assert report["passed"], report["first_mismatch"]
    assert report["unexplained_deaths"] == 0


def some(path, count, **changes):
    """Some transitions of a file, with arrays replaced."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    if count:
        arrays = {name: value[:count] for name, value in arrays.items()}
    return arrays | {name: change(arrays[name].copy()) for name, change in changes.items()}


def altered(index, by):
    def change(array):
        array[index] += by
        return array

    return change


@pytest.mark.parametrize(
    ("field", "index"),
    [
        ("after_food", (2, 0)),
        ("after_dexp", (1, 0, 3)),
        ("after_nents", (3, 5, 5)),
        ("after_level", (0, 0, 6)),
        ("attack_outcome", (4, 0)),
    ],
)
def test_a_transition_that_differs_is_found(tmp_path, capsys, field, index):
    path = tmp_path / "altered.npz"
    np.savez(path, **some(TRANSITIONS, 8, **{field: altered(index, 1)}))
    assert main(["transitions", str(path)]) == 1
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["matched"], report["required"], report["total"]) == (7, 8, 8)
    assert report["mismatches"] == {field: 1}
    first = report["first_mismatch"]
    assert (first["transition"], first["index"]) == (index[0], list(index[1:]))
    assert first["expected"] - first["got"] == 1


def test_a_file_of_other_sizes_is_compared(tmp_path):
    narrow = some(TRANSITIONS, 64)
    keep = narrow["n_agents"] <= 9
    narrow = {name: value[keep] for name, value in narrow.items()}
    wide = {
        name: value[:, :9] if value.ndim > 1 and value.shape[1] == 16 else value
        for name, value in narrow.items()
    }
    path = tmp_path / "narrow.npz"
    np.savez(path, **wide)
    report = transitions.check(path, "sequential")
    assert report.passed
    assert len(report.required) == keep.sum()


def test_a_run_with_a_refused_birth_goes_on_with_the_next_id(tmp_path):
    # the same run as if a limit had refused the last agent born: nobody else is different, as
    # nothing on that tick depends on it
    arrays = some(TRACE, 0)
    last = len(arrays["spawn"]) - 1
    assert arrays["alive"][last, last + 2] and not arrays["acted"][:, last + 2].any()
    arrays["spawn"][last] = -1
    arrays["alive"][last, last + 2] = False
    path = tmp_path / "refused.npz"
    np.savez(path, **arrays)
    assert trace.check(path).passed
    arrays["spawn"][last - 40] = -1
    np.savez(path, **arrays)
    summary = trace.check(path).summary()
    assert not summary["passed"]
    assert summary["first_mismatch"]["tick"] == last - 40


@pytest.mark.parametrize("command", ["transitions", "trace", "observations"])
def test_unreadable_and_incomplete_files_are_refused(tmp_path, capsys, command):
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    assert main([command, str(text)]) == 2
    assert "not a readable .npz file" in capsys.readouterr().err
    empty = tmp_path / "empty.npz"
    np.savez(empty, nothing=np.zeros(1))
    assert main([command, str(empty)]) == 2
    assert "lacks" in capsys.readouterr().err
