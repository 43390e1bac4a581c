"""The second game as an environment: its contract, on one tiny world that all tests share."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import jaxmmo
from jaxmmo.env.environment import Environment
from jaxmmo.env.v2.constants import SLOT, Event, Material
from jaxmmo.env.v2.translating import from_constants
from tests.conformance.recordings import DATA
from tests.games import SECOND_GAME, TINY_SECOND

ENV = jaxmmo.make(SECOND_GAME, **TINY_SECOND)
CONFIG: Any = ENV.config
RESET, STEP = jax.jit(ENV.reset), jax.jit(ENV.step)
RULES = ENV.default_rules(gold=20)
TICKS = 60


def begin(seed=0, **rules):
    """Observations, state and rules of a new world."""
    rules = RULES.replace(**{name: np.int32(value) for name, value in rules.items()})
    return *RESET(jax.random.key(seed), rules), rules


def legal_action(random, obs, heads=ENV.spec.heads):
    """A choice for every head, uniform over the legal ones."""
    action = {}
    for head in heads:
        mask = np.asarray(obs.masks[head.name])
        if head.given is not None:
            mask = mask[np.arange(len(mask)), action[head.given]]
        weight = mask * random.random(mask.shape)
        if head.table is not None:  # more often something than nothing
            weight[:, 0] /= 4
        action[head.name] = weight.argmax(1).astype(np.int32)
    return action


def hostile_action(random):
    """Integers of any size for every head."""
    size = ENV.num_agents
    small = random.integers(-3, 140, (len(ENV.spec.heads), size))
    large = random.integers(-(2**31), 2**31, small.shape)
    values = np.where(random.random(small.shape) < 0.8, small, large).astype(np.int32)
    return {head.name: row for head, row in zip(ENV.spec.heads, values, strict=True)}


def check_items(state):
    """What holds of items in every world."""
    items, bodies = state.tables["items"], state.bodies
    alive, owner = np.asarray(items.alive), np.asarray(items.owner)
    owned = alive & (owner < ENV.config.bodies)
    assert (owned == alive).all()
    assert np.asarray(bodies.alive)[owner[alive]].all()
    assert (owner[alive] < ENV.num_agents).all()
    assert (np.asarray(items.quantity)[alive] > 0).all()
    assert np.bincount(owner[alive], minlength=1).max() <= CONFIG.inventory
    equipped = alive & np.asarray(items.equipped)
    places = owner[equipped] * 10 + SLOT[np.asarray(items.type)[equipped]]
    assert len(set(places.tolist())) == equipped.sum()
    assert not (equipped & (np.asarray(items.price) > 0)).any()
    in_use = np.asarray(state.item_rows.stamp) == 2**31 - 1
    assert (in_use[1:] == alive[1:]).all()
    assert int(state.lost_spawns) == 0


def check_gold(before, after):
    """Gold only changes hands, comes with new NPCs, and goes with those whom nobody killed."""
    was, now = before.bodies, after.bodies
    gold, alive = np.asarray(now.gold), np.asarray(now.alive)
    born = alive & (~np.asarray(was.alive) | (np.asarray(was.id) != np.asarray(now.id)))
    gone = np.asarray(was.alive) & ~alive
    came, went = gold[born].sum(), gold[gone].sum()
    assert gold[alive].sum() == np.asarray(was.gold)[np.asarray(was.alive)].sum() + came - went
    assert (gold >= 0).all()


def test_observations_and_actions_are_as_the_spaces_say():
    obs, state, _ = begin()
    fields = {"tiles": obs.tiles, "masks": obs.masks}
    space = ENV.observation_space()
    assert all(space[name].contains(value) for name, value in fields.items())
    assert {t.name for t in ENV.spec.tables} == {"agent", "task", "inventory", "market"}
    assert [h.name for h in ENV.spec.heads] == [
        *("move", "style", "target", "use", "destroy", "give", "give_to", "gold", "gold_to"),
        *("buy", "sell", "price", "message"),
    ]
    assert ENV.action_space().contains(ENV.noop())
    players = state.players
    assert players.alive.all()
    off = np.maximum(abs(np.asarray(players.row) - 20), abs(np.asarray(players.col) - 20))
    assert (off == 12).all()
    assert set(np.unique(state.terrain.material)) <= set(range(16))
    assert (np.asarray(state.terrain.material)[:8] == Material.VOID).all()


@pytest.mark.slow
def test_random_legal_lives_keep_gold_and_items():
    random = np.random.default_rng(1)
    obs, state, rules = begin(seed=3)
    seen = set()
    for tick in range(TICKS):
        action = legal_action(random, obs)
        before = state
        obs, state, reward, terminated, truncated, info = STEP(
            jax.random.key(tick), state, action, rules
        )
        assert not np.asarray(info.illegal).any()
        assert int(info.events.log.count) <= CONFIG.events
        check_gold(before, state)
        check_items(state)
        died = np.asarray(before.players.alive) & ~np.asarray(state.players.alive)
        assert (np.asarray(terminated) == died).all()
        assert (np.asarray(reward)[died] == -1).all()
        assert not np.asarray(truncated).any()
        rows = np.asarray(info.events.log.rows)[: int(info.events.log.count)]
        seen |= set(rows[:, 1].tolist())
    assert {Event.EAT_FOOD, Event.DRINK_WATER, Event.SCORE_HIT} <= seen
    assert {Event.HARVEST_ITEM, Event.GIVE_GOLD} <= seen


@pytest.mark.slow
def test_any_integers_are_safe():
    random = np.random.default_rng(2)
    obs, state, rules = begin(seed=4)
    for tick in range(TICKS):
        before = state
        obs, state, reward, *_ = STEP(jax.random.key(tick), state, hostile_action(random), rules)
        check_gold(before, state)
        check_items(state)
        assert np.isfinite(np.asarray(reward)).all()
        dead = ~np.asarray(state.players.alive)
        assert not np.asarray(obs.tiles)[dead].any()
        assert all(np.asarray(mask)[dead][..., 0].all() for mask in obs.masks.values())
        assert not any(np.asarray(mask)[dead][..., 1:].any() for mask in obs.masks.values())


def test_empty_slots_are_inert_and_keys_decide_everything():
    random = np.random.default_rng(3)
    _, state, rules = begin(seed=5, max_population=4)
    _, again, _ = begin(seed=5, max_population=4)
    _, another, _ = begin(seed=6, max_population=4)
    assert (np.asarray(state.players.alive) == [True] * 4 + [False] * 4).all()
    for tick in range(5):
        key, action = jax.random.key(tick), hostile_action(random)
        quiet = {k: np.where(np.arange(8) < 4, v, 0).astype(np.int32) for k, v in action.items()}
        _, state, *_ = STEP(key, state, action, rules)
        _, again, *_ = STEP(key, again, quiet, rules)
        _, another, *_ = STEP(key, another, quiet, rules)
    same = jax.tree.map(lambda a, b: bool((a == b).all()), state.bodies, again.bodies)
    assert all(vars(same).values())
    assert (ENV.digest(state) == ENV.digest(again)).all()
    assert (ENV.digest(state) != ENV.digest(another)).any()


def test_a_saved_world_goes_on_as_it_was(tmp_path):
    _, state, rules = begin(seed=7)
    state = STEP(jax.random.key(0), state, ENV.noop(), rules)[1]
    jaxmmo.save_state(tmp_path / "world.npz", ENV, state)
    loaded = jaxmmo.load_state(tmp_path / "world.npz", ENV)
    on, after = (STEP(jax.random.key(1), each, ENV.noop(), rules)[1] for each in (state, loaded))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), on, after))


def presets():
    """The original's constants by size."""
    return json.loads(Path(DATA / "v2" / "tables.json").read_text())["presets"]


