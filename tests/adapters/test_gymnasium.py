"""Gymnasium's own checks on the vector form, its wrappers as clients, lives and ends of worlds."""

# the library is not in the project's own environment
# pyright: reportMissingImports=false
from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_reset_seed_determinism, data_equivalence
from gymnasium.utils.passive_env_checker import check_action_space, check_observation_space
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import (
    DictInfoToList,
    FlattenObservation,
    RecordEpisodeStatistics,
)

from jaxmmo.adapters.gymnasium import register, vector_env
from tests.adapters.worlds import EMPTY, HUNGRY, SECOND, SMALL
from tests.games import FIRST_GAME

MODES = ["NextStep", "SameStep", "Disabled"]


@pytest.mark.parametrize("preset", FIRST_GAME)
@pytest.mark.parametrize("form", [("flat", "multi"), ("dense", "joint")], ids="-".join)
def test_its_checks_pass(preset, form):
    observations, actions = form
    check(vector_env(preset, 2, horizon=8, observations=observations, actions=actions, **SMALL))


def hungry(preset, mode, **settings):
    """Small worlds of the second game; one form for each preset, so that it is compiled once."""
    observations = "flat" if preset == SECOND[0] else "dense"
    settings |= {"horizon": 14, "autoreset_mode": mode, "observations": observations}
    return vector_env(preset, 2, **settings, **HUNGRY)


@pytest.mark.parametrize("preset", SECOND)
def test_its_checks_pass_in_the_second_game(preset):
    envs = hungry(preset, "SameStep")
    check(envs)


def check(envs):
    """What Gymnasium checks of spaces, resets and steps."""
    size = envs.num_envs
    for space in (envs.single_observation_space, envs.observation_space):
        check_observation_space(space)
    for space in (envs.single_action_space, envs.action_space):
        check_action_space(space)
    check_reset_seed_determinism(envs)
    envs.action_space.seed(0)
    for _ in range(12):
        told = envs.step(envs.action_space.sample())
        observations, rewards, terminations, truncations, infos = told
        assert envs.observation_space.contains(observations)
        for array, dtype in ((rewards, np.float32), (terminations, bool), (truncations, bool)):
            assert array.shape == (size,) and array.dtype == dtype
        assert isinstance(infos, dict)


def lives(envs, steps, seed=0):
    """Plays random legal actions; yields what was seen before, and what the step returned."""
    _, infos = envs.reset(seed=seed)
    envs.action_space.seed(seed)
    for _ in range(steps):
        before = infos
        actions = envs.action_space.sample()
        told = envs.step(actions)
        _, _, _, truncations, infos = told
        yield before, told
        if envs.metadata["autoreset_mode"] == AutoresetMode.DISABLED and truncations.any():
            over = np.repeat(truncations.reshape(envs.num_worlds, -1).any(1), envs.slots)
            _, infos = envs.reset(options={"reset_mask": over})


@pytest.mark.parametrize("mode", MODES)
def test_every_slot_tells_where_lives_begin_and_end(mode):
    envs = vector_env(num_worlds=2, horizon=30, autoreset_mode=mode, **SMALL)
    assert envs.metadata["autoreset_mode"] == AutoresetMode(mode)
    length, ended, cut = np.zeros(12, int), 0, 0
    for before, (observations, rewards, terminations, truncations, infos) in lives(envs, 100):
        acted, newborn, alive = infos["acted"], infos["newborn"], infos["alive"]
        begun = before["newborn"]
        length = np.where(begun, 0, length) + acted
        restarted = mode == "NextStep" and not acted.any()
        # who acts is who was there before, unless the step was spent on a new world
        assert restarted or (acted == before["alive"]).all()
        assert not (terminations & ~acted).any() and not (truncations & ~acted).any()
        assert not (terminations & truncations).any()
        assert not rewards[~acted].any() and (rewards[terminations] == -1).all()
        seen = observations["observation"].any(1)
        assert (seen == alive).all()
        if mode != "SameStep" or not truncations.any():
            assert not seen[terminations].any()
            assert (newborn <= alive).all() and not (newborn & acted).any()
        if terminations.any():
            assert (infos["_lifetime"] == terminations).all()
            assert (infos["lifetime"][terminations] == length[terminations]).all()
            assert (infos["cause"][terminations] > 0).all()
        ended, cut = ended + terminations.sum(), cut + truncations.sum()
    assert ended > 10 and cut > 0


