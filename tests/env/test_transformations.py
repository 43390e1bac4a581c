"""Worlds of every size and game go through JAX's transformations, and its strictest settings."""

import sys
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify
from jax.sharding import AxisType, PartitionSpec

import jaxmmo
from jaxmmo.agents import network, populations, scripted
from jaxmmo.env.constants import Material
from jaxmmo.env.rules import Numbers, rule
from jaxmmo.env.state import arrays
from jaxmmo.env.terrain import from_material
from jaxmmo.io import decisions
from jaxmmo.io.inputs import inputs
from tests.examples import example
from tests.games import FIRST_GAME

V1, V13 = FIRST_GAME
WORLDS = [
    (V1, 16, "simultaneous"),
    (V1, 16, "sequential"),
    (V1, 300, "simultaneous"),
    (V13, 16, "simultaneous"),
    (V13, 16, "sequential"),
    (V13, 300, "simultaneous"),
    ("mushrooms", 16, "sequential"),
    ("mushrooms", 300, "simultaneous"),
    ("inventory", 16, "sequential"),
    ("inventory", 300, "simultaneous"),
]
worlds = pytest.mark.parametrize(("game", "capacity", "resolution"), WORLDS)


@lru_cache
def make(game, capacity=16, resolution="simultaneous", **more):
    """A small world; one game begins empty, the others with agents in half of their slots."""
    sizes = {"height": 32, "width": 32, "border": 4, "max_visible": 6, "max_spawns": 2}
    if game in ("mushrooms", "inventory"):
        game = getattr(example(game), game.upper())
    first = 0 if game == V13 else capacity // 2
    return jaxmmo.make(
        game, capacity=capacity, resolution=resolution, initial_population=first, **sizes, **more
    )


def ground():
    """u8[32, 32]: a map of all that there is, which is made sooner than one of noise."""
    kinds = (Material.WATER, Material.GRASS, Material.FOREST, Material.STONE)
    material = np.full((32, 32), Material.LAVA, np.uint8)
    material[4:-4, 4:-4] = np.random.default_rng(0).choice(kinds, (24, 24), p=(0.1, 0.5, 0.3, 0.1))
    return material


def live(env, ticks, terrain=None):
    """key -> the digest of a world in which random agents have lived for some ticks."""
    spec, rules = env.spec, env.default_rules(spawn_attempts=2, initial_immunity=0)

    def tick(carry, key):
        obs, state = carry
        logits = decisions.uniform(spec, (env.config.capacity,))
        action = decisions.sample(key, spec, logits, obs.masks)
        obs, state, *_ = env.step(key, state, action, rules)
        return (obs, state), None

    def run(key):
        first = env.reset(key, rules, terrain)
        (obs, state), _ = jax.lax.scan(tick, first, jax.random.split(key, ticks))
        return env.digest(state), obs

    return run


@pytest.mark.parametrize("game", [V1, pytest.param("inventory", marks=pytest.mark.slow)])
def test_nothing_is_promoted_silently_on_the_way_from_observations_to_actions(game):
    env = make(game)
    spec = env.spec
    obs, _ = jax.eval_shape(env.reset, jax.random.key(0))
    policies = [
        network.build(spec),
        populations.unshared(network.build(spec), spec, 8, 4),
    ]
    policies += [scripted.get(name, env) for name in scripted.names(env)]

    def act(policy, key, obs):
        carry = policy.initial_carry(obs.present.shape[:-1])
        out = policy.apply(policy.init(key), obs, carry, obs.present[..., 0])
        action = policy.decide(key, spec, out.logits, obs.masks)
        likely = decisions.log_prob(spec, out.logits, obs.masks, action)
        greedy = decisions.greedy(spec, out.logits, obs.masks)
        return action, greedy, likely, decisions.entropy(spec, out.logits, obs.masks)

    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        jax.eval_shape(lambda obs: inputs(spec, obs), obs)
        for policy in policies:
            jax.eval_shape(lambda key, obs, p=policy: act(p, key, obs), jax.random.key(0), obs)


def sharded(run):
    """The function on keys that are spread over devices, two worlds each."""
    mesh = jax.make_mesh((1,), ("worlds",), axis_types=(AxisType.Auto,))
    part = PartitionSpec("worlds")
    return jax.shard_map(jax.vmap(run), mesh=mesh, in_specs=part, out_specs=part)


@worlds
def test_every_world_is_spread_over_devices_and_promotes_nothing_silently(
    game, capacity, resolution
):
    run, keys = live(make(game, capacity, resolution), 2), jax.random.split(jax.random.key(0), 2)
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        jax.eval_shape(sharded(run), keys)


