"""Rules of the second game on worlds of a few bodies."""

from collections import deque
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxmmo.env.v2.constants import Event, Item, Material
from jaxmmo.env.v2.rows import Rows
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.tick import advance
from jaxmmo.env.v2.together import tick as together
from tests.env.second.worlds import intent, rolls, small, world_with

CONFIG = small()
RULES = default_rules(CONFIG)
STEPS = {
    "sequential": jax.jit(partial(advance, CONFIG)),
    "simultaneous": jax.jit(partial(together.advance, CONFIG)),
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name == "simultaneous" else [])
        for name in STEPS
    ]
)
def play(request):
    """Plays a tick in each resolution; what is tested with it holds in both."""

    def once(world, acts=None, draws=None, rules=RULES):
        given = intent(CONFIG, **(acts or {})), rolls(CONFIG, **(draws or {}))
        after, _ = STEPS[request.param](rules, world, *given)
        return after, np.asarray(after.log.rows)[: int(after.log.count)]

    return once


def logged(rows, event):
    """The rows of one event."""
    return rows[rows[:, 1] == int(event)]


def two(**columns):
    """Two players beside each other, the first with these columns."""
    return [{"col": 30} | columns, {"col": 31}]


def test_a_blow_is_certain_and_puts_both_in_combat(play):
    world = world_with(CONFIG, two())
    after, rows = play(world, {"target": [1, 6, 6, 6]})
    # 10 + 5 of a beginner, against the 5 of another one; both are well fed, which comes first
    assert after.bodies.health[:2].tolist() == [100, 90]
    assert after.bodies.damage[1] == 10
    assert after.bodies.latest_combat[:2].tolist() == [11, 11]
    assert after.bodies.experience[0, 0] == 6
    assert logged(rows, Event.SCORE_HIT)[0].tolist() == [1, 11, 1, 0, 10, 0, 2]


def test_the_young_are_safe_from_players_only(play):
    players = [{"col": 30}, {"col": 31, "time_alive": 18}]
    npcs = [{"col": 32, "kind": 3, "offence": 30}]
    after, rows = play(world_with(CONFIG, players, npcs), {"target": [1, 6, 6, 6]})
    assert not len(logged(rows, Event.SCORE_HIT))
    assert after.bodies.attacker[1] == -1


def test_a_killer_gets_gold_and_as_many_items_as_fit(play):
    players = [{"col": 30, "gold": 2}, {"col": 31, "gold": 9, "health": 1, "food": 50}]
    mine = [{"type": Item.HAT, "owner": 0}] * 11
    theirs = [{"type": Item.TOP, "owner": 1}, {"type": Item.RATION, "owner": 1}]
    order = np.zeros((1, CONFIG.items), np.int32)
    order[0, 12] = 1  # the ration is taken first
    world = world_with(CONFIG, players, items=[*mine, *theirs])
    after, rows = play(world, {"target": [1, 6, 6, 6]}, {"loot": order})
    assert after.bodies.gold[0] == 11
    assert not after.bodies.alive[1]
    assert after.items.owner[13] == 0 and not after.items.alive[12]
    assert logged(rows, Event.LOOT_ITEM)[:, 2].tolist() == [Item.RATION]
    assert logged(rows, Event.LOOT_GOLD)[0, 5] == 9


def test_the_first_buyer_gets_what_several_want(play):
    players = [{"gold": 0}, {"gold": 9}, {"gold": 9}]
    items = [{"type": Item.HAT, "owner": 0, "price": 5, "listed": 9}]
    acts = {"buy": [CONFIG.items, 1, 1, CONFIG.items]}
    for order, buyer in (([2, 1, 0, 3], 2), ([1, 2, 0, 3], 1)):
        world = world_with(CONFIG, players, items=items)
        after, _ = play(world, acts, {"buyers": jnp.array(order)})
        assert after.items.owner[1] == buyer and after.items.price[1] == 0
        assert after.bodies.gold[0] == 5 and after.bodies.gold[:3].sum() == 18


def test_nobody_deals_in_items_after_a_fight(play):
    world = world_with(CONFIG, two(latest_combat=9), items=[{"type": Item.HAT, "owner": 0}])
    none = CONFIG.items
    for acts in ({"sell": [1, none, none, none], "price": [5, 0, 0, 0]}, {"use": [1] + [none] * 3}):
        after, _ = play(world, acts)
        assert after.items.price[1] == 0 and not after.items.equipped[1]
    later, _ = play(world.replace(tick=jnp.int32(12)), {"use": [1] + [none] * 3})
    assert later.items.equipped[1]


