"""One world in bands over devices is, to the bit, the world that it is on one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params
from jax.sharding import AbstractMesh, AxisType

import jaxmmo
from jaxmmo.env.terrain import from_material
from jaxmmo.env.wrappers import Horizon
from jaxmmo.parallel import halo
from jaxmmo.parallel.bands import Banded
from jaxmmo.parallel.traffic import bytes_per_tick
from tests.env.things import GAME

ROOT = Path(__file__).parents[2]
V13, V1 = "NeuralMMO-v1.3", "JaxMMO-v1"


def compared(*options: str) -> dict:
    """What `tests.parallel.banded` says in a process of eight devices."""
    command = [sys.executable, "-m", "tests.parallel.banded", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=900
    )
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def holds(report: dict, crossings: int) -> None:
    """Nothing differs, nothing overflowed, nobody was lost, and there was something to see."""
    assert report["different"] == {}
    assert report["overflows"] == report["lost_spawns"] == 0
    assert report["astray"] == report["lost_or_doubled"] == 0
    assert report["crossings"] > crossings
    assert min(report[what] for what in ("births", "deaths", "kills", "harvests")) > 0


def over(devices: int) -> AbstractMesh:
    return AbstractMesh((devices,), ("agents",), axis_types=(AxisType.Auto,))


@pytest.mark.slow
def test_a_world_in_bands_is_the_world_to_the_bit():
    # the last band is filled up with rows that are no part of the map
    report = compared(V1, "--ticks", "100", "--set", "height=85")
    holds(report, crossings=100)
    assert report["blows_over_borders"] > 5


@pytest.mark.campaign
def test_an_older_game_cut_out_of_a_whole_world_goes_on_to_the_bit():
    report = compared(V13, "--ticks", "100", "--scatter")
    holds(report, crossings=100)
    assert report["blows_over_borders"] > 5


@pytest.mark.campaign
@pytest.mark.parametrize("preset", [V13, V1])
def test_a_thousand_ticks_in_bands_are_those_of_the_world(preset):
    report = compared(preset, "--ticks", "1000")
    holds(report, crossings=500)
    assert report["deaths_by_them"] > 0
    assert min(report[what] for what in ("births", "deaths", "kills", "harvests")) > 20


@pytest.mark.campaign
def test_large_bands_find_their_neighbours_in_the_other_way_with_equal_answers():
    sizes = ("capacity=400", "initial_population=400", "vision=4", "height=61", "width=40")
    holds(compared(V1, "--ticks", "60", "--slots", "150", "--set", *sizes), crossings=100)


@pytest.mark.campaign
def test_bands_that_overflow_say_so_and_lose_nobody():
    report = compared(
        V1, "--ticks", "120", "--alone", "--slots", "16", "--ghosts", "6", "--movers", "1",
        "--set", "initial_population=80",
    )  # fmt: skip
    assert report["overflows"] > 20
    assert report["crossings"] > 20
    assert report["astray"] == report["lost_or_doubled"] == 0


def test_arrays_of_every_dtype_travel_as_words():
    rng = np.random.default_rng(0)
    tree = {
        "truth": jnp.asarray(rng.random(5) < 0.5),
        "byte": jnp.asarray(rng.integers(0, 256, (5, 3)), jnp.uint8),
        "small": jnp.asarray(rng.integers(-9, 9, (5, 2, 2)), jnp.int16),
        "whole": jnp.asarray(rng.integers(-(2**31), 2**31, (5, 4)), jnp.int32),
        "half": jnp.asarray(rng.normal(size=(5, 2)), jnp.bfloat16),
        "real": jnp.asarray(rng.normal(size=5), jnp.float32),
    }
    words = halo.to_words(tree)
    assert words.shape == (5, 1 + 3 + 4 + 4 + 2 + 1)
    back = halo.from_words(words, tree)
    for name, value in tree.items():
        assert back[name].dtype == value.dtype
        np.testing.assert_array_equal(np.asarray(back[name]), np.asarray(value))


@pytest.mark.parametrize(
    ("make", "devices", "options", "told"),
    [
        ({"resolution": "sequential"}, 2, {}, "resolution='sequential'"),
        ({}, 12, {}, "at most agents=11 for height=80"),
        ({}, 2, {"slots": 0}, r"slots=0: must be an integer in \[1, 128\]"),
        ({"max_spawns": 9}, 2, {"slots": 8}, r"slots=8: must be an integer in \[9, 128\]"),
        ({}, 2, {"ghosts": 65}, r"ghosts=65: must be an integer in \[1, 64\]"),
        ({}, 2, {"movers": 0}, r"movers=0: must be"),
        ({}, 2, {"slots": 4, "ghosts": 2}, "at least max_visible=16"),
    ],
)
def test_what_cannot_be_cut_is_refused_in_one_line(
    make: dict[str, Any], devices: int, options: dict[str, int], told: str
):
    env = jaxmmo.make(**make)
    with pytest.raises(ValueError, match=told) as refusal:
        Banded(env, over(devices), **({"slots": 64} | options))
    assert "\n" not in str(refusal.value)


def test_other_games_and_meshes_are_refused_in_one_line():
    env = jaxmmo.make()
    with pytest.raises(ValueError, match="tables of its own"):
        Banded(jaxmmo.make(GAME), over(2), slots=64)
    with pytest.raises(ValueError, match="without wrappers"):
        Banded(Horizon(env, 5), over(2), slots=64)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mesh worlds=2,agents=4"):
        Banded(env, AbstractMesh((2, 4), ("worlds", "agents")), slots=64)
    with pytest.raises(ValueError, match="mesh worlds=8"):
        Banded(env, AbstractMesh((8,), ("worlds",)), slots=64)


def large(devices: int) -> Banded:
    """Bands of the least height, for many devices."""
    sizes: dict[str, Any] = {"height": 8 * devices, "width": 100, "capacity": 4 * devices}
    return Banded(jaxmmo.make(**sizes), over(devices), slots=16)


def shapes(bands: Banded) -> tuple:
    """A key's data, a state, actions and rules, as shapes."""
    rules = bands.default_rules()
    _, state = jax.eval_shape(bands.reset, jax.random.key(0), rules)
    return jax.random.key_data(jax.random.key(0)), state, bands.noop(), rules


