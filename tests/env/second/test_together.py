"""What holds when all act at once: gold and items only change hands, however crowded it gets."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.v2.constants import NUM_TYPES, SLOT, Event, Item, Material
from jaxmmo.env.v2.inventory import stacks
from jaxmmo.env.v2.order import first_of, sums_before
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.together.tick import advance
from tests.env.second.worlds import intent, rolls, small, world_with

CONFIG = small(
    capacity=8, npc_capacity=4, items=120, events=256, respawn=True, resolution="simultaneous"
)
RULES = default_rules(CONFIG, immunity=0, combat_status=0, respawn_freeze=1)
WORLDS, TICKS = 8, 100
MADE = (Event.HARVEST_ITEM, Event.LOOT_ITEM)
USED = (Event.CONSUME_ITEM, Event.FIRE_AMMO)


def crowd(seed):
    """A world in which everybody is close together, rich, and has plenty."""
    random = np.random.default_rng(seed)
    kinds = [m for m in Material if m not in (Material.VOID, Material.OCEAN)]
    tiles = random.choice([Material.GRASS] * 12 + kinds, (64, 64)).astype(np.uint8)
    where = [{"row": int(r), "col": int(c)} for r, c in random.integers(28, 34, (12, 2))]
    players = [place | {"gold": 60} for place in where[:8]]
    npcs = [place | {"kind": 1, "gold": 3, "rank": 1} for place in where[8:]]
    types = random.integers(Item.HAT, Item.POTION + 1, 40)
    items = [{"type": int(t), "owner": k % 8} for k, t in enumerate(types)]
    items = [item for k, item in enumerate(items) if item not in items[:k]]
    return world_with(CONFIG, players, npcs, items, tiles)


def anything(world, key):
    """Random choices, mostly of what one has and what is offered, and a tick's random numbers."""
    size, keys = CONFIG.capacity, iter(jax.random.split(key, 48))

    def below(high, shape=(size,)):
        return jax.random.randint(next(keys), shape, 0, high, jnp.int32)

    def one_of(mask):
        chance = jnp.where(mask, jax.random.uniform(next(keys), (size, CONFIG.items)), -1)
        return jnp.where(below(3) == 0, below(CONFIG.items), jnp.argmax(chance, 1))

    items = world.items
    own = items.alive & (items.owner == jnp.arange(size)[:, None])
    acts = {name: one_of(own & ~items.equipped) for name in ("give", "sell")}
    acts |= {"use": one_of(own), "buy": one_of((items.alive & (items.price > 0))[None])}
    acts["destroy"] = jnp.where(below(30) == 0, one_of(own), CONFIG.items)
    acts |= {name: below(CONFIG.bodies + 1) for name in ("give_to", "gold_to")}
    acts["target"] = jnp.where(below(12) == 0, below(CONFIG.bodies), CONFIG.bodies)
    acts |= {"style": below(3), "move": below(6), "gold": below(40), "price": below(9)}
    tries = CONFIG.attempts
    drawn = {
        "buyers": jax.random.permutation(next(keys), size),
        "loot": below(1000, (1, CONFIG.items)),
        "drop": jax.random.uniform(next(keys), (size, 5, 2)),
        "regrow": below(3, (64, 64)) == 0,
        "spot": 24 + below(16, (tries, 2)),
        "respawn": 28 + below(6, (size, 2)),
    }
    return intent(CONFIG, **acts), rolls(CONFIG, **drawn)


def total(world):
    """i32[18]: how many items there are of each type."""
    items = world.items
    type = jnp.where(items.alive, items.type, NUM_TYPES)
    return jnp.zeros(NUM_TYPES, jnp.int32).at[type].add(items.quantity, mode="drop")


