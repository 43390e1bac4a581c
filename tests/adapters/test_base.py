"""What all adapters share."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxmmo
from jaxmmo.adapters._drawing import GLYPHS, picture, text
from jaxmmo.adapters._worlds import UntilEmpty, deserted, lives, make_world
from jaxmmo.adapters.base import Layout, Pool, requires, seeded
from jaxmmo.env.v2.constants import Kind
from jaxmmo.env.wrappers import Horizon
from jaxmmo.replay import colors
from tests.adapters.worlds import HUNGRY, SECOND, SMALL
from tests.games import FIRST_GAME


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_a_joint_action_is_a_number_for_all_heads_and_back(seed):
    layout = Layout(jaxmmo.make(**SMALL).spec)
    assert layout.num_actions == 5 * 3 * 6
    joint = np.random.default_rng(seed).integers(0, layout.num_actions, (2, 7))
    np.testing.assert_array_equal(layout.join(layout.act(joint)), joint)


def test_every_joint_action_is_another_one():
    layout = Layout(jaxmmo.make(**SMALL).spec)
    action = layout.act(np.arange(layout.num_actions))
    flat = np.stack([np.asarray(choice) for choice in action.values()], -1)
    assert len(np.unique(flat, axis=0)) == layout.num_actions
    assert (flat.max(0) == np.array(layout.choices) - 1).all() and not flat.min(0).any()


def test_a_number_out_of_range_is_nothing():
    action = Layout(jaxmmo.make(**SMALL).spec).act(np.array([-1, 90, 2**31 - 1]))
    assert not any(np.asarray(choice).any() for choice in action.values())


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_joint_masks_tell_legality_exactly(preset):
    """Every joint action of every agent is tried: it is legal if and only if its mask says so."""
    env = jaxmmo.make(preset, **SMALL)
    layout = Layout(env.spec)
    obs, state = jax.jit(env.reset)(jax.random.key(5))

    @jax.jit
    def illegal(joint):
        action = layout.act(jnp.full(6, joint))
        return env.step(jax.random.key(0), state, action)[5].illegal

    wrong = np.asarray(jax.vmap(illegal)(jnp.arange(layout.num_actions))).T
    alive = np.asarray(state.players.alive)
    mask = np.asarray(layout.masks(obs))
    np.testing.assert_array_equal(mask[alive], ~wrong[alive])
    if preset == "JaxMMO-v1":  # in v1.3, nobody is offered to stay where a step is possible
        assert mask[:, 0].all()
    assert (mask[~alive].sum(-1) == 1).all() and mask[~alive][:, 0].all()


def test_masks_for_each_head_are_as_many_as_it_has_choices():
    env = jaxmmo.make(**SMALL)
    obs, _ = jax.jit(env.reset)(jax.random.key(5))
    masks = Layout(env.spec, actions="multi").masks(obs)
    assert [mask.shape for mask in masks] == [(6, 5), (6, 3), (6, 6)]


@pytest.mark.parametrize("observations", ["flat", "dense"])
def test_the_shapes_are_those_of_a_slot(observations):
    env = jaxmmo.make(**SMALL)
    layout = Layout(env.spec, observations)
    obs, _ = jax.jit(env.reset)(jax.random.key(5))
    seen = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), layout.observe(obs))
    assert seen == layout.shapes()


@pytest.mark.parametrize("preset", SECOND)
@pytest.mark.parametrize("observations", ["flat", "dense"])
def test_the_second_game_has_as_many_heads_and_tables_as_it_says(preset, observations):
    env = jaxmmo.make(preset, **HUNGRY)
    layout = Layout(env.spec, observations, "multi")
    obs = jax.eval_shape(env.reset, jax.random.key(0))[0]
    seen, masks, row = jax.eval_shape(
        lambda o: (layout.observe(o), layout.masks(o), layout.mask_row(o)), obs
    )
    whole = jax.tree.map(lambda x: jax.ShapeDtypeStruct((4, *x.shape), x.dtype), layout.shapes())
    assert seen == whole
    assert layout.choices == (5, 3, 6, 13, 13, 13, 6, 100, 6, 5, 13, 100, 128)
    assert [mask.shape for mask in masks] == [(4, n) for n in layout.choices]
    assert row.shape == (4, layout.num_logits) and layout.num_logits == sum(layout.choices)
    if observations == "dense":
        assert set(seen) == {"tile", "agent", "task", "inventory", "market"}
    decided = np.random.default_rng(0).integers(0, layout.choices, (2, 4, 13))
    action = layout.act(decided)
    assert [*action] == [head.name for head in env.spec.heads]
    np.testing.assert_array_equal(np.stack([*action.values()], -1), decided)
    with pytest.raises(ValueError, match="choices, more than 65536: use actions='multi'"):
        Layout(env.spec)


def test_a_world_without_births_is_over_when_nobody_lives():
    there = np.array([[False, True], [False, False]])
    state: Any = SimpleNamespace(players=SimpleNamespace(alive=there), tick=np.array([3, 3]))
    for preset, sizes, over in (
        (SECOND[0], HUNGRY, [False, True]),
        (SECOND[1], HUNGRY, [False, False]),
        (SECOND[0], HUNGRY | {"respawn": True}, [False, False]),
        ("JaxMMO-v1", SMALL, [False, False]),
    ):
        world, env = make_world(preset, 5, sizes)
        assert isinstance(world, UntilEmpty if preset == SECOND[0] and any(over) else Horizon)
        np.testing.assert_array_equal(deserted(env, state), over)
        np.testing.assert_array_equal(world.over(state), over)  # type: ignore[union-attr]
        state.tick += 2
        assert world.over(state).all()  # type: ignore[union-attr]
        state.tick -= 2


def test_every_life_that_there_may_be_is_known():
    ended, endless = (jaxmmo.make(preset, **HUNGRY) for preset in SECOND)
    assert lives(ended, 9) == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert lives(endless, 2) == [(i, life) for life in (1, 2) for i in (1, 2, 3, 4)]
    assert lives(jaxmmo.make(**SMALL), 0)[0] == (2, 1)


@pytest.mark.parametrize("preset", SECOND)
def test_worlds_of_the_second_game_are_drawn(preset):
    env = jaxmmo.make(preset, **HUNGRY)
    _, state = jax.jit(env.reset)(jax.random.key(0))
    npc, player = 4, 0  # slots
    row, col = int(state.bodies.row[player]), int(state.bodies.col[player])
    places = {"row": state.bodies.row, "col": state.bodies.col}
    places = {name: np.array(column) for name, column in places.items()}
    places["row"][npc], places["col"][npc] = row, col + 1
    alive, kind = np.array(state.bodies.alive), np.array(state.bodies.kind)
    alive[npc], kind[npc] = True, Kind.AGGRESSIVE
    bodies = state.bodies.replace(alive=jnp.asarray(alive), kind=jnp.asarray(kind), **places)
    state = state.replace(bodies=bodies)
    lines = text(env, state).split("\n")
    assert [len(line) for line in lines] == [40] * 40
    population = int(state.bodies.population[player])
    assert lines[row][col : col + 2] == f"{population}A"
    known = set("".join(GLYPHS[each.name] for each in env.preset.materials))
    assert set("".join(lines)) <= known | set("0123456789PNA")
    drawn = picture(env, state)
    assert drawn.shape == (400, 400, 3)
    assert (drawn == colors.rgb(colors.TEMPERS[2])).all(2)[10 * row : 10 * row + 10].any()


def test_what_is_unknown_is_refused():
    spec = jaxmmo.make(**SMALL).spec
    with pytest.raises(ValueError, match="observations='raw': must be one of flat, dense"):
        Layout(spec, observations="raw")
    with pytest.raises(ValueError, match="actions='one': must be one of joint, multi"):
        Layout(spec, actions="one")
    large = jaxmmo.make(capacity=8192, max_visible=8192).spec
    with pytest.raises(ValueError, match="would have 122880 choices"):
        Layout(large)
    assert Layout(large, actions="multi").choices == (5, 3, 8192)
    with pytest.raises(ValueError, match="must be integers"):
        Layout(spec).act(np.zeros(6, np.float32))
    bad: tuple[Any, ...] = (0, 1.5, True)
    for horizon in bad:
        with pytest.raises(ValueError, match="must be an integer of at least 1"):
            make_world("JaxMMO-v1", horizon, {})
    bad = (-1, 2.0, True)
    for size in bad:
        with pytest.raises(ValueError, match="pool="):
            Pool(jaxmmo.make(), size)


def test_seeds_are_integers_and_missing_ones_are_drawn():
    assert (seeded(3, int) == jax.random.key(3)).all()
    assert (seeded(None, lambda: 3) == jax.random.key(3)).all()
    for bad in (-1, 1.5, "a", True):
        with pytest.raises(ValueError, match="seed="):
            seeded(bad, int)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    "name", ["pettingzoo", "gymnasium", "jaxmarl", "gymnax", "jumanji", "torch"]
)
def test_what_is_not_installed_is_named_with_its_extra(name, monkeypatch):
    adapter = f"jaxmmo.adapters.{name}"
    for module in [m for m in sys.modules if m.split(".")[0] == name or m == adapter]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    if name == "pettingzoo":
        monkeypatch.setitem(sys.modules, "jaxmmo.adapters._spaces", jaxmmo)
    with pytest.raises(
        ModuleNotFoundError, match=f"{name} is needed: pip install 'jaxmmo.{name}.'"
    ):
        __import__(adapter)


def test_what_a_library_misses_itself_is_not_taken_for_the_library(monkeypatch, tmp_path):
    (tmp_path / "half_there.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere_to_be_found'"):
        requires("half_there")