@pytest.mark.parametrize("game", [V1, pytest.param("inventory", marks=pytest.mark.slow)])
def test_scripts_and_networks_are_spread_over_devices(game):
    env = make(game)
    policies = [scripted.get(name, env) for name in scripted.names(env)]
    policies += [
        network.build(env.spec),
        populations.unshared(network.build(env.spec), env.spec, 8),
    ]

    def run(key, obs):
        chosen = []
        for policy in policies:
            out = policy.apply(policy.init(key), obs, (), obs.present[:, 0])
            chosen.append(policy.decide(key, env.spec, out.logits, obs.masks))
        return chosen

    keys = jax.random.split(jax.random.key(0), 2)
    obs, _ = jax.eval_shape(jax.vmap(env.reset), keys)
    jax.eval_shape(sharded(run), keys, obs)


@pytest.mark.parametrize(
    "capacity",
    [pytest.param(16, marks=pytest.mark.slow), pytest.param(300, marks=pytest.mark.campaign)],
)
def test_a_world_is_the_same_however_it_is_run(capacity):
    run = live(make(V1, capacity), 4, ground())
    keys = jax.random.split(jax.random.key(3), 2)
    wanted = [np.asarray(x) for x in jax.tree.leaves(jax.jit(jax.vmap(run))(keys))]
    spread = jax.tree.leaves(jax.jit(sharded(run))(keys))
    mapped = jax.tree.leaves(jax.pmap(jax.vmap(run))(keys[None]))
    for a, b, c in zip(wanted, spread, mapped, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, np.asarray(c)[0])


@pytest.mark.slow
@pytest.mark.parametrize(("capacity", "resolution"), [(16, "sequential"), (300, "simultaneous")])
def test_policies_learn_from_what_is_observed_on_the_way(capacity, resolution):
    env = make(V1, capacity, resolution)
    spec, policy = env.spec, network.build(env.spec)

    def objective(params, key):
        def tick(carry, key):
            obs, state = carry
            alive = state.players.alive
            out = policy.apply(params, obs, (), alive)
            action = policy.decide(key, spec, out.logits, obs.masks)
            likely = decisions.log_prob(spec, out.logits, obs.masks, action)
            obs, state, *_ = env.step(key, state, action)
            return (obs, state), jnp.sum(jnp.where(alive, out.value + likely, 0))

        return jnp.sum(
            jax.lax.scan(tick, env.reset(key, None, ground()), jax.random.split(key, 2))[1]
        )

    gradient = jax.grad(objective)
    if capacity > 16:
        params = jax.eval_shape(policy.init, jax.random.key(0))
        jax.eval_shape(gradient, params, jax.random.key(1))
        return
    found = jax.jit(lambda key: gradient(policy.init(key), key))(jax.random.key(1))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(found["value"]))


class Wage(Numbers):
    wage: jax.Array = rule(2.0, 0, 10, jnp.float32)


def wages(rules, before, after, events):
    return rules.wage * after.players.alive.astype(jnp.float32)


@pytest.mark.parametrize("capacity", [pytest.param(16, marks=pytest.mark.slow), 300])
def test_numbers_of_the_rules_have_gradients(capacity):
    """What a reward is multiplied with has one; a map has none, as it is made of materials."""
    sizes = {"height": 32, "width": 32, "border": 4, "capacity": capacity, "max_visible": 6}
    game = jaxmmo.preset(V1).extend("Paid", rules=Wage)
    env = jaxmmo.make(game, reward_fn=wages, initial_population=capacity // 2, **sizes)

    def total(rules, key):
        def tick(carry, key):
            _, state, reward, *_ = env.step(key, carry, env.noop(), rules)
            return state, jnp.sum(reward)

        _, state = env.reset(key, rules)
        return jnp.sum(jax.lax.scan(tick, state, jax.random.split(key, 4))[1])

    both = jax.value_and_grad(total, allow_int=True)
    if capacity > 16:
        jax.eval_shape(both, env.default_rules(), jax.random.key(0))
        return
    value, found = jax.jit(both)(env.default_rules(), jax.random.key(0))
    assert value > 0
    assert found.wage == value / 2
    assert found.water_level == found.grass_level == found.forest_level == 0


@pytest.mark.parametrize(
    ("game", "capacity", "resolution"),
    [
        pytest.param(V1, 16, "sequential", marks=pytest.mark.slow),
        pytest.param("inventory", 300, "simultaneous", marks=pytest.mark.campaign),
    ],
)
def test_what_is_stepped_can_be_donated(game, capacity, resolution):
    env = make(game, capacity, resolution)
    rules = env.default_rules()
    first = jax.jit(env.reset)(jax.random.key(0), rules, ground())
    step = jax.jit(
        lambda key, held, action, rules: env.step(key, held[1], action, rules)[:2], donate_argnums=1
    )
    args = (env.noop(), rules)
    kept = step(jax.random.key(1), jax.tree.map(jnp.copy, first), *args)
    given = step(jax.random.key(1), first, *args)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(first[1].bodies))
    jax.tree.map(np.testing.assert_array_equal, kept, given)


