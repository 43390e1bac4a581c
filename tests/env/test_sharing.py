"""Tables that everybody in a world sees alike: observed once a world, chosen from by everybody."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo import io
from jaxmmo.env import sharing
from jaxmmo.env.observation import blank
from jaxmmo.env.views.view import Rows, SharedRows, View
from jaxmmo.io.inputs import unpack
from tests.env.notices import ROWS, SLOTS, game, hanging, hanging_for_each

SMALL: dict[str, Any] = {
    "height": 32,
    "width": 32,
    "border": 9,
    "capacity": 6,
    "num_populations": 2,
    "initial_population": 4,
    "max_visible": 4,
}
ONE, EACH = (jaxmmo.make(game(shared=shared), **SMALL) for shared in (True, False))
WORLDS = 3


def play(env, ticks):
    """Observations [T, B, ...], states and events of some worlds whose agents choose anything."""

    def tick(carry, key):
        obs, state = carry
        keys = jax.random.split(key, WORLDS)
        number = jax.random.randint(key, (len(env.spec.heads), WORLDS, env.num_agents), 0, 99)
        action = {
            head.name: n % env.spec.choices(head)
            for head, n in zip(env.spec.heads, number, strict=True)
        }
        obs, state, *_, info = jax.vmap(env.step)(keys, state, action)
        return (obs, state), (obs, info.events.read, info.illegal, state.players.food)

    start = jax.vmap(env.reset)(jax.random.split(jax.random.key(0), WORLDS))
    return jax.lax.scan(tick, start, jax.random.split(jax.random.key(1), ticks))[1]


@pytest.fixture(scope="module")
def played():
    """The same ticks with one board, and with a board for each."""
    return [jax.jit(lambda env=env: play(env, 12))() for env in (ONE, EACH)]


def test_one_board_is_the_same_game_as_a_board_for_each(played):
    (obs, *rest), (other, *same) = played
    jax.tree.map(np.testing.assert_array_equal, rest, same)
    jax.tree.map(np.testing.assert_array_equal, dict(obs.masks), dict(other.masks))
    read = np.asarray(rest[0])
    assert len(np.unique(read)) > SLOTS / 2 and SLOTS in read  # somebody read, and nobody did
    board, boards = obs.tables["board"], other.tables["board"]
    assert isinstance(board, SharedRows) and not isinstance(boards, SharedRows)
    assert board.words.shape == (12, WORLDS, ROWS, 1) and board.overflow.shape == (12, WORLDS)
    alive = np.asarray(obs.present[..., 0])
    assert alive.any() and not alive.all()
    for mine, theirs in zip(jax.tree.leaves(board), jax.tree.leaves(boards), strict=True):
        expected = np.broadcast_to(np.expand_dims(mine, 2), theirs.shape)
        np.testing.assert_array_equal(expected[alive], np.asarray(theirs)[alive])
        assert not np.asarray(theirs)[~alive].any()
    assert np.asarray(board.overflow).max() > 0
    masks = np.asarray(obs.masks["read"])
    assert not masks[~alive][:, 1:].any() and masks[..., 0].all()


def test_arrays_for_other_frameworks_are_every_agents_own(played):
    (obs, *_), (other, *_) = played
    for of in (io.dense, io.flatten, lambda spec, obs: io.packed(spec, obs, 200)):
        mine = jax.jit(lambda obs, of=of: of(ONE.spec, obs))(obs)
        theirs = jax.jit(lambda obs, of=of: of(EACH.spec, obs))(other)
        jax.tree.map(np.testing.assert_array_equal, mine, theirs)


def test_every_form_shows_each_agent_the_board_of_its_world(played):
    (obs, *_), (other, *_) = played
    worth = unpack(EACH.spec, other)["board"]["worth"]
    worth = np.where(np.asarray(other.present[..., :1]), worth, -1)  # [T, B, P, K]
    flat = worth.reshape(-1, ROWS)

    def check(form, expected):
        found = sharing.seen(form, unpack(ONE.spec, form)["board"]["worth"])
        found = np.where(np.asarray(form.present[..., :1]), found, -1)
        np.testing.assert_array_equal(found, expected)

    check(obs, worth)
    lived, slots = sharing.joined(obs, 3), len(flat)
    check(lived, flat)
    for count, kind in ((slots, sharing.Gathered), (40, sharing.Gathered), (7, type(obs))):
        rows = jax.random.permutation(jax.random.key(2), slots)[:count]
        some = sharing.taken(lived, rows)
        assert isinstance(some, kind) and some.tables["board"].words.shape[0] <= count
        check(some, flat[np.asarray(rows)])
        check(sharing.taken(some, jnp.arange(5)), flat[np.asarray(rows[:5])])
    rolled = jax.vmap(lambda o: sharing.joined(o, 2))(obs)  # as a rollout: [T, B P, ...]
    for rows in (jnp.array([7, 2, 17]), jnp.array([17, 3])):
        some = sharing.taken(rolled, rows, axis=1)
        expected = worth.reshape(12, -1, ROWS)[:, np.asarray(rows)]
        check(some, expected)
        check(sharing.joined(some, 2), expected.reshape(-1, ROWS))


def test_spaces_and_blank_observations_have_the_form(played):
    (obs, *_), _ = played
    one = jax.tree.map(lambda x: x[0, 0], obs)
    space = ONE.observation_space()
    assert space.contains(one)
    assert not space.contains(jax.tree.map(lambda x: x[0], obs))
    empty = blank(ONE.spec, (ONE.num_agents,))
    assert jax.tree.map(jnp.shape, empty) == jax.tree.map(jnp.shape, one)
    assert space.contains(empty)
    message = io.to_bytes(jax.tree.map(lambda x: x[0], obs), ONE.spec)
    again = io.from_bytes(message, ONE.spec, like=one)
    np.testing.assert_array_equal(again.tables["board"].words, obs.tables["board"].words[0])


@pytest.mark.parametrize(
    ("view", "why"),
    [
        (View("near", "bodies", 4, hanging, shared=True), "shared, but 'row' differs"),
        (
            View("me", "notice", 4, hanging, observer_first=True, shared=True),
            "shared, but 'self' differs",
        ),
    ],
)
def test_what_differs_between_observers_is_not_shared(view, why):
    with pytest.raises(ValueError, match=why):
        jaxmmo.make(game(shared=True).extend("Wrong", views=[view]), **SMALL)


@pytest.mark.parametrize("shared", [True, False])
def test_a_view_looks_for_all_or_for_each(shared):
    look = hanging_for_each if shared else hanging
    wrong = View("wrong", "notice", ROWS, look, shared=shared)
    env = jaxmmo.make(game(shared=True).extend("Wrong", views=[wrong]), **SMALL)
    with pytest.raises(ValueError, match=f"'wrong' looks at rows .* with shared={shared}"):
        jax.eval_shape(env.reset, jax.random.key(0))


def test_trees_without_shared_tables_are_rows_alone():
    tree = {"x": jnp.arange(6).reshape(2, 3), "rows": Rows(*(jnp.arange(6).reshape(2, 3),) * 3)}
    assert jax.tree.map(jnp.shape, sharing.joined(tree)) == jax.tree.map(lambda _: (6,), tree)
    np.testing.assert_array_equal(sharing.taken(tree, jnp.array([1, 9]))["x"], [[3, 4, 5]] * 2)
