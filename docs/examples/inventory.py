"""An inventory: forests give apples, which their owner keeps, eats or throws away."""

import jax
import jax.numpy as jnp

from jaxmmo import game
from jaxmmo.game import ActionHead, Attribute, Head, Kind, System, TableOf, View, column

ROWS = 4  # apples of its own that an agent sees
NOTHING, EAT, DROP = 0, 1, 2


class Items(game.Table):
    """Apples; their owner is a body."""

    owner: jax.Array = column(newborn=game.GIVEN, refers="bodies")  # i32[N]
    food: jax.Array = column(newborn=3, seen=Attribute("food", Kind.CONTINUOUS, 0, 31, 10))


def may_pick(config, rules, state, sights):
    """bool[P, ROWS + 1]: nothing, or one of one's apples."""
    shown = state.views["inventory"]
    return jnp.pad(shown.rows < shown.size, ((0, 0), (1, 0)), constant_values=True)


def may_use(config, rules, state, sights):
    """bool[P, ROWS + 1, 3]: given an apple it may be eaten or dropped; nothing is always legal."""
    apple = may_pick(config, rules, state, sights).at[:, 0].set(False)
    return apple[:, :, None] | (jnp.arange(3) == NOTHING)[None, None, :]


def use_items(config, rules, state, tick):
    """Apples are used, those of the dead are gone, and whoever harvests a forest finds one."""
    items, bodies = state.tables["items"], state.bodies
    slot, use, size = tick.intent.item, tick.intent.use, items.alive.shape[0]
    uses = bodies.alive & (use != NOTHING) & (slot < size)
    eats = uses & (use == EAT)
    food = bodies.food + game.get_at(items.food, slot, 0)
    bodies = bodies.replace(food=game.select(eats, jnp.minimum(food, bodies.food_max), bodies.food))
    alive = items.alive & game.get_at(bodies.alive, items.owner, False)
    alive = game.set_at(alive, jnp.where(uses, slot, size), False)
    tables = state.tables.replace(items=items.replace(alive=alive))
    state = state.replace(bodies=bodies, tables=tables)
    finds = bodies.alive & tick.events.harvests.harvested
    birth, mine = game.Birth(config, rules), jnp.arange(config.bodies)
    state, slot = game.add_rows(state, "items", birth, finds, bodies.id, owner=mine)
    return state, {"eaten": eats, "found": slot < size}


INVENTORY = game.preset("JaxMMO-v1").extend(
    "Inventory",
    tables=[TableOf("items", Items, capacity=lambda config: 4 * config.capacity)],
    views=[View("inventory", "items", ROWS, game.owned("items", "owner", ROWS))],
    heads=[
        ActionHead("item", lambda _: Head("item", table="inventory"), may_pick),
        ActionHead("use", lambda _: Head("use", size=3, given="item"), may_use),
    ],
    systems=[System("items", use_items, event="items_used", after="death")],
)
