"""Recordings of the version before, and of games that nobody thought of here."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

from jaxmmo.records import Record
from jaxmmo.replay.frames import Frame, flatten
from jaxmmo.viewer import Replay, ReplayWriter, render
from tests.viewer.conftest import Recording, assert_same

OLD = Path(__file__).parents[1] / "data" / "version1"
KNOWN = {"JaxMMO-v1": "339f7277b30239ae", "NeuralMMO-v1.3": "15b351e7a120c79d"}
"""Digests of every array of every frame, as the version that wrote the files read them."""


@pytest.mark.parametrize("preset", KNOWN)
def test_recordings_of_version_1_read_as_they_were(preset: str):
    replay = Replay.load(OLD / f"{preset}.jmmo")
    digest = hashlib.sha256()
    for frame in replay:
        for name, value in sorted(flatten(frame).items()):
            digest.update(name.encode() + value.dtype.name.encode() + value.tobytes())
    assert digest.hexdigest()[:16] == KNOWN[preset]
    assert replay.header.config.preset == preset
    frame = replay[20]
    assert render(frame.state, frame.events).any()
    np.testing.assert_array_equal(frame.state.players.health, frame.state.bodies.health)
    assert replay.header.world["lists"]["style"] == ["melee", "range", "mage"]


@pytest.mark.parametrize("preset", KNOWN)
def test_worlds_of_version_1_go_on(preset: str):
    replay = Replay.load(OLD / f"{preset}.jmmo")
    state = replay.state(7)
    assert int(state.tick) == replay[7].tick
    np.testing.assert_array_equal(state.players.food, replay[7].state.players.food)


def extended(frame: Frame, rows: int) -> Frame:
    """The frame with a column, a table, events and answers that this version has never heard of."""
    bodies = frame.state.bodies
    poison = np.arange(rows, dtype=np.int16) - 3
    mana = np.linspace(0, 1, rows, dtype=np.float32)
    items = Record(
        owner=np.array([0, rows, 1], np.int32),
        kind=np.array([[1, 2], [3, 4], [5, 6]], np.uint8),
        keys=np.full((3, 2, 2), 7, np.int8),
    )
    state = frame.state.replace(
        bodies=bodies.replace(poison=poison, mana=mana), tables=Record(items=items)
    )
    dose = np.zeros(rows, np.uint16)
    dose[2] = 40_000
    events = frame.events.replace(others=Record(poison=Record(dose=dose)))
    return dataclasses.replace(frame, state=state, events=events)


def test_whatever_a_game_keeps_is_recorded_and_replayed(tiny: Recording):
    frames = [extended(f, tiny.env.config.capacity) for f in tiny.frames[:5]]
    file = io.BytesIO()
    with ReplayWriter(file, tiny.env, tiny.rules) as writer:
        for frame in frames:
            writer.append(frame)
    replay = Replay(file.getvalue())
    for decoded, recorded in zip(replay, frames, strict=True):
        assert_same(decoded, recorded)
    assert replay[1].state.tables["items"]["keys"].tolist() == [[[7, 7], [7, 7]]] * 3
    assert replay[1].events.others.poison.dose[2] == 40_000
    tables = replay.header.world["tables"]
    assert tables["tables.items"]["rows"] == 3
    assert tables["bodies"]["columns"]["poison"]["label"] == "poison"
    with pytest.raises(ValueError, match=r"does not have: \['bodies\.mana'"):
        replay.state(0)


def test_arrays_that_the_format_has_no_room_for_are_named(tiny: Recording):
    frame = tiny.frames[0]
    for value in (np.zeros(3, np.float64), np.zeros((1, 1, 1, 1, 1), np.int32), np.zeros((0, 4))):
        odd = dataclasses.replace(frame, state=frame.state.replace(odd=value))
        with pytest.raises(ValueError, match=r"field odd|'odd'"):
            ReplayWriter(io.BytesIO(), tiny.env, tiny.rules).append(odd)


def test_the_players_of_a_snapshot_are_the_first_bodies(tiny: Recording):
    state = tiny.frames[0].state
    health = state.players.health + 1
    changed = state.replace(players=state.players.replace(health=health))
    np.testing.assert_array_equal(changed.bodies.health, health)
    np.testing.assert_array_equal(changed.players.food, state.bodies.food)