@pytest.mark.parametrize("size", ["Small", "Medium", "Large"])
def test_sizes_are_the_originals(size):
    env = jaxmmo.make(SECOND_GAME, size=size)
    config, rules = from_constants(presets()[size])
    assert env.config == config
    mine = env.default_rules()
    assert all((getattr(mine, name) == value).all() for name, value in vars(rules).items())


def test_every_constant_of_a_recording_can_be_set():
    for path in sorted((DATA / "v2").glob("trace_*.npz")):
        with np.load(path) as file:
            constants = json.loads(str(file["config"]))
        env = jaxmmo.make(SECOND_GAME, size="Small", **constants)
        config, rules = from_constants(constants)
        assert env.config == config
        mine = env.default_rules()
        assert all((getattr(mine, name) == value).all() for name, value in vars(rules).items())
        again = env.default_rules(**constants)
        assert all((getattr(again, name) == value).all() for name, value in vars(rules).items())


def test_constants_that_are_numbers_are_rules_too():
    env = jaxmmo.make(SECOND_GAME, size="Small", COMBAT_SPAWN_IMMUNITY=7)
    rules: Any = env.default_rules(COMBAT_MELEE_REACH=5, gold=3)
    assert (rules.reach == np.array([5, 3, 3])).all()
    assert (int(rules.immunity), int(rules.gold)) == (7, 3)
    changed: Any = env.default_rules(COMBAT_SPAWN_IMMUNITY=9)
    assert int(changed.immunity) == 9
    with pytest.raises(ValueError, match="NPC_N=4: decides a size or a switch; give it to make"):
        env.default_rules(NPC_N=4)
    with pytest.raises(ValueError, match="unknown constant 'NPC_M'"):
        env.default_rules(NPC_M=4)


def test_a_configuration_alone_is_a_world_of_its_game():
    config = jaxmmo.make(SECOND_GAME, systems=("terrain", "resource")).config
    assert [head.name for head in Environment(config).spec.heads] == ["move"]


def test_what_is_off_has_no_heads_and_no_tables():
    env = jaxmmo.make(SECOND_GAME, EXCHANGE_SYSTEM_ENABLED=False, NPC_SYSTEM_ENABLED=False)
    assert env.config.npc_capacity == 0
    assert not {"buy", "sell", "price", "gold", "gold_to"} & {h.name for h in env.spec.heads}
    assert [t.name for t in env.spec.tables] == ["agent", "task", "inventory"]
    alone = jaxmmo.make(SECOND_GAME, systems=("terrain", "resource"), observe_task=False)
    assert [h.name for h in alone.spec.heads] == ["move"]
    assert [t.name for t in alone.spec.tables] == ["agent"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"size": "Tiny"}, "unknown size 'Tiny'"),
        ({"NPC_M": 4}, "did you mean 'NPC_N'"),
        ({"IMMORTAL": True}, "IMMORTAL=True: only False is played"),
        ({"resolution": "parallel"}, "resolution='parallel'"),
        ({"border": 4}, "border=4"),
        ({"allow_stay": False}, "allow_stay=False"),
    ],
)
def test_what_is_not_played_is_refused(given, told):
    with pytest.raises(ValueError, match=told):
        jaxmmo.make(SECOND_GAME, **given)
