"""What soldiers decide, on hand-built worlds: whom they fight, and where they march."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmmo.env.v2 import marching
from jaxmmo.env.v2.constants import Kind, Material
from jaxmmo.env.v2.decisions import NO_MOVE
from jaxmmo.env.v2.rules import default_rules
from tests.env.second.worlds import rolls, small, world_with

SOLDIERS = 64
CONFIG = small(npcs="soldiers", teams=2, npc_capacity=SOLDIERS, max_visible=4)
RULES = default_rules(CONFIG)
DECIDE = jax.jit(partial(marching.decide, CONFIG))
NORTH, SOUTH, EAST, WEST = range(4)
AWAY = {"alive": False}


def decided(rally, players=(), material=None, soldier=(), words: Any = 0, **changes):
    """The world after soldiers on row and column 30 decided, and what they are about to do."""
    npcs = [{"kind": int(Kind.AGGRESSIVE), "row": 30, "col": 30} | dict(soldier)] * SOLDIERS
    npcs = [npc | {"id": -1 - i} for i, npc in enumerate(npcs)]
    world = world_with(CONFIG, [*players, *[AWAY] * (4 - len(players))], npcs, material=material)
    row, col = (jnp.full(SOLDIERS, each, jnp.int32) for each in rally)
    muster: Any = world.muster
    world = world.replace(muster=muster.replace(row=row, col=col))
    drawn = rolls(CONFIG, **changes)
    stray = jnp.broadcast_to(jnp.asarray(words, jnp.uint32), (SOLDIERS,))
    luck: Any = drawn.muster
    drawn = drawn.replace(muster=luck.replace(stray=stray))
    return DECIDE(RULES, world, drawn)


def grass():
    return np.full((CONFIG.height, CONFIG.height), Material.GRASS, np.uint8)


def test_a_soldier_far_from_its_point_strays_towards_it():
    words = np.arange(SOLDIERS) % 56  # 14 tiles away: weights 14 and 14 + 3 * (10 or 4) of 98
    world, plans = decided((40, 26), words=words)
    assert int(world.muster.row[0]) == 40
    assert (np.asarray(plans.target) == CONFIG.bodies).all()
    weight = np.array([14, 14 + 30, 14 + 12, 14])  # north, south, west, east
    order = np.array([NORTH, SOUTH, WEST, EAST])
    wanted = order[np.searchsorted(np.cumsum(weight), words, side="right")]
    np.testing.assert_array_equal(plans.move, wanted)


def test_a_soldier_takes_only_passable_steps_and_looks_for_paths_near_its_point():
    blocked = grass()
    blocked[31, 30] = Material.STONE
    words = np.arange(SOLDIERS)
    _, plans = decided((45, 30), material=blocked, words=words)
    assert SOUTH not in np.asarray(plans.move).tolist()
    assert set(np.asarray(plans.move).tolist()) == {NORTH, WEST, EAST}
    blocked[[29, 30, 30], [30, 29, 31]] = Material.WATER
    _, plans = decided((45, 30), material=blocked, words=words)
    assert (np.asarray(plans.move) == NORTH).all()
    wall = grass()
    wall[31, 28:32] = Material.STONE  # the way around it leads east
    _, plans = decided((40, 30), material=wall, words=words)
    assert (np.asarray(plans.move) == EAST).all()


def test_a_point_is_forgotten_within_five_tiles():
    world, plans = decided((36, 30))
    assert (np.asarray(world.muster.row) == 36).all() and (np.asarray(plans.move) == SOUTH).all()
    world, plans = decided((35, 25), direction=np.full(SOLDIERS, 2))
    assert (np.asarray(world.muster.row) == -1).all() and (np.asarray(world.muster.col) == -1).all()
    assert (np.asarray(plans.move) == WEST).all()  # it meanders


@pytest.mark.parametrize(
    ("player", "soldier", "strikes", "move"),
    [
        ({"row": 30, "col": 33}, {}, True, EAST),  # in reach: it charges
        ({"row": 30, "col": 30}, {}, True, NO_MOVE),
        ({"row": 30, "col": 37}, {}, False, EAST),  # seen: it marches there, and not to its point
        ({"row": 30, "col": 38}, {}, False, SOUTH),  # out of sight
        ({"row": 30, "col": 33, "kind": int(Kind.IMMORTAL)}, {}, False, SOUTH),
        ({"row": 30, "col": 40}, {"attacker": 1}, False, EAST),  # who struck it is not forgotten
    ],
)
def test_whom_a_soldier_fights(player, soldier, strikes, move):
    world, plans = decided((39, 30), [player], soldier=soldier)
    assert ((np.asarray(plans.target) == 0) == strikes).all()
    assert (np.asarray(plans.move) == move).all()
    hunts = strikes or move == EAST
    assert (np.asarray(world.bodies.target)[4:] == (1 if hunts else 0)).all()
    assert (np.asarray(world.muster.row) == 39).all()


def test_the_dead_do_nothing():
    _, plans = decided((39, 30), soldier={"alive": False})
    assert (np.asarray(plans.move) == NO_MOVE).all()
    assert (np.asarray(plans.target) == CONFIG.bodies).all()
