"""On however many devices, worlds are lived through and learned from alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.agents.shards import ALONE, Shards
from jaxmmo.learning import minibatches
from jaxmmo.parallel import mesh as meshes
from tests.parallel.meshes import results, start

HELD = {"learning_rate": 0}


def compare(one, other, rtol, atol=1e-6):
    """Worlds and counts to the bit; gradients, losses, parameters and memory to a tolerance.

    What a policy remembers is sums of floating-point numbers, as a network computes them for more
    rows or fewer at once.
    """
    assert one.keys() == other.keys()
    for name, value in one.items():
        world = name.startswith("worlds/") and not name.startswith("worlds/carry")
        if world or np.issubdtype(value.dtype, np.integer):
            np.testing.assert_array_equal(value, other[name], err_msg=name)
        else:
            size = np.max(np.abs(value), initial=0)
            np.testing.assert_allclose(
                other[name], value, rtol=rtol, atol=atol + rtol * size, err_msg=name
            )


def run(tmp_path, layouts, **asked):
    """Results by layout; the processes run one after another."""
    done = {}
    for layout in layouts:
        path = tmp_path / f"{layout}.npz"
        done[layout] = results(path, start(path, mesh=layout, **asked))
    return done


@pytest.mark.slow
def test_parameters_held_trajectories_are_equal_to_the_bit_and_gradients_nearly(tmp_path):
    """Adam's moments are the gradients here: nothing clips them."""
    done = run(tmp_path, ["worlds=1", "worlds=2,agents=2"], updates=2, learn=HELD)
    alone = done.pop("worlds=1")
    moments = [name for name in alone if "/mu/" in name]
    assert moments
    assert any(np.max(np.abs(alone[name])) > 1e-3 for name in moments)
    for other in done.values():
        compare(alone, other, rtol=1e-4)


@pytest.mark.campaign
def test_a_table_that_a_world_shares_stays_with_its_world(tmp_path):
    layouts = ["worlds=1", "worlds=2,agents=2"]
    alone, other = run(tmp_path, layouts, updates=2, learn=HELD, board=True).values()
    assert alone["worlds/obs/tables/board/present"].shape == (8, 4)
    compare(alone, other, rtol=1e-4)


@pytest.mark.slow
def test_evaluations_count_the_same_on_every_mesh(tmp_path):
    done = run(tmp_path, ["worlds=1", "worlds=4,agents=2"], ticks=40)
    alone, other = done.values()
    assert alone["steps"].sum() > 0
    for name, value in alone.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.campaign
@pytest.mark.parametrize("core", ["feedforward", "recurrent"])
def test_twenty_updates_on_1_2_and_8_devices(tmp_path, core):
    layouts = ["worlds=1", "worlds=2", "worlds=8", "worlds=4,agents=2", "agents=4"]
    done = run(tmp_path, layouts, updates=20, learn=HELD, core=core)
    alone = done.pop("worlds=1")
    for other in done.values():
        compare(alone, other, rtol=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worlds", "must be like worlds=4"),
        ("worlds=0", "at least 1"),
        ("worlds=2,worlds=2", "must be like"),
        ("planets=2", "must be like worlds=4 or worlds=4,agents=2"),
        ("worlds=-1", "at least 1"),
        ("", "must be like"),
    ],
)
def test_bad_meshes_are_refused(text, said):
    with pytest.raises(ValueError, match="mesh") as error:
        meshes.parse(text)
    assert said in str(error.value)


def test_a_mesh_must_fit_devices_and_worlds():
    assert str(meshes.parse("agents=2, worlds=4")) == "worlds=4,agents=2"
    with pytest.raises(ValueError, match=r"needs 4096 devices, and there are \d+ of cpu"):
        meshes.build(meshes.parse("worlds=4096"))
    with pytest.raises(ValueError, match="16 worlds cannot be divided evenly over 3 devices"):
        meshes.check_worlds(16, Shards(worlds=3))


def test_numbers_for_rows_are_those_that_jax_draws_for_all_at_once():
    key = jax.random.key(3)
    places = jnp.array([0, 5, 77, 999], jnp.uint32)
    whole = jax.random.bits(key, (1000,), jnp.uint32)
    np.testing.assert_array_equal(minibatches.numbers(key, places), whole[places])


@pytest.mark.parametrize("bits", [2, 31])
def test_parts_of_many_devices_are_those_of_one(bits, monkeypatch):
    """With two bits nearly all numbers are equal, and places decide."""
    monkeypatch.setattr(
        minibatches, "numbers", lambda key, places: _coarse(key, places) << (32 - bits) >> 0
    )
    monkeypatch.setattr(minibatches, "TIES", 64)
    devices, slots, ticks, size = 4, 8, 4, 10
    alive = jax.random.bernoulli(jax.random.key(1), 0.4, (ticks, devices * slots))
    key = jax.random.key(2)

    def parts(alive, shards):
        flat = alive.reshape(-1)
        told = minibatches.divide(flat, size, shards)
        places = minibatches.places(alive.shape, shards)
        order = minibatches.shuffle(key, flat, places, told, size, shards)
        return places[order.rows[: flat.size]], order.first, told.parts

    places, first, number = parts(alive, ALONE)
    spread = jax.vmap(
        lambda block: parts(block, Shards(worlds=devices)), axis_name="worlds", in_axes=1
    )
    own, begin, _ = jax.jit(spread)(alive.reshape(ticks, devices, slots))
    assert number > 3
    for part in range(int(number)):
        wanted = set(places[first[part] : first[part + 1]].tolist())
        found = [
            x for d in range(devices) for x in own[d][begin[d, part] : begin[d, part + 1]].tolist()
        ]
        assert set(found) == wanted
        assert len(found) == len(wanted)


def _coarse(key, places):
    data = jax.random.key_data(key)
    return minibatches.threefry(data[0], data[1], jnp.zeros_like(places), places)[0]
