"""Masked decisions: exact zeros, a joint that sums to one, and gradients that stay finite."""

import dataclasses
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.actions import Action
from jaxmmo.env.observation import Masks
from jaxmmo.io import Head, decisions

SPEC = jaxmmo.make(capacity=4).spec  # K = 4 targets


def case(seed: int = 0, leading: tuple[int, ...] = (5,)) -> tuple[dict[str, Any], Masks]:
    rng = np.random.default_rng(seed)
    shapes = {head.name: leading + SPEC.shape(head) for head in SPEC.heads}
    logits = {name: jnp.asarray(rng.normal(size=s) * 3, jnp.float32) for name, s in shapes.items()}
    legal = {name: rng.random(s) < 0.6 for name, s in shapes.items()}
    for mask in legal.values():
        mask[..., 0] = True
    return logits, Masks(**{name: jnp.asarray(mask) for name, mask in legal.items()})


def every_action():
    return itertools.product(range(5), range(3), range(4))


def joint(logits, masks) -> np.ndarray:
    """f64[60, ...]: probability of every whole action, through `log_prob`."""
    probs = []
    for move, style, target in every_action():
        choices = {"move": move, "style": style, "target": target}
        action = Action({n: jnp.full(masks.move.shape[:-1], c) for n, c in choices.items()})
        probs.append(np.exp(np.float64(decisions.log_prob(SPEC, logits, masks, action))))
    return np.array(probs)


def test_shapes_follow_the_heads():
    shapes = {head.name: SPEC.shape(head) for head in SPEC.heads}
    assert shapes == {"move": (5,), "style": (3,), "target": (3, 4)}


def test_whole_actions_sum_to_one_and_illegal_ones_are_impossible():
    logits, masks = case()
    probs = joint(logits, masks)
    np.testing.assert_allclose(probs.sum(0), 1, rtol=1e-5)
    for i, (move, style, target) in enumerate(every_action()):
        legal = masks.move[:, move] & masks.style[:, style] & masks.target[:, style, target]
        assert np.all((probs[i] > 0) == legal)


def test_entropy_is_that_of_the_whole_action():
    logits, masks = case(1)
    probs = joint(logits, masks)
    direct = -np.sum(probs * np.log(np.where(probs > 0, probs, 1)), 0)
    np.testing.assert_allclose(decisions.entropy(SPEC, logits, masks), direct, rtol=1e-5)


def test_uniform_entropy_counts_the_legal_choices():
    _, masks = case(2)
    logits = decisions.uniform(SPEC, (5,))
    targets = np.asarray(masks.target.sum(-1))
    styles = np.asarray(masks.style)
    want = np.log(masks.move.sum(-1)) + np.log(styles.sum(-1))
    want += (np.log(targets) * styles).sum(-1) / styles.sum(-1)
    np.testing.assert_allclose(decisions.entropy(SPEC, logits, masks), want, rtol=1e-5)


def test_samples_are_legal_and_follow_the_probabilities():
    logits, masks = case(3, leading=())
    draws = 40_000
    keys = jax.random.split(jax.random.key(0), draws)
    action = jax.vmap(lambda key: decisions.sample(key, SPEC, logits, masks))(keys)
    index = (action.move * 3 + action.style) * 4 + action.target
    share = np.bincount(np.asarray(index), minlength=60) / draws
    probs = joint(logits, masks)
    assert np.all(share[probs == 0] == 0)
    assert np.all(np.abs(share - probs) < 5 * np.sqrt(probs * (1 - probs) / draws) + 1e-4)


def test_the_target_belongs_to_the_chosen_style():
    masks = Masks(
        move=jnp.ones((3, 5), bool),
        style=jnp.eye(3, dtype=bool),
        target=jnp.broadcast_to(jnp.eye(4, dtype=bool)[1:], (3, 3, 4)),
    )
    logits = decisions.uniform(SPEC, (3,))
    for action in (
        decisions.sample(jax.random.key(1), SPEC, logits, masks),
        decisions.greedy(SPEC, logits, masks),
    ):
        np.testing.assert_array_equal(action.style, [0, 1, 2])
        np.testing.assert_array_equal(action.target, [1, 2, 3])


def test_greedy_is_the_likeliest_choice_of_each_head():
    logits, masks = case(4)
    action = decisions.greedy(SPEC, logits, masks)
    for row in range(5):
        for name in ("move", "style"):
            scores = np.where(getattr(masks, name)[row], logits[name][row], -np.inf)
            assert getattr(action, name)[row] == scores.argmax()
        style = int(action.style[row])
        scores = np.where(masks.target[row, style], logits["target"][row, style], -np.inf)
        assert action.target[row] == scores.argmax()


@pytest.mark.parametrize("scale", [0.0, 1e6])
def test_nothing_legal_is_doing_nothing_with_finite_gradients(scale):
    logits, masks = case(5)
    logits = jax.tree.map(lambda x: x * scale, logits)
    closed = jax.tree.map(jnp.zeros_like, masks)
    action = decisions.sample(jax.random.key(0), SPEC, logits, closed)
    jax.tree.map(lambda choice: np.testing.assert_array_equal(choice, 0), action)
    np.testing.assert_array_equal(decisions.log_prob(SPEC, logits, closed, action), 0)
    np.testing.assert_array_equal(decisions.entropy(SPEC, logits, closed), 0)
    for mask in (masks, closed):
        for function in (
            lambda x, mask=mask: decisions.log_prob(SPEC, x, mask, action).sum(),
            lambda x, mask=mask: decisions.entropy(SPEC, x, mask).sum(),
        ):
            assert all(np.isfinite(g).all() for g in jax.tree.leaves(jax.grad(function)(logits)))


def test_an_added_head_is_decided_too():
    spec = dataclasses.replace(
        SPEC, heads=(Head("move", size=5), Head("gift", size=2, given="move"))
    )
    legal = Masks(move=jnp.eye(5, dtype=bool), gift=jnp.ones((5, 5, 2), bool))
    gifts = jnp.broadcast_to(jnp.arange(5)[:, None] * jnp.array([-1.0, 1.0]) - 1, (5, 5, 2))
    logits = {"move": jnp.zeros((5, 5)), "gift": gifts.at[:, 0, 0].set(9.0)}
    action = decisions.greedy(spec, logits, legal)
    np.testing.assert_array_equal(action.move, np.arange(5))
    np.testing.assert_array_equal(action.gift, [0, 1, 1, 1, 1])


def test_the_same_key_draws_the_same_and_heads_have_streams_of_their_own():
    _, masks = case(6, leading=(2000,))
    masks = jax.tree.map(jnp.ones_like, masks)
    logits = decisions.uniform(SPEC, (2000,))
    first = decisions.sample(jax.random.key(7), SPEC, logits, masks)
    again = decisions.sample(jax.random.key(7), SPEC, logits, masks)
    jax.tree.map(np.testing.assert_array_equal, first, again)
    relation = np.corrcoef([first.move, first.style, first.target])
    assert np.abs(relation - np.eye(3)).max() < 0.1