def test_a_gift_needs_a_free_place_or_a_stack(play):
    full = [{"type": Item.HAT, "owner": 1}] * 11
    arrows = {"type": Item.ARROW, "quantity": 3}
    none, nobody = CONFIG.items, CONFIG.bodies
    acts = {"give": [13, none, none, none], "give_to": [1, nobody, nobody, nobody]}
    stack = world_with(CONFIG, two(), items=[*full, arrows | {"owner": 1}, arrows | {"owner": 0}])
    after, rows = play(stack, acts)
    assert after.items.quantity[12] == 6 and not after.items.alive[13]
    assert logged(rows, Event.GIVE_ITEM)[0].tolist() == [1, 22, 0, 0, 0, 0, 0]
    other = arrows | {"owner": 1, "level": 2}
    refused, rows = play(
        world_with(CONFIG, two(), items=[*full, other, arrows | {"owner": 0}]), acts
    )
    assert refused.items.owner[13] == 0 and not len(rows)


def test_several_fish_give_one_ration(play):
    tiles = np.full((64, 64), Material.GRASS, np.uint8)
    tiles[29, 30] = tiles[30, 29] = Material.FISH
    after, rows = play(world_with(CONFIG, [{}], material=tiles))
    assert after.depleted.sum() == 2
    assert len(logged(rows, Event.HARVEST_ITEM)) == 1
    assert after.items.type[1] == Item.RATION and after.items.owner[1] == 0
    assert after.bodies.experience[0, 3] == 30


def test_a_tool_raises_the_level_of_a_harvest(play):
    tiles = np.full((64, 64), Material.GRASS, np.uint8)
    tiles[30, 30] = Material.ORE
    tool = {"type": Item.PICKAXE, "owner": 0, "level": 4, "equipped": True}
    drop = np.zeros((4, 5, 2), np.float32)
    after, _ = play(world_with(CONFIG, [{}], items=[tool], material=tiles), draws={"drop": drop})
    assert after.items.type[2:4].tolist() == [Item.WHETSTONE, Item.WAND]
    assert after.items.level[2:4].tolist() == [5, 5]


def test_without_a_free_place_a_harvest_is_lost_even_beside_its_stack(play):
    tiles = np.full((64, 64), Material.GRASS, np.uint8)
    tiles[30, 30] = Material.TREE
    items = [{"type": Item.HAT, "owner": 0}] * 11 + [{"type": Item.ARROW, "owner": 0}]
    after, rows = play(world_with(CONFIG, [{}], items=items, material=tiles))
    assert after.items.quantity[12] == 1 and after.items.alive.sum() == 12
    assert after.depleted[30, 30] and not len(logged(rows, Event.HARVEST_ITEM))


def test_hunger_kills_after_the_meal_is_over(play):
    after, _ = play(world_with(CONFIG, [{"food": 0, "water": 0, "health": 20}]))
    assert not after.bodies.alive[0] and after.places.stamp[1] >= 100


def test_a_dangerous_npc_comes_back_and_a_harmless_one_does_not(play):
    npcs = [{"health": 1, "danger": 5, "col": 31}]
    many = {"target": [4, 6, 6, 6]}
    after, rows = play(
        world_with(CONFIG, [{"level": 10}], npcs), many, {"offset": jnp.zeros(25, int)}
    )
    assert after.bodies.id[4:].tolist()[0] == -2
    assert int(after.bodies.danger[4]) == 5
    assert logged(rows, Event.LOOT_ITEM)[:, 2].tolist() == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=60))
def test_rows_are_used_again_first_in_first_out(choices):
    take, free = jax.jit(Rows.take), jax.jit(Rows.free)
    rows, queue, size, used = Rows.all_free(32, 4), deque(range(1, 4)), 4, []
    for choice in choices:
        if choice % 3 or not used:
            rows, row = take(rows, jnp.bool_(True))
            if not queue and size < 32:
                queue.extend(range(size, 2 * size))
                size *= 2
            assert int(row) == (queue.popleft() if queue else 32)
            used += [int(row)] if int(row) < 32 else []
        else:
            row = used.pop(choice % len(used))
            rows = free(rows, jnp.int32(row), jnp.bool_(True))
            queue.append(row)
