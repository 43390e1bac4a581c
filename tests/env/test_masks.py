"""Masks say exactly what the next step does."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.actions import Action
from jaxmmo.env.actions.decoding import decode
from jaxmmo.env.constants import NUM_MOVES, NUM_STYLES, Cause, Material, Move, Outcome
from tests.env.generate import random_world
from tests.env.worlds import PRESETS, V1, V13, environment, observer, world

SLOTS = 24
SEEDS = range(8)

presets = pytest.mark.parametrize("preset", PRESETS)


def crowd(preset):
    return environment(preset, capacity=SLOTS, max_visible=SLOTS)


@pytest.fixture(scope="module", params=PRESETS)
def outcomes(request):
    """What comes of every action in many random worlds.

    Everybody acts alike, once for each move, and once for each style and row; no agent is born and
    every blow hits.
    """
    env = crowd(request.param)
    rules = env.default_rules(spawn_attempts=0, hit_base=400, max_hit=1, freeze_ticks=0)
    states = jax.tree.map(lambda *x: jnp.stack(x), *(random_world(env, seed) for seed in SEEDS))
    rows = env.config.max_visible
    moves = [(move, 0, 0) for move in range(NUM_MOVES)]
    blows = [(0, style, row) for style in range(NUM_STYLES) for row in range(rows)]
    choices = jnp.asarray(moves + blows)

    def one(state):
        obs, state = env.observe(state, rules)

        def act(choice):
            move, style, target = jnp.broadcast_to(choice, (SLOTS, 3)).T
            action = Action(move=move, style=style, target=target)
            _, after, _, _, _, info = env.step(jax.random.key(0), state, action, rules)
            return after, info

        return obs, state, state.views["agent"].slots, jax.vmap(act)(choices)

    obs, states, visible, (after, info) = jax.device_get(jax.jit(jax.vmap(one))(states))
    return env, obs, states, visible, after, info


def test_a_legal_move_moves_and_an_illegal_one_does_nothing(outcomes):
    env, obs, before, _, after, info = outcomes
    preset = env.config.preset
    acts = before.players.alive
    if preset == V1:  # who starves before the moves goes nowhere, whatever its mask
        starved = np.isin(info.events.deaths.cause, (Cause.STARVATION, Cause.DEHYDRATION))
        acts = acts & ~starved[:, 0]
    for move in range(1, NUM_MOVES):
        moved = (after.players.row[:, move] != before.players.row) | (
            after.players.col[:, move] != before.players.col
        )
        assert (obs.masks.move[..., move] == moved)[acts].all()
        assert (info.illegal[:, move] == before.players.alive & ~obs.masks.move[..., move]).all()
        assert moved[acts].any() and not moved[acts].all()
    stayed = after.players.row[:, Move.STAY] == before.players.row
    assert stayed[before.players.alive].all()
    stay = obs.masks.move[..., Move.STAY]
    if env.config.allow_stay:
        assert stay.all()
    else:
        assert (stay == ~obs.masks.move[..., 1:].any(-1)).all()


def test_a_legal_target_is_hit_and_an_illegal_one_is_not(outcomes):
    env, obs, before, visible, _, info = outcomes
    rows = env.config.max_visible
    result = info.events.attacks.outcome[:, NUM_MOVES:].reshape(len(SEEDS), NUM_STYLES, rows, SLOTS)
    hit = np.moveaxis(result, 3, 1) == Outcome.HIT
    legal = obs.masks.target.copy()
    assert legal[..., 0].all()
    assert not hit[..., 0].any()
    alive = before.players.alive
    illegal = info.illegal[:, NUM_MOVES:].reshape(len(SEEDS), NUM_STYLES, rows, SLOTS)
    illegal = np.moveaxis(illegal, 3, 1)
    # staying put is illegal in v1.3, whatever the target
    stay = obs.masks.move[..., Move.STAY]
    assert (illegal == alive[..., None, None] & ~(legal & stay[..., None, None])).all()
    acts = alive.copy()
    target = np.minimum(visible, SLOTS - 1)
    there = visible < SLOTS
    if env.config.preset == V1:
        # who starves or burns first neither hits nor is hit, and that is no matter of reach
        cause = info.events.deaths.cause[:, 0]
        gone = np.isin(cause, (Cause.STARVATION, Cause.DEHYDRATION, Cause.LAVA))
        acts &= ~gone
        there &= ~np.take_along_axis(gone[:, None, :], target, 2)
    where = acts[:, :, None, None] & there[:, :, None, :]
    where = np.broadcast_to(where, hit.shape).copy()
    where[..., 0] = False
    assert (hit == legal)[where].all()
    assert hit[where].any() and not hit[where].all()


def test_styles_are_legal_for_the_living(outcomes):
    _, obs, before, _, _, _ = outcomes
    assert (obs.masks.style[..., 1:] == before.players.alive[..., None]).all()
    assert obs.masks.style[..., 0].all()


@presets
def test_an_empty_slot_may_only_do_nothing(preset):
    env = crowd(preset)
    for seed in range(3):
        state = random_world(env, seed)
        obs, _ = observer(env)(state, env.default_rules())
        empty = ~np.asarray(state.players.alive)
        assert empty.any()
        assert (np.asarray(obs.masks.move)[empty] == [True, False, False, False, False]).all()
        assert (np.asarray(obs.masks.style)[empty] == [True, False, False]).all()
        target = np.asarray(obs.masks.target)[empty]
        assert target[..., 0].all() and not target[..., 1:].any()


@presets
@pytest.mark.parametrize("freeze", [0, 1, 2])
def test_freeze_counts_down_before_the_move(preset, freeze):
    env = environment(preset)
    obs, _ = observer(env)(world(env, {"freeze": freeze}), env.default_rules())
    assert bool(obs.masks.move[0, 1:].any()) == (freeze < 2)


@presets
def test_lava_is_legal(preset):
    env = environment(preset)
    state = world(env, {"row": 2}, tiles={(3, 7): Material.STONE})
    obs, _ = observer(env)(state, env.default_rules())
    assert bool(obs.masks.move[0, Move.NORTH])
    assert not bool(obs.masks.move[0, Move.SOUTH])


def test_staying_is_legal_in_v13_for_whoever_cannot_move():
    env = environment(V13)
    obs, _ = observer(env)(world(env, {}, {"freeze": 2}), env.default_rules())
    assert np.asarray(obs.masks.move)[:2, Move.STAY].tolist() == [False, True]


@presets
def test_reach_by_style_is_as_the_rules_say(preset):
    env = environment(preset)
    rules = env.default_rules(reach=(1, 3, 2))
    others = [{"row": 7 + off} for off in (1, 2, 3)]
    obs, state = observer(env)(world(env, {}, *others), rules)
    seen = np.asarray(state.views["agent"].slots[0, :4]).tolist()
    legal = np.asarray(obs.masks.target[0, :, :4])
    reached = [{seen[row] for row in range(4) if legal[style, row]} for style in range(NUM_STYLES)]
    assert reached == [{0, 1}, {0, 1, 2, 3}, {0, 1, 2}]
    obs, _ = observer(env)(world(env, {}, *others), rules.without_combat())
    assert not np.asarray(obs.masks.target)[..., 1:].any()


@presets
def test_illegal_actions_become_nothing(preset):
    env = environment(preset)
    state = world(env, {}, {"row": 6}, tiles={(7, 8): Material.STONE})
    rules = env.default_rules()
    hostile = [-(2**31), -1, 5, 99, 2**31 - 1]
    for value in hostile:
        for head in ("move", "style", "target"):
            action = {name: jnp.zeros(4, jnp.int32) for name in ("move", "style", "target")}
            action["target"] = action["target"].at[0].set(1)
            action[head] = action[head].at[0].set(value)
            intent, illegal = decode(env.config, rules, state, action, env.preset.heads, env.spec)
            assert bool(illegal[0])
            assert int(intent.move[0]) == Move.STAY
            if head != "move":
                assert int(intent.target[0]) == env.config.capacity
    action = jaxmmo.make(preset, capacity=4).noop().replace(move=jnp.full(4, Move.EAST))
    # into the rock
    intent, illegal = decode(env.config, rules, state, action, env.preset.heads, env.spec)
    assert int(intent.move[0]) == Move.STAY and bool(illegal[0])
    assert np.asarray(illegal).tolist() == [True, False, False, False]


@presets
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_numbers_beyond_32_bits_are_no_choices(preset, dtype):
    """Cut to 32 bits, each of these would be a legal one."""
    env = environment(preset)
    state = world(env, {}, {"row": 6})
    rules = env.default_rules(spawn_attempts=0)
    legal = {"move": Move.EAST, "style": 0, "target": 1}
    for head in legal:
        action: Any = {name: np.full(4, choice, dtype) for name, choice in legal.items()}
        action[head][0] += 2**32
        _, after, _, _, _, info = env.step(jax.random.key(0), state, action, rules)
        assert bool(info.illegal[0])
        assert int(after.players.col[0]) == (7 if head == "move" else 8)
        outcome = int(info.events.attacks.outcome[0])
        assert (outcome == Outcome.NONE) == (head != "move")


@presets
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64])
def test_actions_may_be_integers_of_any_kind(preset, dtype):
    env = environment(preset)
    state = world(env, {}, {"row": 6})
    choices = {"move": Move.EAST, "style": 0, "target": 1}
    action = {name: np.full(4, choice, dtype) for name, choice in choices.items()}
    intent, illegal = decode(
        env.config, env.default_rules(), state, action, env.preset.heads, env.spec
    )
    assert not np.asarray(illegal).any()
    assert np.asarray(intent.move).tolist() == [Move.EAST, Move.EAST, 0, 0]
    assert np.asarray(intent.target).tolist() == [1, 0, 4, 4]
