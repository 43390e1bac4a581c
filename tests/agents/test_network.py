"""Networks assembled from the spec."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import entities, heads, symmetry, tiles
from jaxmmo.agents.cores import FeedForward, Recurrent
from jaxmmo.agents.network import build
from jaxmmo.agents.populations import population_of, unshared
from jaxmmo.io.inputs import unpack

ENV = jaxmmo.make(
    height=32, width=32, capacity=16, num_populations=3, max_visible=6, initial_population=12
)
SPEC = ENV.spec


@pytest.fixture(scope="module")
def obs():
    return jax.jit(ENV.reset)(jax.random.key(0))[0]


def answer(policy, obs, key=0):
    params = jax.jit(policy.init)(jax.random.key(key))
    slots = obs.present.shape[:-1]
    return jax.jit(policy.apply)(params, obs, policy.initial_carry(slots), jnp.ones(slots, bool))


BLOCKS = {
    "default": {},
    "pooled attributes": {"attributes": entities.PooledAttributes(8)},
    "tokens": {"attributes": entities.TokenAttributes(8, block=entities.SelfAttention())},
    "transformer": {"entities": entities.QueryAttention(block=entities.SelfAttention())},
    "attention over tiles": {"tiles": tiles.AttentionTiles(8, 2)},
    "convolution": {"tiles": tiles.ConvTiles(8, 2)},
    "gru": {"core": Recurrent(8)},
    "deep": {"core": FeedForward(8, layers=2)},
    "own heads": {"groups": 3},
    "bfloat16": {"dtype": jnp.bfloat16},
}


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS.keys())
def test_any_blocks_answer_every_head_for_every_slot(obs, blocks):
    out = answer(build(SPEC, **blocks), obs)
    shapes = {name: logits.shape for name, logits in out.logits.items()}
    assert shapes == {"move": (16, 5), "style": (16, 3), "target": (16, 3, 6)}
    assert out.value.shape == (16,)
    assert all(bool(jnp.all(jnp.isfinite(x))) for x in jax.tree.leaves(out))
    assert out.logits["move"].dtype == jnp.float32


def test_attention_weights_cover_exactly_those_present(obs):
    weights = answer(build(SPEC), obs).aux["agent"]
    alive = obs.present[:, 0]
    np.testing.assert_allclose(jnp.sum(weights, 1), alive, atol=1e-5)
    assert not bool(jnp.any(jnp.where(obs.present, 0, weights)))


def test_leading_axes_are_free(obs):
    policy = build(SPEC)
    params = jax.jit(policy.init)(jax.random.key(0))
    flat = jax.jit(policy.apply)(params, obs, (), jnp.zeros(16, bool))
    worlds = jax.tree.map(lambda x: x.reshape(2, 8, *x.shape[1:]), obs)
    split = jax.jit(policy.apply)(params, worlds, (), jnp.zeros((2, 8), bool))
    np.testing.assert_allclose(split.value.reshape(-1), flat.value, atol=1e-6)
    assert split.logits["target"].shape == (2, 8, 3, 6)


def test_any_number_of_visible_agents_fits_the_same_parameters(obs):
    policy = build(SPEC)
    params = jax.jit(policy.init)(jax.random.key(0))
    wide = build(jaxmmo.make(num_populations=3, max_visible=9, capacity=16).spec)
    agent = obs.tables["agent"].replace(
        words=jnp.pad(obs.agents, ((0, 0), (0, 3), (0, 0))),
        present=jnp.pad(obs.present, ((0, 0), (0, 3))),
    )
    padded = obs.replace(tables=obs.tables.replace(agent=agent))
    one = jax.jit(policy.apply)(params, obs, (), jnp.zeros(16, bool))
    other = jax.jit(wide.apply)(params, padded, (), jnp.zeros(16, bool))
    np.testing.assert_allclose(one.value, other.value, atol=1e-5)
    np.testing.assert_allclose(one.logits["target"], other.logits["target"][..., :6], atol=1e-5)


def test_table_of_tiles_is_the_sum_of_its_entries(obs):
    module = tiles.TableTiles(4)
    params = module.init(jax.random.key(1), SPEC, obs.tiles)
    params = jax.tree.map(lambda p: jax.random.normal(jax.random.key(2), p.shape), params)
    vector, _ = module.apply(params, SPEC, obs.tiles)
    where, order = tiles.regions(SPEC), tiles.packed_order(SPEC)
    own: Any = params["params"]
    raw = unpack(SPEC, obs)["tile"]
    side = SPEC.window
    expected = np.tile(own["bias"], (16, 1)).astype(np.float64)
    for place, raster in enumerate(order):
        inside = raster < side * side
        material = np.asarray(raw["material"][:, raster]) if inside else np.zeros(16, int)
        crowd = np.asarray(raw["agents"][:, raster], float) if inside else np.zeros(16)
        for name, value, amount in (
            ("material", material, np.ones(16)),
            ("agents", np.zeros(16, int), crowd / (1 + crowd / entities.BOUND)),
        ):
            entry = own[name][value, place]
            entry = entry + np.einsum("nrf,r->nf", own[f"{name}_regions"][value], where[:, place])
            expected += amount[:, None] * entry
    np.testing.assert_allclose(vector[:, 0], np.maximum(expected, 0), rtol=2e-3, atol=2e-3)


def turned(tiles, view):
    """Packed windows, u32[N, side, words], as they are after the world was turned."""
    side, per_word = SPEC.window, 32 // SPEC.tile_bits
    shifts = jnp.arange(0, 32, SPEC.tile_bits, dtype=jnp.uint32)
    cells = (tiles[..., None] >> shifts) & (2**SPEC.tile_bits - 1)
    cells = cells.reshape(*tiles.shape[:-1], -1)[..., :side]
    row, col = np.einsum("ij,jrc->irc", symmetry.VIEWS[view], np.indices((side, side)) - side // 2)
    cells = jnp.zeros_like(cells).at[:, row + side // 2, col + side // 2].set(cells)
    cells = jnp.pad(cells, ((0, 0), (0, 0), (0, tiles.shape[-1] * per_word - side)))
    cells = cells.reshape(*tiles.shape, per_word)
    return jnp.sum(cells << shifts, -1, dtype=jnp.uint32)


@pytest.mark.parametrize("view", range(8))
def test_in_a_turned_world_the_agent_goes_the_turned_way(obs, view):
    """With what knows no direction; the plain layer of the head is free to prefer one."""
    policy = build(SPEC)
    params = jax.jit(policy.init)(jax.random.key(0))
    params = jax.tree.map(
        lambda p: p + 0.05 * jax.random.normal(jax.random.key(1), p.shape), params
    )
    params["move"] = jax.tree.map(jnp.zeros_like, params["move"])
    apply = jax.jit(policy.apply)
    before = apply(params, obs, (), jnp.zeros(16, bool))
    after = obs.replace(tiles=turned(obs.tiles, view))
    after = apply(params, after, (), jnp.zeros(16, bool))
    leads = np.array(SPEC.head("move").leads)
    where = [
        leads.tolist().index((symmetry.VIEWS[view] @ lead).tolist()) for lead in leads
    ]  # choice i becomes choice where[i]
    np.testing.assert_allclose(
        after.logits["move"][:, np.array(where)], before.logits["move"], atol=1e-3
    )
    np.testing.assert_allclose(after.value, before.value, atol=1e-3)
    assert np.ptp(np.asarray(before.logits["move"][:, 1:]), axis=1).max() > 0.1


def test_directions_are_scored_for_every_population_whether_they_share_weights_or_not():
    population = jnp.arange(3)
    x, views = jnp.ones((3, 4)), jax.random.normal(jax.random.key(0), (1, 8, 6)).repeat(3, 0)
    for groups in (1, 3):
        module = heads.Directions(SPEC.head("move").leads, groups=groups)
        params = module.init(jax.random.key(1), x, views, population)
        scores = np.asarray(module.apply(params, x, views, population))[:, 0]
        assert np.ptp(scores, axis=1).min() > 1e-3
        assert np.allclose(scores, scores[0]) == (groups == 1)


def test_one_view_has_no_directions(obs):
    policy = build(SPEC, tiles=tiles.TableTiles(8, views=1))
    params = jax.jit(policy.init)(jax.random.key(0))
    assert "move_ahead" not in params
    assert policy.apply(params, obs, (), jnp.zeros(16, bool)).logits["move"].shape == (16, 5)


def test_attention_over_attributes_is_the_softmax_over_their_embeddings(obs):
    table = SPEC.tables[0]
    from jaxmmo.io.inputs import inputs

    columns = inputs(SPEC, obs)["agent"]
    module = entities.PooledAttributes(5)
    params = module.init(jax.random.key(0), table, columns)
    rows: Any = module.apply(params, table, columns)
    own: Any = params["params"]
    x, owners = entities.planes(table, columns)
    tokens = jnp.stack(
        [
            jnp.einsum("fm,fd->md", x * (np.array(owners) == a)[:, None], own["embed"])
            + own["bias"][a]
            for a in range(len(table.observed))
        ],
        1,
    )
    weights = jax.nn.softmax(tokens @ own["query"], 1) * tokens.shape[1]
    expected = jax.nn.relu(jnp.einsum("ma,mad->md", weights, tokens))
    np.testing.assert_allclose(rows.reshape(-1, 5), expected, rtol=1e-4, atol=1e-4)


def test_memory_starts_afresh_at_birth_and_only_there(obs):
    policy = build(SPEC, core=Recurrent(8))
    params = jax.jit(policy.init)(jax.random.key(0))
    fresh = policy.initial_carry((16,))
    old = jax.tree.map(lambda m: m + 1.0, fresh)
    reset = jnp.arange(16) % 2 == 0
    out = jax.jit(policy.apply)(params, obs, old, reset)
    newborn = jax.jit(policy.apply)(params, obs, fresh, jnp.zeros(16, bool))
    kept = jax.jit(policy.apply)(params, obs, old, jnp.zeros(16, bool))
    np.testing.assert_array_equal(out.carry, jnp.where(reset[:, None], newborn.carry, kept.carry))


@pytest.mark.parametrize("chunk", [1, 4, 16, 64])
def test_unshared_populations_act_each_with_parameters_of_their_own(obs, chunk):
    policy = build(SPEC)
    every = unshared(policy, SPEC, 3, chunk)
    params = jax.jit(every.init)(jax.random.key(0))
    zero = jnp.zeros(16, bool)
    out = jax.jit(every.apply)(params, obs, (), zero)
    population = population_of(SPEC, obs)
    assert len(np.unique(population)) == 3
    alone = [
        jax.jit(policy.apply)(jax.tree.map(lambda p, g=g: p[g], params), obs, (), zero).value
        for g in range(3)
    ]
    expected = jnp.stack(alone)[population, jnp.arange(16)]
    np.testing.assert_allclose(out.value, expected, atol=1e-5)


def test_own_heads_differ_by_population_only_through_their_own_parameters(obs):
    policy = build(SPEC, groups=3)
    params = jax.jit(policy.init)(jax.random.key(0))
    zero = jnp.zeros(16, bool)
    before = jax.jit(policy.apply)(params, obs, (), zero)
    kernel = params["move"]["kernel"].at[:, 1].add(1.0)
    changed = {**params, "move": {**params["move"], "kernel": kernel}}
    after = jax.jit(policy.apply)(changed, obs, (), zero)
    moved = jnp.any(before.logits["move"] != after.logits["move"], -1)
    second = (population_of(SPEC, obs) == 1) & obs.present[:, 0]
    assert bool(jnp.all(moved[second]))
    assert not bool(jnp.any(moved & (population_of(SPEC, obs) != 1)))