def test_a_new_world_comes_in_the_next_step_in_which_nobody_acts():
    envs = vector_env(num_worlds=1, horizon=8, **SMALL)
    told = [told for _, told in lives(envs, 18)]
    assert [bool(truncations.any()) for _, _, _, truncations, _ in told[:8]] == [0] * 7 + [1]
    assert told[7][0]["observation"][told[7][3]].any(1).all()  # the old world's, seen to its end
    _, rewards, terminations, _, infos = told[8]
    assert not infos["acted"].any() and not rewards.any() and not terminations.any()
    assert (infos["newborn"] == infos["alive"]).all() and infos["newborn"].sum() == 4
    assert told[16][3].any()  # eight ticks on


def test_a_new_world_in_the_same_step_leaves_the_last_observation_of_the_old():
    kept = vector_env(num_worlds=1, horizon=8, autoreset_mode="Disabled", **SMALL)
    swapped = vector_env(num_worlds=1, horizon=8, autoreset_mode="SameStep", **SMALL)
    *_, (_, ours) = lives(swapped, 8)
    kept.reset(seed=0)
    kept.action_space.seed(0)
    theirs: Any = None
    for _ in range(8):
        theirs = kept.step(kept.action_space.sample())
    cut, infos = ours[3], ours[4]
    assert cut.any() and (infos["_final_obs"] == (cut | ours[2])).all()
    for i in np.flatnonzero(infos["_final_obs"]):
        expected = {
            "observation": theirs[0]["observation"][i],
            "action_mask": tuple(mask[i] for mask in theirs[0]["action_mask"]),
        }
        assert data_equivalence(infos["final_obs"][i], expected, exact=True)
    assert (infos["newborn"] == infos["alive"]).all()


def test_worlds_without_births_end_when_nobody_lives():
    envs = hungry(SECOND[0], "NextStep")
    begun, worlds = np.zeros(2, bool), 0
    for _, (observations, _, _, truncations, infos) in lives(envs, 30):
        alive, acted, newborn = (
            infos[name].reshape(2, 4) for name in ("alive", "acted", "newborn")
        )
        seen = observations["observation"].any(1).reshape(2, 4)
        np.testing.assert_array_equal(seen, alive)
        np.testing.assert_array_equal(newborn.any(1), begun)
        assert (newborn == (alive & begun[:, None])).all() and not acted[begun].any()
        # empty, or at the horizon: in the next step, and no sooner, there is a new one
        begun = ~alive.any(1) | truncations.reshape(2, 4).any(1)
        worlds += begun.sum()
    assert worlds >= 4


def test_the_next_life_begins_in_the_step_that_ends_the_one_before():
    envs = RecordEpisodeStatistics(hungry(SECOND[1], "SameStep"))
    length, ended = np.zeros(8, int), 0
    for _, (observations, rewards, terminations, truncations, infos) in lives(envs, 30):
        assert infos["alive"].all() and infos["acted"].all()
        done = terminations | truncations
        length += 1
        # a whole world at once, or none
        by_world = truncations | terminations & truncations.reshape(2, 4).any(1).repeat(4)
        assert (by_world.reshape(2, 4).all(1) == truncations.reshape(2, 4).any(1)).all()
        np.testing.assert_array_equal(infos["newborn"], done)
        if terminations.any():
            assert (rewards[terminations] == -1).all() and infos["cause"][terminations].all()
        if done.any():
            np.testing.assert_array_equal(infos["episode"]["l"][done], length[done])
        for i in np.flatnonzero(done):
            final = infos["final_obs"][i]
            assert envs.single_observation_space.contains(final)
            assert final["observation"]["agent"]["present"].any() == truncations[i]
        assert observations["observation"]["agent"]["present"][:, 0].all()
        length[done] = 0
        ended += terminations.sum()
    assert ended > 8


