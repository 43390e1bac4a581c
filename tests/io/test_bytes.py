"""Messages of arrays: whole and back, or refused."""

from __future__ import annotations

import hashlib
import os
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import jaxmmo
from jaxmmo.io import bytes as messages
from jaxmmo.io import client_of, from_bytes, to_bytes

SMALL: dict[str, Any] = {
    "height": 24,
    "width": 24,
    "border": 3,
    "capacity": 4,
    "initial_population": 3,
}
MUTATIONS = int(os.environ.get("JAXMMO_MUTATIONS", "1000"))
"""Damaged messages to try; `.ci/run` tries ten times as many."""


@pytest.fixture(scope="module")
def world():
    env = jaxmmo.make(**SMALL)
    obs, _ = jax.jit(env.reset)(jax.random.key(0))
    return SimpleNamespace(env=env, spec=env.spec, obs=obs, message=to_bytes(obs, env.spec))


def sealed(message: bytes) -> bytes:
    """The message with the checksum that fits its body."""
    body = message[messages.PREFIX.size :]
    checksum = hashlib.blake2b(body, digest_size=16).digest()
    return messages.PREFIX.pack(messages.MAGIC, messages.VERSION, checksum) + body


def test_an_observation_comes_back_bit_for_bit_in_its_own_structure(world):
    like = jax.eval_shape(world.env.reset, jax.random.key(0))[0]
    back = from_bytes(world.message, world.spec, like=like)
    assert jax.tree.structure(back) == jax.tree.structure(world.obs)
    for got, was in zip(jax.tree.leaves(back), jax.tree.leaves(world.obs), strict=True):
        assert got.dtype == was.dtype
        np.testing.assert_array_equal(got, was)
    batch = jax.tree.map(lambda x: jnp.stack([x, x]), world.obs)
    again = from_bytes(to_bytes(batch), like=like)
    assert again.tiles.shape == (2, *world.obs.tiles.shape)


def test_an_action_comes_back_as_a_dict_by_head(world):
    action = {head.name: jnp.arange(4, dtype=jnp.int32) for head in world.spec.heads}
    back = from_bytes(to_bytes(action))
    assert set(back) == set(action)
    jax.tree.map(np.testing.assert_array_equal, back, action)


