"""JaxMMO-v2: a world that goes on for ever, whose dead are born again at its edge."""

from collections import deque
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.rules import NEVER
from jaxmmo.env.state import pack_bits
from jaxmmo.env.v2 import chasing
from jaxmmo.env.v2.constants import Kind, Material
from jaxmmo.env.v2.drawing import _ripening
from jaxmmo.env.v2.inventory import rows_of
from tests.conformance import recordings
from tests.conformance.recordings import DATA
from tests.env.second.test_game import check_items, hostile_action, legal_action
from tests.games import ENDLESS, TINY_SECOND

ENV = jaxmmo.make(ENDLESS, **TINY_SECOND)
CONFIG: Any = ENV.config
TICKS = 150


def check_births(before, after, info):
    """Whoever died in the tick is a newborn at the edge; nobody is missing."""
    died, born = np.asarray(info.events.deaths.cause) > 0, np.asarray(info.newborn)
    assert (died == born).all() and np.asarray(after.players.alive).all()
    new = jax.tree.map(lambda x: np.asarray(x)[born], after.players)
    assert (new.level == 1).all() and not new.experience.any() and not new.time_alive.any()
    assert (new.gold == 1).all() and (new.health == 100).all() and (new.kind == Kind.PLAYER).all()
    low, high = CONFIG.border, CONFIG.border + CONFIG.centre
    assert (np.isin(new.row, (low, high)) | np.isin(new.col, (low, high))).all()
    assert (new.population == np.asarray(before.players.population)[born]).all()
    older = np.asarray(after.players.time_alive)[~born]
    assert (older == np.asarray(before.players.time_alive)[~born] + 1).all()
    ended = jax.tree.map(lambda x: np.asarray(x)[born], info.events.deaths)
    was = jax.tree.map(lambda x: np.asarray(x)[born], before.players)
    assert (ended.lifetime == was.time_alive + 1).all() and (ended.level >= was.level).all()
    assert (ended.population == was.population).all()
    return ended.cause.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [False, True])
def test_nobody_is_missing_and_nothing_comes_from_nowhere(hostile):
    random, rules = np.random.default_rng(1), ENV.default_rules()
    reset, step = jax.jit(ENV.reset), jax.jit(ENV.step)
    obs, state = reset(jax.random.key(2), rules)
    causes, npcs = [], []
    for tick in range(TICKS):
        action = hostile_action(random) if hostile else legal_action(random, obs)
        before = state
        obs, state, reward, _, _, info = step(jax.random.key(tick), state, action, rules)
        assert hostile or not np.asarray(info.illegal).any()
        causes += check_births(before, state, info)
        check_items(state)
        assert np.isfinite(np.asarray(reward)).all()
        npcs.append(int(np.asarray(state.bodies.alive)[CONFIG.capacity :].sum()))
    assert len(causes) >= 10 and len(set(causes)) > 1
    assert np.mean(npcs[20:]) > CONFIG.npc_capacity - 1


def test_who_is_not_reborn_comes_back_as_it_was():
    with pytest.raises(ValueError, match="reborn=True with respawn=False: nobody comes back"):
        jaxmmo.make(ENDLESS, respawn=False)
    with pytest.raises(ValueError, match=r"search='far': must be one of \('exact', 'window'\)"):
        jaxmmo.make(ENDLESS, search="far")
    assert jaxmmo.make(ENDLESS, respawn=False, reborn=False).config.resolution == "simultaneous"


def distances(passable, goal):
    """i64[H, W]: steps to a goal, by breadth."""
    away, queue = np.full(passable.shape, 10**6), deque([goal])
    away[goal] = 0
    while queue:
        row, col = queue.popleft()
        for down, right in chasing.NEIGHBOURS:
            r, c = row + down, col + right
            inside = 0 <= r < len(passable) and 0 <= c < len(passable)
            if inside and passable[r, c] and away[r, c] > away[row, col] + 1:
                away[r, c] = away[row, col] + 1
                queue.append((r, c))
    return away


