from __future__ import annotations

import io
import random

import jax
import numpy as np
import pytest

from jaxmmo.agents import scripted
from jaxmmo.records import Record
from jaxmmo.replay.frames import named_leaves
from jaxmmo.viewer import Frame, Replay, ReplayWriter, World
from jaxmmo.viewer.world import summarise
from tests.viewer.conftest import Recording, assert_same, record, tiny_world


@pytest.mark.slow
def test_a_thousand_ticks_come_back_bit_for_bit(crowd: Recording):
    replay = Replay(crowd.data)
    assert len(replay) == len(crowd.frames) == 1001
    for decoded, recorded in zip(replay, crowd.frames, strict=True):
        assert_same(decoded, recorded)


@pytest.mark.slow
def test_a_thousand_ticks_of_128_agents_fit_in_two_megabytes(crowd: Recording):
    alive = np.mean([frame.state.players.alive.sum() for frame in crowd.frames])
    assert alive > 110
    assert len(crowd.data) * 128 / alive < 2_000_000


@pytest.mark.slow
def test_frames_can_be_read_in_any_order(crowd: Recording):
    replay = Replay(crowd.data)
    for index in random.Random(0).sample(range(1001), 12):
        assert_same(replay[index], crowd.frames[index])
    assert_same(replay[-1], crowd.frames[-1])
    with pytest.raises(IndexError):
        replay[1001]


@pytest.mark.slow
def test_a_restored_state_is_the_state_and_goes_on_alike(tiny: Recording):
    world = tiny_world(outputs=False)
    for _ in range(30):
        world.step()
    state = Replay(tiny.data).state(30)
    live = world._live[1]
    jax.tree.map(np.testing.assert_array_equal, state, live)
    np.testing.assert_array_equal(tiny.env.digest(state), tiny.env.digest(live))
    key = jax.random.key(9)
    step = jax.jit(tiny.env.step)
    after = [step(key, s, tiny.env.noop(), tiny.rules)[1] for s in (state, live)]
    first, second = (np.asarray(tiny.env.digest(s)) for s in after)
    np.testing.assert_array_equal(first, second)


def test_the_header_says_what_was_played(tiny: Recording):
    replay = Replay(tiny.data)
    assert replay.header.config == tiny.env.config
    assert (replay.header.title, replay.header.seed) == ("a test", 0)
    jax.tree.map(np.testing.assert_array_equal, replay.rules, tiny.rules)


def test_policy_outputs_are_kept_only_where_asked(tiny: Recording):
    with_outputs = Replay(tiny.data)
    assert with_outputs.header.has_policy
    without = record(tiny_world(outputs=False), 10)
    assert not Replay(without.data).header.has_policy
    assert Replay(without.data)[3].policy is None
    kept = with_outputs[3].policy
    assert kept is not None
    assert kept["value"].dtype == np.float32
    assert kept["move"].dtype == np.uint8


def test_preferences_are_the_probabilities_that_actions_are_drawn_from():
    world = tiny_world()
    obs, _, carry, reset = world._live
    policy = scripted.get("fighter", world.env)
    spec = world.env.spec
    ask = jax.jit(lambda obs: summarise(spec, policy.apply((), obs, carry, reset), obs.masks))
    answers = {k: np.asarray(v) for k, v in ask(obs).items()}
    alive = world.frame.state.players.alive
    for name in ("move", "style", "target"):
        np.testing.assert_allclose(answers[name][alive].sum(-1), 255, atol=12)
    assert not np.any(answers["move"][~np.asarray(obs.masks.move)])
    unreachable = ~np.asarray(obs.masks.target).any(1)
    assert not np.any(answers["target"][unreachable & alive[:, None]])


def test_recording_does_not_change_the_world():
    silent, recorded = tiny_world(outputs=False), tiny_world(outputs=True)
    for _ in range(5):
        silent.step()
        recorded.step()
    jax.tree.map(np.testing.assert_array_equal, silent.frame.state, recorded.frame.state)


def test_the_first_frame_has_no_events(tiny: Recording):
    events = tiny.frames[0].events
    assert np.all(events.attacks.target == tiny.env.config.capacity)
    rest = named_leaves(events.replace(attacks=Record()))
    assert not any(np.any(leaf) for leaf in rest.values())


def test_a_writer_refuses_frames_of_another_world(tiny: Recording):
    writer = ReplayWriter(io.BytesIO(), tiny.env, tiny.rules)
    writer.append(tiny.frames[0])
    state = tiny.frames[0].state
    smaller = jax.tree.map(lambda x: x[:4] if np.ndim(x) else x, state)
    assert smaller.num_players == state.num_players
    with pytest.raises(ValueError, match=r"is not .* as in the first"):
        writer.append(Frame(smaller, tiny.frames[0].events, tiny.frames[0].policy))


def test_an_empty_replay_cannot_be_written(tiny: Recording):
    with pytest.raises(ValueError, match="at least one frame"):
        ReplayWriter(io.BytesIO(), tiny.env, tiny.rules).close()


def test_a_recording_that_failed_is_not_completed(tiny: Recording):
    file = io.BytesIO()
    with (
        pytest.raises(RuntimeError, match="power cut"),
        ReplayWriter(file, tiny.env, tiny.rules) as writer,
    ):
        writer.append(tiny.frames[0])
        raise RuntimeError("power cut")
    with pytest.raises(ValueError, match="cut off"):
        Replay(file.getvalue())


def test_worlds_with_the_same_seed_are_the_same():
    first, second = (tiny_world(seed=4) for _ in range(2))
    assert_same(first.step(), second.step())
    other: World = tiny_world(seed=5)
    assert not np.array_equal(other.step().state.players.row, first.frame.state.players.row)