names = st.text("abc.\u00e9 ", min_size=1, max_size=4)
leaves = hnp.arrays(
    st.sampled_from([np.dtype(d) for d in ("?", "i1", "i2", "<i4", "u4", "u8", "f2", "f4", "f8")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
trees = st.recursive(leaves, lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3))


@settings(max_examples=150, deadline=None)
@given(trees)
def test_any_tree_of_arrays_comes_back(tree):
    back = from_bytes(to_bytes(tree))
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    for got, was in zip(jax.tree.leaves(back), jax.tree.leaves(tree), strict=True):
        assert got.dtype == was.dtype and got.shape == was.shape
        assert got.tobytes() == was.tobytes()


def test_another_byte_order_is_written_alike():
    big, little = np.arange(4, dtype=">i4"), np.arange(4, dtype="<i4")
    assert to_bytes(big) == to_bytes(little)


def test_what_is_read_cannot_be_changed(world):
    assert not from_bytes(world.message)["tiles"].flags.writeable


@pytest.mark.parametrize("again", [False, True], ids=["damaged", "damaged and sealed again"])
def test_no_damage_is_accepted_silently(world, again):
    """A changed byte is told by the checksum; where that is made to fit, by the parser.

    What passes even so can only differ in the numbers themselves: same names, dtypes and sizes.
    """
    rng = np.random.default_rng(1 + again)
    like = jax.eval_shape(world.env.reset, jax.random.key(0))[0]
    head = len(world.message) - sum(np.asarray(x).nbytes for x in jax.tree.leaves(world.obs))
    refused = 0
    for _ in range(MUTATIONS):
        broken = bytearray(world.message)
        for _ in range(rng.integers(1, 4)):
            kind = rng.integers(4)
            # half of the changes in the first part, where the parser looks
            place = int(rng.integers(head if rng.random() < 0.5 else len(broken)))
            place = min(place, len(broken) - 1)
            if kind == 0:
                broken[place] ^= 1 << int(rng.integers(8))
            elif kind == 1:
                broken[place] = int(rng.integers(256))
            elif kind == 2:
                del broken[place : place + int(rng.integers(1, 40))]
            else:
                broken[place:place] = rng.bytes(int(rng.integers(1, 40)))
            if not broken:
                broken = bytearray(b"\0")
        mutant = sealed(bytes(broken)) if again else bytes(broken)
        if mutant == world.message:
            continue
        try:
            got = from_bytes(mutant, world.spec, like=like)
        except ValueError:
            refused += 1
            continue
        assert again, "a damaged message was taken for a whole one"
        assert jax.tree.structure(got) == jax.tree.structure(world.obs)
    assert refused > MUTATIONS // 4


def test_every_single_bit_counts():
    message = to_bytes({"a": np.arange(3, dtype=np.int16)})
    for place in range(len(message)):
        for bit in range(8):
            broken = bytearray(message)
            broken[place] ^= 1 << bit
            with pytest.raises(ValueError):
                from_bytes(bytes(broken))
    for length in range(len(message)):
        with pytest.raises(ValueError):
            from_bytes(message[:length])
    with pytest.raises(ValueError):
        from_bytes(message + b"\0")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"{}", "no list"),
        (b"[[]]", "an entry"),
        (b'[["a","int32",[1]]]', "a path"),
        (b'[[["a"],"object",[1]]]', "must be one of"),
        (b'[[["a"],"int32",[-1]]]', "the shape"),
        (b'[[["a"],"int32",[1.0]]]', "the shape"),
        (b'[[["a"],"int32",[true]]]', "the shape"),
        (b'[[["a"],"int32",[4611686018427387904]]]', "cut off"),
        (b'[[["a"],"int32",[4611686018427387904,4611686018427387904]]]', "cut off"),
        (b'[[["a"],"int32",[0,4611686018427387904,4611686018427387904]]]', "the shape|longer"),
        (b'[[["a"],"int32",[1]],[["a"],"int32",[0]]]', "two arrays"),
        (b'[[["a"],"int32",[1]],[["a","b"],"int32",[0]]]', "at once"),
        (b'[[[],"int32",[1]],[["b"],"int32",[0]]]', "at once"),
        (b'[[["a"],"bool",[4]]]', "neither true nor false"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
    ],
)
def test_a_header_that_lies_is_refused(header, told):
    body = messages.FRAME.pack(bytes(8), len(header)) + header + b"\2\0\0\0"
    with pytest.raises(ValueError, match=told):
        from_bytes(sealed(messages.PREFIX.pack(messages.MAGIC, 1, bytes(16)) + body))


def test_other_versions_specs_and_structures_are_told_apart(world):
    with pytest.raises(ValueError, match="version 2; known: 1"):
        from_bytes(world.message[:4] + b"\2" + world.message[5:])
    with pytest.raises(ValueError, match="not a message"):
        from_bytes(b"PK\3\4" + world.message[4:])
    other = jaxmmo.make("NeuralMMO-v1.3", **SMALL)
    with pytest.raises(ValueError, match="of another spec"):
        from_bytes(world.message, other.spec)
    like = jax.eval_shape(other.reset, jax.random.key(0))[0]
    with pytest.raises(ValueError, match="must be"):
        from_bytes(world.message, like=like)
    with pytest.raises(ValueError, match="lacks arrays"):
        from_bytes(to_bytes({"a": np.zeros(1)}), like={"b": np.zeros(1)})


@pytest.mark.parametrize("leaf", [np.array(["a"]), np.array([None]), np.zeros(1, complex)])
def test_only_plain_arrays_are_written(leaf):
    with pytest.raises(ValueError, match="must be one of"):
        to_bytes({"leaf": leaf})


@pytest.mark.parametrize("clients", [1, 2, 3, 7])
def test_ids_are_spread_over_clients_evenly_and_for_good(clients):
    ids = np.arange(20_000, dtype=np.int32)
    for some in (ids, ids * 2, ids * 64):  # regular ids too
        share = np.bincount(client_of(some, clients), minlength=clients) / len(some)
        assert len(share) == clients
        np.testing.assert_allclose(share, 1 / clients, atol=0.02)
    np.testing.assert_array_equal(client_of(ids, clients), client_of(jnp.asarray(ids), clients))
    # MurmurHash3 makes 0x514E28B7 of 1 and 0x30F4C306 of 2
    np.testing.assert_array_equal(client_of(ids[1:3], 1000), [0x514E28B7 % 1000, 0x30F4C306 % 1000])


@pytest.mark.parametrize("clients", [0, -1, 1.5, True])
def test_there_is_at_least_one_client(clients):
    with pytest.raises(ValueError, match="clients="):
        client_of(np.arange(3), clients)
