"""Tasks that are each player's own are worth what they are as tasks of a group of one."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxmmo.env.v2 import rewards
from jaxmmo.env.v2.constants import NUM_TYPES, Event, Item
from jaxmmo.env.v2.predicates import evaluate
from jaxmmo.env.v2.tasks import Predicate, TaskKind, Tasks
from tests.env.second.worlds import small, world_with

CONFIG = small(capacity=12, npc_capacity=2, items=200, seizable=1)
OWN = CONFIG.replace(group_tasks=False)
DRAWS = 40
ALONE = [predicate for predicate in Predicate if predicate <= Predicate.SUCCESS]


def crowd(random):
    """A world of players who see, have and wear all kinds of things; some are dead."""
    tiles = random.integers(0, 16, (64, 64)).astype(np.uint8)
    players = [
        {"row": int(r), "col": int(c), "gold": int(g), "alive": bool(r % 5)}
        for r, c, g in random.integers(20, 44, (12, 3))
    ]
    items = [
        {
            "type": int(random.integers(Item.HAT, NUM_TYPES)),
            "owner": int(random.integers(0, 12)),
            "level": int(random.integers(0, 4)),
            "quantity": int(random.integers(1, 5)),
            "equipped": bool(random.integers(0, 2)),
        }
        for _ in range(100)
    ]
    world = world_with(CONFIG, players, [], items, tiles)
    bodies = world.bodies
    level = jnp.asarray(random.integers(1, 9, bodies.level.shape), jnp.int32)
    return world.replace(bodies=bodies.replace(level=level, experience=level * 7))


def tasks(random):
    """A random task each, near enough to what there is that many are fulfilled."""
    predicate = random.integers(0, len(ALONE), 12)
    first = np.where(
        random.random(12) < 0.3, random.integers(18, 46, 12), random.integers(0, 20, 12)
    )
    numbers = {"number": random.integers(0, 9, 12), "first": first}
    numbers |= {"second": random.integers(-1, 6, 12), "hold": np.ones(12, int)}
    columns: Any = {name: jnp.asarray(value, jnp.int32) for name, value in numbers.items()}
    return Tasks(
        predicate=jnp.asarray(predicate, jnp.int32),
        kind=jnp.full(12, int(TaskKind.TASK), jnp.int32),
        subject=jnp.eye(12, dtype=bool),
        target=jnp.zeros((12, 12), bool),
        **columns,
    )


def test_own_tasks_are_those_of_groups_of_one():
    random = np.random.default_rng(5)
    groups, own = (jax.jit(lambda w, t, n, c=c: evaluate(c, w, t, n)) for c in (CONFIG, OWN))
    counts = [jax.jit(lambda t, rows, c=c: rewards.count(c, t, rows)) for c in (CONFIG, OWN)]
    seen, positive, counted = set(), set(), set()
    for _ in range(DRAWS):
        world, task = crowd(random), tasks(random)
        alone = task.replace(subject=jnp.ones((12, 1), bool), target=jnp.zeros((12, 1), bool))
        number = jnp.asarray(random.integers(0, 9, 12), jnp.int32)
        values = [np.asarray(f(world, t, number)) for f, t in ((groups, task), (own, alone))]
        np.testing.assert_allclose(*values, rtol=1e-6)
        kinds = np.asarray(task.predicate)
        seen |= set(kinds.tolist())
        positive |= set(kinds[values[0] > 0].tolist())
        columns = [random.integers(0, top, 64) for top in (14, 20, 18, 6, 9, 9, 5)]
        rows = np.stack(columns, 1).astype(np.int32)
        rows[:, 1] = random.choice([0, *Event], 64)
        rows[:, 6] -= 2
        sums = [np.asarray(f(t, rows)) for f, t in zip(counts, (task, alone), strict=True)]
        np.testing.assert_array_equal(sums[0], sums[1])
        counted |= set(kinds[sums[0] != 0].tolist())
    assert seen == set(map(int, ALONE))
    assert {Predicate.CAN_SEE_TILE, Predicate.OWN_ITEM, Predicate.EQUIP_ITEM} <= positive
    assert {Predicate.COUNT_EVENT, Predicate.MAKE_PROFIT, Predicate.BUY_ITEM} <= counted
