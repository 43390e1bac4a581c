"""The reward for a livelihood: what it pays for, and what it does not."""

from types import SimpleNamespace as Namespace

import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.constants import Cause
from jaxmmo.env.v2.constants import NUM_SKILLS, Event, Skill
from jaxmmo.env.v2.livelihood import COIN, LEARNED, WORN, reward
from jaxmmo.records import Record
from tests.games import ENDLESS, TINY_SECOND

EARNED, LOOTED, BOUGHT = (int(e) for e in (Event.EARN_GOLD, Event.LOOT_GOLD, Event.BUY_ITEM))


def players(worn=(0, 0, 0), fishing=(1, 1, 1), melee=(1, 1, 1)):
    level = np.ones((3, NUM_SKILLS), np.int32)
    level[:, Skill.FISHING], level[:, Skill.MELEE] = fishing, melee
    return Namespace(
        players=Namespace(
            alive=jnp.ones(3, bool), item_level=jnp.asarray(worn), level=jnp.asarray(level)
        )
    )


def paid(before, after, rows=(), dead=()):
    """Rewards of three players whose tasks pay nothing; rows are (who, event, gold)."""
    log = np.zeros((4, 7), np.int32)
    for i, (who, event, gold) in enumerate(rows):
        log[i, [0, 1, 5]] = who, event, gold
    cause = np.full(3, int(Cause.NONE), np.int32)
    cause[list(dead)] = int(Cause.NONE) + 1
    events = Record(
        log=Namespace(rows=jnp.asarray(log)),
        deaths=Namespace(cause=jnp.asarray(cause)),
        rewards=jnp.zeros(3),
    )
    return np.asarray(reward(None, before, after, events))


def test_sales_pay_their_seller_and_loot_does_not():
    rows = [(1, EARNED, 5), (1, EARNED, 2), (3, LOOTED, 9), (-2, EARNED, 4)]
    np.testing.assert_allclose(paid(players(), players(), rows), [7 * COIN, 0, 0], rtol=1e-6)


def test_what_goes_round_pays_nobody():
    rows = [(1, EARNED, 5), (2, BOUGHT, 5)]
    there = paid(players(), players(), rows)
    back = paid(players(), players(), [(2, EARNED, 5), (1, BOUGHT, 5)])
    np.testing.assert_allclose(there, [5 * COIN, -5 * COIN, 0], rtol=1e-6)
    np.testing.assert_allclose(there + back, 0, atol=1e-7)


def test_what_is_put_on_pays_as_much_as_taking_it_off_costs():
    on = paid(players(worn=(0, 3, 0)), players(worn=(2, 3, 0)))
    off = paid(players(worn=(2, 3, 0)), players(worn=(0, 3, 0)))
    np.testing.assert_allclose(on, [2 * WORN, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(on + off, 0, atol=1e-7)


def test_professions_pay_and_fighting_does_not():
    got = paid(players(), players(fishing=(1, 2, 1), melee=(2, 1, 1)))
    np.testing.assert_allclose(got, [0, LEARNED, 0], rtol=1e-6)


def test_whoever_dies_loses_a_life_and_no_more():
    before, after = players(worn=(6, 0, 0), fishing=(5, 1, 1)), players()
    np.testing.assert_allclose(paid(before, after, [(1, EARNED, 9)], dead=[0]), [-1, 0, 0])


def test_a_game_is_given_its_reward_by_name():
    env = jaxmmo.make(ENDLESS, **TINY_SECOND, reward="livelihood")
    assert env.reward is reward
    assert jaxmmo.make(ENDLESS, **TINY_SECOND).reward is not reward
    with pytest.raises(ValueError, match=r"unknown reward 'wealth'.*task.*livelihood"):
        jaxmmo.make(ENDLESS, reward="wealth")