def test_steps_towards_a_goal_in_sight_lie_on_shortest_paths():
    """Of the original's own cases nine in ten are its very steps."""
    known = recordings.load(DATA / "v2" / "astar_cases.npz", ("maps", "cases", "columns"))
    cases = known["cases"].astype(np.int32)
    search = jax.jit(chasing.first_steps)
    same = short = near = 0
    for number, passable in enumerate(known["maps"] == 1):
        mine = cases[cases[:, 0] == number]
        start, goal, original = mine[:, 1:3], mine[:, 3:5], mine[:, 5:7]
        wanted = np.arange(len(mine)) % 7 > 0
        steps = np.asarray(search(jnp.asarray(passable), start, goal, wanted))
        assert not steps[~wanted].any() and (abs(steps).sum(1) <= 1).all()
        same += ((steps == original).all(1) & wanted).sum()
        for (row, col), end, (down, right) in zip(
            start[wanted], goal[wanted], steps[wanted], strict=True
        ):
            away = distances(passable, tuple(end.tolist()))
            around = [away[row + d, col + r] for d, r in chasing.NEIGHBOURS]
            if max(abs(end - (row, col))) <= 7 and min(around) < 12:
                short += away[row + down, col + right] == min(around)
                near += 1
    assert same > 0.88 * len(cases) * 6 / 7
    assert short == near > 700


def test_harvested_tiles_grow_again_with_the_same_chance_in_every_tick():
    state = jax.eval_shape(ENV.reset, jax.random.key(0))[1]
    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), state)
    tile = jnp.full(state.terrain.tile.shape, int(Material.TREE), state.terrain.tile.dtype)
    here = zeros.bodies.replace(row=zeros.bodies.row + 20, col=zeros.bodies.col + 20)
    world = zeros.replace(terrain=zeros.terrain.replace(tile=tile), bodies=here)
    words = jax.random.bits(jax.random.key(1), (4000, CONFIG.capacity, 5), jnp.uint32)
    for chance in (0.02, 0.5, 1.0):
        rules: Any = ENV.default_rules(regrow=[chance] * 16)
        draw = jax.vmap(lambda word, rules=rules: _ripening(CONFIG, rules, world, word))
        delay = np.asarray(jax.jit(draw)(words)).reshape(-1)
        assert delay.min() == 1
        deviation = np.sqrt(1 - chance) / chance / np.sqrt(delay.size)
        assert abs(delay.mean() - 1 / chance) <= 4 * deviation
        for ticks in (1, 3):
            assert abs((delay > ticks).mean() - (1 - chance) ** ticks) < 0.006
    barren: Any = ENV.default_rules(regrow=[0.0] * 16)
    never = _ripening(CONFIG, barren, world, words[0])
    assert (np.asarray(never) == NEVER).all()


def test_what_bodies_have_is_found_in_its_order():
    random = np.random.default_rng(4)
    items = jax.eval_shape(ENV.reset, jax.random.key(0))[1].tables["items"]
    owner, alive = random.integers(0, 14, 128), random.random(128) < 0.6
    columns = {name: np.zeros(x.shape, x.dtype) for name, x in vars(items).items()}
    columns |= {"owner": owner.astype(np.int32), "alive": alive}
    rows = np.asarray(rows_of(type(items)(**columns), 9, 6))
    for body in range(9):
        have = np.flatnonzero(alive & (owner == body))[:6]
        assert rows[body].tolist() == have.tolist() + [128] * (6 - len(have))


@pytest.mark.parametrize("size", [1, 31, 32, 33, 100])
def test_masks_are_packed_lowest_bit_first(size):
    mask = np.random.default_rng(size).random((3, size)) < 0.5
    words = np.asarray(pack_bits(jnp.asarray(mask)))
    padded = np.pad(mask, ((0, 0), (0, -size % 32)))
    known = np.packbits(padded, 1, bitorder="little").view("<u4")
    assert words.dtype == np.uint32 and (words == known).all()