def test_it_never_ends_without_a_horizon():
    envs = vector_env(horizon=None, **EMPTY)
    assert not any(told[3].any() for _, told in lives(envs, 40))


def test_its_wrappers_work():
    envs = RecordEpisodeStatistics(vector_env(horizon=8, **SMALL))
    envs.reset(seed=0)
    envs.action_space.seed(0)
    episodes = 0
    for _ in range(30):
        *_, terminations, truncations, infos = envs.step(envs.action_space.sample())
        episodes += (terminations | truncations).sum()
        if "episode" in infos:
            assert (infos["_episode"] == (terminations | truncations)).all()
    assert envs.episode_count == episodes > 0
    flat = FlattenObservation(vector_env(horizon=8, **SMALL))
    observations, _ = flat.reset(seed=0)
    assert flat.observation_space.contains(observations) and observations.ndim == 2
    listed = DictInfoToList(vector_env(horizon=8, **SMALL))
    _, infos = listed.reset(seed=0)
    assert len(infos) == 6


def test_it_can_be_made_by_name():
    ids = register()
    first, second = ([f"jaxmmo/{name}" for name in FIRST_GAME], [f"jaxmmo2/{n}" for n in SECOND])
    assert ids == register() == [*first, *second]
    envs = gymnasium.make_vec(ids[0], num_envs=12, horizon=16, **SMALL)
    assert envs.unwrapped.num_worlds == 2
    observations, _ = envs.reset(seed=0)
    assert envs.observation_space.contains(observations)
    with pytest.raises(ValueError, match="num_envs=7: must be a multiple of the capacity, 6"):
        gymnasium.make_vec(ids[0], num_envs=7, **SMALL)
    hungry = gymnasium.make_vec(ids[2], num_envs=8, **HUNGRY)
    assert hungry.unwrapped.num_worlds == 2 and hungry.single_action_space.shape == (13,)


def test_pictures_are_of_every_world():
    envs = vector_env(num_worlds=2, render_mode="rgb_array", **SMALL)
    assert envs.render() is None
    envs.reset(seed=0)
    pictures: Any = envs.render()
    assert len(pictures) == 2 and all(p.shape == (200, 200, 3) for p in pictures)
    assert not np.array_equal(*pictures)
    second = vector_env(SECOND[0], 2, horizon=14, render_mode="rgb_array", **HUNGRY)
    second.reset(seed=0)
    drawn: Any = second.render()
    assert [p.shape for p in drawn] == [(400, 400, 3)] * 2


def test_bad_input_is_refused():
    envs = vector_env(**SMALL)
    with pytest.raises(ValueError, match="call reset first"):
        envs.step(np.zeros((6, 3), int))
    with pytest.raises(ValueError, match="after a first reset"):
        envs.reset(options={"reset_mask": np.ones(6, bool)})
    envs.reset(seed=0)
    for actions in (np.zeros((6, 2), int), np.zeros((6, 3), float), np.zeros((5, 3), int)):
        with pytest.raises(ValueError, match=r"must be integers \[6, 3\]"):
            envs.step(actions)
    for mask in (np.ones(5, bool), np.ones(6, int), np.zeros(6, bool)):
        with pytest.raises(ValueError, match=r"must be bool\[6\]"):
            envs.reset(options={"reset_mask": mask})
    with pytest.raises(ValueError, match="whole worlds"):
        envs.reset(options={"reset_mask": np.arange(6) > 2})
    unknown: list[dict[str, Any]] = [
        {"autoreset_mode": "never"},
        {"render_mode": "human"},
        {"num_worlds": 0},
    ]
    for bad in unknown:
        with pytest.raises(ValueError, match="must be"):
            vector_env(**bad, **SMALL)
