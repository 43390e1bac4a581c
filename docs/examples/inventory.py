"""An inventory: forests give apples, which their owner keeps, eats or throws away."""

import jax
import jax.numpy as jnp

import jaxmmo
from jaxmmo.env.actions import ActionHead
from jaxmmo.env.presets import TableOf
from jaxmmo.env.state import GIVEN, Birth, Table, add_rows, column, select
from jaxmmo.env.systems.system import System
from jaxmmo.env.views.view import View, owned
from jaxmmo.spec import Attribute, Head, Kind

ROWS = 4  # apples of its own that an agent sees
NOTHING, EAT, DROP = 0, 1, 2


class Items(Table):
    owner: jax.Array = column(newborn=GIVEN, refers="bodies")  # i32[N]; slot of the owner
    food: jax.Array = column(
        newborn=GIVEN, seen=Attribute("food", Kind.CONTINUOUS, 0, 31, 10)
    )  # i32[N]; what it feeds


def there(state):
    """bool[P, ROWS + 1]: the choices that are an apple; the first one is nothing."""
    shown = state.views["inventory"]
    return jnp.pad(shown.rows < shown.size, ((0, 0), (1, 0)))


def may_pick(config, rules, state, sights):
    """Any of one's apples, or none."""
    return there(state).at[:, 0].set(True)


def may_use(config, rules, state, sights):
    """Given an apple, it may be eaten or dropped; given none, nothing may be done."""
    return there(state)[:, :, None] | (jnp.arange(3) == NOTHING)


def use_items(config, rules, state, tick):
    """Apples are used, those of the dead are gone, and whoever harvests a forest finds one."""
    items, bodies = state.tables["items"], state.bodies
    slot, use = tick.intent.item, tick.intent.use
    uses = bodies.alive & (use != NOTHING) & (slot < items.alive.shape[0])
    eats = uses & (use == EAT)
    food = bodies.food + items.food.at[slot].get(mode="fill", fill_value=0)
    bodies = bodies.replace(food=select(eats, jnp.minimum(food, bodies.food_max), bodies.food))
    alive = items.alive.at[jnp.where(uses, slot, items.alive.shape[0])].set(False, mode="drop")
    alive &= bodies.alive.at[items.owner].get(mode="fill", fill_value=False)
    state = state.replace(
        bodies=bodies, tables=state.tables.replace(items=items.replace(alive=alive))
    )
    finds = bodies.alive & tick.events.harvests.harvested
    mine, feeds = jnp.arange(config.bodies), jnp.full(config.bodies, 3)
    birth = Birth(config, rules)
    state, slot = add_rows(state, "items", birth, finds, bodies.id, owner=mine, food=feeds)
    return state, {"eaten": eats, "found": slot < items.alive.shape[0]}


INVENTORY = jaxmmo.preset("JaxMMO-v1").extend(
    "Inventory",
    tables=[TableOf("items", Items, capacity=lambda config: 4 * config.capacity)],
    views=[View("inventory", table="items", rows=ROWS, look=owned("items", "owner", ROWS))],
    heads=[
        ActionHead("item", lambda config: Head("item", table="inventory"), may_pick),
        ActionHead("use", lambda config: Head("use", size=3, given="item"), may_use),
    ],
    systems=[System("items", use_items, event="items", after="death")],
)