def played(carry, key):
    """A tick, and what must hold of it."""
    before, (acts, drawn) = carry, anything(carry, key)
    after, happened = advance(CONFIG, RULES, before, acts, drawn)
    rows = after.log.rows
    event, type, number = rows[:, 1], rows[:, 2], rows[:, 4]

    def many(events):
        found = jnp.isin(event, jnp.array([int(e) for e in events]))
        one = jnp.where(event == Event.FIRE_AMMO, 1, jnp.where(found, number, 0))
        return jnp.zeros(NUM_TYPES, jnp.int32).at[type].add(jnp.where(found, one, 0), mode="drop")

    quiet = ~happened.died[: CONFIG.capacity].any() & ~(event == Event.DESTROY_ITEM).any()
    kept = total(after) == total(before) + many(MADE) - many(USED)
    items, owner = after.items, jnp.minimum(after.items.owner, CONFIG.bodies - 1)
    born = after.bodies.alive & (after.bodies.id != before.bodies.id)
    gold = jnp.where(after.bodies.alive, after.bodies.gold, 0).sum()
    gone = jnp.where(happened.died & ~after.bodies.alive, after.bodies.gold, 0)
    # what a newborn took the slot of had been taken from, or stays with nobody
    came = jnp.where(born, after.bodies.gold, 0).sum() - gone.sum()
    held = jnp.where(before.bodies.alive, before.bodies.gold, 0).sum()
    worn = jnp.where(items.equipped, owner * 10 + jnp.asarray(SLOT)[items.type], 10_000)
    piles = (owner * NUM_TYPES + items.type) * 16 + items.level
    piles = jnp.where(items.alive & stacks(items.type), piles, 30_000)
    listed = get(before.items.price, acts.buy) > 0
    wanted = jnp.zeros(CONFIG.items, jnp.int32).at[acts.buy].add(listed)
    holds = {
        "items are kept": kept.all() | ~quiet,
        "gold is kept": gold == held + came,
        "owners live": (
            after.bodies.alive[owner] & (items.owner < CONFIG.capacity) | ~items.alive
        ).all(),
        "bags hold twelve": jnp.zeros(CONFIG.bodies, jnp.int32).at[owner].add(items.alive).max()
        <= CONFIG.inventory,
        "a place is worn once": jnp.zeros(200, jnp.int32).at[worn].add(1, mode="drop").max() <= 1,
        "stacks are one": jnp.zeros(6000, jnp.int32).at[piles].add(1, mode="drop").max() <= 1,
        "worn is not offered": ~(items.equipped & (items.price > 0)).any(),
        "rows are in use": ((after.item_rows.stamp == 2**31 - 1) == items.alive)[1:].all(),
        "nothing was lost": (after.lost_items == 0) & (items.quantity >= 0).all(),
        "nobody owes": (after.bodies.gold >= 0).all(),
    }
    counts = {
        "quiet": quiet,
        "contested": (wanted > 1).sum(),
        "bought": (event == Event.BUY_ITEM).sum(),
        "given": (event == Event.GIVE_ITEM).sum(),
        "killed": ((event == Event.PLAYER_KILL) & (rows[:, 6] > 0)).sum(),
        "harvested": (event == Event.HARVEST_ITEM).sum(),
    }
    return after, (holds, counts)


def get(array, index):
    """Entries at an index, zeros beyond the end."""
    return array.at[index].get(mode="fill", fill_value=0)


@pytest.mark.slow
def test_gold_and_items_only_change_hands():
    worlds = jax.tree.map(lambda *x: jnp.stack(x), *[crowd(seed) for seed in range(WORLDS)])
    keys = jax.random.split(jax.random.key(0), (WORLDS, TICKS))
    run = jax.jit(jax.vmap(partial(jax.lax.scan, played)))
    _, (holds, counts) = run(worlds, keys)
    wrong = {name: np.argwhere(~np.asarray(each))[:3].tolist() for name, each in holds.items()}
    assert not {name: at for name, at in wrong.items() if at}
    counted = {name: int(each.sum()) for name, each in counts.items()}
    least = {"quiet": 40, "contested": 300, "bought": 400, "given": 200, "harvested": 100}
    assert all(counted[name] > number for name, number in least.items()), counted
    assert counted["killed"] > 0, counted


def test_the_least_rank_comes_first_and_sums_are_of_those_before():
    rank, thing = jnp.array([3, 1, 2, 0]), jnp.array([0, 0, 1, 1])
    when = jnp.array([True, True, True, False])
    assert first_of(rank, thing, when, 2).tolist() == [False, True, True, False]
    assert sums_before(thing, rank, jnp.array([5, 7, 2, 4])).tolist() == [7, 0, 4, 0]
