"""Saved worlds come back bit for bit; whatever is not one is refused by name."""

import json
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo

SIZES: dict[str, Any] = {"height": 24, "width": 24, "border": 4, "capacity": 8, "vision": 3}
ENV = jaxmmo.make(initial_population=8, **SIZES)


@pytest.fixture(scope="module")
def state() -> jaxmmo.WorldState:
    """A world some ticks old, its agents at their first observations."""

    def tick(state, key):
        return ENV.step(key, state, ENV.noop())[1], None

    def live(key):
        start, run = jax.random.split(key)
        return jax.lax.scan(tick, ENV.reset(start)[1], jax.random.split(run, 4))[0]

    return jax.jit(live)(jax.random.key(5))


@pytest.fixture
def saved(tmp_path, state):
    path = tmp_path / "world.npz"
    jaxmmo.save_state(path, ENV, state)
    return path


def rewrite(path, change) -> None:
    """Applies `change(arrays, header)` to a save."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays.pop("header").tobytes())
    change(arrays, header)
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, header=text, **arrays)


def assert_equal(left, right) -> None:
    def check(a, b):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)

    jax.tree.map(check, left, right)


def test_a_state_comes_back_bit_for_bit(saved, state):
    loaded = jaxmmo.load_state(saved, ENV)
    assert jax.tree.structure(loaded) == jax.tree.structure(state)
    assert_equal(loaded, state)
    np.testing.assert_array_equal(ENV.digest(loaded), ENV.digest(state))


def test_a_batch_of_worlds_and_another_resolution(tmp_path, state):
    path = tmp_path / "many.npz"
    many = jaxmmo.fork(state, 3)
    jaxmmo.save_state(path, ENV, many)
    other = jaxmmo.make(initial_population=8, resolution="sequential", **SIZES)
    assert_equal(jaxmmo.load_state(path, other), many)


def test_forks_share_the_past_and_nothing_else(state):
    forks = jaxmmo.fork(state, 3)
    digests = jax.vmap(ENV.digest)(forks)
    np.testing.assert_array_equal(digests, np.broadcast_to(ENV.digest(state), (3, 2)))
    for bad in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="fork into n="):
            jaxmmo.fork(state, bad)  # pyright: ignore[reportArgumentType]


def test_writing_is_all_or_nothing(saved, state, monkeypatch):
    before = saved.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        jaxmmo.save_state(saved, ENV, state.replace(tick=state.tick + 1))
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["world.npz"]


def test_the_same_state_is_the_same_file(saved, tmp_path, state):
    jaxmmo.save_state(tmp_path / "again.npz", ENV, state)
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("cut", [0, 3, 100, 2000, -30])
def test_a_truncated_file_is_refused(saved, cut):
    saved.write_bytes(saved.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"world\.npz is not a saved state, or is damaged"):
        jaxmmo.load_state(saved, ENV)


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_byte_never_passes_as_another_world(saved, state, seed):
    content = bytearray(saved.read_bytes())
    content[np.random.default_rng(seed).integers(len(content))] ^= 0x55
    saved.write_bytes(bytes(content))
    try:
        loaded = jaxmmo.load_state(saved, ENV)
    except ValueError:
        return
    assert_equal(loaded, state)  # a byte that nobody reads


@pytest.mark.parametrize("content", [b"hello", b"\x80\x04K\x01.", b"PK\x03\x04"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.npz is not a saved state"):
        jaxmmo.load_state(path, ENV)
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(ValueError, match=r"no header of format 'jaxmmo-state'"):
        jaxmmo.load_state(path, ENV)
    np.savez(path, header=np.array([{}], object))
    with pytest.raises(ValueError, match="is not a saved state, or is damaged"):
        jaxmmo.load_state(path, ENV)
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match="is not a saved state"):
        jaxmmo.load_state(path, ENV)


def test_another_version_is_refused_by_its_number(saved, state):
    rewrite(saved, lambda arrays, header: header.update(behaviour=99))
    with pytest.raises(ValueError, match=r"behaviour version 99.*any_behaviour=True"):
        jaxmmo.load_state(saved, ENV)
    assert_equal(jaxmmo.load_state(saved, ENV, any_behaviour=True), state)
    rewrite(saved, lambda arrays, header: header.update(version=2))
    with pytest.raises(ValueError, match="a save of version 2; known: 1"):
        jaxmmo.load_state(saved, ENV)


def test_arrays_must_be_all_there_and_of_their_shapes(saved):
    rewrite(saved, lambda arrays, header: arrays.update({"bodies.health": np.zeros(7, np.int32)}))
    with pytest.raises(ValueError, match=r"'bodies.health' as int32\[7\]; must be int32\[8\]"):
        jaxmmo.load_state(saved, ENV)
    rewrite(saved, lambda arrays, header: arrays.update({"bodies.health": np.zeros(8)}))
    with pytest.raises(ValueError, match=r"'bodies.health' as float64\[8\]; must be int32\[8\]"):
        jaxmmo.load_state(saved, ENV)
    rewrite(saved, lambda arrays, header: arrays.pop("bodies.health"))
    with pytest.raises(ValueError, match=r"lacks arrays \['bodies.health'\]"):
        jaxmmo.load_state(saved, ENV)


def test_a_world_of_another_size_is_refused(saved, state, tmp_path):
    sizes: dict[str, Any] = SIZES | {"capacity": 16}
    other = jaxmmo.make(**sizes)
    with pytest.raises(ValueError, match=r"a world with capacity=8.*this one has capacity=16"):
        jaxmmo.load_state(saved, other)
    with pytest.raises(ValueError, match=r"'.*' as .*; must be"):
        jaxmmo.save_state(tmp_path / "wrong.npz", other, state)
    assert not (tmp_path / "wrong.npz").exists()
    with pytest.raises(FileNotFoundError):
        jaxmmo.load_state(tmp_path / "none.npz", ENV)


def test_a_loaded_world_goes_on_as_the_original_would(saved, state):
    step = jax.jit(ENV.step)
    key = jax.random.key(9)
    after, again = (step(key, s, ENV.noop())[1] for s in (state, jaxmmo.load_state(saved, ENV)))
    np.testing.assert_array_equal(ENV.digest(after), ENV.digest(again))
    assert jnp.any(ENV.digest(after) != ENV.digest(state))
