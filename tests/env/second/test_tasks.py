"""Which tasks players are given, when they get others, and what they observe of them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.cli.settings import parse
from jaxmmo.env.v2 import curricula, showing, teams
from jaxmmo.env.v2.assigning import renewed, sample
from jaxmmo.env.v2.constants import Event, Item
from jaxmmo.env.v2.curricula import Row
from jaxmmo.env.v2.game import MEANT
from jaxmmo.env.v2.rewards import proceed
from jaxmmo.env.v2.rules import default_rules
from jaxmmo.env.v2.tasks import Group, Parts, Predicate, Progress, TaskKind, no_progress
from tests.env.second.worlds import small, world_with
from tests.games import ENDLESS, SECOND_GAME, TINY_SECOND

OWN: dict[str, Any] = {"group_tasks": False, "npc_capacity": 0, "max_visible": 4}


def crowd(**changes):
    """The bodies of many players, and the configuration of their world."""
    sizes = {"capacity": 2000, "initial_population": 2000, "tasks": "mixture"}
    config = small(**(sizes | OWN | changes))
    bodies = world_with(
        small(capacity=1, initial_population=1, npc_capacity=0, max_visible=1)
    ).bodies
    many = jax.tree.map(lambda x: jnp.repeat(x, config.capacity, 0), bodies)
    return config, many.replace(id=jnp.arange(1, config.capacity + 1))


def test_tasks_are_drawn_by_their_weights_and_by_who_draws():
    config, bodies = crowd()
    rules = default_rules(config)
    tasks = sample(jax.random.key(1), config, rules, bodies)
    asked = np.stack([tasks.predicate, tasks.number, tasks.first, tasks.second], 1)
    rows, weights = np.asarray(rules.task_rows)[:, 0], np.asarray(rules.task_weights)
    rows = np.where((rows == [Predicate.TICK_GE, 0, 0, 0]).all(1)[:, None], asked[0] * 0, rows)
    rows[0] = Predicate.TICK_GE, int(rules.horizon), 0, 0
    which = (asked[:, None] == rows[None]).all(-1)
    assert (which.sum(1) == 1).all()
    share = weights / weights.sum()
    deviation = np.sqrt(share * (1 - share) / config.capacity)
    assert (abs(which.mean(0) - share) < 4.5 * deviation).all()
    order = np.random.default_rng(2).permutation(config.capacity)[:50]
    few = small(capacity=50, initial_population=50, tasks="mixture", **OWN)
    some = jax.tree.map(lambda x: x[order], bodies)
    again = sample(jax.random.key(1), few, default_rules(few), some)
    np.testing.assert_array_equal(again.number, np.asarray(tasks.number)[order])
    other = sample(jax.random.key(2), config, rules, bodies)
    assert (np.asarray(other.predicate) != np.asarray(tasks.predicate)).mean() > 0.5


def test_worlds_of_a_batch_have_their_own_curricula_in_one_program():
    config, bodies = crowd(capacity=8, initial_population=8)
    rules = default_rules(config)
    count = rules.task_weights.shape[0]
    traces = []

    def give(key, weights):
        traces.append(1)
        return sample(key, config, rules.replace(task_weights=weights), bodies)

    weights = jnp.eye(count, dtype=jnp.float32)
    keys = jax.random.split(jax.random.key(0), count)
    tasks = jax.jit(jax.vmap(give))(keys, weights)
    rows = np.asarray(rules.task_rows)[:, 0]
    assert len(traces) == 1
    np.testing.assert_array_equal(tasks.predicate, np.repeat(rows[:, :1], 8, 1))
    np.testing.assert_array_equal(tasks.first, np.repeat(rows[:, 2:3], 8, 1))


@pytest.mark.parametrize("preset", [SECOND_GAME, ENDLESS])
def test_what_a_world_cannot_fulfil_is_not_asked_for(preset):
    systems = ("terrain", "resource")
    config: Any = jaxmmo.make(preset, tasks="mixture", systems=systems).config
    asked = {row.asked[0] for row in curricula.rows_of(config)}
    assert {Predicate.TICK_GE, Predicate.DISTANCE_TRAVELED, Predicate.COUNT_EVENT} <= asked
    assert not {Predicate.HARVEST_ITEM, Predicate.EARN_GOLD, Predicate.DEFEAT_ENTITY} & asked
    whole: Any = jaxmmo.make(preset, tasks="mixture").config
    asked = {row.asked[0] for row in curricula.rows_of(whole)}
    assert {Predicate.EQUIP_ITEM, Predicate.ATTAIN_SKILL, Predicate.EARN_GOLD} <= asked


def test_players_observe_their_task_and_its_parts(monkeypatch):
    rows = [
        Row(
            (Predicate.AND, 0, 0, 1),
            kind=TaskKind.HOLD,
            hold=7,
            parts=(
                (Predicate.COUNT_EVENT, 3, Event.EARN_GOLD),
                (Predicate.OCCUPY_TILE, 0, 20, 21),
            ),
        )
    ]
    monkeypatch.setitem(curricula.CURRICULA, "two", lambda config: rows)
    env: Any = jaxmmo.make(ENDLESS, **TINY_SECOND, tasks="two", terms=4)
    state: Any = jax.eval_shape(env.reset, jax.random.key(0))[1]
    state = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), state)
    alive, where = np.arange(8) != 3, jnp.arange(8)
    players = state.players.replace(alive=jnp.asarray(alive), row=where + 18, col=where + 20)
    state = state.replace(
        players=players,
        tasks=sample(jax.random.key(1), env.config, env.default_rules(), state.bodies),
        progress=state.progress.replace(value=jnp.full(8, 0.5), done=where == 1),
    )
    spec = env.spec.table("task")
    view: Any = showing.OwnTask()
    table = view.observe(env.config, env.default_rules(), state, spec, None).rows
    rows = [[True, True, True, False]] * 8
    rows[3] = [False] * 4
    assert np.asarray(table.present).tolist() == rows
    assert not np.asarray(table.words)[3].any()
    read = {a.name: np.asarray(table.bits(a)).astype(int) + a.low for a in spec.attributes}
    assert read["predicate"][0, :3].tolist() == [
        Predicate.AND,
        Predicate.COUNT_EVENT,
        Predicate.OCCUPY_TILE,
    ]
    assert (read["progress"][alive, 0] == 127).all() and read["done"][:2, 0].tolist() == [0, 1]
    assert read["part"][0, :3].tolist() == [0, 1, 2] and read["hold"][0, 0] == 7
    assert read["about"][0, 1] == 1 + list(Event).index(Event.EARN_GOLD)
    assert read["down"][alive, 2].tolist() == [2, 1, 0, -2, -3, -4, -5]
    assert read["right"][alive, 2].tolist() == [1, 0, -1, -3, -4, -5, -6]
    assert not read["down"][alive, :2].any() and read["number"][0, 1] == 3


def test_a_new_life_begins_its_task_anew_and_may_have_another():
    config = small(reborn=True, respawn=True, renewal="birth", tasks="mixture", **OWN)
    rules = default_rules(config)
    world = world_with(config, [{"gold": 50, "time_alive": 30}] * 4)
    tasks = sample(jax.random.key(0), config, rules, world.bodies)
    ask = np.array([Predicate.TICK_GE, Predicate.HOARD_GOLD, Predicate.EARN_GOLD, 0])
    tasks = tasks.replace(predicate=jnp.asarray(ask, jnp.int32), number=jnp.full(4, 100))
    progress = no_progress(4).replace(counted=jnp.full((4, 1), 20), held=jnp.full(4, 3))
    died = jnp.array([False, False, False, True])
    after, reward = jax.jit(lambda *x: proceed(config, *x))(world, tasks, progress, died)
    np.testing.assert_allclose(reward, [0.3, 0.5, 0.2, -1], rtol=1e-6)
    assert np.asarray(after.counted)[:, 0].tolist() == [20, 20, 20, 0]
    assert np.asarray(after.value)[3] == 0 and not np.asarray(after.held)[3]
    luck = jnp.full(4, 0.999)
    another, kept = renewed(
        config, rules, world.bodies, luck, (tasks, after), died, jnp.zeros(4, bool)
    )
    last = np.asarray(rules.task_rows)[-1, 0]
    assert np.asarray(another.predicate).tolist() == [*ask[:3], last[0]]
    assert int(another.number[3]) == last[1]
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), kept, after))


def test_whoever_completes_a_task_gets_another_that_begins_where_it_stands():
    config = small(renewal="completion", tasks="mixture", **OWN)
    rules = default_rules(config)
    world = world_with(config, [{"gold": 50}] * 4)
    tasks = sample(jax.random.key(0), config, rules, world.bodies)
    tasks = tasks.replace(
        predicate=jnp.full(4, int(Predicate.HOARD_GOLD)), number=jnp.array([25, 100, 200, 400])
    )
    step = jax.jit(lambda p: proceed(config, world, tasks, p, jnp.zeros(4, bool)))
    progress, reward = step(no_progress(4))
    np.testing.assert_allclose(reward, [1, 0.5, 0.25, 0.125])
    before = progress.done
    assert np.asarray(before).tolist() == [True, False, False, False]
    progress, reward = step(progress)
    nobody = jnp.zeros(4, bool)
    _, progress = renewed(
        config, rules, world.bodies, jnp.zeros(4), (tasks, progress), nobody, before
    )
    assert not np.asarray(progress.done).any() and np.asarray(progress.held).tolist()[0] == -1
    progress, reward = step(progress)
    assert not np.asarray(reward).any()
    np.testing.assert_allclose(progress.value, [1, 0.5, 0.25, 0.125])


def test_words_name_groups_of_teams():
    config = small(capacity=6, initial_population=6, npc_capacity=0)
    world = world_with(config, [{"team": team} for team in (1, 1, 2, 2, 3, 3)])

    def members(word):
        words = jnp.full(6, int(word), jnp.int32)
        return [np.flatnonzero(row).tolist() for row in teams.group(config, world.bodies, words)]

    assert members(Group.TEAM)[1] == [0, 1] and members(Group.OWN)[4] == [4]
    assert members(Group.LEFT_TEAM)[5] == [0, 1] and members(Group.RIGHT_TEAM)[0] == [4, 5]
    assert members(Group.LEFT_LEADER)[0] == [2] and members(Group.RIGHT_LEADER)[2] == [0]
    assert members(Group.MY_LEADER)[5] == [4] and members(Group.NOBODY)[0] == []
    assert members(Group.ALL_FOES)[2] == [0, 1, 4, 5]
    assert members(Group.ALL_FOE_LEADERS)[0] == [2, 4]
    alone = world.bodies.replace(team=jnp.zeros(6, jnp.int32))
    left = teams.group(config, alone, jnp.full(6, int(Group.LEFT_TEAM), jnp.int32))
    assert np.asarray(left).argmax(1).tolist() == [1, 2, 3, 4, 5, 0]
    assert len(set(np.asarray(teams.drawers(config, world.bodies)).tolist())) == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tasks": "mixtur"}, "unknown curriculum 'mixtur'; did you mean 'mixture'"),
        ({"renewal": "always"}, r"renewal='always': must be one of \('never', 'birth'"),
        ({"terms": 0}, r"terms=0: must be an integer in \[1, 64\]"),
        ({"tasks": "pair"}, "tasks='pair': needs terms=3, not 1"),
        ({"tasks": "later", "terms": 3}, "tasks='later': AND joins parts before it alone"),
        ({"tasks": "foes"}, "tasks='foes': has tasks of groups; needs group_tasks=True"),
        ({"tasks": "empty"}, "tasks='empty': has no rows"),
    ],
)
def test_what_does_not_fit_is_refused(given, told, monkeypatch):
    parts = ((Predicate.SUCCESS,), (Predicate.SUCCESS,))
    known = {
        "pair": [Row((Predicate.AND, 0, 0, 1), parts=parts)],
        "later": [Row((Predicate.AND, 0, 0, 2), parts=parts)],
        "foes": [Row((Predicate.ALL_DEAD,), target=Group.ALL_FOES)],
        "empty": [],
    }
    for name, rows in known.items():
        monkeypatch.setitem(curricula.CURRICULA, name, lambda config, rows=rows: rows)
    with pytest.raises(ValueError, match=told):
        jaxmmo.make(ENDLESS, **given)


def test_curricula_have_names():
    assert parse(["tasks=mixture"], own_env=False, preset=ENDLESS)["env"] == {"tasks": "mixture"}
    with pytest.raises(ValueError, match="curriculum 'survival': there is one of that name"):
        curricula.register("survival", curricula.mixture)
    rules: Any = jaxmmo.make(ENDLESS, tasks="mixture").default_rules(task_weights=1)
    assert (np.asarray(rules.task_weights) == 1).all()
    assert vars(MEANT.config)["renewal"] == "birth" and set(curricula.YIELDS) <= set(Item)


@pytest.mark.slow
def test_the_reborn_get_tasks_of_the_mixture():
    env = jaxmmo.make(ENDLESS, **TINY_SECOND, tasks="mixture", renewal="completion")
    rules = env.default_rules(depletion=40)
    step = jax.jit(env.step)
    state: Any = jax.jit(env.reset)(jax.random.key(0), rules)[1]
    changed = completed = 0
    for tick in range(80):
        before = state
        _, state, reward, terminated, *_ = step(jax.random.key(tick), state, env.noop(), rules)
        new = np.asarray(before.tasks.predicate != state.tasks.predicate)
        done, died = np.asarray(before.progress.done), np.asarray(terminated)
        assert (done | died)[new].all()
        assert not np.asarray(state.progress.counted)[died].any()
        changed += new.sum()
        completed += (done & ~died).sum()
        assert np.isfinite(np.asarray(reward)).all()
    assert changed > 10
    assert isinstance(state.progress, Progress) and not isinstance(state.tasks.parts, Parts)