@pytest.mark.parametrize("game", [V1, "inventory"])
def test_no_two_arrays_of_a_new_state_share_their_memory(game):
    env = make(game)
    state = env.preset.empty_state(from_material(jnp.asarray(ground()), env.preset.materials))
    places = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(state)]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("capacity", "resolution"),
    [
        pytest.param(16, "sequential", marks=pytest.mark.slow),
        pytest.param(300, "simultaneous", marks=pytest.mark.campaign),
    ],
)
def test_a_tick_runs_without_being_compiled(capacity, resolution):
    env = make(V1, capacity, resolution)
    rules = env.default_rules(initial_immunity=0)
    obs, state = jax.jit(env.reset)(jax.random.key(0), rules, ground())
    key = jax.random.key(1)
    logits = decisions.uniform(env.spec, (capacity,))
    action = decisions.sample(key, env.spec, logits, obs.masks)

    def both(key, state, action):
        observed = env.observe(state, rules)
        # only the way of finding neighbours is another one in the larger world
        return observed if capacity > 16 else (observed, env.step(key, state, action, rules))

    wanted = jax.jit(both)(key, state, action)
    with jax.disable_jit():
        found = both(key, state, action)
    jax.tree.map(np.testing.assert_array_equal, found, wanted)


def within(array, index, value, how):
    """A write that puts what is dropped into a row that is cut off again."""
    index = index if isinstance(index, tuple) else (index,)
    extra = [(0, int(axis < len(index))) for axis in range(array.ndim)]
    index = tuple(jnp.minimum(i, n) for i, n in zip(index, array.shape, strict=False))
    written = getattr(jnp.pad(array, extra).at[index], how)(value)
    return written[tuple(slice(n) for n in array.shape)]


def read_within(array, index, missing):
    """A read of the last entry in place of one that is missing."""
    beyond = index >= array.shape[0]
    found = array[jnp.minimum(index, array.shape[0] - 1)]
    return jnp.where(beyond, jnp.asarray(missing, array.dtype), found)


HELPERS = {
    f"{how}_at": lambda array, index, value, how=how: within(array, index, value, how)
    for how in ("set", "add", "max", "min")
} | {"get_at": read_within}


@pytest.fixture
def helpers_within_range(monkeypatch):
    """Replaces the functions that are given references to nothing, wherever they were imported."""
    for game in ("inventory", "mushrooms"):
        example(game)
    for name, other in HELPERS.items():
        original = getattr(arrays, name)
        for module in list(sys.modules.values()):
            if getattr(module, name, None) is original:
                monkeypatch.setattr(module, name, other)


@pytest.mark.parametrize(
    ("game", "capacity", "resolution"),
    [
        pytest.param(V1, 300, "simultaneous", marks=pytest.mark.campaign),
        pytest.param(V13, 16, "sequential", marks=pytest.mark.campaign),
        pytest.param("inventory", 16, "simultaneous", marks=pytest.mark.campaign),
        pytest.param("mushrooms", 16, "sequential", marks=pytest.mark.slow),
    ],
)
def test_nothing_else_is_out_of_range_or_not_a_number(
    game, capacity, resolution, helpers_within_range
):
    env = make(game, capacity, resolution)
    checked = checkify.checkify(live(env, 6, ground()), checkify.all_checks)
    error, _ = jax.jit(checked)(jax.random.key(2))
    assert error.get() is None


@pytest.mark.slow
def test_index_checks_find_nothing():
    checks, env = checkify.index_checks, make(V1, 16)
    error, _ = jax.jit(checkify.checkify(live(env, 2, ground()), checks))(jax.random.key(2))
    assert error.get() is None


@pytest.mark.slow
def test_maps_are_made_of_numbers_within_range():
    game, config = make("mushrooms").preset, make("mushrooms").config
    checked = checkify.checkify(
        lambda key, rules: game.terrain(key, config, rules), checkify.all_checks
    )
    error, _ = jax.jit(checked)(jax.random.key(0), game.default_rules())
    assert error.get() is None
