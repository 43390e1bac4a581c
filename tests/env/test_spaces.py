"""Spaces hold every observation and action of their environment, and nothing of another form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.records import Record
from tests.env.generate import random_world
from tests.env.worlds import GAMES, crowd, observer, reset, stepper

games = pytest.mark.parametrize("game", GAMES)


def seen(env):
    """An observation of a crowded world, and the state that it is of."""
    return observer(env)(random_world(env, 1), env.default_rules())


@games
def test_observations_and_actions_are_in_their_spaces(game):
    env = crowd(game)
    rules = env.default_rules(max_population=12, spawn_attempts=2)
    looks, acts = env.observation_space(), env.action_space()
    obs, state = observer(env)(reset(env, 0, rules), rules)
    assert looks.contains(obs)
    assert looks.contains(seen(env)[0])
    assert acts.contains(env.noop())
    for tick in range(3):
        action = acts.sample(jax.random.key(tick))
        assert acts.contains(action)
        assert acts.contains(dict(action))
        obs, state, *_ = stepper(env)(jax.random.key(tick), state, action, rules)
        assert looks.contains(obs)
    assert looks.contains({"tiles": obs.tiles, "tables": dict(obs.tables), "masks": obs.masks})


@games
def test_samples_of_both_spaces_are_in_them(game):
    env = crowd(game)
    for space in (env.observation_space(), env.action_space()):
        assert space.contains(space.sample(jax.random.key(0)))


@games
def test_every_leaf_of_an_observation_is_bounded(game):
    """Another shape, another dtype, a field less and a field more are refused wherever it is."""
    env = crowd(game)
    obs, _ = seen(env)
    space = env.observation_space()
    leaves, tree = jax.tree.flatten(obs)
    for i, leaf in enumerate(leaves):
        for other in (leaf[1:], leaf[None], leaf[..., :-1], leaf.astype(jnp.float32)):
            changed = jax.tree.unflatten(tree, [*leaves[:i], other, *leaves[i + 1 :]])
            assert not space.contains(changed), i
    agent = obs.tables["agent"]
    lower = agent.replace(overflow=agent.overflow.at[0].set(-1))
    assert not space.contains(obs.replace(tables=obs.tables.replace(agent=lower)))
    assert not space.contains(obs.replace(tables=obs.tables.replace(other=agent)))
    assert not space.contains(obs.replace(tables=Record()))
    masks = {name: mask for name, mask in obs.masks.items() if name != "move"}
    assert not space.contains(obs.replace(masks=Record(masks)))
    assert not space.contains(obs.replace(masks=obs.masks.replace(jump=obs.masks.move)))
    assert not space.contains(vars(obs) | {"more": obs.tiles})


@games
def test_actions_out_of_range_or_of_another_form_are_refused(game):
    env = crowd(game)
    space, action = env.action_space(), env.noop()
    for head in env.spec.heads:
        last = env.spec.choices(head) - 1
        choice = action[head.name]
        assert space.contains(action.replace(**{head.name: choice.at[0].set(last)}))
        for bad in (
            choice.at[0].set(last + 1),
            choice.at[0].set(-1),
            choice[:-1],
            choice[None],
            choice.astype(jnp.int8),
            choice.astype(jnp.float32),
            np.zeros(12, np.int64),
        ):
            assert not space.contains(action.replace(**{head.name: bad})), head.name
        without = {name: value for name, value in action.items() if name != head.name}
        assert not space.contains(without)
    assert not space.contains(action.replace(jump=action.move))


@games
def test_masks_have_a_place_for_every_choice(game):
    env = crowd(game)
    obs, _ = seen(env)
    for head in env.spec.heads:
        space = env.action_space()[head.name]
        assert obs.masks[head.name].shape[-1] == space.high + 1 == env.spec.choices(head)


@games
def test_samples_reach_every_choice_and_depend_on_the_key(game):
    env = crowd(game)
    space = env.action_space()
    drawn = [space.sample(jax.random.key(seed)) for seed in range(40)]
    for head in env.spec.heads:
        found = {int(x) for action in drawn for x in action[head.name]}
        assert found == set(range(env.spec.choices(head)))
