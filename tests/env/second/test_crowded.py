"""Large worlds find the same as small ones, without comparing each with each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.v2 import inventory, minds, order, state

SIZE, SIDE = 60, 64


@pytest.fixture(scope="module")
def env():
    return jaxmmo.make("JaxMMO-v2", size="Small", capacity=SIZE, npc_capacity=SIZE, height=SIDE)


@pytest.fixture(scope="module")
def nothing(env):
    """A state of zeros, which costs no compilation."""
    shapes = jax.eval_shape(env.reset, jax.random.key(0))[1]
    tables = {"bodies": shapes.bodies, "items": shapes.tables["items"]}
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), tables)


@pytest.fixture(scope="module")
def bodies(env, nothing):
    """Bodies at random tiles of a crowded square, some of them dead, immortal, or without a row."""
    draw, config = np.random.default_rng(0), env.config
    made = nothing["bodies"]
    total = config.bodies
    kind = np.r_[draw.integers(-1, 1, SIZE), draw.integers(1, 4, SIZE)]
    return made.replace(
        alive=jnp.asarray(draw.random(total) < 0.8),
        kind=jnp.asarray(kind, jnp.int32),
        health=jnp.asarray(np.where(draw.random(total) < 0.1, 0, 50), jnp.int32),
        id=jnp.asarray(np.r_[np.arange(SIZE) + 1, -draw.permutation(SIZE) - 1], jnp.int32),
        place=jnp.asarray(draw.permutation(total) + 1, jnp.int32),
        row=jnp.asarray(draw.integers(20, 40, total), jnp.int32),
        col=jnp.asarray(draw.integers(20, 40, total), jnp.int32),
    )


def test_the_nearest_player_is_found_on_the_map(env, bodies):
    config = env.config
    npcs = jax.tree.map(lambda column: column[SIZE:], bodies)
    compared = minds._nearest(config, bodies, npcs)
    assert (compared != 0).sum() > 10 and len(set(compared.tolist())) > 5
    np.testing.assert_array_equal(minds._nearest_on_map(config, bodies, npcs), compared)


def test_slots_of_ids_are_searched_for(env, bodies):
    ids = jnp.asarray([*range(-SIZE - 3, SIZE + 1)], jnp.int32)
    compared = state.slot_of(env.config, bodies, ids)
    assert (compared < env.config.bodies).sum() > 80 and (compared == env.config.bodies).sum() > 5
    np.testing.assert_array_equal(state._slot_by_search(env.config, bodies, ids), compared)


def test_bags_are_sorted(env, nothing, monkeypatch):
    draw, size = np.random.default_rng(1), env.config.items
    items = nothing["items"]
    owner = draw.integers(0, env.config.bodies + 1, size)
    items = items.replace(
        alive=jnp.asarray(draw.random(size) < 0.7), owner=jnp.asarray(owner, jnp.int32)
    )
    compared = inventory.rows_of(items, SIZE, 5)
    alive = np.asarray(items.alive)
    wanted = [np.flatnonzero(alive & (owner == body))[:5].tolist() for body in range(SIZE)]
    wanted = [rows + [size] * (5 - len(rows)) for rows in wanted]
    np.testing.assert_array_equal(compared, wanted)
    monkeypatch.setattr(inventory, "SMALL", 8)
    np.testing.assert_array_equal(inventory.rows_of(items, SIZE, 5), wanted)


def test_sums_of_those_before_are_sorted(monkeypatch):
    draw = np.random.default_rng(2)
    group, rank, amount = (draw.integers(0, n, 70).astype(np.int32) for n in (6, 9, 4))
    before = [(rank < rank[i]) | ((rank == rank[i]) & (np.arange(70) < i)) for i in range(70)]
    wanted = [amount[(group == group[i]) & before[i]].sum() for i in range(70)]
    group, rank, amount = map(jnp.asarray, (group, rank, amount))
    np.testing.assert_array_equal(order.sums_before(group, rank, amount), wanted)
    monkeypatch.setattr(order, "SMALL", 8)
    np.testing.assert_array_equal(order.sums_before(group, rank, amount), wanted)


def test_room_follows_the_number_of_players():
    def room(name, **given):
        config = vars(jaxmmo.make(name, **given).config)
        return config["items"], config["events"], config["attempts"]

    many = {"capacity": 1000, "height": 600}
    assert room("JaxMMO-v2", npc_capacity=2000, **many) == (12_064, 16_000, 400)
    assert room("JaxMMO-v2", items=77, events=78, attempts=3, **many) == (77, 78, 3)
    assert room("NeuralMMO-v2.1", size="Large") == (12_352, 16_384, 25)