@pytest.mark.slow
def test_bands_lower_for_256_tpu_devices_and_64_of_cuda():
    for platform, devices in (("tpu", 256), ("cuda", 64)):
        bands = large(devices)

        def step(key, *args, bands=bands):
            return bands.step(jax.random.wrap_key_data(key), *args)

        text = jax.jit(step).trace(*shapes(bands)).lower(lowering_platforms=(platform,)).as_text()
        assert f'"agents"={devices}' in text
        assert not re.findall(r"stablehlo\.custom_call @(?!Sharding|SPMD)", text)


def messages(jaxpr) -> int:
    """Bytes of all that is passed on to neighbours."""
    total = 0
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "ppermute":
            total += sum(v.aval.size * v.aval.dtype.itemsize for v in eqn.invars)
        total += sum(messages(inner) for inner in jaxprs_in_params(eqn.params))
    return total


def test_the_bytes_that_are_counted_are_those_that_are_sent():
    bands = large(4)
    key, *rest = shapes(bands)
    program = jax.make_jaxpr(lambda k, *a: bands.step(jax.random.wrap_key_data(k), *a))(key, *rest)
    # one message to the north and one to the south
    assert messages(program.jaxpr) == 2 * bytes_per_tick(bands)["all"]


def test_a_world_that_does_not_fit_is_not_cut():
    env = jaxmmo.make(height=40, width=30, border=3, capacity=12, num_populations=4)
    state = env.preset.empty_state(from_material(jnp.full((40, 30), 2, jnp.uint8)))
    here = jnp.arange(12) < 9
    state = state.replace(bodies=state.bodies.replace(alive=here, row=jnp.full(12, 25)))
    mesh = AbstractMesh((2,), ("agents",), axis_types=(AxisType.Auto,))
    with pytest.raises(ValueError, match="slots=8: band 1 of 2 has 9 agents"):
        Banded(env, mesh, slots=8).scatter(state)
    with pytest.raises(ValueError, match="another environment"):
        Banded(jaxmmo.make(), mesh, slots=8).scatter(state)


def test_a_state_of_other_bands_is_refused():
    bands = large(4)
    _, state, action, rules = shapes(bands)
    other = Banded(bands.env, over(4), slots=16, ghosts=5)
    with pytest.raises(ValueError, match="a state of other bands"):
        other.step(jax.random.key(0), state, action, rules)
    with pytest.raises(ValueError, match="action 'move' of shape"):
        bands.step(jax.random.key(0), state, bands.env.noop(), rules)
