"""The two ways of finding neighbours give the same answers; the large one at any size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.config import EnvConfig
from jaxmmo.env.state import Bodies
from jaxmmo.env.state.table import empty
from jaxmmo.env.views import crowds, neighbours
from tests.games import FIRST_GAME

SIDE = 40
CAPACITY = 96


def scattered(config: EnvConfig, living: int, spread: int, seed: int) -> Bodies:
    """Living agents in random slots with random ids, within a square of that side."""
    rng = np.random.default_rng(seed)
    low = (SIDE - spread) // 2
    place = rng.integers(max(low, 1), low + spread, (2, config.capacity))
    return empty(Bodies, config, config.bodies, lambda table: config.bodies).replace(
        alive=jnp.asarray(rng.permutation(config.capacity) < living),
        id=jnp.asarray(rng.permutation(9999)[: config.capacity], jnp.int32),
        row=jnp.asarray(place[0], jnp.int32),
        col=jnp.asarray(place[1], jnp.int32),
    )


def seen(look, config: EnvConfig, players: Bodies, reach: jax.Array):
    """Slots each agent sees in order, how many are in view, and how many share its tile."""
    ranked = look.sort_agents(config, players)
    ranks, total = look.visible_ranks(config, players, ranked, reach)
    slots = jnp.pad(ranked.order, (0, 1), constant_values=config.capacity)[ranks]
    return slots, total, jnp.where(players.alive, ranked.crowd, 0)


@pytest.fixture(scope="module", params=FIRST_GAME)
def finders(request):
    config = jaxmmo.make(
        request.param, height=SIDE, width=SIDE - 3, capacity=CAPACITY, max_visible=12
    ).config
    return config, *(
        jax.jit(lambda players, reach, look=look: seen(look, config, players, reach))
        for look in (neighbours, crowds)
    )


@pytest.mark.parametrize("reach", [0, 1, 3, 7])
@pytest.mark.parametrize(("living", "spread"), [(96, 36), (60, 36), (96, 5), (96, 1), (2, 3)])
def test_counting_finds_the_same_agents_as_comparing_all_pairs(finders, living, spread, reach):
    config, pairs, counts = finders
    players = scattered(config, living, spread, seed=living + spread)
    wanted = pairs(players, jnp.int32(reach))
    jax.tree.map(np.testing.assert_array_equal, wanted, counts(players, jnp.int32(reach)))
    assert (np.asarray(wanted[0])[~np.asarray(players.alive)] == CAPACITY).all()


def test_both_agree_with_the_definition(finders):
    config, _, counts = finders
    players = jax.device_get(scattered(config, 70, 12, seed=5))
    slots, total, _ = counts(jax.tree.map(jnp.asarray, players), jnp.int32(2))
    for slot in np.flatnonzero(players.alive):
        away = np.maximum(
            np.abs(players.row - players.row[slot]), np.abs(players.col - players.col[slot])
        )
        others = np.flatnonzero(players.alive & (away <= config.vision))
        others = [other for other in others if other != slot]
        others.sort(
            key=lambda i: (
                config.reach_first and away[i] > 2,
                players.row[i],
                players.col[i],
                players.id[i],
            )
        )
        expected = others[: config.max_visible - 1]
        expected += [CAPACITY] * (config.max_visible - 1 - len(expected))
        assert slots[slot].tolist() == expected
        assert total[slot] == len(others)


@pytest.mark.slow
def test_a_world_too_large_for_pairs_plays_like_a_small_one():
    """Adding capacity beyond the switch from one way to the other changes nothing."""
    digests = []
    for capacity in (neighbours.MOST, neighbours.MOST + 1):
        env = jaxmmo.make(
            capacity=capacity, height=SIDE, width=SIDE, initial_population=200, max_spawns=4
        )
        rules = env.default_rules(max_population=240, spawn_attempts=4)
        obs, state = jax.jit(env.reset)(jax.random.key(0), rules)

        @jax.jit
        def tick(key, state, obs, env=env, rules=rules):
            row = jnp.argmax(obs.masks.target[:, 1, 1:], -1) + 1
            target = jnp.where(jnp.any(obs.masks.target[:, 1, 1:], -1), row, 0)
            move = (state.players.id + state.tick) % 5
            action = {"move": move, "style": jnp.ones_like(move), "target": target}
            obs, state, *_ = env.step(key, state, action, rules)
            return obs, state

        for t in range(20):
            obs, state = tick(jax.random.key(t), state, obs)
        digests.append(env.digest(state).tolist())
    assert digests[0] == digests[1]
