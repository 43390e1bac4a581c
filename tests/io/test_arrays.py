"""Plain arrays for any framework, and flat decisions back to actions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxmmo
from jaxmmo.io import Kind, arrays, inputs
from tests.games import FIRST_GAME, SECOND_GAME, sized

SMALL: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 3,
    "capacity": 6,
    "initial_population": 4,
}


SECOND = pytest.param(SECOND_GAME, marks=pytest.mark.slow)
AT_LENGTH = pytest.param(SECOND_GAME, marks=pytest.mark.campaign)
compiled_much = pytest.mark.parametrize("world", [*FIRST_GAME, AT_LENGTH], indirect=True)
"""Where the second game takes minutes and has tests of its own."""


@pytest.fixture(scope="module", params=[*FIRST_GAME, SECOND])
def world(request):
    env = jaxmmo.make(request.param, **sized(request.param, **SMALL))
    obs, state = jax.jit(jax.vmap(env.reset))(jax.random.split(jax.random.key(3), 2))
    return env, obs, state


def test_dense_holds_what_a_network_reads_under_the_names_of_its_columns(world):
    env, obs, state = world
    tables = arrays.dense(env.spec, obs)
    read = inputs.inputs(env.spec, obs)
    names = arrays.columns(env.spec)
    alive = np.asarray(state.players.alive)
    assert set(tables) == {"tile", *(t.name for t in env.spec.tables), "masks"}
    for table, columns in names.items():
        listed = columns["index"] + columns["value"]
        shared = table != "tile" and env.spec.table(table).shared
        assert set(listed) == set(read[table])
        for kind in ("index", "value"):
            for i, name in enumerate(columns[kind]):
                column = np.asarray(read[table][name])
                own = column[:, None] if shared else column  # every agent's
                there = np.where(alive[..., None], own, 0)
                np.testing.assert_array_equal(tables[table][kind][..., i], there)
    for head in env.spec.heads:
        assert tables["masks"][head.name] is obs.masks[head.name]


def test_whatever_belongs_to_an_empty_slot_is_zero(world):
    env, obs, state = world
    tables = arrays.dense(env.spec, obs)
    empty = ~np.asarray(state.players.alive)
    assert empty.any()
    assert not np.asarray(arrays.living(env.spec, obs))[empty].any()
    assert np.asarray(arrays.living(env.spec, obs))[~empty].all()
    for name in ("tile", "agent"):
        for array in tables[name].values():
            assert not np.asarray(array)[empty].any()
    flat = np.asarray(arrays.flatten(env.spec, obs))
    assert not flat[empty].any() and flat[~empty].any(-1).all()
    assert flat.shape == (2, 6, arrays.flat_size(env.spec)) and flat.dtype == np.float32


def test_one_vector_tells_everything_that_differs_between_observations(world):
    """Its indicators sum to one a living row, and its numbers are those of `dense`."""
    env, obs, state = world
    tables, flat = arrays.dense(env.spec, obs), np.asarray(arrays.flatten(env.spec, obs))
    table = env.spec.table("agent")
    names = arrays.flat_columns(env.spec)
    places = [i for i, name in enumerate(names) if name.startswith("agent[")]
    rows = flat[..., places].reshape(2, 6, table.rows, -1)
    count = tables["agent"]["value"].shape[-1]
    np.testing.assert_array_equal(rows[..., :count], tables["agent"]["value"])
    np.testing.assert_array_equal(rows[..., -1], tables["agent"]["present"])
    own = rows[..., 0, count:-1]
    alive = np.asarray(state.players.alive)
    discrete = [a for a in table.observed if a.kind == Kind.DISCRETE]
    assert (own.sum(-1)[alive] == len(discrete)).all()


@pytest.mark.parametrize(
    ("world", "size"),
    [
        *((game, size) for game in FIRST_GAME for size in (None, 3, 8, 20)),
        pytest.param(SECOND_GAME, 3, marks=pytest.mark.slow),
        *(pytest.param(SECOND_GAME, n, marks=pytest.mark.campaign) for n in (None, 8, 20)),
    ],
    indirect=["world"],
)
def test_packed_brings_the_living_together_and_outputs_spreads_them_again(world, size):
    env, obs, state = world
    alive = np.asarray(state.players.alive).reshape(-1)
    packed = arrays.packed(env.spec, obs, size)
    assert int(packed.living) == alive.sum() == 8
    kept = np.flatnonzero(alive)[:size]
    np.testing.assert_array_equal(packed.rows[: len(kept)], kept)
    assert (np.asarray(packed.rows[len(kept) :]) == alive.size).all()
    whole = arrays.dense(env.spec, obs)
    for table, columns in whole.items():
        for name, array in columns.items():
            flat = np.asarray(array).reshape(alive.size, *array.shape[2:])
            np.testing.assert_array_equal(packed.tables[table][name][: len(kept)], flat[kept])
            assert not np.asarray(packed.tables[table][name][len(kept) :]).any()

    heads = len(env.spec.heads)
    decided = np.arange(1, heads * len(packed.rows) + 1, dtype=np.int64).reshape(-1, heads)
    action = arrays.outputs(env.spec, decided, packed.rows, (2, 6))
    flat = np.asarray(arrays.decisions_of(env.spec, action)).reshape(-1, heads)
    np.testing.assert_array_equal(flat[kept], decided[: len(kept)])
    assert not np.delete(flat, kept, 0).any()


@compiled_much
def test_they_are_pure_functions_of_arrays(world):
    env, obs, _ = world
    for function in (
        arrays.dense,
        arrays.flatten,
        arrays.choice_masks,
        lambda spec, obs: arrays.packed(spec, obs, 5),
    ):
        eager = function(env.spec, obs)
        traced = jax.jit(lambda obs, function=function: function(env.spec, obs))(obs)
        jax.tree.map(np.testing.assert_array_equal, eager, traced)
    one = jax.tree.map(lambda x: x[1], obs)
    jax.tree.map(
        np.testing.assert_array_equal,
        jax.tree.map(lambda x: x[1], arrays.dense(env.spec, obs)),
        arrays.dense(env.spec, one),
    )


def test_choice_masks_allow_what_some_choice_before_allows(world):
    env, obs, _ = world
    assert arrays.choices(env.spec)[:3] == (5, 3, env.config.max_visible)
    for head, mask in zip(env.spec.heads, arrays.choice_masks(env.spec, obs), strict=True):
        whole = np.asarray(obs.masks[head.name])
        assert (head.given is not None) == (head.name == "target")
        np.testing.assert_array_equal(mask, whole.any(-2) if head.given else whole)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31 - 1), st.lists(st.integers(1, 4), max_size=3))
def test_decisions_survive_the_way_to_an_action_and_back(seed, leading):
    spec = jaxmmo.make().spec
    rng = np.random.default_rng(seed)
    decided = rng.integers(-(2**31), 2**31 - 1, (*leading, 3)).astype(np.int32)
    action = arrays.outputs(spec, decided)
    assert list(action) == ["move", "style", "target"]
    np.testing.assert_array_equal(arrays.decisions_of(spec, action), decided)


@pytest.mark.parametrize(
    ("decided", "extra", "told"),
    [
        (np.zeros((4, 2), np.int32), {}, r"int32\[4, 2\]: must be integers \[..., 3\]"),
        (np.zeros((4, 3), np.float32), {}, "move, style, target"),
        (np.int32(0), {}, "must be integers"),
        (np.zeros((4, 3), np.int32), {"rows": np.arange(4)}, "give both or none"),
        (np.zeros((4, 3), np.int32), {"rows": np.arange(3), "shape": (2, 6)}, r"rows \[3\]"),
    ],
)
def test_decisions_of_another_shape_are_refused(decided, extra, told):
    with pytest.raises(ValueError, match=told):
        arrays.outputs(jaxmmo.make().spec, decided, **extra)


def test_packing_needs_a_size_under_jit_and_a_possible_one(world):
    env, obs, _ = world
    with pytest.raises(ValueError, match="size under jit"):
        jax.jit(lambda obs: arrays.packed(env.spec, obs))(obs)
    bad: tuple[Any, ...] = (-1, 2.5, True)
    for size in bad:
        with pytest.raises(ValueError, match="size="):
            arrays.packed(env.spec, obs, size)


@compiled_much
def test_decisions_within_the_masks_step_the_world(world):
    env, obs, state = world
    masks = [np.asarray(mask) for mask in arrays.choice_masks(env.spec, obs)]
    decided = np.stack([mask.argmax(-1) for mask in masks], -1)
    step = jax.jit(jax.vmap(env.step))
    *_, info = step(
        jax.random.split(jax.random.key(0), 2), state, arrays.outputs(env.spec, decided)
    )
    assert not np.asarray(info.illegal).any() and jnp.any(info.acted)
