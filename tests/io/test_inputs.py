"""Unpacked and normalised observations, against packing written down a second time in numpy."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.observation import Masks, Observation
from jaxmmo.env.views.view import Rows
from jaxmmo.io import Attribute, Kind, Spec
from jaxmmo.io.inputs import inputs, unpack
from jaxmmo.records import Record
from jaxmmo.spec import Encoding, pack
from tests.games import FIRST_GAME

SMALL: dict[str, Any] = {"height": 24, "width": 24, "border": 4, "vision": 3, "capacity": 8}


def small_spec(**overrides) -> Spec:
    return jaxmmo.make(**(SMALL | overrides)).spec


def packed(spec: Spec, agents: dict[str, np.ndarray], tiles: dict[str, np.ndarray]) -> Observation:
    """An observation with these raw values: agents [..., K], tiles [..., side, side]."""
    table = spec.table("agent")
    shape = agents["self"].shape
    words = np.zeros((*shape, table.words), np.uint32)
    for a in table.attributes:
        value = agents[a.name] - a.low
        if a.encoding == Encoding.RELATIVE:  # as if the observer stood at 1000
            value = (1000 + agents[a.name]) % 2**a.bits
        if a.encoding != Encoding.FIRST:
            words[..., a.word] |= value.astype(np.uint32) << a.shift
    cells = (tiles["material"] | (tiles["agents"] << 3)).astype(np.uint32)
    per_word = 32 // spec.tile_bits
    columns = np.zeros((*shape[:-1], spec.window, -(-spec.window // per_word)), np.uint32)
    for col in range(spec.window):
        columns[..., col // per_word] |= cells[..., col] << (spec.tile_bits * (col % per_word))
    return Observation(
        tiles=jnp.asarray(columns),
        tables=Record(
            agent=Rows(
                words=jnp.asarray(words),
                present=jnp.ones(shape, bool),
                overflow=jnp.zeros(shape[:-1], jnp.int32),
            )
        ),
        masks=Masks(
            move=jnp.ones((1, 5), bool),
            style=jnp.ones((1, 3), bool),
            target=jnp.ones((1, 3, 1), bool),
        ),
    )


def random_values(spec: Spec, leading: tuple[int, ...], seed: int = 0):
    rng = np.random.default_rng(seed)
    table = spec.table("agent")
    agents = {
        a.name: rng.integers(a.low, a.high + 1, (*leading, table.rows)) for a in table.attributes
    }
    for name in ("row", "col"):  # the observer is where it is
        agents[name][..., 0] = 0
    agents["self"] = np.broadcast_to(np.arange(table.rows) == 0, agents["self"].shape).astype(int)
    side = (spec.window, spec.window)
    tiles = {
        a.name: rng.integers(a.low, a.high + 1, (*leading, *side))
        for a in spec.tile
        if a.name in ("material", "agents")
    }
    return agents, tiles


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_unpack_returns_every_packed_value(bits, leading):
    spec = small_spec(tile_bits=bits)
    agents, tiles = random_values(spec, leading)
    raw = unpack(spec, packed(spec, agents, tiles))
    assert set(raw["agent"]) == set(agents)
    for name, value in agents.items():
        np.testing.assert_array_equal(raw["agent"][name], value)
    for name, value in tiles.items():
        np.testing.assert_array_equal(raw["tile"][name], value.reshape(*leading, -1))
    row, col = np.divmod(np.arange(spec.window**2), spec.window)
    np.testing.assert_array_equal(raw["tile"]["row"], np.broadcast_to(row, (*leading, row.size)))
    np.testing.assert_array_equal(raw["tile"]["col"], np.broadcast_to(col, (*leading, col.size)))


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_inputs_are_what_the_original_computed_in_float32(preset):
    spec = jaxmmo.make(preset, **SMALL).spec
    agents, tiles = random_values(spec, (50,))
    agents["food"][0, 0] = agents["food_max"][0, 0] = 0
    read = inputs(spec, packed(spec, agents, tiles))
    with np.errstate(invalid="ignore", divide="ignore"):
        want = {
            "damage": agents["damage"] * 0.01,
            "time_alive": agents["time_alive"] * 0.01,
            "freeze": agents["freeze"] / 3 - 0.5,
            "immune": agents["immune"] / 10 - 0.5,
            "wilderness": (agents["wilderness"] + 1) / 127 - 0.5,
            "food": np.where(agents["food_max"] > 0, agents["food"] / agents["food_max"], 0) - 0.5,
        }
    for name, value in want.items():
        np.testing.assert_array_equal(read["agent"][name], value.astype(np.float32), name)
    assert read["agent"]["food"][0, 0] == -0.5
    assert read["agent"]["population"].dtype == jnp.int32
    assert not any(name.endswith("_max") for name in read["agent"])
    assert set(read["agent"]) == {a.name for a in spec.table("agent").observed}


def test_jit_computes_the_same_bits():
    spec = small_spec()
    obs = packed(spec, *random_values(spec, (300,)))
    jitted = jax.jit(inputs, static_argnums=0)(spec, obs)
    jax.tree.map(np.testing.assert_array_equal, jitted, inputs(spec, obs))


def test_a_new_attribute_needs_no_code():
    spec = small_spec()
    table = spec.table("agent")
    added = Attribute("luck", Kind.DISCRETE, -3, 9)
    longer = dataclasses.replace(table, attributes=pack([*table.attributes, added]))
    spec = dataclasses.replace(spec, tables=(longer,))
    agents, tiles = random_values(spec, (5,))
    obs = packed(spec, agents, tiles)
    np.testing.assert_array_equal(inputs(spec, obs)["agent"]["luck"], agents["luck"] + 3)


def test_rows_without_anyone_read_zero():
    env = jaxmmo.make(**SMALL)
    obs, state = jax.jit(env.reset)(jax.random.key(0))
    read = jax.jit(inputs, static_argnums=0)(env.spec, obs)
    alone = np.zeros((8, env.config.max_visible), bool)
    alone[0, 0] = True
    np.testing.assert_array_equal(obs.present, alone)
    for name, value in read["agent"].items():
        np.testing.assert_array_equal(np.asarray(value)[~alone], 0, name)
    assert read["agent"]["self"][0, 0] == 1
    assert read["agent"]["health"][0, 0] == 0.5
    centre = env.spec.window**2 // 2
    assert read["tile"]["agents"][0, centre] == 1
    row, col = state.players.row[0], state.players.col[0]
    assert read["tile"]["material"][0, centre] == state.terrain.material[row, col]
