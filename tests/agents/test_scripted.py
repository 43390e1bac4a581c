"""Scripted policies on hand-drawn maps, and how long they live."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxmmo
from jaxmmo.agents import scripted
from jaxmmo.env.constants import Cause, Material, Move
from tests.games import FIRST_GAME

SIZES: dict[str, Any] = {
    "height": 13,
    "width": 13,
    "border": 1,
    "vision": 3,
    "capacity": 4,
    "num_populations": 1,
}
LETTERS = {"~": Material.WATER, ".": Material.GRASS, "f": Material.FOREST, "#": Material.STONE}


def drawn(*rows: str) -> np.ndarray:
    """A 13 x 13 map of lava with this 7 x 7 drawing in the middle."""
    terrain = np.full((13, 13), Material.LAVA, np.uint8)
    for r, row in enumerate(rows):
        for c, letter in enumerate(row):
            terrain[3 + r, 3 + c] = LETTERS.get(letter, Material.LAVA)
    return terrain


@functools.cache
def probe(name: str, preset: str):
    """(terrain, players' columns) -> the first agent's logits and mask of the move head."""
    env = jaxmmo.make(preset, **SIZES)
    policy = scripted.get(name, env)

    @jax.jit
    def probed(terrain, columns):
        _, state = env.reset(jax.random.key(0), terrain=terrain)
        players = state.players.replace(alive=jnp.arange(4) < 1, **columns)
        obs, _ = env.observe(state.replace(players=players))
        logits = policy.apply((), obs, (), jnp.zeros(4, bool)).logits["move"]
        return logits[0], obs.masks.move[0]

    return probed


def moves(name: str, terrain: np.ndarray, preset: str = "JaxMMO-v1", **players: int) -> set[Move]:
    """The moves a policy makes with more than a negligible chance, from the middle of the map."""
    default = {"row": 6, "col": 6, "food": 10, "water": 10, "food_max": 10, "water_max": 10}
    columns = {k: jnp.full(4, v, jnp.int32) for k, v in (default | players).items()}
    logits, legal = probe(name, preset)(terrain, columns)
    probs = jax.nn.softmax(jnp.where(legal, logits, -jnp.inf))
    return {Move(i) for i in np.flatnonzero(np.asarray(probs) > 1e-6)}


def test_unknown_names_list_the_known_ones():
    env = jaxmmo.make(**SIZES)
    with pytest.raises(ValueError, match="'farmer'; there are: noop, random, careful, forager"):
        scripted.get("farmer", env)
    with pytest.raises(ValueError, match="'trader' for JaxMMO-v1; there are: noop, random, caref"):
        scripted.get("trader", env)
    assert scripted.get("forager", env) == scripted.get("forager", jaxmmo.make(**SIZES))


@pytest.mark.parametrize("name", scripted.names(jaxmmo.make(**SIZES)))
def test_any_leading_axes_will_do(name):
    env = jaxmmo.make(**SIZES)
    policy = scripted.get(name, env)
    obs = jax.eval_shape(jax.vmap(env.reset), jax.random.split(jax.random.key(0), 3))[0]
    reset = jax.ShapeDtypeStruct((3, 4), bool)
    output = jax.eval_shape(policy.apply, (), obs, policy.initial_carry((3, 4)), reset)
    shapes = {head: logits.shape for head, logits in output.logits.items()}
    assert shapes == {"move": (3, 4, 5), "style": (3, 4, 3), "target": (3, 4, 3, 4)}
    assert output.value.shape == (3, 4)


HUNGRY: dict[str, Any] = {"food": 3, "water": 9}
THIRSTY: dict[str, Any] = {"food": 9, "water": 3}
CROSSROADS = drawn(
    ".......",
    ".......",
    ".......",
    "f.....~",
    ".......",
    ".......",
    ".......",
)


def test_the_forager_goes_for_what_it_lacks():
    assert moves("forager", CROSSROADS, **HUNGRY) == {Move.WEST}
    assert moves("forager", CROSSROADS, **THIRSTY) == {Move.EAST}


def test_equal_needs_go_to_the_nearer():
    # the shore is two steps away, the forest three
    assert moves("forager", CROSSROADS, food=5, water=5) == {Move.EAST}


def test_it_walks_around_walls_and_lava():
    walled = drawn(
        "##.....",
        "##.##..",
        "##.#f#.",
        "##..##.",
        "##.....",
        "#######",
        "#######",
    )
    # the forest can be reached by no way at all: with no water either, any safe step will do
    assert moves("forager", walled, **HUNGRY) >= {Move.WEST, Move.SOUTH}
    detour = drawn(
        "...f...",
        ".#   #.",
        ".#   #.",
        ".#...#.",
        ".##.##.",
        ".......",
        "#######",
    )
    assert moves("forager", detour, **HUNGRY) == {Move.SOUTH}


def test_it_takes_the_other_resource_when_the_wanted_one_is_out_of_sight():
    only_water = drawn(*["......."] * 3, "......~", *["......."] * 3)
    assert moves("forager", only_water, **HUNGRY) == {Move.EAST}


def test_it_stays_at_the_water_where_it_may_and_moves_along_it_where_it_may_not():
    shore = drawn(*["......."] * 2, "...~~..", *["......."] * 4)
    thirsty: dict[str, Any] = {"food": 20, "food_max": 20, "water": 1, "water_max": 20}
    assert moves("forager", shore, **thirsty) == {Move.STAY}
    assert moves("forager", shore, preset="NeuralMMO-v1.3", **thirsty) == {Move.EAST}


def test_what_its_own_tile_yields_counts_as_eaten():
    # 1 food + 5 from the forest under it is more than 4 water: off to the water already
    forest = drawn(*["......."] * 3, "f..f..~", *["......."] * 3)
    assert moves("forager", forest, food=1, water=4) == {Move.EAST}


@pytest.mark.parametrize("preset", FIRST_GAME)
def test_careful_steps_never_end_on_lava(preset):
    pier = drawn("       ", "       ", "   .   ", "   .   ", "       ", "       ", "       ")
    safe = moves("careful", pier, preset)
    assert safe - {Move.STAY} == {Move.NORTH}
    assert moves("random", pier, preset) - {Move.STAY} == set(Move) - {Move.STAY}
    assert moves("forager", pier, preset, **HUNGRY) - {Move.STAY} == {Move.NORTH}


def lifetimes(name: str, worlds: int = 2, ticks: int = 400) -> tuple[float, np.ndarray]:
    """Living agent-steps a death after tick 100, and the causes of death seen."""
    env = jaxmmo.make("NeuralMMO-v1.3", height=48, width=48, capacity=32, num_populations=2)
    policy = scripted.get(name, env)

    def tick(carry, key):
        obs, state = carry
        choose, advance = jax.random.split(key)
        logits = policy.apply((), obs, (), jnp.zeros(32, bool)).logits
        action = policy.decide(choose, env.spec, logits, obs.masks)
        obs, state, _, _, _, info = env.step(advance, state, action)
        return (obs, state), (info.acted, info.events.deaths.cause, info.events.attacks.outcome)

    def live(key):
        start, run = jax.random.split(key)
        return jax.lax.scan(tick, env.reset(start), jax.random.split(run, ticks))[1]

    acted, cause, outcome = jax.jit(jax.vmap(live))(jax.random.split(jax.random.key(3), worlds))
    assert name in ("fighter", "random", "careful") or not np.any(outcome > 0)
    late = np.asarray(cause)[:, 100:]
    return np.asarray(acted)[:, 100:].sum() / max(1, (late > 0).sum()), np.unique(cause)


@pytest.mark.slow
def test_lifetimes_are_those_known_of_the_original_rules():
    noop, causes = lifetimes("noop")
    assert 14 < noop < 18
    assert Cause.LAVA not in causes and Cause.COMBAT not in causes
    forager, causes = lifetimes("forager")
    assert forager > 40
    assert Cause.LAVA not in causes and Cause.COMBAT not in causes
    fighter, causes = lifetimes("fighter")
    assert fighter > 30
    assert Cause.COMBAT in causes
