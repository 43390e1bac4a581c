"""The policies that ship."""

import re
from importlib import resources
from typing import Any

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.runs import library
from tests.games import ENDLESS, FIRST_GAME, SECOND_GAME, TINY_SECOND


@pytest.mark.parametrize("preset", library.baselines())
def test_a_baseline_is_small_and_acts_within_the_masks(preset):
    path = resources.files(library.BASELINES) / f"{preset}.npz"
    assert len(path.read_bytes()) < 2_000_000
    sizes: dict[str, Any] = {"initial_population": 64} if preset in FIRST_GAME else TINY_SECOND
    env = jaxmmo.make(preset, **sizes)
    policy, params = jaxmmo.load_baseline(preset)

    key = jax.random.key(0)
    obs, state = jax.jit(env.reset)(key)
    alive = state.players.alive
    out = jax.jit(policy.apply)(params, obs, (), alive)
    action = policy.decide(key, env.spec, out.logits, obs.masks)
    agents = np.arange(env.num_agents)
    for head in env.spec.heads:
        given = () if head.given is None else (action[head.given],)
        assert np.asarray(obs.masks[head.name])[(agents, *given, action[head.name])].all()
    if preset in FIRST_GAME:
        assert (out.value[alive] < 0).mean() > 0.9  # death is ahead, and worth -1


def test_the_first_game_ships_with_baselines():
    assert set(FIRST_GAME) <= set(library.baselines()) <= {*FIRST_GAME, ENDLESS}


@pytest.mark.parametrize("preset", [SECOND_GAME, "Unknown-v1"])
def test_a_preset_without_a_baseline_is_refused(preset):
    told = f"no baseline for '{preset}'; there are: {', '.join(library.baselines())}"
    with pytest.raises(ValueError, match=re.escape(told)):
        jaxmmo.load_baseline(preset)


def test_an_unknown_policy_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="forager"):
        library.load("nobody", jaxmmo.make())
