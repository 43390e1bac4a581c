"""What an economy adds up to, on logs written by hand."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.v2 import economy
from jaxmmo.env.v2.constants import Event, Item, Skill
from jaxmmo.evaluation import economies

# ent_id, event, type, level, number, gold, target_ent
TICKS = (
    [
        (1, Event.HARVEST_ITEM, Item.ARROW, 1, 1, 0, 5),
        (1, Event.LIST_ITEM, Item.ARROW, 1, 1, 3, 5),
        (3, Event.HARVEST_ITEM, Item.RATION, 2, 1, 0, 6),
        (-1, Event.LOOT_GOLD, 0, 0, 0, 50, 2),
        (3, Event.SCORE_HIT, 1, 0, 9, 0, -1),
    ],
    [
        (2, Event.BUY_ITEM, Item.ARROW, 1, 1, 3, 5),
        (1, Event.EARN_GOLD, 0, 0, 0, 3, 0),
        (3, Event.BUY_ITEM, Item.ARROW, 1, 1, 6, 7),
        (1, Event.EARN_GOLD, 0, 0, 0, 6, 0),
        (2, Event.FIRE_AMMO, Item.ARROW, 1, 0, 0, 5),
        (3, Event.CONSUME_ITEM, Item.RATION, 2, 1, 0, 6),
    ],
)


def state(gold, done=(False, False, False)):
    """Three players of populations 0, 0 and 1, of whom the second has died, and three items."""
    players = SimpleNamespace(
        alive=jnp.asarray([True, False, True]),
        population=jnp.asarray([0, 0, 1]),
        gold=jnp.asarray(gold),
        level=jnp.asarray([[1] * len(Skill), [9] * len(Skill), [4] * len(Skill)]),
    )
    items = SimpleNamespace(
        alive=jnp.asarray([True, True, False]),
        equipped=jnp.asarray([True, False, True]),
        owner=jnp.asarray([2, 0, -1]),
        type=jnp.asarray([int(Item.HAT), int(Item.SPEAR), int(Item.HAT)]),
        level=jnp.asarray([3, 1, 7]),
    )
    progress = SimpleNamespace(done=jnp.asarray(done))
    return SimpleNamespace(players=players, tables={"items": items}, progress=progress)


def test_an_economy_is_counted_from_logs_and_tables():
    states = [state((1, 5, 2)), state((1, 5, 4)), state((10, 5, 6), (True, False, False))]
    total = economy.nothing(2)
    for before, after, events in zip(states, states[1:], TICKS, strict=False):
        rows = np.zeros((8, 7), np.int32)
        rows[: len(events)] = events
        total = economy.count(total, before, after, SimpleNamespace(rows=jnp.asarray(rows)))
    world = jax.tree.map(lambda x: np.asarray(x)[None], total)
    assert world.steps.tolist() == [[2, 2]] and world.held.tolist() == [[10, 6]]
    assert np.asarray(total.coins).sum() == 3 + 9 + 9  # asked, paid, earned

    everybody = economies.report(world, np.ones((1, 2), bool), lives=2)
    assert everybody["gold"] == {"mean": (1 + 4 + 10 + 6) / 4, "at_end": 16}
    assert everybody["sales_per_life"] == 4.5
    assert everybody["trades"] == {"arrow": {"count": 2, "gold": 9, "mean_price": 4.5}}
    assert everybody["listings"] == {"arrow": 1}
    assert everybody["harvests"]["carving"] == everybody["harvests"]["fishing"] == 1
    assert everybody["made"] == {"arrow": 1, "ration": 1} == everybody["consumed"]
    assert everybody["looted"] == {}  # an NPC's loot is not the players'
    assert everybody["levels"]["mage"] == {"mean": 2.5, "max": 4}
    assert everybody["equipment"]["hat"] == 1.5 and everybody["equipment"]["held"] == 0
    assert everybody["tasks_completed"] == 1

    first = economies.report(world, np.asarray([[True, False]]), lives=1)
    assert first["trades"] == {"arrow": {"count": 1, "gold": 3, "mean_price": 3.0}}
    assert first["sales_per_life"] == 9 and first["levels"]["mage"]["max"] == 1
    assert first["made"] == {"arrow": 1} and first["equipment"]["hat"] == 0


def test_a_game_without_an_economy_reports_none():
    assert economies.report((), np.ones((1, 1), bool), 1) == {}
