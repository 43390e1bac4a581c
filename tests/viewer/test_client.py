"""The client's own reading of replays, run by node, against what was recorded."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxmmo.replay.frames import as_int32, flatten
from jaxmmo.viewer import Replay
from tests.viewer.conftest import Recording

CLIENT = Path(__file__).parents[2] / "client"
INDICES = (0, 1, 17, 63, 64, 80)

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not CLIENT.is_dir(), reason="node is not installed"
)


@pytest.fixture(scope="module")
def read(tiny: Recording, tmp_path_factory: pytest.TempPathFactory) -> dict:
    path = tmp_path_factory.mktemp("replay") / "tiny.jmmo"
    path.write_bytes(tiny.data)
    command = ["node", str(CLIENT / "test" / "read.js"), str(path), *map(str, INDICES)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_client_reads_what_was_recorded(tiny: Recording, read: dict):
    assert read["length"] == len(tiny.frames)
    for entry in read["frames"]:
        arrays = flatten(tiny.frames[entry["index"]])
        assert set(entry["arrays"]) == set(arrays)
        for name, values in entry["arrays"].items():
            decoded = np.array(values, np.int64).astype(np.uint32).view(np.int32)
            np.testing.assert_array_equal(decoded, as_int32(arrays[name]).reshape(-1), name)


@pytest.mark.slow
def test_the_client_knows_who_sees_whom(tiny: Recording, read: dict):
    """In the order of the observation, which attention and target preferences follow."""
    replay = Replay(tiny.data)
    config = tiny.env.config
    met = 0
    for entry in read["frames"]:
        state = replay.state(entry["index"])
        obs = jax.jit(tiny.env.observe)(state, tiny.rules)[0]
        rows, overflow = np.asarray(state.views.agent.slots), np.asarray(obs.overflow)
        for slot, seen in entry["sees"].items():
            expected = [int(row) for row in rows[int(slot)] if row < config.capacity]
            assert seen["rows"] == expected
            assert seen["overflow"] == overflow[int(slot)]
            met += len(expected) > 1
    assert met > 5


def test_the_client_tells_events_and_agents_as_they_were(tiny: Recording, read: dict):
    told = 0
    for entry in read["frames"]:
        frame = tiny.frames[entry["index"]]
        players, deaths = frame.state.players, frame.events.deaths
        died = {int(i) for i in deaths.id[deaths.cause > 0]}
        born = {int(i) for i in players.id[frame.events.newborn]}
        events = entry["events"]
        assert {e["id"] for e in events if e["kind"] in ("kill", "death")} == died
        assert {e["id"] for e in events if e["kind"] == "birth"} == born
        told += len(events)
        assert [a["id"] for a in entry["agents"]] == players.id[players.alive].tolist()
        for agent in entry["agents"]:
            slot = agent["slot"]
            for name in ("health", "food", "water", "row", "col", "freeze", "time_alive"):
                assert agent[name] == getattr(players, name)[slot]
            assert [s["level"] for s in agent["skills"]] == players.level[slot].tolist()
            assert frame.policy is not None
            assert agent["policy"]["value"] == pytest.approx(float(frame.policy["value"][slot]))
    assert told > 0


def test_the_clients_own_tests_pass():
    files = sorted(map(str, (CLIENT / "test").glob("*.test.js")))
    command = ["node", "--test", *files]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
