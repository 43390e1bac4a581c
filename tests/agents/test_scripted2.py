"""Scripted policies of the second game, living side by side in small worlds."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import duels, scripted, wares
from jaxmmo.agents.acting import join, split
from jaxmmo.env import sharing
from jaxmmo.env.constants import Cause
from jaxmmo.env.observation import blank
from jaxmmo.env.v2.constants import Item, Kind
from jaxmmo.evaluation import economies
from tests.games import ENDLESS, TINY_SECOND

PLAYERS = ("random", "forager", "fighter", "trader")
WORLDS, TICKS = 3, 150


def env_of() -> Any:
    return jaxmmo.make(ENDLESS, **TINY_SECOND)


@functools.cache
def lives() -> dict[str, dict[str, Any]]:
    """What came of worlds of each policy, all of them stepped by one program."""
    env = env_of()
    policies = [scripted.get(name, env) for name in PLAYERS]
    slots, capacity = WORLDS * env.config.capacity, env.config.capacity

    def tick(now, key):
        obs, state, carries, reset, total = now
        choose, advance = jax.random.split(key)
        actions, kept = [], []
        for number, (policy, carry) in enumerate(zip(policies, carries, strict=True)):
            mine = slice(number * slots, (number + 1) * slots)
            seen = sharing.taken(obs, jnp.arange(mine.start, mine.stop))
            out = policy.apply((), seen, carry, reset[mine])
            choose, now_ = jax.random.split(choose)
            actions.append(policy.decide(now_, env.spec, out.logits, seen.masks))
            kept.append(out.carry)
        action = jax.tree.map(lambda *x: jnp.concatenate(x), *actions)
        worlds = reset.shape[0] // capacity
        keys = jax.random.split(advance, worlds)
        seen, after, _, _, _, info = jax.vmap(env.step)(keys, state, split(action, worlds))
        total = {
            "illegal": total["illegal"] + info.illegal.reshape(worlds, -1).sum(1),
            "steps": total["steps"] + info.acted.sum(1),
            "deaths": total["deaths"] + (info.events.deaths.cause != Cause.NONE).sum(1),
            "damage": total["damage"] + info.events.attacks.damage[:, :capacity].sum(1),
            "economy": economies.count(env, total["economy"], state, after, info),
        }
        return (join(seen), after, tuple(kept), join(info.newborn[:, :capacity]), total), None

    def live(key):
        worlds = len(PLAYERS) * WORLDS
        begin, go = jax.random.split(key)
        obs, state = jax.vmap(env.reset)(jax.random.split(begin, worlds))
        carries = tuple(policy.initial_carry((slots,)) for policy in policies)
        total = {name: jnp.zeros(worlds, jnp.int32) for name in ("illegal", "steps", "deaths")}
        total |= {"damage": total["steps"] + 0, "economy": economies.zero(env, worlds)}
        first = (join(obs), state, carries, jnp.ones(worlds * capacity, bool), total)
        return jax.lax.scan(tick, first, jax.random.split(go, TICKS))[0][-1]

    total = jax.tree.map(np.asarray, jax.jit(live)(jax.random.key(0)))
    found = {}
    for number, name in enumerate(PLAYERS):
        mine = slice(number * WORLDS, (number + 1) * WORLDS)
        own = jax.tree.map(lambda x, mine=mine: x[mine], total)
        groups = np.ones(own["economy"].steps.shape, bool)
        deaths = int(own["deaths"].sum())
        found[name] = {
            "illegal": int(own["illegal"].sum()),
            "lifetime": own["steps"].sum() / max(deaths, 1),
            "damage": own["damage"].sum() / own["steps"].sum(),
            "economy": economies.report(own["economy"], groups, deaths),
        }
    return found


@pytest.mark.slow
def test_everything_they_choose_is_legal():
    assert {name: found["illegal"] for name, found in lives().items()} == dict.fromkeys(PLAYERS, 0)


@pytest.mark.slow
def test_foragers_outlive_random_agents():
    found = lives()
    assert found["forager"]["lifetime"] > 3 * found["random"]["lifetime"]
    assert found["trader"]["lifetime"] > 3 * found["random"]["lifetime"]


@pytest.mark.slow
def test_fighters_deal_damage_and_arm_themselves():
    found = lives()
    assert found["forager"]["damage"] == 0
    assert found["fighter"]["damage"] > found["random"]["damage"]
    worn = {name: sum(found[name]["economy"]["equipment"].values()) for name in PLAYERS}
    assert worn["fighter"] > 2 * worn["random"]


@pytest.mark.slow
def test_traders_trade_and_practise_professions():
    found = lives()
    trader, forager = found["trader"]["economy"], found["forager"]["economy"]
    assert trader["sales_per_life"] > 1 > found["random"]["economy"]["sales_per_life"]
    assert sum(sale["gold"] for sale in trader["trades"].values()) > 0 == len(forager["trades"])
    assert sum(trader["harvests"].values()) > 2 * sum(forager["harvests"].values())
    crafts = ("prospecting", "carving", "alchemy")
    for craft in crafts:
        assert trader["levels"][craft]["mean"] > forager["levels"][craft]["mean"]


@pytest.mark.parametrize("name", scripted.names(env_of()))
def test_any_leading_axes_will_do(name):
    env = env_of()
    policy, spec = scripted.get(name, env), env.spec
    assert policy == scripted.get(name, env_of())
    axes = (2, 3)
    obs = jax.eval_shape(lambda: blank(spec, axes))
    reset = jax.ShapeDtypeStruct(axes, bool)
    out = jax.eval_shape(policy.apply, (), obs, policy.initial_carry(axes), reset)
    wanted = {head.name: axes + spec.shape(head) for head in spec.heads}
    assert {head: logits.shape for head, logits in out.logits.items()} == wanted
    assert out.value.shape == axes


def judged(rows: Sequence[tuple[int, int, int, int]], gathers: bool = False, **levels: int):
    """A bag with these (type, level, equipped, price), of somebody with these levels, else 1."""
    columns = dict(zip(("type", "level", "equipped", "price"), np.array(rows).T, strict=True))
    own = np.array([levels.get(skill.removeprefix("level_"), 1) for skill in wares.LEVELS])
    columns = jax.tree.map(jnp.asarray, columns)
    return wares.bag(columns, columns["type"] > 0, jnp.asarray(own), gathers=gathers)


def test_the_best_that_may_be_worn_is_put_on_and_supplies_are_used_in_need():
    rows = [(Item.HAT, 1, 1, 0), (Item.HAT, 2, 0, 0), (Item.HAT, 9, 0, 0), (Item.ROD, 1, 0, 0)]
    rows += [(Item.POTION, 1, 0, 0), (Item.RATION, 1, 0, 0)]
    legal = jnp.asarray([True, True, False, True, True, True])

    def used(health: int, stock: int, **how: Any) -> int:
        given = jnp.int32(health), jnp.int32(stock)
        return int(jnp.argmax(wares.use(judged(rows, melee=2, **how), legal, *given)))

    assert (used(100, 100), used(20, 20), used(100, 20)) == (1, 4, 5)
    assert used(100, 100, gathers=True) == 3


def test_what_is_not_needed_is_sold_the_dearest_first():
    rows = [(Item.ARROW, 1, 1, 0), (Item.RUNES, 1, 0, 0), (Item.HAT, 3, 0, 0), (0, 0, 0, 0)]
    rows += [(Item.POTION, 1, 0, 0)] * 3
    items, legal = judged(rows, range=2), jnp.asarray([False, True, True, False, True, True, True])
    urge = np.asarray(wares.sell(items, legal))
    assert urge.tolist() == [0, 1, 5, 0, 0, 0, 1]
    assert not np.any(wares.throw_away(items, legal))  # there is room left
    full = judged([row for row in rows if row[0]], range=2)
    assert np.argmax(wares.throw_away(full, jnp.delete(legal, 3))) == 1


def test_what_improves_the_equipment_is_bought_as_cheaply_as_possible():
    rows = [(Item.HAT, 1, 1, 0), (0, 0, 0, 0)]
    offers = [(Item.HAT, 1, 0, 1), (Item.HAT, 2, 0, 9), (Item.HAT, 2, 0, 8), (Item.HAT, 3, 0, 1)]
    own, all_ = judged(rows, melee=2), jnp.ones(4, bool)
    urge = np.asarray(wares.buy(judged(offers, melee=2), own, all_))
    assert np.argmax(urge) == 2 and urge[0] == urge[3] == 0
    ration = judged([(Item.RATION, 1, 0, 1)] * 4)
    assert np.all(np.asarray(wares.buy(ration, own, all_)) > 0)


def test_the_weaker_are_attacked_in_the_style_that_hurts_most():
    # the observer, a strong NPC of mages, a weak one of melee, and a passive one
    columns: dict[str, Any] = {name: np.array([1, 0, 0, 0]) for name in wares.LEVELS}
    columns["level_mage"] = np.array([1, 9, 0, 0])
    columns["level_melee"] = np.array([1, 0, 1, 0])
    columns |= {
        "kind": np.array([Kind.PLAYER, Kind.AGGRESSIVE, Kind.NEUTRAL, Kind.PASSIVE]),
        "item_level": np.array([0, 45, 2, 60]),
        "health": np.array([100, 100, 60, 100]),
    }
    columns = jax.tree.map(jnp.asarray, columns)
    share, weaker = duels.prospects(columns, jnp.ones(4, bool), judged([(0, 0, 0, 0)]))
    assert np.asarray(weaker)[1:].tolist() == [False, True, True]
    style, target = duels.targets(share, weaker, jnp.ones((3, 4), bool))
    best = int(np.argmax(style))
    assert best == 2 and int(np.argmax(target[best])) == 2  # mages beat melee
    nobody = duels.targets(share, weaker, jnp.zeros((3, 4), bool))[1]
    assert np.all(np.argmax(np.asarray(nobody), -1) == 0)
